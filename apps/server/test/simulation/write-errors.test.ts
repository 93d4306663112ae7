/** Disks that refuse: what clients are told, what the operator hears, and when it is over. */
import { SimDisk } from '@aof/disk';
import { RespError } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { DIR, Machine, settle } from './machine.ts';

async function started(appendfsync: 'always' | 'everysec' | 'no' = 'everysec', disk = new SimDisk()) {
  if (disk.status(DIR) === undefined) disk.makeDirectory(DIR);
  const machine = new Machine({ disk, config: { appendfsync } });
  await machine.start();
  return { machine, disk };
}

const FULL = new RespError('MISCONF Errors writing to the AOF file: No space left on device');

test('a full disk: the write that hits it is acknowledged, then writes and PING are refused until there is room', async () => {
  const { machine, disk } = await started();
  await machine.ask('SET', 'before', '1');
  disk.freeSpaceBytes = 5;
  expect(await machine.ask('SET', 'hits', '1')).toBe('OK');
  expect(machine.lines.filter((line) => line.includes('Short write while writing to the AOF file'))).toHaveLength(1);
  expect(await machine.ask('SET', 'refused', '1')).toEqual(FULL);
  expect(await machine.ask('PING')).toEqual(FULL);
  expect(await machine.ask('GET', 'hits')).toBe('1');
  expect(await machine.ask('INFO', 'persistence')).toContain('aof_last_write_status:err');
  disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
  machine.advance(1100);
  expect(machine.lines.at(-1)).toBe('warning: AOF write error looks solved. The server can write again.');
  expect(await machine.ask('PING')).toBe('PONG');
  expect(await machine.ask('SET', 'after', '1')).toBe('OK');
  await machine.restart();
  for (const key of ['before', 'hits', 'after']) expect(await machine.ask('GET', key), key).toBe('1');
  expect(await machine.ask('EXISTS', 'refused')).toBe(0);
});

test('a refused command inside MULTI aborts the transaction', async () => {
  const { machine, disk } = await started();
  disk.freeSpaceBytes = 0;
  await machine.ask('SET', 'a', '1');
  const client = machine.connect();
  client.send(['MULTI'], ['GET', 'a'], ['SET', 'b', '1'], ['EXEC'], ['EXISTS', 'b']);
  machine.turn();
  const abort = new RespError('EXECABORT Transaction discarded because of previous errors.');
  expect(client.replies).toEqual(['OK', 'QUEUED', FULL, abort, 0]);
});

test('what the full disk kept waiting is written in order, and nothing twice', async () => {
  const { machine, disk } = await started('no');
  disk.inject({ operation: 'write', maxBytes: 7 });
  disk.inject({ operation: 'write', code: 'ENOSPC' });
  await machine.ask('APPEND', 'a', '1');
  machine.advance(1100);
  await machine.ask('APPEND', 'a', '2');
  await machine.restart();
  expect(await machine.ask('GET', 'a')).toBe('12');
});

test('a short write that cannot be cut off again is completed', async () => {
  const { machine, disk } = await started('no');
  disk.inject({ operation: 'write', maxBytes: 7 });
  disk.inject({ operation: 'write', code: 'ENOSPC' });
  disk.inject({ operation: 'truncate' });
  await machine.ask('APPEND', 'a', '1');
  expect(machine.lines.at(-1)).toContain(
    'Could not remove short write from the append-only file. ftruncate: Input/output error',
  );
  machine.advance(1100);
  await machine.restart();
  expect(await machine.ask('GET', 'a')).toBe('1');
});

test('always: a write that fails is not answered, and the process has to end', async () => {
  const { machine, disk } = await started('always');
  disk.freeSpaceBytes = 5;
  const client = machine.connect();
  client.send(['SET', 'a', '1'], ['GET', 'a']);
  machine.turn();
  expect(machine.fatal).toContain("Can't recover from AOF write error when the AOF fsync policy is 'always'");
  client.send(['PING']);
  machine.turn();
  machine.advance(5000);
  await settle();
  expect(client.replies).toEqual([]);
  disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
  await machine.restart();
  expect(await machine.ask('DBSIZE')).toBe(0);
});

test.each(['blocking', 'background'])(
  'always: a %s sync that fails is not answered, and the process has to end',
  async (mode) => {
    const { machine, disk } = await started('no');
    if (mode === 'background') disk.holdSyncs = true;
    const client = machine.connect();
    client.send(['CONFIG', 'SET', 'appendfsync', 'always']);
    machine.turn();
    expect(client.replies).toEqual(['OK']);
    disk.inject({ operation: 'sync' });
    client.send(['SET', 'a', '1']);
    machine.turn();
    await settle();
    expect(machine.fatal).toContain("Can't persist AOF for fsync error when the AOF fsync policy is 'always'");
    expect(client.replies).toEqual(['OK']);
  },
);

test('everysec: a failed sync refuses writes and is not forgiven by a later one that succeeds', async () => {
  const { machine, disk } = await started();
  disk.inject({ operation: 'sync' });
  await machine.ask('SET', 'a', '1');
  machine.advance(1000);
  await settle();
  expect(machine.lines.at(-1)).toBe('warning: Fail to fsync the AOF file: Input/output error');
  const refused = new RespError('MISCONF Errors writing to the AOF file: Input/output error');
  expect(await machine.ask('SET', 'b', '1')).toEqual(refused);
  machine.advance(5000);
  await settle();
  expect(await machine.ask('SET', 'b', '1')).toEqual(refused);
  expect(await machine.ask('GET', 'a')).toBe('1');
});

test('after a failed sync nobody can promise `always`', async () => {
  const { machine, disk } = await started();
  disk.inject({ operation: 'sync' });
  await machine.ask('SET', 'a', '1');
  machine.advance(1000);
  await settle();
  const reply = await machine.ask('CONFIG', 'SET', 'appendfsync', 'always');
  expect(String(reply)).toContain('ERR CONFIG SET failed');
  expect(await machine.ask('CONFIG', 'GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
});

test('expired keys that go while writes are refused are gone after a restart too', async () => {
  const { machine, disk } = await started();
  await machine.ask('SET', 'short', '1', 'PX', '100');
  disk.freeSpaceBytes = 0;
  await machine.ask('SET', 'a', '1');
  machine.advance(500);
  expect(await machine.ask('DBSIZE')).toBe(1);
  disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
  machine.advance(1500);
  await machine.restart();
  machine.advance(200);
  expect(await machine.ask('DBSIZE')).toBe(1);
});
