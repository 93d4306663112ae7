/** `check-aof history`: what happened to one key, from its value in the base on. */
import { asWritten, CONFIG_OPTION, commandNames } from './command-names.ts';
import { describeRecord } from './describe-record.ts';
import { sayFailed } from './dump-command.ts';
import { bytesText, elementsOf, jsonLine } from './dump-json.ts';
import { momentText, textOf, valueText } from './dump-text.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { type HistoryEvent, KeyHistory } from './history.ts';
import { explanationOf, type KeyChange, type KeyState, stateText } from './history-explanation.ts';
import { MAX_KEYS, MAX_LINKS } from './history-related.ts';
import { LineOutput } from './line-output.ts';
import { nameText } from './output.ts';
import { bytesOfArgument, quoted } from './quoted-text.ts';
import { timeText } from './restore-time.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

/** Characters of a value that are shown. */
const SHOWN_VALUE = 300;

const INEXACT =
  `# Types and sizes may be wrong: values went into the key through more other keys than are followed, ${MAX_LINKS} ` +
  `one behind the other or ${MAX_KEYS} in all.\n`;

export const history: Subcommand = {
  name: 'history',
  summary: 'Show everything that happened to one key, with time and position, and how it was after each command',
  operands: '<folder|file.manifest|file.aof> <key>',
  operandCount: [2, 2],
  jsonSummary: 'a JSON document per line',
  options: [{ name: '--db', value: '<n>', summary: 'only in this database; default all' }, CONFIG_OPTION],
  examples: [
    {
      purpose: 'Who deleted it, and when? (Times need aof-timestamp-enabled yes.)',
      lines: ['check-aof history appendonlydir user:1'],
    },
    {
      purpose: 'A key that is no text, as dump prints it:',
      lines: [String.raw`check-aof history appendonlydir '"bin\xff\x00"'`],
    },
    {
      purpose: 'The commands that made it larger:',
      lines: [
        `check-aof history appendonlydir cart --json | jq -c 'select(.after.size > .before.size) | [.offset, .after.size]'`,
      ],
    },
  ],
  remarks: [
    'FLUSHALL, FLUSHDB and SWAPDB are told where they hit the key. A log does not say who deleted a key: a deletion at or after the time',
    'at which the key was to expire is told as its expiry. The keys whose values went into it (RENAME, COPY, SUNIONSTORE and the like) are replayed',
    `too, so that its type and size are right after each command: ${MAX_LINKS} keys one behind the other, ${MAX_KEYS} in all; if there are`,
    'more, that is said. Memory is what these keys take.',
    '--json writes a document per line, with `kind`: base, command, unfinished, fault, end. Byte strings have a character U+0000 to U+00FF',
    'per byte. `before` and `after` are null where the key was not there; `elsewhere` has other databases that the command changed.',
    '`isInexact` of the end: there were more keys than are followed.',
  ],
  exitStatus: {
    [EXIT.ok]: 'the history is complete, even if nothing ever happened to the key',
    [EXIT.found]: 'the log is damaged or cut off; what can be read is told',
    [EXIT.impossible]: 'there is no log',
    [EXIT.disk]: 'the disk refused',
  },
  run: runHistory,
};

async function runHistory(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, nowMs, realPath } = environment;
  const { isJson, operands } = invocation;
  const database = databaseOf(invocation.value('--db'));
  const key = bytesOfArgument(operands[1] ?? '');
  const lines = new LineOutput(output);
  const progress = (done: number, total: number): void => output.progress?.(done, total);
  const names = commandNames(invocation, environment);
  const told = new KeyHistory({ disk, path: realPath(invocation.path), key, nowMs: nowMs(), progress, names });
  const say = isJson ? jsonOfEvent : textOfEvent;
  let hasFault = false;
  let count = 0;
  let fileName = '';
  try {
    for await (const events of told.events()) {
      if (output.isUnread?.()) return EXIT.ok;
      for (const event of events) {
        if (event.kind === 'fault') hasFault = true;
        else if (!isIn(event, database)) continue;
        else {
          count++;
          if (!isJson && event.file.name !== fileName) lines.write(`# ${nameText(event.file.name)}\n`);
          fileName = event.file.name;
        }
        lines.write(say(event));
      }
      await lines.drained();
    }
    const states = told.states().filter((state) => database === undefined || state.database === database);
    const { isInexact } = told;
    const hint = told.hasUnknownName ? names.hint : undefined;
    if (isJson) lines.write(jsonLine({ kind: 'end', events: count, keys: states, isInexact, hint }));
    else lines.write((isInexact ? INEXACT : '') + hintText(hint) + endText(key, count, states, nowMs()));
  } catch (error) {
    return sayFailed(error, lines, isJson);
  } finally {
    lines.flush();
  }
  return hasFault ? EXIT.found : EXIT.ok;
}

function hintText(hint: string | undefined): string {
  return hint === undefined ? '' : `# There are commands in this log that are not known; ${hint}.\n`;
}

function databaseOf(text: string | undefined): number | undefined {
  if (text !== undefined && !/^\d{1,9}$/.test(text)) {
    throw new UsageError(`--db takes the number of a database, not '${text}'`);
  }
  return text === undefined ? undefined : Number(text);
}

function isIn(event: Exclude<HistoryEvent, { kind: 'fault' }>, database: number | undefined): boolean {
  if (database === undefined) return true;
  if (event.kind === 'command' && event.changes.some((change) => change.database === database)) return true;
  // FLUSHALL and SWAPDB are sent from one database, and hit the key in others.
  const isAboutKey = event.kind !== 'command' || event.positions.length > 0;
  return isAboutKey && event.database === database;
}

function textOfEvent(event: HistoryEvent): string {
  if (event.kind === 'fault') return textOf(event.end);
  const { fileOffset, atSeconds, database } = event;
  const place = `${fileOffset} ${atSeconds === undefined ? '-' : timeText(atSeconds)} [${database}]`;
  switch (event.kind) {
    case 'base': {
      const value = valueText(event.entry);
      const shown = value.length > SHOWN_VALUE ? `${value.slice(0, SHOWN_VALUE)} ...` : value;
      return `${place} in the base: ${stateText(event.state)}\n    ${shown}\n`;
    }
    case 'unfinished':
      return `${place} ${nameText(describeRecord(asWritten(event.request)))}\n    of a transaction without EXEC: a server leaves it out\n`;
    case 'command': {
      const [first] = event.changes;
      const now = event.positions.length === 0 || first === undefined ? '' : `; now: ${stateText(first.after)}`;
      const part = event.transaction === undefined ? '' : ` (transaction ${event.transaction.id})`;
      return `${place}${part} ${nameText(describeRecord(asWritten(event.request)))}\n    ${explanationOf(event)}${now}\n`;
    }
  }
}

function endText(
  key: string,
  count: number,
  states: readonly { readonly database: number; readonly state: KeyState }[],
  nowMs: number,
): string {
  if (count === 0) return `Nothing in the log is about ${quoted(key)}.\n`;
  if (states.length === 0) return `At the end of the log ${quoted(key)} is not there.\n`;
  const lines = states.map(({ database, state }) => {
    const { expireAtMs } = state;
    const isPast = expireAtMs !== undefined && expireAtMs <= nowMs;
    const past = isPast ? ` (${momentText(nowMs)} is later: a server that loads the log removes it)` : '';
    return `At the end of the log ${quoted(key)} in database ${database} is: ${stateText(state)}${past}\n`;
  });
  return lines.join('');
}

function jsonOfEvent(event: HistoryEvent): string {
  if (event.kind === 'fault') {
    const { file, fault, goodEndOffset } = event.end;
    return jsonLine({
      kind: 'fault',
      file: file.name,
      code: fault?.code,
      message: fault?.message,
      goodEnd: goodEndOffset,
    });
  }
  const { kind, file, fileOffset, endOffset, atSeconds = null, database } = event;
  const place = { kind, file: file.name, offset: fileOffset, end: endOffset, atSeconds, database };
  if (kind === 'base') {
    const { entry, state } = event;
    const value = entry.isLast ? { value: elementsOf(entry, 'latin1') } : {};
    return jsonLine({ ...place, encoding: entry.encoding, after: stateJson(state), ...value });
  }
  const request = asWritten(event.request);
  const { transaction } = event;
  const words = Array.from({ length: request.count }, (_, i) => bytesText(request.latin1(i), 'latin1'));
  const command = { ...place, transaction: transaction?.id ?? null, arguments: words };
  if (kind === 'unfinished') return jsonLine(command);
  const here = event.changes.find((change) => change.database === database);
  const others = event.changes.filter((change) => change !== here);
  return jsonLine({
    ...command,
    explanation: explanationOf(event),
    before: stateJson(here?.before),
    after: stateJson(here?.after),
    ...(others.length > 0 ? { elsewhere: others.map(changeJson) } : {}),
  });
}

function changeJson({ database, before, after }: KeyChange) {
  return { database, before: stateJson(before), after: stateJson(after) };
}

function stateJson(state: KeyState | undefined) {
  return state === undefined ? null : { ...state, expireAtMs: state.expireAtMs ?? null };
}
