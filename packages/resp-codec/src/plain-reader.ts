/**
 * The fast way to the elements that most replies are made of: bulk strings, short integers and `+OK`.
 *
 * It takes an element only if it is whole, well formed and within the limits, and otherwise leaves it as it is, to the
 * careful way in reply-decoder.ts, which gives the same value for every element that this one takes.
 */
import type { Input } from './input.ts';
import { isLineEnd } from './reply-scalar.ts';
import type { ReplyLimits, ReplyOptions, ReplyValue } from './reply-value.ts';
import * as byte from './resp-byte.ts';
import { TextWindow } from './text-window.ts';

// Local constants: V8 folds these, while it loads and checks an imported one at each use.
const { BULK, CR, INTEGER, LF, MINUS, SIMPLE, ZERO } = byte;
const LETTER_K = 75;
const LETTER_O = 79;
/** Numbers of up to 9 digits fit a small integer. */
const FAST_DIGITS = 9;
/** No less than a type, such a number and two line ends. */
const HEADER_BYTES = 24;

export class PlainReader {
  readonly #window: TextWindow;
  readonly #hasIntegers: boolean;
  /** The longest bulk string; -1 if they stay bytes. */
  readonly #maxBytes: number;

  /** @param maxBulkBytes the longest bulk string that can be decoded as the options say */
  constructor(options: ReplyOptions, limits: ReplyLimits, maxBulkBytes: number) {
    const bulk = options.bulk ?? 'utf8';
    this.#window = new TextWindow(bulk === 'latin1' ? 'latin1' : 'utf8');
    this.#hasIntegers = options.integers !== 'bigint';
    // As an integer: comparing with a double is slower.
    this.#maxBytes = bulk === 'bytes' ? -1 : Math.min(maxBulkBytes, limits.maxReplyBytes - HEADER_BYTES, 2 ** 30) | 0;
  }

  /** The bytes of the input are about to change. */
  reset(): void {
    this.#window.reset();
  }

  /** Reads the element at the input's position and goes behind it, or does nothing and returns undefined. */
  read(input: Input): string | number | undefined {
    // `:0\r\n` is the shortest element.
    if (input.position + 4 > input.end) return undefined;
    switch (input.buffer[input.position]) {
      case BULK:
        return this.#readBulk(input);
      case INTEGER:
        return this.#hasIntegers ? this.#readInteger(input) : undefined;
      case SIMPLE:
        return this.#readOk(input);
      default:
        return undefined;
    }
  }

  /**
   * Reads elements into `items`, from index `count` on, as long as they can be read and `limit` is not reached.
   * One loop for each type, since a loop that meets one type only is the fastest.
   * @returns the new count
   */
  readItems(input: Input, items: ReplyValue[], count: number, limit: number): number {
    for (let at = count; ; ) {
      const before = at;
      at = this.#readBulks(input, items, at, limit);
      at = this.#readIntegers(input, items, at, limit);
      if (at !== before) continue;
      const value = at < limit ? this.read(input) : undefined;
      if (value === undefined) return at;
      items[at++] = value;
    }
  }

  #readBulks(input: Input, items: ReplyValue[], count: number, limit: number): number {
    let at = count;
    while (at < limit && input.position + 4 <= input.end && input.buffer[input.position] === BULK) {
      const text = this.#readBulk(input);
      if (text === undefined) break;
      items[at++] = text;
    }
    return at;
  }

  #readIntegers(input: Input, items: ReplyValue[], count: number, limit: number): number {
    let at = count;
    while (at < limit && input.position + 4 <= input.end && input.buffer[input.position] === INTEGER) {
      const number = this.#hasIntegers ? this.#readInteger(input) : undefined;
      if (number === undefined) break;
      items[at++] = number;
    }
    return at;
  }

  #readInteger(input: Input): number | undefined {
    const { buffer } = input;
    const last = input.end - 1;
    let at = input.position + 1;
    const isNegative = buffer[at] === MINUS;
    if (isNegative) at++;
    let number = buffer[at] - ZERO;
    if (number < 0 || number > 9) return undefined;
    const stop = Math.min(at + FAST_DIGITS, last);
    while (++at < stop) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    if (at >= last || buffer[at] !== CR || buffer[at + 1] !== LF) return undefined;
    input.position = at + 2;
    return isNegative ? 0 - number : number;
  }

  #readBulk(input: Input): string | undefined {
    const { buffer } = input;
    const last = input.end - 1;
    let at = input.position + 1;
    let length = buffer[at] - ZERO;
    if (length < 0 || length > 9) return undefined;
    const stop = Math.min(at + FAST_DIGITS, last);
    while (++at < stop) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    if (at >= last || buffer[at] !== CR || buffer[at + 1] !== LF) return undefined;
    const start = at + 2;
    const end = start + length;
    if (length > this.#maxBytes || end >= last || buffer[end] !== CR || buffer[end + 1] !== LF) return undefined;
    input.position = end + 2;
    return this.#window.decode(buffer, start, end, last);
  }

  #readOk(input: Input): string | undefined {
    const { buffer, position, end } = input;
    if (position + 5 > end || buffer[position + 1] !== LETTER_O || buffer[position + 2] !== LETTER_K) return undefined;
    if (!isLineEnd(buffer, position + 3)) return undefined;
    input.position = position + 5;
    return 'OK';
  }
}
