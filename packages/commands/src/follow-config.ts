/** What options say to the keyspace and the executor: which uses of keys are counted, what is kept of slow commands. */
import type { Config, OptionName } from '@aof/config';
import { AccessFrequency } from '@aof/keyspace';
import type { Executor } from './execute.ts';

/** Applies the options to `executor` and its keyspace, now and whenever they change. */
export function followConfig(config: Config, { keyspace, times }: Executor): void {
  follow(config, ['maxmemory-policy', 'lfu-log-factor', 'lfu-decay-time'], () => {
    const { values } = config;
    keyspace.frequency = values['maxmemory-policy'].endsWith('-lfu')
      ? new AccessFrequency(keyspace, { logFactor: values['lfu-log-factor'], decayMinutes: values['lfu-decay-time'] })
      : undefined;
  });
  follow(config, ['slowlog-log-slower-than', 'slowlog-max-len', 'latency-monitor-threshold'], () => {
    const { values } = config;
    times.slowerThanUs = values['slowlog-log-slower-than'];
    times.slowLog.maxEntries = values['slowlog-max-len'];
    times.events.thresholdMs = values['latency-monitor-threshold'];
  });
  follow(config, ['latency-tracking', 'latency-tracking-info-percentiles'], () => {
    times.hasHistograms = config.values['latency-tracking'];
    times.percentiles = config.values['latency-tracking-info-percentiles'];
  });
}

function follow(config: Config, names: readonly OptionName[], apply: () => void): void {
  apply();
  for (const name of names) {
    config.onChange(name, () => {
      apply();
      return undefined;
    });
  }
}
