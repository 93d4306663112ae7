export { AccessFrequency } from './access-frequency.ts';
export { activeExpireCycle, type ExpireCycleOptions } from './active-expiry.ts';
export { Database, type KeyspaceHooks, type KeyspaceStatistics } from './database.ts';
export { type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
export { type DigestTools, digestDataset, digestValue } from './digest.ts';
export { createGlob } from './glob.ts';
export { handOutAll } from './hand-out.ts';
export { type HashSeed, seedHashing } from './hash.ts';
export { Keyspace, type KeyspaceOptions } from './keyspace.ts';
export { allocateLatin1, copyBytes, flatCopy, type Latin1Buffer, writeLatin1 } from './latin1.ts';
export { type LargeEntry, Snapshot, type SnapshotOptions, type SnapshotSink } from './snapshot.ts';
export type { FrozenCursor, FrozenItems, FrozenValue } from './values/frozen.ts';
export type { FrozenBytes } from './values/frozen-bytes.ts';
export { HashValue } from './values/hash.ts';
export { ListValue } from './values/list.ts';
export { type MemberBytesVisitor, SetValue } from './values/set.ts';
export {
  ADDED,
  comparePairs,
  type ScoredMember,
  SortedSetValue,
  UNCHANGED,
} from './values/sorted-set.ts';
export {
  type MemberBound,
  MemberRange,
  type RankSpan,
  type ScoreBound,
  ScoreRange,
} from './values/sorted-set-range.ts';
export { type FrozenStream, type StreamEntry, type StreamTrim, StreamValue } from './values/stream.ts';
export {
  type PendingEntry,
  type StreamConsumer,
  type StreamGroup,
  UNKNOWN_ENTRIES_READ,
} from './values/stream-group.ts';
export {
  addUint64,
  compareStreamIds,
  type Integer64,
  integer64,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  parseStreamId,
  previousStreamId,
  type StreamId,
  streamIdText,
  subtractInt64,
} from './values/stream-id.ts';
export type { StreamEntryView } from './values/stream-node.ts';
export {
  isIntegerText,
  RAW_ABOVE_BYTES,
  RawString,
  type StringValue,
  stringByteAt,
  stringContent,
  stringEncoding,
  stringEquals,
  stringLength,
  stringSlice,
  stringText,
  stringValueOf,
  toRawString,
} from './values/string.ts';
export { defaultThresholds, type Thresholds } from './values/thresholds.ts';
export { cloneValue, encodingOf, type TypeName, typeName, type Value, valueBytes } from './values/value.ts';
