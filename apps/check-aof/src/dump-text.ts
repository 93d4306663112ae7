/**
 * Events of a log as lines for people.
 *
 *     # appendonly.aof.1.incr.aof, 930 bytes
 *     23 2026-11-21T10:00:00Z [0] SET "a key" "va\x00lue"
 *
 * The offset in the file, the time or -, the database, and the command as redis-cli takes it.
 */
import type {
  AnnotationEvent,
  CommandEvent,
  EntryEvent,
  FileBeginEvent,
  FileEndEvent,
  LogEvent,
} from '@aof/log-reader';
import type { RdbKeyEntry } from '@aof/rdb';
import { formatDouble, type Request } from '@aof/resp-codec';
import { asWritten } from './command-names.ts';
import { nameText } from './output.ts';
import { escaped, quoted } from './quoted-text.ts';
import { timeText } from './restore-time.ts';

/** Lines, each with its end; '' where there is nothing to say. Latin1, a character per byte. */
export function textOf(event: LogEvent): string {
  switch (event.kind) {
    case 'file-begin':
      return fileLine(event);
    case 'file-end':
      return faultLine(event);
    case 'annotation':
      return annotationLine(event);
    case 'command':
      return commandLine(event);
    case 'entry':
      return entryLine(event);
  }
}

/** A command as redis-cli takes it. */
function commandText(request: Request): string {
  let text = quoted(request.latin1(0));
  for (let i = 1; i < request.count; i++) text += ` ${quoted(request.latin1(i))}`;
  return text;
}

/** The elements of a value as words, with blanks between them. */
export function valueText(entry: RdbKeyEntry): string {
  switch (entry.type) {
    case 'string':
      return quoted(typeof entry.value === 'string' ? entry.value : Buffer.from(entry.value).toString('latin1'));
    case 'list':
    case 'set':
      return entry.value.map(quoted).join(' ');
    case 'zset':
      return entry.value.map(([member, score]) => `${quoted(member)} ${formatDouble(score)}`).join(' ');
    case 'hash':
      return entry.value
        .map(([field, value, expireAtMs]) => {
          const expiry = expireAtMs === undefined ? '' : ` (expires ${momentText(expireAtMs)})`;
          return `${quoted(field)} ${quoted(value)}${expiry}`;
        })
        .join(' ');
    case 'stream': {
      const { entries, lastId, groups } = entry.value;
      const shown = entries.map(({ id, fields }) => `${id} ${fields.map(quoted).join(' ')}`);
      const read = groups.map(
        ({ name, lastId: last, pending }) => `(group ${quoted(name)}, read to ${last}, ${pending.length} pending)`,
      );
      return [...shown, `(last ${lastId})`, ...read].join(' ');
    }
  }
}

/** `2026-11-21T10:00:00.000Z`, or the number where that is no date. */
export function momentText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

/** Name, expiry and encoding in front of the value. */
export function keyText(entry: RdbKeyEntry): string {
  const notes = [entry.encoding];
  if (entry.expireAtMs >= 0) notes.push(`expires ${momentText(entry.expireAtMs)}`);
  if (entry.part > 0 || !entry.isLast) notes.push(`part ${entry.part + 1}`);
  return `${entry.type} ${quoted(entry.key)} (${notes.join(', ')})`;
}

function fileLine({ file, size }: FileBeginEvent): string {
  return `# ${nameText(file.name)}, ${size} bytes\n`;
}

function faultLine({ file, fault }: FileEndEvent): string {
  if (fault === undefined) return '';
  const lost = `everything before offset ${fault.goodEndOffset} is good`;
  return `# ${nameText(file.name)}: ${nameText(fault.message)} [${fault.code}]; ${lost}\n`;
}

function annotationLine({ fileOffset, text }: AnnotationEvent): string {
  return `${fileOffset} ${escaped(text)}\n`;
}

function commandLine({ fileOffset, atSeconds, database, request }: CommandEvent): string {
  return `${placeText(fileOffset, atSeconds)} [${database}] ${commandText(asWritten(request))}\n`;
}

function entryLine({ entry, fileOffset, atSeconds }: EntryEvent): string {
  const place = placeText(fileOffset, atSeconds);
  switch (entry.kind) {
    case 'key':
      return `${place} [${entry.database}] ${keyText(entry)} ${valueText(entry)}\n`;
    case 'empty-key':
      return `${place} [${entry.database}] ${quoted(entry.key)} (${entry.encoding}, without elements: no key)\n`;
    case 'key-skipped':
      return `${place} [${entry.database}] ${quoted(entry.key)} (${entry.encoding}, ${entry.byteLength} bytes, not shown)\n`;
    case 'module-skipped': {
      const { moduleType, moduleVersion, byteLength } = entry;
      const key = entry.key === undefined ? 'data beside the keys' : quoted(entry.key);
      return `${place} [${entry.database}] ${key} (module ${quoted(moduleType)} ${moduleVersion}, ${byteLength} bytes, not shown)\n`;
    }
    case 'function':
      return `${place} function library ${quoted(entry.code)}\n`;
    case 'aux':
      return `${place} field ${quoted(entry.key)} ${quoted(entry.value)}\n`;
    case 'header':
      return `${place} RDB part, version ${entry.version} (${entry.dialect})\n`;
    case 'end':
      return `${place} end of the RDB part, checksum ${entry.checksum}\n`;
    case 'slot-import':
      return `${place} slots being imported ${quoted(entry.job)} ${entry.ranges.map((range) => range.join('-')).join(' ')}\n`;
    // How many keys follow, and where: the keys say it themselves.
    case 'select':
    case 'resize':
    case 'slot-info':
      return '';
  }
}

function placeText(fileOffset: number, atSeconds: number | undefined): string {
  return `${fileOffset} ${atSeconds === undefined ? '-' : timeText(atSeconds)}`;
}
