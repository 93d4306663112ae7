/** When replies leave: after the flush of their tick, and under `always` after the sync of all that they may have seen. */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine, settle, withFiles } from './machine.ts';

/** A machine that notes what its log is asked to do, between the replies. */
async function machineWithEvents(appendfsync: 'always' | 'everysec' | 'no', { isSlow = false } = {}) {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  disk.settleAll();
  const events: string[] = [];
  const machine = new Machine({
    disk,
    config: { appendfsync },
    wrap: (inner) =>
      withFiles(inner, (file) => ({
        write: (bytes, offset, length) => {
          events.push('write');
          return file.write(bytes, offset, length);
        },
        dataSyncNow: () => {
          events.push('sync');
          if (isSlow) machine.nowMs += 100;
          file.dataSyncNow();
        },
        syncNow: () => {
          events.push('sync');
          file.syncNow();
        },
        dataSync: () => {
          events.push('background sync');
          return file.dataSync();
        },
      })),
  });
  await machine.start();
  events.length = 0;
  const client = machine.connect();
  client.onReply = (reply) => events.push(String(reply));
  return { machine, disk, events, client };
}

test.each(['everysec', 'no'] as const)(
  '%s: one write for all commands of a turn, then their replies',
  async (policy) => {
    const { machine, events, client } = await machineWithEvents(policy);
    const other = machine.connect();
    other.onReply = (reply) => events.push(`other ${reply}`);
    client.send(['SET', 'a', '1'], ['INCR', 'a']);
    other.send(['APPEND', 'a', '5']);
    await settle();
    expect(events).toEqual([]);
    machine.turn();
    expect(events).toEqual(['write', 'OK', '2', 'other 2']);
  },
);

test('a turn with reads alone touches no file', async () => {
  const { machine, events, client } = await machineWithEvents('always');
  client.send(['GET', 'a'], ['PING']);
  machine.turn();
  expect(events).toEqual(['null', 'PONG']);
});

test('always: the sync is between the write and the replies', async () => {
  const { machine, events, client } = await machineWithEvents('always');
  client.send(['SET', 'a', '1']);
  machine.turn();
  expect(events).toEqual(['write', 'sync', 'OK']);
});

test('always with a slow disk: commands go on during a sync, and no reply overtakes what its client may have seen', async () => {
  const { machine, disk, events, client } = await machineWithEvents('always', { isSlow: true });
  client.send(['SET', 'warm', 'up']);
  machine.turn();
  disk.holdSyncs = true;
  events.length = 0;
  client.send(['SET', 'a', '1']);
  machine.turn();
  const reader = machine.connect();
  reader.onReply = (reply) => events.push(`read ${reply}`);
  reader.send(['GET', 'a']);
  client.send(['SET', 'b', '1']);
  machine.turn();
  machine.turn();
  await settle();
  expect(events).toEqual(['write', 'background sync', 'write']);
  disk.completeSync();
  await settle();
  // The reader's turn also wrote `b`, which it may have seen: it waits for the second sync.
  expect(events).toEqual(['write', 'background sync', 'write', 'OK', 'background sync']);
  disk.completeSync();
  await settle();
  expect(events.slice(5)).toEqual(['read 1', 'OK']);
});

test('replies of one client keep their order across syncs', async () => {
  const { machine, disk, client } = await machineWithEvents('always', { isSlow: true });
  client.send(['SET', 'n', '0']);
  machine.turn();
  disk.holdSyncs = true;
  for (let i = 1; i <= 20; i++) {
    client.send(['INCR', 'n'], ['GET', 'n']);
    if (i % 3 > 0) machine.turn();
    if (i % 5 === 0) while (disk.pendingSyncs.length > 0) disk.completeSync();
    await settle();
  }
  machine.turn();
  while (disk.pendingSyncs.length > 0) {
    disk.completeSync();
    await settle();
  }
  expect(client.replies).toEqual(['OK', ...Array.from({ length: 20 }, (_, i) => [i + 1, String(i + 1)]).flat()]);
});

test('everysec: while a sync runs writes wait up to two seconds, their replies do not', async () => {
  const { machine, disk, events, client } = await machineWithEvents('everysec');
  disk.holdSyncs = true;
  client.send(['SET', 'a', '1']);
  machine.turn();
  machine.advance(1000);
  expect(events).toEqual(['write', 'OK', 'background sync']);
  events.length = 0;
  client.send(['SET', 'b', '1']);
  machine.turn();
  expect(events).toEqual(['OK']);
  machine.advance(1900);
  expect(events).toEqual(['OK']);
  expect(await machine.ask('INFO', 'persistence')).toMatch(
    /aof_buffer_length:27\r\naof_rewrite_buffer_length:0\r\naof_pending_bio_fsync:1/,
  );
  machine.advance(200);
  expect(events).toEqual(['OK', 'write']);
  expect(machine.lines.join('\n')).toContain('Asynchronous AOF fsync is taking too long (disk is busy?).');
  expect(await machine.ask('INFO', 'persistence')).toContain('aof_delayed_fsync:1');
});

test('everysec: a write that waited goes out with the next turn after the sync', async () => {
  const { machine, disk, events, client } = await machineWithEvents('everysec');
  disk.holdSyncs = true;
  client.send(['SET', 'a', '1']);
  machine.turn();
  machine.advance(1000);
  client.send(['SET', 'b', '1']);
  machine.turn();
  events.length = 0;
  disk.completeSync();
  await settle();
  client.send(['SET', 'c', '1']);
  machine.turn();
  expect(events).toEqual(['write', 'OK']);
  expect(await machine.ask('INFO', 'persistence')).toContain('aof_delayed_fsync:0');
});

test('everysec: the last write before silence is synced too', async () => {
  const { machine, events, client } = await machineWithEvents('everysec');
  client.send(['SET', 'a', '1']);
  machine.turn();
  machine.advance(5000);
  expect(events).toEqual(['write', 'OK', 'background sync']);
});

test('CONFIG SET appendfsync always: the reply itself waits for what was written before', async () => {
  const { machine, disk, events, client } = await machineWithEvents('no');
  client.send(['SET', 'a', '1']);
  machine.turn();
  client.send(['CONFIG', 'SET', 'appendfsync', 'always']);
  machine.turn();
  await settle();
  expect(events).toEqual(['write', 'OK', 'sync', 'OK']);
  expect(disk.afterCrash(1, 'only-synced').contents().get(`${DIR}/appendonly.aof`)?.length).toBeGreaterThan(0);
});

test('a client that is closed while its replies wait gets none, and the others theirs', async () => {
  const { machine, client } = await machineWithEvents('everysec');
  const other = machine.connect();
  client.send(['SET', 'a', '1']);
  other.send(['GET', 'a']);
  client.disconnect();
  machine.turn();
  expect([client.replies, other.replies]).toEqual([[], ['1']]);
});

test('SHUTDOWN is refused while the log cannot be written, but for FORCE', async () => {
  const { machine, disk } = await machineWithEvents('everysec');
  disk.freeSpaceBytes = 0;
  await machine.ask('SET', 'a', '1');
  expect(String(await machine.ask('SHUTDOWN'))).toContain('ERR Errors trying to SHUTDOWN. Check logs.');
  expect(machine.isShutDown).toBe(false);
  const client = machine.connect();
  client.send(['SHUTDOWN', 'FORCE']);
  machine.turn();
  expect(machine.isShutDown).toBe(true);
});

test('stop: answers what is pending, writes and syncs, whatever the policy', async () => {
  const { machine, disk, events, client } = await machineWithEvents('no');
  client.send(['SET', 'a', '1']);
  await machine.engine.stop();
  expect(events).toEqual(['write', 'OK', 'sync']);
  const found = new Machine({ disk: disk.afterCrash(1, 'only-synced') });
  await found.start();
  expect(await found.ask('GET', 'a')).toBe('1');
});

test('several engines live side by side, each on its own disk', async () => {
  const first = await machineWithEvents('everysec');
  const second = await machineWithEvents('everysec');
  await first.machine.ask('SET', 'a', 'first');
  await second.machine.ask('SET', 'a', 'second');
  expect(await first.machine.ask('GET', 'a')).toBe('first');
  expect(await second.machine.ask('GET', 'a')).toBe('second');
});
