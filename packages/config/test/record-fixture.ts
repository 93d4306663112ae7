/**
 * Records what the installed redis-server says about its options: `node packages/config/test/record-fixture.ts`.
 *
 * Made with Redis 7.0.15. For each option: its default, whether CONFIG SET may change it, and what it answers to a few
 * values in a configuration file (null if it takes the value). Options that CONFIG GET hides from patterns are named here.
 */

import { writeFileSync } from 'node:fs';
import { installedVersion, RedisServer, refusalOf } from './redis-server.ts';

const HIDDEN = [
  'rdb-key-save-delay',
  'key-load-delay',
  'watchdog-period',
  'use-exit-on-panic',
  'loading-process-events-interval-bytes',
];
const PROBES = ['bogus', '-5', '5x', '1 2', '""', '99999999999999999999', '9223372036854775807', '4294967296', 'yes'];
/** These would keep the recording server from going on, or depend on the machine. */
const UNTOUCHED = new Set(['bind', 'logfile', 'dir', 'aclfile', 'unixsocket', 'pidfile', 'syslog-enabled']);

interface Recorded {
  default: string;
  set: 'mutable' | 'immutable' | 'protected';
  refusals: Record<string, string | null>;
}

await using server = await RedisServer.start();
const pairs = await server.call('CONFIG', 'GET', '*');
const options: Record<string, Recorded> = {};
for (const [index, name] of [...(Array.isArray(pairs) ? pairs : [])].entries()) {
  if (index % 2 === 0 && typeof name === 'string') options[name] = await record(name);
}
for (const name of HIDDEN) options[name] = await record(name);
const sorted = Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
const target = new URL('./fixtures/redis-7.0.15.json', import.meta.url);
writeFileSync(target, `${JSON.stringify({ version: installedVersion(), hidden: HIDDEN, options: sorted }, null, 1)}\n`);

async function record(name: string): Promise<Recorded> {
  const [, value] = [await server.call('CONFIG', 'GET', name)].flat();
  const answer = String(await server.call('CONFIG', 'SET', name, '\x01bad'));
  // A value that is taken is put back, so that a password doesn't lock the recording out.
  if (answer === '+OK') await server.call('CONFIG', 'SET', name, String(value));
  const refusals: Record<string, string | null> = {};
  for (const probe of UNTOUCHED.has(name) ? [] : PROBES) {
    // The second line stops the server if the first doesn't.
    const text = refusalOf(`${name} ${probe}\nstop here\n`);
    refusals[probe] = text.includes(">>> 'stop here'") ? null : text.split('\n').slice(2).join('\n');
  }
  const set = answer.includes('immutable') ? 'immutable' : answer.includes('set protected') ? 'protected' : 'mutable';
  return { default: defaultOf(name, String(value)), set, refusals };
}

/** The options by which the recording server is started show what an ordinary one shows. */
function defaultOf(name: string, value: string): string {
  if (name === 'port') return '6379';
  if (name === 'dir') return '<working folder>';
  return name === 'unixsocket' ? '' : value;
}
