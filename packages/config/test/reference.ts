/**
 * The reference file: every supported option with its explanation, as a configuration file to start from.
 *
 * It is made from the table, so that it can't tell anything else than the program does. Options that it sets are lines;
 * the others are commented out and show their default.
 */

import { Config } from '../src/config.ts';
import { appendOnly } from '../src/options/append-only.ts';
import { backup } from '../src/options/backup.ts';
import { encoding } from '../src/options/encoding.ts';
import { general } from '../src/options/general.ts';
import { lazyfree } from '../src/options/lazyfree.ts';
import { limits } from '../src/options/limits.ts';
import { monitoring } from '../src/options/monitoring.ts';
import { network } from '../src/options/network.ts';
import { security } from '../src/options/security.ts';
import { snapshotting } from '../src/options/snapshotting.ts';
import { OPTION_NAMES, type OptionName, optionOf } from '../src/options.ts';

/** The groups with supported options, in the order of the file. */
const OPTION_GROUPS: readonly { readonly title: string; readonly options: Readonly<Record<string, unknown>> }[] = [
  { title: 'Network', options: network },
  { title: 'General', options: general },
  { title: 'Snapshots', options: snapshotting },
  { title: 'Append only file', options: appendOnly },
  { title: 'Backups', options: backup },
  { title: 'Limits', options: limits },
  { title: 'Lazy freeing', options: lazyfree },
  { title: 'Compact encodings', options: encoding },
  { title: 'Security', options: security },
  { title: 'Monitoring', options: monitoring },
];

const WIDTH = 100;

/** What the reference file sets, in the words of a configuration line. */
const CHOICES: ReadonlyMap<OptionName, string> = new Map<OptionName, string>([
  ['bind', '127.0.0.1 -::1'],
  ['protected-mode', 'yes'],
  ['port', '6379'],
  ['loglevel', 'notice'],
  ['databases', '16'],
  ['dir', './data'],
  ['appendonly', 'yes'],
  ['aof-layout', 'single'],
  ['appendfsync', 'everysec'],
]);

const PREFACE = `Configuration of the aof server.

Start the server with this file as its first argument: aof-server aof.conf. Options on the command line come after the
file and win: aof-server aof.conf --port 7000 --appendfsync always. The command CONFIG GET shows what is in force, CONFIG
SET changes most options while the server runs, and CONFIG REWRITE brings this file in line with it, comments included.

A line is an option's name and its values, apart by blanks. Values with blanks need quotes: "…" (with escapes such as
\\" and \\x41) or '…'. A line that begins with # is a comment; a comment behind a value isn't possible. Lines that are
commented out show the default. Names and yes/no don't care about case. If an option has several lines, the last one
counts, except that lines of save add up.

Sizes in bytes may have a unit: 1k is 1000 bytes and 1kb is 1024; likewise 1m, 1mb, 1g and 1gb, in any case.

A line "include <file>" reads another file at that place; a name with * or ? reads every file that matches, in
alphabetical order, or none. What is to have the last word belongs to the end.

The other options of Redis are understood, too, so that a redis.conf can be used as it is: those that have no effect here
(replication, cluster, TLS, threads of the C server) are kept, answered by CONFIG GET and listed in the log at the start.
A name that no Redis knows stops the start.`;

/** What is no option and has a line of its own all the same, by the group at whose end it is told. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  Security: [
    comment(`Has clients call a command by another name; by none if the new name is empty. Several lines are obeyed in
    their order. COMMAND and INFO go on telling it by its own name.`),
    '#',
    comment(`What clients write reaches the log under the name that they use, so a log written with such a line can only
    be loaded with it: before you take it out, run BGREWRITEAOF while nobody writes. A log from before the line is
    loaded.`),
    comment('Values: name of a command, new name or "". Needs a restart.'),
    '# rename-command FLUSHALL ""',
    '# rename-command CONFIG "maintenance-config"',
  ].join('\n'),
};

/** The whole text of the reference file. */
export function renderReference(): string {
  const defaults = Config.of('.');
  const parts = [comment(PREFACE)];
  for (const group of OPTION_GROUPS) {
    const names = OPTION_NAMES.filter((name) => Object.hasOwn(group.options, name) && isDescribed(name));
    if (names.length === 0) continue;
    const rule = '#'.repeat(Math.max(4, WIDTH - group.title.length - 6));
    parts.push(`#### ${group.title} ${rule}`, ...names.map((name) => describeOption(name, defaults)));
    const directive = DIRECTIVES[group.title];
    if (directive !== undefined) parts.push(directive);
  }
  return `${parts.join('\n\n')}\n`;
}

function isDescribed(name: OptionName): boolean {
  const { class: optionClass, isHidden } = optionOf(name);
  return optionClass === 'supported' && !isHidden;
}

function describeOption(name: OptionName, defaults: Config): string {
  const option = optionOf(name);
  const facts = [`Values: ${option.kind.syntax}.`];
  if (option.unit !== undefined) facts.push(`Unit: ${option.unit}.`);
  if (!option.isMutable) facts.push('Needs a restart.');
  if (option.aliases.length > 0) facts.push(`Older name: ${option.aliases.join(', ')}.`);
  const choice = CHOICES.get(name);
  const lines =
    choice === undefined
      ? option.kind.lines(defaults.setting(name)).map((args) => `# ${name} ${args}`)
      : [`${name} ${choice}`];
  return [comment(option.doc), comment(facts.join(' ')), ...lines].join('\n');
}

/** Paragraphs as comment lines of limited width. */
function comment(text: string): string {
  return text.split('\n\n').map(wrapParagraph).join('\n#\n');
}

function wrapParagraph(paragraph: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of paragraph.split(/\s+/)) {
    if (line.length + 1 + word.length > WIDTH && line !== '#') {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
