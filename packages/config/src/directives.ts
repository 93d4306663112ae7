/**
 * Directives of a configuration file that are no options: they add to something instead of setting a value.
 *
 * This server refuses them unless its caller asks for them: passing over `rename-command FLUSHALL ""` or a user's
 * restrictions would open what the file means to close.
 */

export type DirectiveName = 'rename-command' | 'user' | 'loadmodule';

export interface Directive {
  readonly name: DirectiveName;
  /** Byte strings. */
  readonly args: readonly string[];
  readonly file: string;
  /** From 1 on; 0 if it stands in no text. */
  readonly line: number;
  /** The whole line without surrounding blanks, a byte string. */
  readonly lineText: string;
}

const ARGUMENT_COUNTS: ReadonlyMap<string, { name: DirectiveName; min: number; max: number }> = new Map([
  ['rename-command', { name: 'rename-command', min: 2, max: 2 }],
  ['user', { name: 'user', min: 1, max: Number.POSITIVE_INFINITY }],
  ['loadmodule', { name: 'loadmodule', min: 1, max: Number.POSITIVE_INFINITY }],
]);

/** Directives that have done nothing for long. Redis still reads them, with one argument. */
const FORGOTTEN: ReadonlySet<string> = new Set([
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]);

/** Everything that a user may be allowed: words that restrict nothing. */
const UNRESTRICTED: ReadonlySet<string> = new Set([
  'on',
  'nopass',
  '~*',
  'allkeys',
  '&*',
  'allchannels',
  '+@all',
  'allcommands',
  'sanitize-payload',
  'skip-sanitize-payload',
]);

/** The directive with that many arguments, if there is one. */
export function findDirective(name: string, argumentCount: number): DirectiveName | undefined {
  const known = ARGUMENT_COUNTS.get(name);
  return known !== undefined && argumentCount >= known.min && argumentCount <= known.max ? known.name : undefined;
}

export function isDirectiveName(name: string): boolean {
  return ARGUMENT_COUNTS.has(name);
}

/**
 * Does the directive say only what holds anyway?
 *
 * Redis's CONFIG REWRITE writes the default user into every file, with a hash of the password if `requirepass` is set;
 * as long as `requirepass` is there, too, nothing gets lost without that line.
 */
export function saysNothing(name: string, args: readonly string[], hasPassword: boolean): boolean {
  if (FORGOTTEN.has(name)) return args.length === 1;
  const [user, ...rules] = args;
  if (name !== 'user' || user !== 'default') return false;
  return rules.every((rule) => UNRESTRICTED.has(rule.toLowerCase()) || (hasPassword && /^#[0-9a-f]{64}$/.test(rule)));
}
