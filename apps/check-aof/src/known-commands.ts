/**
 * Commands that Redis and Valkey servers write to their logs and that this project's command table lacks, with their arity
 * (as COMMAND prints it): they are no sign of damage, but cannot be replayed.
 *
 * Source: COMMAND of Redis 7.0 and 8.0 and of Valkey 8.
 */
const ARITY: ReadonlyMap<string, number> = new Map([
  ['sort', -2],
  ['geoadd', -5],
  ['georadius', -6],
  ['georadiusbymember', -5],
  ['geosearchstore', -8],
  ['restore', -4],
  ['restore-asking', -4],
  ['migrate', -6],
  // Until 7.0 scripts were logged as such, or what they need was.
  ['eval', -3],
  ['evalsha', -3],
  ['script', -2],
  ['fcall', -3],
  ['function', -2],
  ['publish', 3],
  ['spublish', 3],
  ['hexpire', -6],
  ['hpexpire', -6],
  ['hexpireat', -6],
  ['hpexpireat', -6],
  ['hpersist', -5],
  ['hgetdel', -5],
  ['hgetex', -5],
  ['hsetex', -6],
  ['delifeq', 3],
  ['delex', -2],
  ['msetex', -4],
  ['xackdel', -6],
  ['xdelex', -5],
]);

/** Whether a command of this name (any case) is known elsewhere, and takes so many arguments, the name included. */
export function knownElsewhere(name: string, count: number): 'no' | 'yes' | 'wrong-arity' {
  const arity = ARITY.get(name.toLowerCase());
  if (arity === undefined) return 'no';
  return (arity >= 0 ? count === arity : count >= -arity) ? 'yes' : 'wrong-arity';
}

/** Modules name their commands like this (`BF.ADD`), so that their names never meet. */
export function isModuleCommand(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*\.[A-Za-z0-9._-]+$/.test(name);
}
