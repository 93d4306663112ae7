/** The program asks for huge pages, whose user may have asked for something else. */
import { readFileSync } from 'node:fs';
import { withHugePages } from '@aof/launch';
import { describe, expect, test } from 'vitest';
import { startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

describe('withHugePages', () => {
  test('adds the tunable and leaves the rest', () => {
    expect(withHugePages({ HOME: '/h' })).toEqual({ HOME: '/h', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
    expect(withHugePages({ GLIBC_TUNABLES: '' })).toEqual({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.arena_max=1' })).toEqual({
      GLIBC_TUNABLES: 'glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1',
    });
  });

  test('leaves what the user says of huge pages', () => {
    const env = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0:glibc.malloc.arena_max=1' };
    expect(withHugePages(env)).toEqual(env);
  });
});

test.skipIf(process.platform !== 'linux')('the server runs with them', async () => {
  const { program, socket } = await startAof(temporaryFolder());
  const client = await RawClient.open(socket);
  const pid = /^process_id:(\d+)/m.exec(String(await client.call('INFO', 'server')))?.[1];
  const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  expect(environment.find((entry) => entry.startsWith('GLIBC_TUNABLES='))).toContain('glibc.malloc.hugetlb=1');
  await program.kill();
});
