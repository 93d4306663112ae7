/**
 * The commands about connections and the server itself, sent to this server and to a real one: the same bytes come back.
 */
import { createConnection, type Socket } from 'node:net';
import { encodeCommand } from '@aof/resp-codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BothServers, hasRedis, skippedNote } from './beside-redis.ts';

const SENTINEL = 'end-of-this-case';

/** A script of commands on one connection. Every reply is compared byte by byte. */
interface Case {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
}

const CASES: readonly Case[] = [
  {
    name: 'PING and ECHO',
    commands: [
      ['PING'],
      ['ping', 'x'],
      ['PING', 'a', 'b'],
      ['ECHO', 'hello'],
      ['ECHO'],
      ['ECHO', 'a', 'b'],
      ['PING', ''],
    ],
  },
  {
    name: 'unknown commands',
    commands: [['NOSUCH'], ['nosuch', 'a', 'b'], ['x'.repeat(200), 'y'.repeat(200), 'z'], ['get\r\nx', 'a\nb'], ['']],
  },
  {
    name: 'SELECT',
    commands: [
      ['SELECT', '1'],
      ['SELECT', '16'],
      ['SELECT', '-1'],
      ['SELECT', 'x'],
      ['SELECT'],
      ['SELECT', '99999999999999999999'],
      ['SELECT', '15'],
      ['SELECT', '0'],
    ],
  },
  {
    name: 'SWAPDB',
    commands: [
      ['SET', 'k', 'v'],
      ['SWAPDB', '0', '1'],
      ['GET', 'k'],
      ['SELECT', '1'],
      ['GET', 'k'],
      ['SWAPDB', '0', '16'],
      ['SWAPDB', 'a', '1'],
      ['SWAPDB', '0', 'b'],
      ['SWAPDB', '0'],
      ['SWAPDB', '1', '1'],
      ['SWAPDB', '-1', '0'],
      ['FLUSHALL'],
    ],
  },
  {
    name: 'AUTH without a password',
    commands: [['AUTH', 'x'], ['AUTH', 'default', 'x'], ['AUTH', 'other', 'x'], ['AUTH'], ['AUTH', 'a', 'b', 'c']],
  },
  {
    name: 'HELLO errors',
    commands: [
      ['HELLO', 'x'],
      ['HELLO', '1'],
      ['HELLO', '4'],
      ['HELLO', '3', 'AUTH', 'x'],
      ['HELLO', '3', 'NOPE'],
      ['HELLO', '3', 'SETNAME', 'a b'],
      ['HELLO', '2', 'SETNAME', 'ok'],
      ['CLIENT', 'GETNAME'],
    ],
  },
  {
    name: 'CLIENT names',
    commands: [
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'SETNAME', 'me'],
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'SETNAME', 'a b'],
      ['CLIENT', 'SETNAME', 'a\nb'],
      ['CLIENT', 'SETNAME', ''],
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'SETNAME'],
      ['CLIENT'],
      ['CLIENT', 'NOSUCH'],
      ['CLIENT', 'ID', 'x'],
    ],
  },
  {
    name: 'CLIENT KILL and LIST errors',
    commands: [
      ['CLIENT', 'KILL', '1.2.3.4:5'],
      ['CLIENT', 'KILL', 'ID', 'x'],
      ['CLIENT', 'KILL', 'ID', '0'],
      ['CLIENT', 'KILL', 'ID', '999999'],
      ['CLIENT', 'KILL', 'TYPE', 'nope'],
      ['CLIENT', 'KILL', 'ADDR'],
      ['CLIENT', 'KILL', 'USER', 'nobody'],
      ['CLIENT', 'KILL', 'SKIPME', 'maybe'],
      ['CLIENT', 'KILL', 'ADDR', '1.1.1.1:1', 'SKIPME', 'yes'],
      ['CLIENT', 'KILL', 'NOPE', 'x'],
      ['CLIENT', 'LIST', 'TYPE', 'nope'],
      ['CLIENT', 'LIST', 'TYPE', 'replica'],
      ['CLIENT', 'LIST', 'ID', 'x'],
      ['CLIENT', 'LIST', 'ID', '999999'],
      ['CLIENT', 'LIST', 'NOPE'],
    ],
  },
  {
    name: 'CLIENT switches',
    commands: [
      ['CLIENT', 'NO-EVICT', 'on'],
      ['CLIENT', 'NO-EVICT', 'off'],
      ['CLIENT', 'NO-EVICT', 'x'],
      ['CLIENT', 'NO-EVICT'],
      ['CLIENT', 'REPLY', 'on'],
      ['CLIENT', 'REPLY', 'x'],
      ['CLIENT', 'REPLY'],
    ],
  },
  {
    name: 'CLIENT REPLY',
    commands: [
      ['CLIENT', 'REPLY', 'SKIP'],
      ['PING'],
      ['PING', 'heard'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['PING'],
      ['CLIENT', 'REPLY', 'SKIP'],
      ['PING'],
      ['CLIENT', 'REPLY', 'ON'],
      ['PING', 'again'],
    ],
  },
  {
    name: 'CLIENT REPLY OFF in a transaction is silent at once',
    commands: [
      ['MULTI'],
      ['SET', 'a', '1'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['GET', 'a'],
      ['LPUSH', 'a', 'x'],
      ['EXEC'],
      ['GET', 'a'],
      ['CLIENT', 'REPLY', 'ON'],
      ['PING'],
    ],
  },
  {
    name: 'CLIENT REPLY ON in a silent transaction is heard at once',
    commands: [
      ['CLIENT', 'REPLY', 'OFF'],
      ['MULTI'],
      ['SET', 'a', '1'],
      ['CLIENT', 'REPLY', 'ON'],
      ['GET', 'a'],
      ['EXEC'],
      ['GET', 'a'],
    ],
  },
  {
    name: 'CLIENT REPLY OFF and ON in one transaction',
    commands: [
      ['MULTI'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['HGETALL', 'h'],
      ['CLIENT', 'REPLY', 'ON'],
      ['GET', 'a'],
      ['EXEC'],
      ['PING'],
    ],
  },
  {
    name: 'CLIENT REPLY SKIP in a transaction is for the command after EXEC',
    commands: [
      ['MULTI'],
      ['GET', 'a'],
      ['CLIENT', 'REPLY', 'SKIP'],
      ['GET', 'a'],
      ['CLIENT', 'REPLY', 'ON'],
      ['EXEC'],
      ['ECHO', 'skipped'],
      ['ECHO', 'heard'],
    ],
  },
  {
    name: 'CLIENT REPLY OFF then SKIP in a transaction',
    commands: [
      ['MULTI'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['CLIENT', 'REPLY', 'SKIP'],
      ['GET', 'a'],
      ['EXEC'],
      ['GET', 'a'],
      ['CLIENT', 'REPLY', 'ON'],
      ['PING'],
    ],
  },
  {
    name: 'errors that nobody hears count, once each',
    commands: [
      ['DEL', 'l'],
      ['SET', 's', 'x'],
      ['INCR', 's'],
      ['CONFIG', 'RESETSTAT'],
      ['MULTI'],
      ['INCR', 's'],
      ['CLIENT', 'REPLY', 'OFF'],
      ['LPUSH', 's', 'x'],
      ['INCR', 's'],
      ['CLIENT', 'REPLY', 'ON'],
      ['LPUSH', 's', 'x'],
      ['EXEC'],
      ['INFO', 'errorstats'],
    ],
  },
  {
    name: 'RESET',
    commands: [
      ['CLIENT', 'SETNAME', 'me'],
      ['SELECT', '3'],
      ['MULTI'],
      ['SET', 'a', 'b'],
      ['RESET'],
      ['CLIENT', 'GETNAME'],
      ['EXEC'],
      ['GET', 'a'],
      ['RESET', 'x'],
    ],
  },
  {
    name: 'CONFIG',
    commands: [
      ['CONFIG'],
      ['CONFIG', 'NOSUCH'],
      ['CONFIG', 'GET'],
      ['CONFIG', 'SET', 'a'],
      ['CONFIG', 'SET', 'nosuch', 'x'],
      ['CONFIG', 'GET', 'maxmemory'],
      ['CONFIG', 'GET', 'MAXMEMORY', 'nosuch'],
      ['CONFIG', 'SET', 'hz', '0'],
      ['CONFIG', 'SET', 'hz', 'x'],
      ['CONFIG', 'SET', 'databases', '4'],
      ['CONFIG', 'SET', 'appendfsync', 'never'],
      ['CONFIG', 'SET', 'timeout', '5', 'timeout', '6'],
      ['CONFIG', 'SET', 'timeout', '5', 'hz', 'x'],
      ['CONFIG', 'GET', 'timeout'],
      ['CONFIG', 'SET', 'a', 'b', 'c'],
      ['CONFIG', 'RESETSTAT', 'x'],
      ['CONFIG', 'RESETSTAT'],
      ['CONFIG', 'REWRITE'],
    ],
  },
  {
    name: 'DBSIZE, FLUSHDB and FLUSHALL',
    commands: [
      ['SET', 'a', '1'],
      ['SET', 'b', '2'],
      ['DBSIZE'],
      ['FLUSHDB', 'nope'],
      ['FLUSHDB', 'async', 'x'],
      ['FLUSHDB', 'SYNC'],
      ['DBSIZE'],
      ['FLUSHALL', 'async'],
      ['FLUSHALL', 'x'],
      ['DBSIZE', 'x'],
    ],
  },
  {
    name: 'TIME, LASTSAVE and SHUTDOWN errors',
    commands: [
      ['TIME', 'x'],
      ['LASTSAVE', 'x'],
      ['SHUTDOWN', 'nope'],
      ['SHUTDOWN', 'ABORT'],
      ['SHUTDOWN', 'save', 'nosave'],
      ['SHUTDOWN', 'ABORT', 'NOW'],
    ],
  },
  {
    name: 'DEBUG',
    commands: [
      ['DEBUG'],
      ['SET', 'k', 'v'],
      ['DEBUG', 'DIGEST-VALUE', 'k', 'nosuch'],
      ['DEBUG', 'OBJECT', 'nosuch'],
      ['DEBUG', 'SLEEP', '0'],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '1'],
      ['DEBUG', 'JMAP', 'x', 'y', 'z'],
      ['DEBUG', 'DIGEST'],
      ['FLUSHALL'],
      ['DEBUG', 'DIGEST'],
    ],
  },
  {
    name: 'COMMAND',
    commands: [
      ['COMMAND', 'NOSUCH'],
      ['COMMAND', 'GETKEYS', 'GET', 'k'],
      ['COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'],
      ['COMMAND', 'GETKEYS', 'PING', 'x'],
      ['COMMAND', 'GETKEYS', 'NOSUCH', 'x'],
      ['COMMAND', 'GETKEYS', 'ZUNIONSTORE', 'd', '2', 'a', 'b'],
      ['COMMAND', 'GETKEYS', 'SET', 'a'],
      ['COMMAND', 'GETKEYSANDFLAGS', 'LPUSH', 'a', 'b'],
      ['COMMAND', 'GETKEYS', 'SINTERCARD', '9', 'a'],
      ['COMMAND', 'INFO', 'nosuch'],
      ['COMMAND', 'LIST', 'FILTERBY', 'NOPE', 'x'],
      ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'hincrbyf*'],
      ['COMMAND', 'COUNT', 'x'],
      ['COMMAND', 'DOCS', 'nosuch'],
    ],
  },
  {
    name: 'transactions',
    commands: [
      ['EXEC'],
      ['DISCARD'],
      ['MULTI'],
      ['MULTI'],
      ['WATCH', 'a'],
      ['SET', 'a', '1'],
      ['NOSUCH'],
      ['EXEC'],
      ['MULTI'],
      ['SET', 'a'],
      ['EXEC'],
      ['MULTI'],
      ['SET', 'a', '1'],
      ['LPUSH', 'a', 'x'],
      ['GET', 'a'],
      ['EXEC'],
      ['MULTI', 'x'],
      ['MULTI'],
      ['EXEC', 'x'],
      ['PING'],
      ['MULTI'],
      ['DISCARD'],
      ['UNWATCH'],
      ['WATCH'],
      ['MULTI'],
      ['SHUTDOWN'],
      ['EXEC'],
      ['MULTI'],
      ['SELECT', '2'],
      ['SET', 'q', '1'],
      ['EXEC'],
      ['GET', 'q'],
      ['FLUSHALL'],
    ],
  },
  {
    name: 'BGREWRITEAOF arity and INFO of nothing',
    commands: [
      ['BGREWRITEAOF', 'x'],
      ['INFO', 'nosuch'],
    ],
  },
];

/** Sends a case on a connection of its own, and everything that comes back as latin1. */
async function replies(port: number, protocol: 2 | 3, commands: Case['commands']): Promise<string> {
  const socket: Socket = createConnection(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1');
  const all = [...commands, ['ECHO', SENTINEL]];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('end', resolve);
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith(`${SENTINEL}\r\n`) || text.includes(`${SENTINEL}' \r\n`)) resolve();
    });
    if (protocol === 3) socket.write(encodeCommand(['HELLO', '3']));
    socket.write(encodeCommand(['ECHO', 'begin']));
    for (const command of all) socket.write(encodeCommand(command));
  });
  socket.destroy();
  return text.slice(text.indexOf('begin\r\n'));
}

/** HELLO's version and connection number differ. */
function comparable(text: string): string {
  return text.replace(/\$\d+\r\n7\.\d+\.\d+\r\n/g, '<version>').replace(/(\r\nid\r\n):\d+/g, '$1:<id>');
}

describe.skipIf(!hasRedis)(`server commands beside redis-server${skippedNote(CASES.length * 2)}`, () => {
  let servers: BothServers;

  beforeAll(async () => {
    servers = await BothServers.start();
  });

  afterAll(() => servers.stop());

  for (const protocol of [2, 3] as const) {
    test.each(CASES)(`RESP${protocol}: $name`, async ({ commands }) => {
      const [ours, theirs] = await Promise.all(servers.ports.map((port) => replies(port, protocol, commands)));
      expect(comparable(ours ?? '')).toBe(comparable(theirs ?? ''));
    });
  }
});
