/**
 * The command line of check-aof.
 *
 * Invariant: what redis-check-aof takes means the same here, so that scripts need not change; everything else begins with a
 * word or an option that it refuses.
 */
import type { CheckMode } from './check-files.ts';

export type Command =
  | { readonly kind: 'check'; readonly path: string; readonly mode: CheckMode }
  | { readonly kind: 'help' | 'version' | 'usage' | 'bad-timestamp' };

/** @param args without the program's name */
export function parseArguments(args: readonly string[]): Command {
  const [first = '', second = '', third = ''] = args;
  if (args.length === 1) {
    if (first === '-v' || first === '--version') return { kind: 'version' };
    if (first === '-h' || first === '--help') return { kind: 'help' };
    return { kind: 'check', path: first, mode: { kind: 'check' } };
  }
  if (args.length === 2 && first === '--fix') return { kind: 'check', path: second, mode: { kind: 'fix' } };
  if (args.length === 3 && first === '--truncate-to-timestamp') {
    const until = timestampOf(second);
    if (until === undefined) return { kind: 'bad-timestamp' };
    return { kind: 'check', path: third, mode: { kind: 'truncate', until } };
  }
  return { kind: 'usage' };
}

/** Seconds as strtol(3) takes them: blanks and a sign may lead, nothing may follow, nothing at all is 0. */
function timestampOf(text: string): number | undefined {
  if (text === '') return 0;
  const found = /^[ \t\n\v\f\r]*([+-]?\d+)$/.exec(text)?.[1];
  if (found === undefined) return undefined;
  const value = BigInt(found);
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}
