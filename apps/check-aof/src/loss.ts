/** The price of a repair: what a log loses by it, and what a user is ready to lose. */
import type { KeyPlace } from './key-place.ts';

export interface Loss {
  /** Bytes that are left out of the log. */
  readonly bytes: number;
  /** Commands that can still be recognised in them. */
  readonly commands: number;
  /** Keys that these name, each once; the first ones. */
  readonly keys: readonly KeyPlace[];
  readonly keyCount: number;
  /** What cannot be counted, in words: a file that is gone. */
  readonly unknown: readonly string[];
}

export const NO_LOSS: Loss = { bytes: 0, commands: 0, keys: [], keyCount: 0, unknown: [] };

export interface LossLimit {
  readonly of: 'bytes' | 'commands' | 'keys';
  readonly atMost: number;
}

const UNITS: Readonly<Record<string, readonly [of: LossLimit['of'], factor: number]>> = {
  '': ['bytes', 1],
  b: ['bytes', 1],
  kb: ['bytes', 1024],
  mb: ['bytes', 1024 ** 2],
  gb: ['bytes', 1024 ** 3],
  bytes: ['bytes', 1],
  command: ['commands', 1],
  commands: ['commands', 1],
  key: ['keys', 1],
  keys: ['keys', 1],
};

/** `64kb`, `10commands`, `3keys`. Undefined for anything else. */
export function parseLossLimit(text: string): LossLimit | undefined {
  const found = /^(\d{1,15})([a-z]*)$/.exec(text.toLowerCase());
  const unit = UNITS[found?.[2] ?? '-'];
  if (found === null || unit === undefined) return undefined;
  return { of: unit[0], atMost: Number(found[1]) * unit[1] };
}

/** The first limit that the loss exceeds. What cannot be counted exceeds every limit. */
export function exceededLimit(loss: Loss, limits: readonly LossLimit[]): LossLimit | undefined {
  if (loss.unknown.length > 0) return limits[0];
  const amounts = { bytes: loss.bytes, commands: loss.commands, keys: loss.keyCount };
  return limits.find(({ of, atMost }) => amounts[of] > atMost);
}
