/**
 * The plain kinds of options: yes/no, integers, memory, octal, strings, one word of a list, several words of a list.
 * Refusals are worded as Redis 7.0 words them.
 */

import { toByteString, toText } from './byte-string.ts';
import { formatMemory, INT_MAX, LONG_MAX, parseMemory, parseStrictInteger, parseTolerantInteger } from './integers.ts';
import { quoteWord } from './line-syntax.ts';
import type { Kind, Refusal, Setting } from './option.ts';

/** The first argument; kinds that take one argument are only called with one. */
function only(args: readonly string[]): string {
  return args[0] ?? '';
}

/** `yes` or `no`, in any case. */
export function boolean(): Kind<boolean> {
  return {
    name: 'boolean',
    takesSeveral: false,
    syntax: 'yes | no',
    parse(args) {
      const word = only(args).toLowerCase();
      if (word === 'yes') return { value: true, text: 'yes' };
      if (word === 'no') return { value: false, text: 'no' };
      return { reason: "argument must be 'yes' or 'no'" };
    },
    format: (value) => (value ? 'yes' : 'no'),
    lines: (setting) => [setting.text],
  };
}

function outOfRange(value: bigint, min: bigint, max: bigint): Refusal | undefined {
  if (value >= min && value <= max) return undefined;
  return { reason: `argument must be between ${min} and ${max} inclusive` };
}

/**
 * A decimal integer in a range, both ends included. The value is a number: above 2^53 it is rounded,
 * while the text stays exact.
 */
export function integer(min: bigint | number = 0n, max: bigint | number = INT_MAX): Kind<number> {
  const low = BigInt(min);
  const high = BigInt(max);
  return {
    name: 'integer',
    takesSeveral: false,
    syntax: high >= LONG_MAX ? `integer, ${low} or more` : `integer from ${low} to ${high}`,
    parse(args) {
      const value = parseStrictInteger(only(args));
      if (value === undefined) return { reason: "argument couldn't be parsed into an integer" };
      return outOfRange(value, low, high) ?? { value: Number(value), text: value.toString() };
    },
    format: (value) => BigInt(value).toString(),
    lines: (setting) => [setting.text],
  };
}

/** An integer that is brought into the range instead of refused (`hz`). Still refused below 0 and above 2^31-1. */
export function clampedInteger(min: number, max: number): Kind<number> {
  const plain = integer();
  return {
    ...plain,
    parse(args, context) {
      const parsed = plain.parse(args, context);
      if ('reason' in parsed) return parsed;
      const value = Math.min(Math.max(parsed.value, min), max);
      return { value, text: String(value) };
    },
  };
}

/** Bytes, with the units b, k, kb, m, mb, g, gb. */
export function memory(min: bigint | number = 0n, max: bigint | number = LONG_MAX): Kind<number> {
  const low = BigInt(min);
  const high = BigInt(max);
  return {
    name: 'memory',
    takesSeveral: false,
    syntax: 'bytes, or with a unit: 1k is 1000, 1kb is 1024; likewise m, mb, g, gb',
    parse(args) {
      const value = parseMemory(only(args));
      if (value === undefined) return { reason: 'argument must be a memory value' };
      return outOfRange(value, low, high) ?? { value: Number(value), text: value.toString() };
    },
    format: (value) => BigInt(value).toString(),
    lines: (setting) => [formatMemory(BigInt(setting.text))],
  };
}

/** A limit in bytes or relative to another one. */
export interface MemoryShare {
  readonly unit: 'bytes' | 'percent';
  readonly amount: number;
}

/** Bytes as `memory()`, or a percentage from 0% to 100%. `0%` is 0 bytes. */
export function memoryOrPercent(): Kind<MemoryShare> {
  const tooLarge = { reason: 'percentage argument must be less or equal to 100' };
  return {
    name: 'memory or percent',
    takesSeveral: false,
    syntax: 'bytes with or without a unit, or a percentage such as 5%',
    parse(args) {
      const text = only(args);
      const bytes = parseMemory(text);
      if (bytes !== undefined) {
        if (bytes > LONG_MAX) return tooLarge;
        return { value: { unit: 'bytes', amount: Number(bytes) }, text: bytes.toString() };
      }
      const percent = text.endsWith('%') ? parseStrictInteger(text.slice(0, -1)) : undefined;
      if (percent === undefined || percent < 0n) return { reason: 'argument must be a memory or percent value' };
      if (percent > 100n) return tooLarge;
      if (percent === 0n) return { value: { unit: 'bytes', amount: 0 }, text: '0' };
      return { value: { unit: 'percent', amount: Number(percent) }, text: `${percent}%` };
    },
    format: (value) => (value.unit === 'percent' ? `${value.amount}%` : BigInt(value.amount).toString()),
    lines: ({ text }) => [text.endsWith('%') ? text : formatMemory(BigInt(text))],
  };
}

/** File permissions in octal; no bits set means that the process's mask decides. */
export function octal(max: number): Kind<number> {
  return {
    name: 'octal',
    takesSeveral: false,
    syntax: 'octal number such as 700',
    parse(args) {
      const text = only(args);
      if (/[89]/.test(text) || text.length > 20) return { reason: "argument couldn't be parsed as an octal number" };
      const decimal = parseTolerantInteger(text);
      if (decimal === undefined) return { reason: "argument couldn't be parsed as an octal number" };
      const value = Number.parseInt(decimal.toString(), 8);
      if (value >= 0 && value <= max) return { value, text: value.toString(8) };
      return { reason: `argument must be between 0 and ${max.toString(8)} inclusive` };
    },
    format: (value) => value.toString(8),
    lines: (setting) => [setting.text],
  };
}

/** Any bytes. `check` may refuse with a reason. */
export function string(check?: (text: string) => string | undefined): Kind<string> {
  return {
    name: 'string',
    takesSeveral: false,
    syntax: 'text',
    parse(args) {
      const text = only(args);
      const reason = check?.(text);
      return reason === undefined ? { value: text, text } : { reason };
    },
    format: (value) => value,
    lines: (setting) => [quoteWord(setting.text)],
  };
}

/** A file name: the value is text for the file system, the CONFIG GET text its bytes. */
export function path(check?: (text: string) => string | undefined): Kind<string> {
  return {
    ...string(),
    name: 'path',
    syntax: 'file name',
    parse(args) {
      const text = only(args);
      const reason = check?.(text);
      return reason === undefined ? { value: toText(text), text } : { reason };
    },
    format: (value) => toByteString(value),
  };
}

function notOneOf(words: readonly string[]): Refusal {
  return { reason: `argument(s) must be one of the following: ${words.join(', ')}` };
}

/**
 * One word of a list, in any case.
 * @param synonyms words that stand for an earlier word of the list; CONFIG GET shows the earlier one
 */
export function oneOf<const W extends string, const S extends string = never>(
  words: readonly W[],
  synonyms: { readonly [K in S]: Exclude<W, K> } | Record<string, never> = {},
): Kind<Exclude<W, S>> {
  const meanings: ReadonlyMap<string, string> = new Map(Object.entries(synonyms));
  return {
    name: 'enum',
    takesSeveral: false,
    syntax: words.join(' | '),
    parse(args) {
      const given = only(args).toLowerCase();
      const meant = meanings.get(given) ?? given;
      const found = words.find((word) => word === meant);
      if (found === undefined) return notOneOf(words);
      // The synonyms' values exclude the synonyms themselves (see their type), so what is left is W without S.
      const value = found as Exclude<W, S>;
      return { value, text: value };
    },
    format: (value) => value,
    lines: (setting) => [setting.text],
  };
}

/**
 * Several words of a list. The first word of the list stands for "none of the others".
 * @param exclusive two words that cannot stand together, and the reason to give
 */
export function someOf<const W extends string>(
  words: readonly [W, ...W[]],
  exclusive: { readonly words: readonly [NoInfer<W>, NoInfer<W>]; readonly reason: string },
): Kind<readonly W[]> {
  const none = words[0];
  const format = (value: readonly W[]): string => (value.length === 0 ? none : value.join(' '));
  return {
    name: 'flags',
    takesSeveral: true,
    syntax: `one or more of ${words.join(' | ')}`,
    parse(args) {
      const given = args.map((word) => word.toLowerCase());
      if (given.length === 0 || given.some((word) => !words.some((known) => known === word))) return notOneOf(words);
      const value = words.filter((word) => word !== none && given.includes(word));
      if (exclusive.words.every((word) => value.includes(word))) return { reason: exclusive.reason };
      return { value, text: format(value) };
    },
    format,
    lines: (setting: Setting<readonly W[]>) => [setting.text],
  };
}
