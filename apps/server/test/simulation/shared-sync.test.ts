/** Under `always`, while syncs block: a sync waits a few turns of the event loop for others who have sent their requests meanwhile. */
import { SimDisk } from '@aof/disk';
import { beforeEach, expect, test } from 'vitest';
import { DIR, Machine, type SimClient, withFiles } from './machine.ts';

let machine: Machine;
let clients: SimClient[];
let syncs = 0;

beforeEach(async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  disk.settleAll();
  machine = new Machine({
    disk,
    config: { appendfsync: 'always' },
    wrap: (inner) =>
      withFiles(inner, (file) => ({
        dataSyncNow: () => {
          syncs++;
          file.dataSyncNow();
        },
      })),
  });
  await machine.start();
  clients = Array.from({ length: 10 }, () => machine.connect());
  syncs = 0;
});

function answered(): number {
  return clients.filter(({ replies }) => replies.length > 0).length;
}

test('whoever comes in the next turn shares it', () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  expect([syncs, answered()]).toEqual([0, 0]);
  clients[1].send(['INCR', 'n']);
  machine.turn();
  machine.turn();
  expect([syncs, answered()]).toEqual([1, 2]);
});

test('it does not wait longer when nobody came', () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  machine.turn();
  expect([syncs, answered()]).toEqual([1, 1]);
  expect(machine.hasScheduledWork).toBe(false);
});

test('nor for one who has sent a request already', () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  clients[0].send(['INCR', 'n']);
  machine.turn();
  expect(clients[0].replies).toEqual([1, 2]);
  expect(syncs).toBe(1);
});

test('nor when all are there', () => {
  for (const client of clients) client.send(['INCR', 'n']);
  machine.turn();
  expect([syncs, answered()]).toEqual([1, 10]);
});

test('nor for ever, though somebody comes in every turn', () => {
  for (let turn = 0; turn < 5; turn++) {
    expect([syncs, answered()]).toEqual([0, 0]);
    clients[turn].send(['INCR', 'n']);
    machine.turn();
  }
  expect([syncs, answered()]).toEqual([1, 5]);
  // And the next one waits for others again.
  clients[5].send(['INCR', 'n']);
  machine.turn();
  expect([syncs, answered()]).toEqual([1, 5]);
});

test('whoever has nothing in the log does not wait for others', () => {
  clients[0].send(['PING']);
  machine.turn();
  expect([syncs, answered()]).toEqual([0, 1]);
});

test('beside readers the sync begins at once, in the background', () => {
  machine.disk.holdSyncs = true;
  clients[0].send(['GET', 'n']);
  clients[1].send(['INCR', 'n']);
  machine.turn();
  expect([syncs, machine.disk.pendingSyncs.length]).toEqual([0, 1]);
});

test('work that would take longer than a turn lets the replies go first', () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  machine.engine.tickIfDue();
  expect([syncs, answered()]).toEqual([1, 1]);
});

test('without always nobody waits', async () => {
  await machine.ask('CONFIG', 'SET', 'appendfsync', 'everysec');
  clients[0].send(['INCR', 'n']);
  machine.turn();
  expect(answered()).toBe(1);
});

test('whoever has left meanwhile holds up nobody', () => {
  clients[0].send(['INCR', 'n']);
  clients[1].send(['INCR', 'n']);
  machine.turn();
  clients[1].disconnect();
  machine.turn();
  expect([syncs, clients[0].replies]).toEqual([1, [1]]);
  expect(machine.hasScheduledWork).toBe(false);
});

test('another policy meanwhile takes back no promise', () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  clients[1].send(['CONFIG', 'SET', 'appendfsync', 'no']);
  expect([syncs, answered()]).toEqual([0, 0]);
  machine.turn();
  expect([syncs, answered()]).toEqual([1, 2]);
});

test('the end of the server waits for nobody', async () => {
  clients[0].send(['INCR', 'n']);
  machine.turn();
  const stopped = machine.engine.stop();
  expect([syncs, answered()]).toEqual([1, 1]);
  await stopped;
});

test('the power may fail after any turn: what was answered is there', async () => {
  let checks = 0;
  for (let turn = 0; turn < 40; turn++) {
    clients[(turn * 7) % clients.length].send(['SET', `key:${turn}`, 'x']);
    if (turn % 3 > 0) machine.turn();
    const answers = clients.reduce((sum, { replies }) => sum + replies.length, 0);
    const after = new Machine({ disk: machine.disk.afterCrash(turn, 'only-synced') });
    await after.start();
    const found = Number(await after.ask('DBSIZE'));
    expect(found).toBeGreaterThanOrEqual(answers);
    if (answers > 0 && answers < turn) checks++;
  }
  expect(checks).toBeGreaterThan(10);
});
