/**
 * The fast way to the elements that most replies are made of: bulk strings, short integers and `+OK`.
 *
 * It takes an element only if it is whole, well formed and within the limits, and otherwise leaves it as it is, to the
 * careful way in reply-decoder.ts, which gives the same value for every element that this one takes.
 */
import type { Input } from './input.ts';
import { isLineEnd } from './reply-scalar.ts';
import type { ReplyLimits, ReplyOptions } from './reply-value.ts';
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
    const { buffer, position } = input;
    const last = input.end - 1;
    // `:0\r\n` is the shortest element.
    if (position + 3 > last) return undefined;
    const type = buffer[position];
    if (type === SIMPLE) return this.#readOk(input);
    let at = position + 1;
    const isNegative = buffer[at] === MINUS;
    if (isNegative) at++;
    const stop = Math.min(at + FAST_DIGITS, last);
    let number = buffer[at] - ZERO;
    if (number < 0 || number > 9) return undefined;
    for (at++; at < stop; at++) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    if (at >= last || buffer[at] !== CR || buffer[at + 1] !== LF) return undefined;
    at += 2;
    if (type === INTEGER && this.#hasIntegers) {
      input.position = at;
      return isNegative ? 0 - number : number;
    }
    const end = at + number;
    if (type !== BULK || isNegative || number > this.#maxBytes || end >= last) return undefined;
    if (buffer[end] !== CR || buffer[end + 1] !== LF) return undefined;
    input.position = end + 2;
    return this.#window.decode(buffer, at, end, last);
  }

  #readOk(input: Input): string | undefined {
    const { buffer, position, end } = input;
    if (position + 5 > end || buffer[position + 1] !== LETTER_O || buffer[position + 2] !== LETTER_K) return undefined;
    if (!isLineEnd(buffer, position + 3)) return undefined;
    input.position = position + 5;
    return 'OK';
  }
}
