export {
  type KeyShare,
  keyOf,
  LogStatistics,
  nameOfKey,
  type Observation,
  OTHER_DATABASES,
  type Sums,
} from './log-statistics.ts';
export type { PrefixNode } from './prefix-tree.ts';
export { type Bucket, OTHER, type Timeline } from './timeline.ts';
