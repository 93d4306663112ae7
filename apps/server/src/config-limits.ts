/** What the options say in the terms of other rooms: the sizes of packed collections, and what requests may claim. */
import type { Config } from '@aof/config';
import type { Thresholds } from '@aof/keyspace';
import { DEFAULT_LIMITS, type RequestLimits, UNAUTHENTICATED_LIMITS } from '@aof/resp-codec';

/** The options that `thresholdsOf` reads. */
export const THRESHOLD_OPTIONS = [
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'set-max-intset-entries',
  'set-max-listpack-entries',
  'set-max-listpack-value',
  'zset-max-listpack-entries',
  'zset-max-listpack-value',
  'list-max-listpack-size',
  'stream-node-max-bytes',
  'stream-node-max-entries',
] as const;

/** The sizes up to which collections are kept packed. */
export function thresholdsOf({ values }: Config): Thresholds {
  return {
    hashMaxListpackEntries: values['hash-max-listpack-entries'],
    hashMaxListpackValue: values['hash-max-listpack-value'],
    setMaxIntsetEntries: values['set-max-intset-entries'],
    setMaxListpackEntries: values['set-max-listpack-entries'],
    setMaxListpackValue: values['set-max-listpack-value'],
    zsetMaxListpackEntries: values['zset-max-listpack-entries'],
    zsetMaxListpackValue: values['zset-max-listpack-value'],
    listMaxListpackSize: values['list-max-listpack-size'],
    streamNodeMaxBytes: values['stream-node-max-bytes'],
    streamNodeMaxEntries: values['stream-node-max-entries'],
  };
}

/** The options that `requestLimits` reads. */
export const LIMIT_OPTIONS = ['proto-max-bulk-len', 'client-query-buffer-limit'] as const;

/** For clients that have logged in, and for those that have not. */
export function requestLimits({ values }: Config): [RequestLimits, RequestLimits] {
  const limits = {
    maxBulkBytes: values['proto-max-bulk-len'],
    maxRequestBytes: Math.min(DEFAULT_LIMITS.maxRequestBytes, values['client-query-buffer-limit']),
  };
  return [
    { ...DEFAULT_LIMITS, ...limits },
    { ...UNAUTHENTICATED_LIMITS, ...limits },
  ];
}
