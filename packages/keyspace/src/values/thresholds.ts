/**
 * The sizes up to which a small collection keeps its compact encoding: the options of the same names in redis.conf. One object per
 * keyspace, changed in place by CONFIG SET; collections read it when they grow.
 */
export interface Thresholds {
  /** hash-max-listpack-entries: fields. */
  hashMaxListpackEntries: number;
  /** hash-max-listpack-value: bytes of the longest field or value. */
  hashMaxListpackValue: number;
  /** list-max-listpack-size: elements per node if positive, -1 … -5 for 4 … 64 KiB per node. */
  listMaxListpackSize: number;
  /** set-max-intset-entries: members, all of them integers. */
  setMaxIntsetEntries: number;
  /** set-max-listpack-entries: members. */
  setMaxListpackEntries: number;
  /** set-max-listpack-value: bytes of the longest member. */
  setMaxListpackValue: number;
  /** zset-max-listpack-entries: members. */
  zsetMaxListpackEntries: number;
  /** zset-max-listpack-value: bytes of the longest member. */
  zsetMaxListpackValue: number;
  /** stream-node-max-bytes: bytes of a piece of a stream as Redis would pack it; 0 for no limit. */
  streamNodeMaxBytes: number;
  /** stream-node-max-entries: entries in a piece of a stream; 0 for no limit. */
  streamNodeMaxEntries: number;
}

/** Redis's defaults (redis.conf of 7.0; the listpack encoding of sets is 7.2's). */
export function defaultThresholds(): Thresholds {
  return {
    hashMaxListpackEntries: 512,
    hashMaxListpackValue: 64,
    listMaxListpackSize: -2,
    setMaxIntsetEntries: 512,
    setMaxListpackEntries: 128,
    setMaxListpackValue: 64,
    zsetMaxListpackEntries: 128,
    zsetMaxListpackValue: 64,
    streamNodeMaxBytes: 4096,
    streamNodeMaxEntries: 100,
  };
}
