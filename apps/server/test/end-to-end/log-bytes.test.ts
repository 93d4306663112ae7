/** The bytes that well-known commands leave in appendonly.aof, written by a real process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const SELECT_0 = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';

test('the log has what changed data, byte for byte as it was asked, and nothing else', async () => {
  const { dir, socket } = await startAof(temporaryFolder());
  const log = () => readFileSync(join(dir, 'appendonly.aof'), 'latin1');
  expect(log()).toBe('');

  const client = await RawClient.open(socket);
  await client.call('SET', 'KEY', 'VALUE');
  const set = '*3\r\n$3\r\nSET\r\n$3\r\nKEY\r\n$5\r\nVALUE\r\n';
  expect(log()).toBe(SELECT_0 + set);

  await client.call('RPUSH', 'NUMBERS', 'ONE', 'TWO', 'THREE');
  const rpush = '*5\r\n$5\r\nRPUSH\r\n$7\r\nNUMBERS\r\n$3\r\nONE\r\n$3\r\nTWO\r\n$5\r\nTHREE\r\n';
  expect(log()).toBe(SELECT_0 + set + rpush);

  await client.call('SADD', 'databases', 'Redis', 'MongoDB', 'MariaDB');
  await client.call('SET', 'date', '2013-9-5');
  await client.call('INCR', 'click_counter');
  const sadd = '*5\r\n$4\r\nSADD\r\n$9\r\ndatabases\r\n$5\r\nRedis\r\n$7\r\nMongoDB\r\n$7\r\nMariaDB\r\n';
  const date = '*3\r\n$3\r\nSET\r\n$4\r\ndate\r\n$8\r\n2013-9-5\r\n';
  const incr = '*2\r\n$4\r\nINCR\r\n$13\r\nclick_counter\r\n';
  const all = SELECT_0 + set + rpush + sadd + date + incr;
  expect(log()).toBe(all);

  for (const reading of ['GET KEY', 'LRANGE NUMBERS 0 -1', 'SADD databases Redis', 'DEL nothing', 'PING', 'SELECT 0']) {
    await client.call(...reading.split(' '));
  }
  expect(log()).toBe(all);

  // An inline request is logged in the protocol, and another database is selected before its first record.
  await client.call('SELECT', '3');
  const answered = client.call('PING');
  client.write('append\tdate " 12:00"\r\n');
  await answered;
  await client.call('PING');
  expect(log()).toBe(`${all}*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$6\r\nappend\r\n$4\r\ndate\r\n$6\r\n 12:00\r\n`);
  client.close();
});

test('transactions, expiries and what chance decides are logged as what came of them', async () => {
  const { dir, socket } = await startAof(temporaryFolder());
  const client = await RawClient.open(socket);
  await client.call('SADD', 's', 'only');
  const before = Date.now();
  await Promise.all(
    [['MULTI'], ['SET', 'a', '1', 'EX', '100'], ['SPOP', 's'], ['GET', 'a'], ['EXEC']].map((c) => client.call(...c)),
  );
  const log = readFileSync(join(dir, 'appendonly.aof'), 'latin1').split('*2\r\n$6\r\nSELECT')[1] ?? '';
  const words = log.split('\r\n').filter((word) => !/^[$*]/.test(word) && word !== '');
  const expireAtMs = Number(words[9]);
  expect(words).toEqual([
    '0',
    'SADD',
    's',
    'only',
    'MULTI',
    'SET',
    'a',
    '1',
    'PXAT',
    String(expireAtMs),
    'SREM',
    's',
    'only',
    'EXEC',
  ]);
  expect(expireAtMs - before).toBeGreaterThanOrEqual(100_000);
  expect(expireAtMs - before).toBeLessThan(110_000);
  client.close();
});
