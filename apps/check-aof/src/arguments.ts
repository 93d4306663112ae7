/**
 * The command line of check-aof.
 *
 * Invariant: what redis-check-aof takes means the same here, so that scripts need not change; everything else begins with the
 * name of a subcommand, or has an option that redis-check-aof refuses where it stands.
 */
import { check } from './check-command.ts';
import { closestName } from './closest-name.ts';
import { Invocation, JSON_OPTION, type Subcommand } from './subcommand.ts';
import { SUBCOMMANDS } from './subcommands.ts';

export type CommandLine =
  | { readonly kind: 'run'; readonly subcommand: Subcommand; readonly invocation: Invocation }
  /** Of everything, or of one subcommand. */
  | { readonly kind: 'help'; readonly subcommand?: Subcommand }
  | { readonly kind: 'version' }
  /** What redis-check-aof answers with its usage line. `meant`: the name that the first word was to be. */
  | { readonly kind: 'usage'; readonly meant: string | undefined }
  | { readonly kind: 'bad-usage'; readonly subcommand: Subcommand; readonly reason: string };

/** @param args without the program's name */
export function parseArguments(args: readonly string[]): CommandLine {
  const [first = '', ...rest] = args;
  const subcommand = SUBCOMMANDS.find(({ name }) => name === first);
  if (subcommand !== undefined) return parseFor(subcommand, rest);
  if (first === 'help' && rest.length <= 1) return help(rest[0]);
  if (args.length === 1) {
    if (first === '-v' || first === '--version') return { kind: 'version' };
    if (first === '-h' || first === '--help') return { kind: 'help' };
    return checkRun([first], []);
  }
  const [second = '', third = ''] = rest;
  if (args.length === 2 && first === '--fix') return checkRun([second], [['--fix', []]]);
  if (args.length === 3 && first === '--truncate-to-timestamp') return checkRun([third], [[first, [second]]]);
  const isOurs = args.some((arg) => OURS.has(arg));
  return isOurs ? parseFor(check, args) : { kind: 'usage', meant: closestName(first, FIRST_WORDS) };
}

/** What a command line may begin with. */
const FIRST_WORDS = [
  ...SUBCOMMANDS.map(({ name }) => name),
  ...check.options.map(({ name }) => name),
  JSON_OPTION.name,
];

/** Options of the check that redis-check-aof does not have: with one of them the command line is ours. */
const OURS = new Set([
  '--json',
  ...check.options.map(({ name }) => name).filter((name) => name !== '--fix' && name !== '--truncate-to-timestamp'),
]);

function checkRun(
  operands: readonly string[],
  options: readonly (readonly [string, readonly string[]])[],
): CommandLine {
  return { kind: 'run', subcommand: check, invocation: new Invocation(operands, new Map(options)) };
}

function help(name: string | undefined): CommandLine {
  const subcommand = SUBCOMMANDS.find((one) => one.name === name);
  return subcommand === undefined ? { kind: 'help' } : { kind: 'help', subcommand };
}

/** Options may stand anywhere; behind `--` there are none. */
function parseFor(subcommand: Subcommand, args: readonly string[]): CommandLine {
  const bad = (reason: string): CommandLine => ({ kind: 'bad-usage', subcommand, reason });
  const operands: string[] = [];
  const options = new Map<string, string[]>();
  let hasEnded = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (hasEnded || !arg.startsWith('-') || arg === '-') operands.push(arg);
    else if (arg === '--') hasEnded = true;
    else if (arg === '--help' || arg === '-h') return { kind: 'help', subcommand };
    else {
      const [name = '', given] = splitAtEquals(arg);
      const option = name === '--json' ? JSON_OPTION : subcommand.options.find((one) => one.name === name);
      if (option === undefined) {
        const meant = closestName(
          name,
          [JSON_OPTION, ...subcommand.options].map((one) => one.name),
        );
        return bad(`${subcommand.name} has no option ${name}${meant === undefined ? '' : `; ${meant} is near`}`);
      }
      const values = options.get(name) ?? [];
      if (values.length > 0 && !option.isRepeatable) return bad(`${name} may be given once`);
      if (option.value === undefined && given !== undefined) return bad(`${name} takes no value`);
      if (option.value !== undefined) {
        const value = given ?? args[++i];
        if (value === undefined) return bad(`${name} wants ${option.value}`);
        values.push(value);
      }
      options.set(name, values);
    }
  }
  const [least, most] = subcommand.operandCount ?? [1, 1];
  if (operands.length < least || operands.length > most) {
    const wanted = least === most ? least : `${least} to ${most}`;
    return bad(`${subcommand.name} wants ${subcommand.operands}: ${wanted} and not ${operands.length}`);
  }
  return { kind: 'run', subcommand, invocation: new Invocation(operands, options) };
}

/** `--max-loss=64kb`. */
function splitAtEquals(arg: string): [name: string, value: string | undefined] {
  const at = arg.indexOf('=');
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}
