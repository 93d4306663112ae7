/** Which of the two the access bits of keys are, by maxmemory-policy: when a key was used last, or how often it is. */
import type { Config } from '@aof/config';
import { AccessFrequency, type Keyspace } from '@aof/keyspace';

const OPTIONS = ['maxmemory-policy', 'lfu-log-factor', 'lfu-decay-time'] as const;

/** Sets what `keyspace` counts, now and whenever the options change. */
export function followAccessPolicy(config: Config, keyspace: Keyspace): void {
  const apply = (): undefined => {
    const { values } = config;
    keyspace.frequency = values['maxmemory-policy'].endsWith('-lfu')
      ? new AccessFrequency(keyspace, { logFactor: values['lfu-log-factor'], decayMinutes: values['lfu-decay-time'] })
      : undefined;
  };
  apply();
  for (const name of OPTIONS) config.onChange(name, apply);
}
