/** SSCAN, ZSCAN and HSCAN: a collection portion by portion. */
import { createGlob } from '@aof/keyspace';
import { readValue, type ValueOf, WRONG_TYPE } from './lookup.ts';
import { readCursor, readScanOptions } from './scan-options.ts';
import type { Handler } from './spec.ts';

/** Takes an element, and what is answered beside it, if anything. */
export type VisitElement = (element: string, detail?: string) => void;

/**
 * The handler of a scan of `key cursor [MATCH pattern] [COUNT count]`.
 *
 * @param portion visits the elements from a cursor on and answers the next cursor
 */
export function scanning<T extends 'set' | 'zset' | 'hash'>(
  type: T,
  portion: (value: ValueOf<T>, cursor: number, count: number, visit: VisitElement) => number,
): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    const cursor = readCursor(ctx, request, 2);
    if (cursor === undefined) return;
    const value = readValue(ctx, request.key(1), type);
    if (value === WRONG_TYPE) return;
    const found: string[] = [];
    let next = 0;
    // Where there is nothing to scan, Redis does not look at the options.
    if (value !== undefined) {
      const options = readScanOptions(ctx, request, 3);
      if (options === undefined) return;
      const matches = options.pattern === undefined ? undefined : createGlob(options.pattern);
      next = portion(value, cursor, options.count, (element, detail) => {
        if (matches?.(element) === false) return;
        found.push(element);
        if (detail !== undefined) found.push(detail);
      });
    }
    reply.array(2);
    reply.bulk(String(next));
    reply.array(found.length);
    for (const text of found) reply.bulk(text);
  };
}
