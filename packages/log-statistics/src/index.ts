export { HeavyHitters, type HeavyHittersOptions, type Hitter } from './heavy-hitters.ts';
export { keyPath } from './key-path.ts';
export {
  CommandSums,
  type KeyShare,
  KeySums,
  keyOf,
  type LiveObservation,
  LogStatistics,
  type LogStatisticsOptions,
  nameOfKey,
  type Observation,
  OTHER_DATABASES,
  type Sums,
} from './log-statistics.ts';
export { PrefixNode, PrefixTree } from './prefix-tree.ts';
export { type Bucket, OTHER, Timeline } from './timeline.ts';
