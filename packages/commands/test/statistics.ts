/** What INFO counts, on both sides: changes (`dirty`), hits and misses, expired keys, calls and failures of commands, errors. */
import type { LocalServer } from './local-server.ts';
import type { OracleConnection } from './oracle.ts';

/** Counter by name. */
export type Statistics = ReadonlyMap<string, number>;

/** What the harness itself calls. */
const IGNORED = /^(?:hello|info|config\|resetstat)\b/;

/** Changes since the server was started: its statistics are reset, this is not. */
export async function oracleChanges(connection: OracleConnection): Promise<number> {
  const [reply] = await connection.ask([['INFO', 'persistence']]);
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(reply.text ?? '')?.[1]);
}

/** The counters of the real server since its statistics were reset. @param changesBefore `oracleChanges` of that moment */
export async function oracleStatistics(connection: OracleConnection, changesBefore: number): Promise<Statistics> {
  const [reply] = await connection.ask([['INFO', 'persistence', 'stats', 'commandstats', 'errorstats']]);
  const counters = new Map<string, number>();
  for (const line of (reply.text ?? '').split('\r\n')) {
    const [, name, text] = /^([^:#]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) continue;
    if (/^(?:keyspace_hits|keyspace_misses|expired_keys)$/.test(name)) set(counters, name, Number(text));
    if (name === 'rdb_changes_since_last_save') set(counters, 'dirty', Number(text) - changesBefore);
    const fields = new Map([...text.matchAll(/(\w+)=([\d.]+)/g)].map((match) => [match[1], Number(match[2])]));
    if (name.startsWith('errorstat_')) set(counters, `error ${name.slice(10)}`, fields.get('count') ?? 0);
    if (name.startsWith('cmdstat_') && !IGNORED.test(name.slice(8))) {
      for (const field of ['calls', 'rejected_calls', 'failed_calls']) {
        set(counters, `${field} ${name.slice(8)}`, fields.get(field) ?? 0);
      }
    }
  }
  return counters;
}

/** The same of ours. */
export function localStatistics({ executor, keyspace }: LocalServer): Statistics {
  const counters = new Map<string, number>();
  set(counters, 'dirty', keyspace.dirty);
  set(counters, 'keyspace_hits', keyspace.statistics.hits);
  set(counters, 'keyspace_misses', keyspace.statistics.misses);
  set(counters, 'expired_keys', keyspace.statistics.expiredKeys);
  for (const [prefix, count] of executor.statistics.errors) set(counters, `error ${prefix}`, count);
  for (const parent of executor.table) {
    for (const command of [parent, ...(parent.subcommands?.values() ?? [])]) {
      if (IGNORED.test(command.fullName)) continue;
      set(counters, `calls ${command.fullName}`, command.calls);
      set(counters, `rejected_calls ${command.fullName}`, command.rejectedCalls);
      set(counters, `failed_calls ${command.fullName}`, command.failedCalls);
    }
  }
  return counters;
}

/** Zero counters are left out: one side lists what was never called, the other does not. */
function set(counters: Map<string, number>, name: string, value: number): void {
  if (value !== 0) counters.set(name, value);
}

/** Differences as lines. A SPOP that takes all counts as a read too, and a SCAN with TYPE each key that it meets: with them the hits are left out. */
export function statisticsDifferences(oracle: Statistics, ours: Statistics): string[] {
  const names = [...new Set([...oracle.keys(), ...ours.keys()])].sort();
  return names.flatMap((name) => {
    if (name === 'keyspace_hits' && (oracle.has('calls spop') || oracle.has('calls scan'))) return [];
    const [wanted, got] = [oracle.get(name) ?? 0, ours.get(name) ?? 0];
    return wanted === got ? [] : [`    ${name}: oracle ${wanted}, ours ${got}`];
  });
}
