/** OBJECT, and what counts as a use of a key under an LFU policy, where every use is counted. */
import { expect, test } from 'vitest';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';

const LFU = `
  CONFIG SET maxmemory-policy allkeys-lfu
  CONFIG SET lfu-log-factor 0`;
const LRU = `
  CONFIG SET maxmemory-policy noeviction
  CONFIG SET lfu-log-factor 10`;

const USES: Readonly<Record<string, string>> = {
  'a new key': 'SET k v',
  'a key that is read': 'SET k v\nGET k\nGET k\nGET missing',
  'a key that is set again': 'SET k v\nSET k w\nSET k x KEEPTTL\nSET k y XX\nSETEX k 100 z\nGETSET k a',
  'a string changed in place': 'SET k abc\nAPPEND k d\nSETRANGE k 0 x\nSETBIT k 1 1',
  'a number': 'SET k 70000\nINCR k\nINCRBY k 5\nINCRBYFLOAT k 1.5',
  'keys asked about': 'SET k v\nTTL k\nTYPE k\nOBJECT ENCODING k\nEXISTS k\nEXPIRE k 100\nPERSIST k',
  'a key touched': 'SET k v\nTOUCH k\nSTRLEN k',
  'a hash': 'HSET k f v\nHSET k g w\nHGET k f\nHDEL k f',
  'a list': 'RPUSH k a\nRPUSH k b\nLRANGE k 0 -1\nLPOP k',
  'a set': 'SADD k a\nSADD k b\nSISMEMBER k a\nSREM k a',
  'a sorted set': 'ZADD k 1 a\nZADD k 2 b\nZSCORE k a\nZREM k a',
  'a key with a new name': 'SET a v\nGET a\nGET a\nRENAME a k',
  'a key with the name of another': 'SET a v\nGET a\nSET k w\nGET k\nGET k\nGET k\nRENAME a k',
  'a copy': 'SET a v\nGET a\nCOPY a k',
  'what a command stores': 'SADD a 1 2\nSUNIONSTORE k a\nSUNIONSTORE k a\nOBJECT FREQ a',
  'a key that MOVE takes': 'SELECT 1\nSET k v\nGET k\nMOVE k 0\nSELECT 0',
};

differential(
  'uses of keys',
  Object.fromEntries(
    Object.entries(USES).map(([title, script]) => [title, `${LFU}\n${script}\nOBJECT FREQ k${LRU}`] as const),
  ),
);

differential('OBJECT', {
  'FREQ and IDLETIME exclude each other': `
    SET k v
    OBJECT FREQ k
    OBJECT FREQ missing
    OBJECT IDLETIME k
    CONFIG SET maxmemory-policy volatile-lfu
    OBJECT IDLETIME k
    OBJECT IDLETIME missing
    OBJECT FREQ missing
    OBJECT FREQ
    OBJECT FREQ k k
    CONFIG SET maxmemory-policy noeviction
    OBJECT FREQ k`,
});

/** A server that counts uses, and how often `k` counts as used. */
function counting(logFactor: string): { server: LocalServer; count: () => number } {
  const server = new LocalServer();
  server.ask(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu', 'lfu-log-factor', logFactor]);
  return { server, count: () => Number(server.ask(['OBJECT', 'FREQ', 'k']).text) };
}

test('the counter goes down by one for every lfu-decay-time minutes without use', () => {
  const { server, count } = counting('0');
  server.ask(['SET', 'k', 'v']);
  for (let i = 0; i < 10; i++) server.ask(['GET', 'k']);
  expect(count()).toBe(15);
  server.advance(3 * 60_000);
  expect(count()).toBe(12);
  server.ask(['CONFIG', 'SET', 'lfu-decay-time', '2']);
  server.advance(3 * 60_000);
  expect(count()).toBe(12);
  server.advance(600 * 60_000);
  expect(count()).toBe(0);
  server.ask(['CONFIG', 'SET', 'lfu-decay-time', '0']);
  expect(count()).toBe(15);
});

test('the counter grows more and more slowly, up to 255', () => {
  const { server, count } = counting('1');
  server.ask(['SET', 'k', 'v']);
  for (let i = 0; i < 1000; i++) server.ask(['GET', 'k']);
  // The expected steps for a factor of 1: about the square root of twice the uses.
  expect(count()).toBeGreaterThan(30);
  expect(count()).toBeLessThan(70);
  server.ask(['CONFIG', 'SET', 'lfu-log-factor', '0']);
  for (let i = 0; i < 300; i++) server.ask(['GET', 'k']);
  expect(count()).toBe(255);
});
