/** The kinds whose syntax belongs to one option: save points, buffer limits, addresses, event classes and the like. */

import { toByteString, toText } from './byte-string.ts';
import { formatMemory, INT_MAX, parseMemory, parseTolerantInteger } from './integers.ts';
import { quoteWord } from './line-syntax.ts';
import type { Kind, ParseContext, Refusal, Setting } from './option.ts';
import { resolvePath } from './resolve-path.ts';

/** After `seconds` with at least `changes` changed keys, a snapshot is due. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

const WRONG_SAVE: Refusal = { reason: 'Invalid save parameters' };

/** Pairs `<seconds> <changes>`. Lines add up; `""` (or nothing) empties the list; the first line replaces the default. */
export function savePoints(): Kind<readonly SavePoint[]> {
  const format = (points: readonly SavePoint[]): string =>
    points.map(({ seconds, changes }) => `${BigInt(seconds)} ${changes}`).join(' ');
  return {
    name: 'save points',
    takesSeveral: true,
    syntax: '<seconds> <changes> [<seconds> <changes> …], or "" for none',
    parse(args, { previous, origin }) {
      if (args.length === 0 || (args.length === 1 && args[0] === '')) return { value: [], text: '' };
      const points = readSavePoints(args);
      if (points === undefined) return WRONG_SAVE;
      const value = origin === 'next-line' ? [...previous.value, ...points] : points;
      return { value, text: format(value) };
    },
    format,
    lines: ({ value }) => (value.length === 0 ? ['""'] : value.map((point) => format([point]))),
  };
}

function readSavePoints(args: readonly string[]): SavePoint[] | undefined {
  if (args.length % 2 !== 0) return undefined;
  const points: SavePoint[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const seconds = parseTolerantInteger(args[i] ?? '');
    const changes = parseTolerantInteger(args[i + 1] ?? '');
    if (seconds === undefined || changes === undefined) return undefined;
    // Redis keeps only the low 32 bits of a larger count; a save point that nobody wrote is worse than a refusal.
    if (seconds < 1n || seconds > BigInt(Number.MAX_SAFE_INTEGER) || changes < 0n || changes > INT_MAX)
      return undefined;
    points.push({ seconds: Number(seconds), changes: Number(changes) });
  }
  return points;
}

/** When a client that doesn't read its replies is disconnected. 0 stands for no limit. */
export interface BufferLimit {
  /** At this many buffered bytes, at once. */
  readonly hardBytes: number;
  /** At this many buffered bytes for `softSeconds` without a break. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** One limit for each class of clients. */
export interface BufferLimits {
  readonly normal: BufferLimit;
  readonly replica: BufferLimit;
  readonly pubsub: BufferLimit;
}

const CLIENT_CLASSES: ReadonlyMap<string, keyof BufferLimits> = new Map([
  ['normal', 'normal'],
  ['slave', 'replica'],
  ['replica', 'replica'],
  ['pubsub', 'pubsub'],
]);

/** Groups of `<class> <hard> <soft> <soft seconds>`; classes that aren't named keep their limits. */
export function bufferLimits(): Kind<BufferLimits> {
  return {
    name: 'buffer limits',
    takesSeveral: true,
    syntax: '<normal|replica|pubsub> <hard limit> <soft limit> <soft seconds>',
    parse(args, { previous }) {
      if (args.length % 4 !== 0) return { reason: 'Wrong number of arguments in buffer limit configuration.' };
      let value = previous.value;
      for (let i = 0; i < args.length; i += 4) {
        const clientClass = CLIENT_CLASSES.get((args[i] ?? '').toLowerCase());
        if (clientClass === undefined)
          return { reason: 'Invalid client class specified in buffer limit configuration.' };
        const limit = readBufferLimit(args.slice(i + 1, i + 4));
        if (limit === undefined) {
          return { reason: 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' };
        }
        value = { ...value, [clientClass]: limit };
      }
      return { value, text: formatLimits(value) };
    },
    format: formatLimits,
    lines: ({ value }) =>
      (['normal', 'replica', 'pubsub'] as const).map((name) => {
        const { hardBytes, softBytes, softSeconds } = value[name];
        return `${name} ${formatMemory(BigInt(hardBytes))} ${formatMemory(BigInt(softBytes))} ${softSeconds}`;
      }),
  };
}

function readBufferLimit(args: readonly string[]): BufferLimit | undefined {
  const hard = parseMemory(args[0] ?? '');
  const soft = parseMemory(args[1] ?? '');
  const seconds = parseTolerantInteger(args[2] ?? '');
  if (hard === undefined || soft === undefined || seconds === undefined) return undefined;
  if (seconds < 0n || seconds > INT_MAX) return undefined;
  return { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) };
}

function formatLimits(limits: BufferLimits): string {
  const format = ({ hardBytes, softBytes, softSeconds }: BufferLimit): string =>
    `${BigInt(hardBytes)} ${BigInt(softBytes)} ${softSeconds}`;
  return `normal ${format(limits.normal)} slave ${format(limits.replica)} pubsub ${format(limits.pubsub)}`;
}

const MAX_ADDRESSES = 16;

/** Addresses to listen on: IPv4, IPv6, `*` (all IPv4), `::*` (all IPv6); a leading `-` means "if available". */
export function addresses(): Kind<readonly string[]> {
  return {
    name: 'addresses',
    takesSeveral: true,
    syntax: `up to ${MAX_ADDRESSES} addresses; a leading - makes one optional`,
    parse(args) {
      if (args.length > MAX_ADDRESSES) return { reason: 'Too many bind addresses specified.' };
      const value = args.length === 1 && args[0] === '' ? [] : [...args];
      return { value, text: value.join(' ') };
    },
    format: (value) => value.join(' '),
    lines: ({ value }) => [value.length === 0 ? '""' : value.map(quoteIfNeeded).join(' ')],
  };
}

/** The bits of `notify-keyspace-events`, by their letters. */
export const EVENT_CLASSES = {
  /** Publish on `__keyspace@<db>__:<key>`. */
  K: 1 << 0,
  /** Publish on `__keyevent@<db>__:<event>`. */
  E: 1 << 1,
  /** Commands of no type: DEL, EXPIRE, RENAME, … */
  g: 1 << 2,
  /** Strings. */
  $: 1 << 3,
  /** Lists. */
  l: 1 << 4,
  /** Sets. */
  s: 1 << 5,
  /** Hashes. */
  h: 1 << 6,
  /** Sorted sets. */
  z: 1 << 7,
  /** A key expired. */
  x: 1 << 8,
  /** A key was evicted. */
  e: 1 << 9,
  /** Streams. */
  t: 1 << 10,
  /** A key that does not exist was read. Not part of `A`. */
  m: 1 << 11,
  /** Modules. */
  d: 1 << 13,
  /** A new key. Not part of `A`. */
  n: 1 << 14,
} as const;

const CLASSES_OF_ALL = 'g$lshzxetd';
const EVENT_BITS: ReadonlyMap<string, number> = new Map(Object.entries(EVENT_CLASSES));

function bitOf(letter: string): number {
  return EVENT_BITS.get(letter) ?? 0;
}

const ALL_CLASSES = [...CLASSES_OF_ALL].reduce((bits, letter) => bits | bitOf(letter), 0);

/** A set of event classes as bits of `EVENT_CLASSES`, written as letters; `A` stands for `g$lshzxetd`. */
export function eventClasses(): Kind<number> {
  return {
    name: 'event classes',
    takesSeveral: false,
    syntax: 'letters of Ag$lshzxeKEtmdn, or "" for none',
    parse(args) {
      let bits = 0;
      for (const letter of args[0] ?? '') {
        const bit = letter === 'A' ? ALL_CLASSES : bitOf(letter);
        if (bit === 0) return { reason: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." };
        bits |= bit;
      }
      return { value: bits, text: formatEventClasses(bits, false) };
    },
    format: (bits) => formatEventClasses(bits, false),
    lines: ({ value }) => [quoteWord(formatEventClasses(value, true))],
  };
}

/** @param isComplete write `n` also beside `A`: Redis 7.0's CONFIG GET leaves it out there, a file must not lose it */
function formatEventClasses(bits: number, isComplete: boolean): string {
  const hasAll = (bits & ALL_CLASSES) === ALL_CLASSES;
  const letters = hasAll ? 'A' : [...CLASSES_OF_ALL].filter((letter) => (bits & bitOf(letter)) !== 0).join('');
  const created = (bits & EVENT_CLASSES.n) !== 0 && (!hasAll || isComplete) ? 'n' : '';
  return letters + created + [...'KEm'].filter((letter) => (bits & bitOf(letter)) !== 0).join('');
}

/** Exactly `count` integers in a range. */
export function integers(count: number, min: number, max: number, reason: string): Kind<readonly number[]> {
  return {
    name: 'integers',
    takesSeveral: true,
    syntax: `${count} integers from ${min} to ${max}`,
    parse(args) {
      if (args.length !== count) return { reason: 'wrong number of arguments' };
      const value: number[] = [];
      for (const arg of args) {
        const element = parseTolerantInteger(arg);
        if (element === undefined || element < BigInt(min) || element > BigInt(max)) return { reason };
        value.push(Number(element));
      }
      return { value, text: value.join(' ') };
    },
    format: (value) => value.join(' '),
    lines: (setting) => [setting.text],
  };
}

/** Percentiles from 0 to 100, any number of them. */
export function percentiles(name: string): Kind<readonly number[]> {
  const format = (value: readonly number[]): string =>
    value.map((percentile) => percentile.toFixed(6).replace(/\.?0+$/, '')).join(' ');
  return {
    name: 'percentiles',
    takesSeveral: true,
    syntax: 'numbers from 0 to 100, or "" for none',
    parse(args) {
      const value: number[] = [];
      for (const arg of args.length === 1 && args[0] === '' ? [] : args) {
        if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|^[+-]?inf(inity)?$/i.test(arg)) {
          return { reason: `Invalid ${name} parameters` };
        }
        const percentile = /inf/i.test(arg) ? Number.POSITIVE_INFINITY : Number(arg);
        if (percentile < 0 || percentile > 100) {
          return { reason: `${name} parameters should sit between [0.0,100.0]` };
        }
        value.push(percentile);
      }
      return { value, text: format(value) };
    },
    format,
    lines: (setting) => [setting.text === '' ? '""' : setting.text],
  };
}

/** Where a server listens. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `<host> <port>`, or `no one` for none. */
export function hostAndPort(): Kind<HostAndPort | undefined> {
  return {
    name: 'host and port',
    takesSeveral: true,
    syntax: '<host> <port>, or "no one"',
    parse(args) {
      const [host, portText] = args;
      if (args.length !== 2 || host === undefined || portText === undefined) {
        return { reason: 'wrong number of arguments' };
      }
      if (host.toLowerCase() === 'no' && portText.toLowerCase() === 'one') return { value: undefined, text: '' };
      const port = parseTolerantInteger(portText);
      if (port === undefined || port < 0n || port > 65535n) return { reason: 'Invalid master port' };
      return { value: { host, port: Number(port) }, text: `${host} ${port}` };
    },
    format: (value) => (value === undefined ? '' : `${value.host} ${value.port}`),
    lines: ({ value }) => [value === undefined ? 'no one' : `${quoteIfNeeded(value.host)} ${value.port}`],
  };
}

/**
 * A folder. A relative one counts from the folder in force until now, as Redis changes into each folder at once;
 * value and text are therefore absolute as soon as the folder in force is.
 */
export function folder(): Kind<string> {
  return {
    name: 'folder',
    takesSeveral: false,
    syntax: 'folder name',
    parse(args: readonly string[], { previous }: ParseContext<string>): Setting<string> | Refusal {
      const given = args[0] ?? '';
      if (given === '') return { reason: 'No such file or directory' };
      const text = resolvePath(previous.text, given);
      return { value: toText(text), text };
    },
    format: (value) => toByteString(value),
    lines: (setting) => [quoteWord(setting.text)],
  };
}

function quoteIfNeeded(word: string): string {
  return /^[!#-&(-~]+$/.test(word) && !word.includes('\\') ? word : quoteWord(word);
}
