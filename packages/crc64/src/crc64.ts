/**
 * CRC-64/Jones, the checksum of RDB files, DUMP payloads and checksum files: reflected polynomial 0x95ac9329ac4bc9b5, start 0, no final inversion.
 *
 * Eight bytes are taken at a time, each through a table of its own ("slicing by 8"); 64 bits are two 32-bit halves, because
 * JavaScript has no faster form. Long inputs are read as 32-bit words where the machine keeps them in the same order. The check value of "123456789" is 0xe9c6d914c4b8d9ca.
 *
 * Source: Redis crc64.c, Jones's parameters; slicing after Kounavis and Berry, "A systematic approach to building
 * high performance, software-based CRC generators".
 */

const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const SLICES = 8;

/** Tables one after the other: entry `256 * k + byte` is the effect of `byte` with `k` bytes behind it. */
const tableLow = new Int32Array(256 * SLICES);
const tableHigh = new Int32Array(256 * SLICES);

for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) !== 0;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (isOdd) {
      low ^= POLYNOMIAL_LOW;
      high ^= POLYNOMIAL_HIGH;
    }
  }
  tableLow[byte] = low;
  tableHigh[byte] = high;
}
for (let at = 256; at < 256 * SLICES; at++) {
  const low = tableLow[at - 256];
  const high = tableHigh[at - 256];
  const step = low & 0xff;
  tableLow[at] = ((low >>> 8) | (high << 24)) ^ tableLow[step];
  tableHigh[at] = (high >>> 8) ^ tableHigh[step];
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/** From here on a view of words costs less than it saves. */
const MIN_WORD_BYTES = 1024;

/** A running checksum. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** The lower half so far, as a signed 32-bit number. */
  get low(): number {
    return this.#low;
  }

  /** The upper half so far, likewise. */
  get high(): number {
    return this.#high;
  }

  /** The checksum so far. */
  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** Begins anew. */
  reset(): void {
    this.#low = 0;
    this.#high = 0;
  }

  /** Takes the bytes `start` to `end` (exclusive). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let at = start;
    if (IS_LITTLE_ENDIAN && end - start >= MIN_WORD_BYTES) {
      const aligned = at + (-(bytes.byteOffset + at) & 3);
      this.#bytes(bytes, at, aligned);
      at = aligned + this.#words(bytes, aligned, end);
    }
    this.#bytes(bytes, at, end);
  }

  /** Takes whole pairs of words from `start` on, which is a multiple of four in memory. @returns the bytes taken */
  #words(bytes: Uint8Array, start: number, end: number): number {
    const count = ((end - start) >> 3) << 1;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, count);
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < count; i += 2) {
      const a = low ^ words[i];
      const b = high ^ words[i + 1];
      const i0 = 1792 + (a & 0xff);
      const i1 = 1536 + ((a >>> 8) & 0xff);
      const i2 = 1280 + ((a >>> 16) & 0xff);
      const i3 = 1024 + (a >>> 24);
      const i4 = 768 + (b & 0xff);
      const i5 = 512 + ((b >>> 8) & 0xff);
      const i6 = 256 + ((b >>> 16) & 0xff);
      const i7 = b >>> 24;
      low =
        tableLow[i0] ^
        tableLow[i1] ^
        tableLow[i2] ^
        tableLow[i3] ^
        tableLow[i4] ^
        tableLow[i5] ^
        tableLow[i6] ^
        tableLow[i7];
      high =
        tableHigh[i0] ^
        tableHigh[i1] ^
        tableHigh[i2] ^
        tableHigh[i3] ^
        tableHigh[i4] ^
        tableHigh[i5] ^
        tableHigh[i6] ^
        tableHigh[i7];
    }
    this.#low = low;
    this.#high = high;
    return count * 4;
  }

  /**
   * Takes any bytes, eight at a time as long as there are eight. The step is that of `#words`, written out again: as a function that both
   * call it costs short pieces 2 to 8 % (bench/crc64.ts), and the log is written in such.
   */
  #bytes(bytes: Uint8Array, start: number, end: number): void {
    let low = this.#low;
    let high = this.#high;
    let at = start;
    for (const last = end - 7; at < last; at += 8) {
      const a = low ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
      const b = high ^ (bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24));
      const i0 = 1792 + (a & 0xff);
      const i1 = 1536 + ((a >>> 8) & 0xff);
      const i2 = 1280 + ((a >>> 16) & 0xff);
      const i3 = 1024 + (a >>> 24);
      const i4 = 768 + (b & 0xff);
      const i5 = 512 + ((b >>> 8) & 0xff);
      const i6 = 256 + ((b >>> 16) & 0xff);
      const i7 = b >>> 24;
      low =
        tableLow[i0] ^
        tableLow[i1] ^
        tableLow[i2] ^
        tableLow[i3] ^
        tableLow[i4] ^
        tableLow[i5] ^
        tableLow[i6] ^
        tableLow[i7];
      high =
        tableHigh[i0] ^
        tableHigh[i1] ^
        tableHigh[i2] ^
        tableHigh[i3] ^
        tableHigh[i4] ^
        tableHigh[i5] ^
        tableHigh[i6] ^
        tableHigh[i7];
    }
    for (; at < end; at++) {
      const index = (low ^ bytes[at]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index];
      high = (high >>> 8) ^ tableHigh[index];
    }
    this.#low = low;
    this.#high = high;
  }
}

/** The checksum of `bytes`. */
export function crc64(bytes: Uint8Array): bigint {
  const crc = new Crc64();
  crc.update(bytes);
  return crc.value;
}
