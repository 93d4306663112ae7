/** What check-aof says about itself, from the table of subcommands. */
import type { Example, Option, Subcommand } from './subcommand.ts';
import { JSON_OPTION } from './subcommand.ts';
import { SUBCOMMANDS } from './subcommands.ts';

/** What redis-check-aof answers to a command line that it does not understand, and where to read on. */
export const USAGE = `Usage: check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>
       check-aof <subcommand> [option]... <path>
       check-aof --help
`;

/** A usage line goes on below itself from here on. */
const USAGE_COLUMNS = 110;
/** Width of the first column of lists. */
const COLUMN = 24;

/** The first page: what there is, and how to ask the questions that people come with. */
export function generalHelp(): string {
  return [
    USAGE,
    'Subcommands (check is meant where none is named; check-aof <subcommand> --help explains one):',
    ...SUBCOMMANDS.map(({ name, summary }) => row(name, summary)),
    '',
    ...SUBCOMMANDS.flatMap(({ examples }) => examples.slice(0, 2)).flatMap(exampleLines),
    'Exit status, of every subcommand',
    '  0 all is well, or done              1 something found, or to be done and not done',
    '  2 wrong arguments                   3 it costs more than --max-loss allows',
    '  4 a process has the log open        5 impossible: no log, or none that can be worked on',
    '  6 the disk refused',
    '',
    row('-v, --version', 'the version'),
    row('-h, --help', 'this text'),
    '',
  ].join('\n');
}

export function subcommandHelp(subcommand: Subcommand): string {
  const { name, summary, operands, options, examples, remarks = [], exitStatus } = subcommand;
  const all = [...options, { ...JSON_OPTION, summary: subcommand.jsonSummary ?? JSON_OPTION.summary }];
  const statuses = Object.entries({ ...exitStatus, 2: 'wrong arguments' });
  return [
    ...wrapped(`Usage: check-aof ${name}`, [...all.map(optionUsage), operands]),
    '',
    `${summary}.`,
    '',
    ...examples.flatMap(exampleLines),
    'Options',
    ...all.map((option) => row(optionText(option), option.summary)),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    '',
    'Exit status',
    ...statuses.map(([status, meaning]) => `  ${status}  ${meaning}`),
    '',
  ].join('\n');
}

function exampleLines({ purpose, lines }: Example): string[] {
  return [`  ${purpose}`, ...lines.map((line) => `    ${line}`), ''];
}

function optionText({ name, value }: Option): string {
  return value === undefined ? name : `${name} ${value}`;
}

function optionUsage(option: Option): string {
  return `[${optionText(option)}]${option.isRepeatable ? '...' : ''}`;
}

function row(term: string, text: string): string {
  return `  ${term.padEnd(COLUMN - 2)}${term.length > COLUMN - 3 ? ' ' : ''}${text}`;
}

/** The words behind the head, in lines; further lines begin below the first word. */
function wrapped(head: string, words: readonly string[]): string[] {
  const lines = [head];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + word.length <= USAGE_COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${' '.repeat(head.length)} ${word}`);
  }
  return lines;
}
