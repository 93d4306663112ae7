/** `check-aof dump`: the commands and keys of a log, one by one. */

import { DiskError } from '@aof/disk';
import { type LogEvent, readLog } from '@aof/log-reader';
import { CONFIG_OPTION, commandNames } from './command-names.ts';
import { reasonOf } from './command-report.ts';
import { DumpFilter, FILTER_OPTIONS } from './dump-filter.ts';
import { type ByteEncoding, jsonLine, jsonOf } from './dump-json.ts';
import { textOf } from './dump-text.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { LineOutput } from './line-output.ts';
import { nameText } from './output.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const dump: Subcommand = {
  name: 'dump',
  summary: 'Print commands and keys of a log, one by one, as text or JSON lines',
  operands: '<folder|file.manifest|file.aof>',
  jsonSummary: 'a JSON document per line',
  options: [
    ...FILTER_OPTIONS,
    { name: '--encoding', value: '<latin1|base64>', summary: 'how byte strings are written in JSON; default latin1' },
    CONFIG_OPTION,
  ],
  examples: [
    { purpose: 'Read the log. Nothing is changed.', lines: ['check-aof dump appendonlydir | less'] },
    {
      purpose: 'Who deleted the sessions, and when? (Times need aof-timestamp-enabled yes.)',
      lines: [
        "check-aof dump appendonlydir --key 'session:*' --command DEL --command UNLINK --since 2026-11-21T10:00:00Z",
      ],
    },
    {
      purpose: 'Count commands by name:',
      lines: [
        `check-aof dump appendonlydir --json | jq -r 'select(.kind == "command") | .arguments[0]' | sort | uniq -c`,
      ],
    },
    {
      purpose: 'What is at the place that an error message names?',
      lines: ['check-aof dump appendonlydir --file appendonly.aof.1.incr.aof --range 95000-96000'],
    },
  ],
  remarks: [
    'A line of text has the offset in the file, the time or -, [the database], and the command as redis-cli takes it.',
    '--json writes a document per line, with `kind`: file, command, annotation, fault, and of an RDB part header, aux, function,',
    'key, empty-key, module-skipped, slot-import, end. Byte strings have a character U+0000 to U+00FF per byte, or are base64.',
    'Large collections of an RDB part come in parts: `part` counts from 0, `isLast` says that it is the last.',
    String.raw`A key that is no UTF-8 may be given in quotes, as it is printed: --key '"k\xff*"'.`,
  ],
  exitStatus: {
    [EXIT.ok]: 'all that was asked for is printed',
    [EXIT.found]: 'the log is damaged or cut off; what can be read is printed',
    [EXIT.impossible]: 'there is no log',
    [EXIT.disk]: 'the disk refused',
  },
  run: runDump,
};

async function runDump(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, realPath } = environment;
  const { understood } = commandNames(invocation, environment);
  const filter = new DumpFilter(invocation);
  const encoding = encodingOf(invocation);
  const { isJson } = invocation;
  const lines = new LineOutput(output);
  let hasFault = false;
  let hasTime = false;
  try {
    for await (const batch of readLog(disk, realPath(invocation.path), { faults: 'report', understood })) {
      output.progress?.(batch.readBytes, batch.totalBytes);
      if (output.isUnread?.()) break;
      for (const event of batch) {
        if (event.kind === 'file-end' && event.fault !== undefined) hasFault = true;
        if (event.kind === 'annotation' && event.seconds !== undefined) hasTime = true;
        if (isMeant(filter, event)) lines.write(isJson ? jsonOf(event, encoding) : textOf(event));
      }
      await lines.drained();
    }
  } catch (error) {
    return sayFailed(error, lines, isJson);
  } finally {
    lines.flush();
  }
  if (filter.asksForTime && !hasTime) sayNoTime(lines, isJson);
  lines.flush();
  return hasFault ? EXIT.found : EXIT.ok;
}

function encodingOf(invocation: Invocation): ByteEncoding {
  const encoding = invocation.value('--encoding') ?? 'latin1';
  if (encoding !== 'latin1' && encoding !== 'base64') {
    throw new UsageError(`--encoding takes latin1 or base64, not '${encoding}'`);
  }
  return encoding;
}

/** What stands around commands and keys is meant as long as nobody asks for certain ones of these. */
function isMeant(filter: DumpFilter, event: LogEvent): boolean {
  if (!filter.takesFile(event.file.name)) return false;
  switch (event.kind) {
    case 'command':
      return filter.takesCommand(event);
    case 'entry':
      return filter.takesEntry(event);
    case 'annotation':
      return !filter.asksForCommands && filter.takesPlace(event.fileOffset, event.seconds);
    case 'file-begin':
    case 'file-end':
      return true;
  }
}

function sayNoTime(lines: LineOutput, isJson: boolean): void {
  const message = 'the log has no timestamps: aof-timestamp-enabled was off. No command can be told by its time.';
  lines.write(isJson ? jsonLine({ kind: 'note', message }) : `# ${message}\n`);
}

/** There is nothing to read: as a line of the output. */
export function sayFailed(error: unknown, lines: LineOutput, isJson: boolean): ExitStatus {
  const reason = reasonOf(error);
  if (reason === undefined) throw error;
  lines.write(isJson ? jsonLine({ kind: 'error', message: reason }) : nameText(`${reason}\n`));
  return error instanceof DiskError ? EXIT.disk : EXIT.impossible;
}
