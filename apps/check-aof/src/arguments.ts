/**
 * The command line of check-aof.
 *
 * Invariant: what redis-check-aof takes means the same here, so that scripts need not change; everything else begins with a
 * word or an option that it refuses where it stands.
 */
import type { CheckMode } from './check-files.ts';
import { type LossLimit, parseLossLimit } from './loss.ts';

export interface RepairArguments {
  readonly kind: 'repair';
  readonly path: string;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
  readonly isJson: boolean;
  readonly isSalvaging: boolean;
  readonly limits: readonly LossLimit[];
}

export type Command =
  | { readonly kind: 'check'; readonly path: string; readonly mode: CheckMode }
  | { readonly kind: 'strict'; readonly path: string; readonly isJson: boolean }
  | RepairArguments
  | { readonly kind: 'undo'; readonly path: string; readonly isJson: boolean; readonly isForced: boolean }
  | { readonly kind: 'help' | 'version' | 'usage' | 'bad-timestamp' }
  | { readonly kind: 'bad-usage'; readonly reason: string };

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
  if (first === 'repair' || first === 'undo') return subcommand(first, args.slice(1));
  if (args.includes('--strict')) return strict(args.filter((arg) => arg !== '--strict'));
  return { kind: 'usage' };
}

function strict(args: readonly string[]): Command {
  const { path, flags, problem } = split(args);
  if (problem !== undefined) return { kind: 'bad-usage', reason: problem };
  const unknown = [...flags.keys()].find((flag) => flag !== '--json');
  if (unknown !== undefined) return { kind: 'bad-usage', reason: `--strict has no option ${unknown}` };
  return { kind: 'strict', path, isJson: flags.has('--json') };
}

const OPTIONS: Readonly<Record<'repair' | 'undo', readonly string[]>> = {
  repair: ['--dry-run', '--yes', '--json', '--max-loss', '--salvage'],
  undo: ['--json', '--force'],
};

function subcommand(name: 'repair' | 'undo', args: readonly string[]): Command {
  const { path, flags, problem } = split(args);
  if (problem !== undefined) return { kind: 'bad-usage', reason: problem };
  const unknown = [...flags.keys()].find((flag) => !OPTIONS[name].includes(flag));
  if (unknown !== undefined) return { kind: 'bad-usage', reason: `${name} has no option ${unknown}` };
  const isJson = flags.has('--json');
  if (name === 'undo') return { kind: 'undo', path, isJson, isForced: flags.has('--force') };
  const limits: LossLimit[] = [];
  for (const text of flags.get('--max-loss') ?? []) {
    const limit = parseLossLimit(text);
    if (limit === undefined) {
      return { kind: 'bad-usage', reason: `--max-loss takes 64kb, 10commands or 3keys, not '${text}'` };
    }
    limits.push(limit);
  }
  const [isDryRun, isYes] = [flags.has('--dry-run'), flags.has('--yes')];
  return { kind: 'repair', path, isDryRun, isYes, isJson, isSalvaging: flags.has('--salvage'), limits };
}

interface SplitArguments {
  readonly path: string;
  /** Options, with the values of those that take one. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly problem: string | undefined;
}

function split(args: readonly string[]): SplitArguments {
  const paths: string[] = [];
  const flags = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('--')) {
      paths.push(arg);
      continue;
    }
    const values = flags.get(arg) ?? [];
    if (arg === '--max-loss') values.push(args[++i] ?? '');
    flags.set(arg, values);
  }
  const problem = paths.length === 1 ? undefined : `one path is wanted, not ${paths.length}`;
  return { path: paths[0] ?? '', flags, problem };
}

/** Seconds as strtol(3) takes them: blanks and a sign may lead, nothing may follow, nothing at all is 0. */
function timestampOf(text: string): number | undefined {
  if (text === '') return 0;
  const found = /^[ \t\n\v\f\r]*([+-]?\d+)$/.exec(text)?.[1];
  if (found === undefined) return undefined;
  const value = BigInt(found);
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}
