/**
 * Events of a log as JSON, a line each, in pure ASCII.
 *
 * Byte strings are JSON strings with a character U+0000 to U+00FF per byte (latin1), so that nothing is lost and nothing is guessed;
 * with `base64` they are base64 instead. Times are seconds since the Unix epoch where they end with `Seconds`, ms with `Ms`.
 */
import type { CommandEvent, EntryEvent, LogEvent } from '@aof/log-reader';
import type { RdbEntry, RdbKeyEntry, StreamProducers } from '@aof/rdb';
import { formatDouble } from '@aof/resp-codec';
import { asWritten } from './command-names.ts';

/** How byte strings are written. */
export type ByteEncoding = 'latin1' | 'base64';

type Document = Readonly<Record<string, unknown>>;

/** The line, with its end; '' where there is nothing to say. */
export function jsonOf(event: LogEvent, encoding: ByteEncoding): string {
  const document = documentOf(event, encoding);
  return document === undefined ? '' : jsonLine(document);
}

/** A document as a line of ASCII. */
export function jsonLine(document: Document): string {
  const text = JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  return `${text.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function documentOf(event: LogEvent, encoding: ByteEncoding): Document | undefined {
  const file = event.file.name;
  switch (event.kind) {
    case 'file-begin':
      return { kind: 'file', file, role: event.file.role, path: event.file.path, bytes: event.size };
    case 'file-end': {
      const { fault } = event;
      if (fault === undefined) return undefined;
      const { code, message, fileOffset, goodEndOffset, hint } = fault;
      return { kind: 'fault', file, code, message, offset: fileOffset, goodEnd: goodEndOffset, hint };
    }
    case 'annotation':
      return { kind: 'annotation', file, offset: event.fileOffset, end: event.endOffset, text: event.text };
    case 'command':
      return commandDocument(event, encoding);
    case 'entry':
      return entryDocument(event, encoding);
  }
}

function commandDocument(event: CommandEvent, encoding: ByteEncoding): Document {
  const { file, fileOffset, endOffset, atSeconds = null, database, transaction } = event;
  const request = asWritten(event.request);
  const words: string[] = [];
  for (let i = 0; i < request.count; i++) words.push(bytesText(request.latin1(i), encoding));
  return {
    kind: 'command',
    file: file.name,
    offset: fileOffset,
    end: endOffset,
    atSeconds,
    database,
    transaction: transaction?.id ?? null,
    arguments: words,
  };
}

function entryDocument(event: EntryEvent, encoding: ByteEncoding): Document | undefined {
  const { entry, file, endOffset, atSeconds = null } = event;
  const { kind, fileOffset, ...rest } = entry;
  if (kind === 'select' || kind === 'resize' || kind === 'slot-info') return undefined;
  const place = { kind, file: file.name, offset: fileOffset, end: endOffset, atSeconds };
  return { ...place, ...(entry.kind === 'key' ? keyFields(entry, encoding) : plainFields(rest, encoding)) };
}

/** Byte strings among what stands around keys. */
const BYTE_FIELDS = new Set(['key', 'value', 'code']);

function plainFields(fields: Partial<RdbEntry>, encoding: ByteEncoding): Document {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' && BYTE_FIELDS.has(name) ? bytesText(value, encoding) : value,
    ]),
  );
}

function keyFields(entry: RdbKeyEntry, encoding: ByteEncoding): Document {
  const { database, key, expireAtMs, idleSec, frequency, type, part, isLast } = entry;
  return {
    database,
    key: bytesText(key, encoding),
    type,
    encoding: entry.encoding,
    expireAtMs: expireAtMs < 0 ? null : expireAtMs,
    ...(idleSec === undefined ? {} : { idleSec }),
    ...(frequency === undefined ? {} : { frequency }),
    ...(part === 0 && isLast ? {} : { part, isLast }),
    value: elementsOf(entry, encoding),
  };
}

/** A value with its byte strings encoded: pairs of a sorted set and a hash as arrays. */
export function elementsOf(entry: RdbKeyEntry, encoding: ByteEncoding): unknown {
  const bytes = (text: string): string => bytesText(text, encoding);
  switch (entry.type) {
    case 'string':
      return bytes(typeof entry.value === 'string' ? entry.value : Buffer.from(entry.value).toString('latin1'));
    case 'list':
    case 'set':
      return entry.value.map(bytes);
    case 'zset':
      // JSON has no infinity: inf and -inf, as Redis writes them.
      return entry.value.map(([member, score]) => [
        bytes(member),
        Number.isFinite(score) ? score : formatDouble(score),
      ]);
    case 'hash':
      return entry.value.map(([field, value, ...expiry]) => [bytes(field), bytes(value), ...expiry]);
    case 'stream': {
      const { entries, groups, producers, ...rest } = entry.value;
      return {
        ...rest,
        entries: entries.map(({ id, fields }) => ({ id, fields: fields.map(bytes) })),
        groups: groups.map(({ name, pending, consumers, ...group }) => ({
          name: bytes(name),
          ...group,
          pending: pending.map((one) => ({ ...one, consumer: bytes(one.consumer) })),
          consumers: consumers.map((one) => ({ ...one, name: bytes(one.name) })),
        })),
        ...(producers === undefined ? {} : { producers: producersOf(producers, bytes) }),
      };
    }
  }
}

function producersOf({ producers, ...rest }: StreamProducers, bytes: (text: string) => string): Document {
  const named = producers.map(({ name, entries }) => ({
    name: bytes(name),
    entries: entries.map(([producerId, id]) => [bytes(producerId), id]),
  }));
  return { ...rest, producers: named };
}

export function bytesText(text: string, encoding: ByteEncoding): string {
  return encoding === 'latin1' ? text : Buffer.from(text, 'latin1').toString('base64');
}
