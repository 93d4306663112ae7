/** COMMAND DOCS: what a command is for and which arguments it takes. */
import type { ReplyWriter } from '@aof/resp-codec';
import { type Argument, parseArguments } from '../argument-tree.ts';
import { HISTORY, type HistoryEntry } from '../command-history.ts';
import type { Command } from '../command-table.ts';
import { DEPRECATED, SYNTAX, SYSTEM_COMMANDS } from '../syntax.ts';

type Field = readonly [name: string, write: (reply: ReplyWriter) => void];

function text(name: string, value: string | undefined): Field[] {
  return value === undefined ? [] : [[name, (reply) => reply.bulk(value)]];
}

function flags(name: string, words: readonly string[]): Field[] {
  if (words.length === 0) return [];
  return [
    [
      name,
      (reply) => {
        reply.set(words.length);
        for (const word of words) reply.simple(word);
      },
    ],
  ];
}

function historyField(entries: readonly HistoryEntry[] | undefined): Field[] {
  if (entries === undefined) return [];
  return [
    [
      'history',
      (reply) => {
        reply.set(entries.length);
        for (const [version, change] of entries) {
          reply.array(2);
          reply.bulk(version);
          reply.bulk(change);
        }
      },
    ],
  ];
}

function argumentsField(list: readonly Argument[]): Field[] {
  if (list.length === 0) return [];
  return [
    [
      'arguments',
      (reply) => {
        reply.array(list.length);
        for (const argument of list) writeArgument(reply, argument);
      },
    ],
  ];
}

function writeFields(reply: ReplyWriter, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulk(name);
    write(reply);
  }
}

function writeArgument(reply: ReplyWriter, argument: Argument): void {
  const { name, type, keySpecIndex, token, since, deprecatedSince, children } = argument;
  const keySpec: Field[] =
    keySpecIndex === undefined ? [] : [['key_spec_index', (to: ReplyWriter) => to.integer(keySpecIndex)]];
  writeFields(reply, [
    ...text('name', name),
    ...text('type', type),
    ...keySpec,
    ...text('token', token),
    ...text('since', since),
    ...text('deprecated_since', deprecatedSince),
    ...flags('flags', argument.flags),
    ...argumentsField(children),
  ]);
}

/** The full name of `command`, then the map of its documentation, subcommands within. */
export function writeDocs(reply: ReplyWriter, command: Command): void {
  const { spec, fullName } = command;
  const deprecation = DEPRECATED[fullName];
  const subcommands = [...(command.subcommands?.values() ?? [])];
  const subcommandsField: Field = [
    'subcommands',
    (to) => {
      to.map(subcommands.length);
      for (const sub of subcommands) writeDocs(to, sub);
    },
  ];
  reply.bulk(fullName);
  writeFields(reply, [
    ...text('summary', spec.summary),
    ...text('since', spec.since),
    ...text('group', spec.group),
    ...text('complexity', spec.complexity),
    ...flags('doc_flags', [
      ...(deprecation ? ['deprecated'] : []),
      ...(SYSTEM_COMMANDS.has(fullName) ? ['syscmd'] : []),
    ]),
    ...text('deprecated_since', deprecation?.since),
    ...text('replaced_by', deprecation?.replacedBy),
    ...historyField(HISTORY[fullName]),
    ...argumentsField(parseArguments(SYNTAX[fullName] ?? '')),
    ...(subcommands.length > 0 ? [subcommandsField] : []),
  ]);
}
