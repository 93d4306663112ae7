// Saving and loading snapshots beside redis-server, without clients. Part of `pnpm bench`.
import type { Scenario } from './scenario.ts';
import { ask, type RunningServer, type ServerName, startServer } from './servers.ts';

const KEYS = 1_000_000;
const LOADS = 3;

/** `fill` puts about KEYS keys into a server. */
type Fill = (server: RunningServer) => Promise<unknown>;

export function saveScenarios(fill: Fill): readonly Scenario[] {
  const scenario = (name: string, save: (port: number) => Promise<unknown>): Scenario => ({
    name: `${name} of ${KEYS / 1e6}M keys`,
    must: 1,
    options: [],
    unit: 'keys/s',
    requests: KEYS,
    prepare: fill,
    measure: async ({ port }) => {
      const startedAt = performance.now();
      await save(port);
      return KEYS / ((performance.now() - startedAt) / 1000);
    },
  });
  return [scenario('SAVE', (port) => ask(port, 'SAVE\r\n')), scenario('BGSAVE', backgroundSave)];
}

async function backgroundSave(port: number): Promise<void> {
  await ask(port, 'BGSAVE\r\n');
  while (/rdb_bgsave_in_progress:1/.test(await ask(port, 'INFO persistence\r\n')))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Keys per second of a start from a snapshot of redis-server's, the best of some. */
export async function snapshotLoadRates(fill: Fill): Promise<Record<ServerName, number>> {
  const rates = { redis: 0, aof: 0 };
  const first = await startServer('redis', []);
  await fill(first);
  await ask(first.port, 'SAVE\r\n');
  await first.stop({ keepFolder: true });
  for (let left = LOADS; left > 0; left--) {
    for (const name of ['redis', 'aof'] as const) {
      const startedAt = performance.now();
      const server = await startServer(name, [], first.folder);
      rates[name] = Math.max(rates[name], KEYS / ((performance.now() - startedAt) / 1000));
      await server.stop({ keepFolder: left > 1 || name === 'redis' });
    }
  }
  return rates;
}
