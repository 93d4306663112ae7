/**
 * Many short strings out of one buffer, faster than one by one.
 *
 * A conversion from bytes costs much more than its characters do. So a window of the buffer is converted at once, and
 * short strings are cut from it. The price: such a string keeps its window alive, which is why windows are small.
 *
 * A UTF-8 window is good for cutting only if it has as many characters as bytes. Then each byte became one character
 * (a sequence of several bytes never becomes as many characters), and so each string in it is what it would be alone.
 */
import { decodeLatin1, decodeUtf8 } from './text.ts';

/** Bytes of a window: the most that a string of a few bytes can keep alive. */
const WINDOW_BYTES = 1024;
/** Longer strings are converted alone. */
const CUT_BYTES = 128;
/** How many strings are converted alone after one, or after many, windows in a row that do not help. */
const FEWEST_ALONE = 16;
const MOST_ALONE = 1024;
export class TextWindow {
  readonly #decode: (bytes: Uint8Array, start: number, end: number) => string;
  #text = '';
  #start = 0;
  #end = 0;
  /** How many strings are to be converted alone, since windows did not help: there is text that is not ASCII. */
  #alone = 0;
  /** The same after the next window that does not help. */
  #nextAlone = FEWEST_ALONE;

  constructor(encoding: 'utf8' | 'latin1') {
    this.#decode = encoding === 'utf8' ? decodeUtf8 : decodeLatin1;
  }

  /** The buffer, or what is in it, is about to change. */
  reset(): void {
    this.#end = 0;
  }

  /** The bytes `start` … `end` of `buffer` as a string; there is something to read up to `bufferEnd`. */
  decode(buffer: Uint8Array, start: number, end: number, bufferEnd: number): string {
    if (start >= this.#start && end <= this.#end) return this.#text.substring(start - this.#start, end - this.#start);
    return this.#open(buffer, start, end, bufferEnd);
  }

  #open(buffer: Uint8Array, start: number, end: number, bufferEnd: number): string {
    const windowEnd = Math.min(start + WINDOW_BYTES, bufferEnd);
    // When only the line end follows, a window would not serve a second string.
    if (end - start > CUT_BYTES || end + 2 >= windowEnd) return this.#decode(buffer, start, end);
    if (this.#alone > 0) {
      this.#alone--;
      return this.#decode(buffer, start, end);
    }
    const text = this.#decode(buffer, start, windowEnd);
    if (text.length !== windowEnd - start) {
      this.#alone = this.#nextAlone;
      this.#nextAlone = Math.min(2 * this.#nextAlone, MOST_ALONE);
      return this.#decode(buffer, start, end);
    }
    this.#nextAlone = FEWEST_ALONE;
    this.#text = text;
    this.#start = start;
    this.#end = windowEnd;
    return text.substring(0, end - start);
  }
}
