/** Aggregates, and streamed strings, of which not all elements have been read. */
import type { ReplyValue } from './reply-value.ts';
import { ARRAY, ATTRIBUTE, BULK, MAP, SET } from './resp-byte.ts';

/** The length of a stream: never reached by counting. */
export const ENDLESS: number = Number.POSITIVE_INFINITY;
/** JavaScript's `Map` and `Set` end here. */
export const MAX_NATIVE_ELEMENTS: number = 2 ** 24;

const NO_ITEMS: ReplyValue[] = [];
/** So many elements have their place made at once; beyond that an array grows with what is received. */
const PLACES = 1024;

/** One level of nesting. A decoder reuses its aggregates, but not their items, which become values. */
export class Aggregate {
  /** The type byte; of a streamed string, that of a bulk string. */
  type: number = ARRAY;
  /** Elements announced (keys and values counted singly), or ENDLESS. */
  length = 0;
  items: ReplyValue[] = NO_ITEMS;
  /** How many of `items` have been read. */
  count = 0;
  /** Bytes in the pieces of a streamed string. */
  pieceBytes = 0;

  open(type: number, length: number): void {
    this.type = type;
    this.length = length;
    this.items = length <= PLACES ? new Array<ReplyValue>(length) : [];
    this.count = 0;
    this.pieceBytes = 0;
  }

  add(item: ReplyValue): void {
    this.items[this.count++] = item;
  }

  get isStreamedString(): boolean {
    return this.type === BULK;
  }

  /** Whether it could end after the elements read so far: a map wants pairs. */
  get isEven(): boolean {
    return (this.type !== MAP && this.type !== ATTRIBUTE) || this.count % 2 === 0;
  }

  /** The items, which this level then no longer holds. */
  takeItems(): ReplyValue[] {
    const items = this.items;
    this.items = NO_ITEMS;
    return items;
  }
}

/** How many values of JavaScript's own type `items` of this type would be put into; 0 for an array. */
export function nativeSize(type: number, length: number): number {
  if (type === MAP || type === ATTRIBUTE) return length / 2;
  return type === SET ? length : 0;
}

/** Keys and values in turn as a `Map`. */
export function toMap(items: readonly ReplyValue[]): Map<ReplyValue, ReplyValue> {
  const map = new Map<ReplyValue, ReplyValue>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}

/** The pieces of a streamed string, one behind the other. */
export function joinPieces(pieces: readonly ReplyValue[], byteLength: number): Uint8Array {
  const joined = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces) {
    // Only pieces are put into a streamed string.
    const bytes = piece as Uint8Array;
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}
