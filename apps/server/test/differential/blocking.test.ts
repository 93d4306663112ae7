/**
 * Commands that wait, on several connections, sent to this server and to a real one: every connection gets the same
 * bytes, in the same order of service.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BothServers, hasRedis, pause, RawConnection, skippedNote, until } from './beside-redis.ts';

type Step = readonly [connection: string, ...command: string[]];

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';

/** Connection `a` waits for entries of group `g` of stream `s`, which connection `c` has made. */
function waitsForGroup(): Step[] {
  return [
    ['c', 'XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM'],
    ['a', 'XREADGROUP', 'GROUP', 'g', 'one', 'BLOCK', '0', 'STREAMS', 's', '>'],
  ];
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** How long the end of a wait may take to arrive; by default little, for nobody's time is over. */
  readonly settleMs?: number;
}

const CASES: readonly Case[] = [
  {
    name: 'an element that is there',
    steps: [
      ['a', 'RPUSH', 'l', '1', '2'],
      ['a', 'BLPOP', 'none', 'l', '0'],
      ['a', 'BRPOP', 'l', '0'],
      ['a', 'EXISTS', 'l'],
    ],
  },
  {
    name: 'an element that comes',
    steps: [
      ['a', 'BLPOP', 'l', '0'],
      ['b', 'RPUSH', 'l', 'x', 'y'],
      ['b', 'LRANGE', 'l', '0', '-1'],
    ],
  },
  {
    name: 'the longest waiting first',
    steps: [
      ['a', 'BLPOP', 'l', '0'],
      ['b', 'BLPOP', 'l', '0'],
      ['c', 'BRPOP', 'l', '0'],
      ['d', 'RPUSH', 'l', '1', '2'],
      ['d', 'RPUSH', 'l', '3'],
    ],
  },
  {
    name: 'several keys',
    steps: [
      ['a', 'BLPOP', 'k1', 'k2', 'k3', '0'],
      ['b', 'RPUSH', 'k3', 'x'],
      ['b', 'EXISTS', 'k3'],
    ],
  },
  {
    name: 'time is over',
    settleMs: 700,
    steps: [
      ['a', 'BLPOP', 'l', '0.05'],
      ['b', 'BRPOPLPUSH', 'l', 'm', '0.05'],
      ['c', 'BZPOPMIN', 'z', '0.05'],
      ['d', 'BLMPOP', '0.05', '1', 'l', 'LEFT'],
      ['e', 'BLMOVE', 'l', 'm', 'LEFT', 'RIGHT', '0.05'],
      ['f', 'BZMPOP', '0.05', '1', 'z', 'MIN'],
    ],
  },
  {
    name: 'requests behind one that waits',
    steps: [
      ['a', 'BLPOP', 'l', '0'],
      ['a', 'PING', 'after'],
      ['a', 'SET', 'k', 'v'],
      ['b', 'GET', 'k'],
      ['b', 'RPUSH', 'l', 'x'],
      ['b', 'GET', 'k'],
    ],
  },
  {
    name: 'moving, and waking the next',
    steps: [
      ['a', 'BLMOVE', 'l', 'm', 'LEFT', 'RIGHT', '0'],
      ['b', 'BRPOP', 'm', '0'],
      ['c', 'RPUSH', 'l', 'x'],
      ['c', 'EXISTS', 'l', 'm'],
    ],
  },
  {
    name: 'BRPOPLPUSH to itself',
    steps: [
      ['a', 'BRPOPLPUSH', 'l', 'l', '0'],
      ['b', 'RPUSH', 'l', '1', '2'],
      ['b', 'LRANGE', 'l', '0', '-1'],
    ],
  },
  {
    name: 'sorted sets',
    steps: [
      ['a', 'BZPOPMAX', 'z', '0'],
      ['b', 'BZPOPMIN', 'z', '0'],
      ['c', 'ZADD', 'z', '1', 'one', '2', 'two', '3', 'three'],
      ['c', 'ZRANGE', 'z', '0', '-1'],
    ],
  },
  {
    name: 'several at once',
    steps: [
      ['a', 'BLMPOP', '0', '2', 'x', 'y', 'RIGHT', 'COUNT', '2'],
      ['b', 'RPUSH', 'y', '1', '2', '3'],
      ['a', 'BZMPOP', '0', '2', 'z', 'w', 'MAX', 'COUNT', '5'],
      ['b', 'ZADD', 'w', '1', 'm', '1.5', 'n'],
    ],
  },
  {
    name: 'inside MULTI nobody waits',
    steps: [
      ['a', 'MULTI'],
      ['a', 'BLPOP', 'l', '0'],
      ['a', 'BRPOPLPUSH', 'l', 'm', '0'],
      ['a', 'BZPOPMIN', 'z', '0'],
      ['a', 'EXEC'],
    ],
  },
  {
    name: 'a transaction wakes once it is over',
    steps: [
      ['a', 'BLPOP', 'l', '0'],
      ['b', 'MULTI'],
      ['b', 'RPUSH', 'l', 'gone'],
      ['b', 'DEL', 'l'],
      ['b', 'RPUSH', 'l', 'x'],
      ['b', 'EXEC'],
    ],
  },
  {
    name: 'what comes and goes in one transaction wakes nobody',
    settleMs: 700,
    steps: [
      ['a', 'BLPOP', 'l', '0.1'],
      ['b', 'MULTI'],
      ['b', 'RPUSH', 'l', 'x'],
      ['b', 'DEL', 'l'],
      ['b', 'EXEC'],
    ],
  },
  {
    name: 'another type does not wake',
    steps: [
      ['a', 'BLPOP', 'k', '0'],
      ['b', 'SET', 'k', 'v'],
      ['b', 'DEL', 'k'],
      ['b', 'ZADD', 'k', '1', 'm'],
      ['b', 'DEL', 'k'],
      ['b', 'RPUSH', 'k', 'x'],
    ],
  },
  {
    name: 'wrong types and arguments',
    steps: [
      ['a', 'SET', 's', '1'],
      ['a', 'BLPOP', 's', '0'],
      ['a', 'BZPOPMIN', 's', '0'],
      ['a', 'BLPOP', 'l'],
      ['a', 'BLPOP', 'l', 'x'],
      ['a', 'BLPOP', 'l', '-1'],
      ['a', 'BLMPOP', '0', '0', 'l', 'LEFT'],
      ['a', 'BLMPOP', '0', '1', 'l', 'UP'],
      ['a', 'BLMOVE', 'a', 'b', 'UP', 'LEFT', '0'],
      ['a', 'BZMPOP', 'x', '1', 'l', 'MIN'],
      ['a', 'BRPOPLPUSH', 's', 'l', '0'],
    ],
  },
  {
    name: 'RENAME, COPY, MOVE and SWAPDB bring a list',
    steps: [
      ['a', 'BLPOP', 'l', '0'],
      ['b', 'RPUSH', 'other', 'x'],
      ['b', 'RENAME', 'other', 'l'],
      ['a', 'BLPOP', 'l', '0'],
      ['b', 'RPUSH', 'other', 'y'],
      ['b', 'COPY', 'other', 'l'],
      ['a', 'BLPOP', 'm', '0'],
      ['b', 'SELECT', '1'],
      ['b', 'RPUSH', 'm', 'z'],
      ['b', 'MOVE', 'm', '0'],
      ['a', 'BLPOP', 'n', '0'],
      ['b', 'RPUSH', 'n', 'w'],
      ['b', 'SWAPDB', '0', '1'],
    ],
  },
  {
    name: 'streams: entries that come',
    steps: [
      ['a', 'XADD', 's', '1-1', 'f', 'v'],
      ['a', 'XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'],
      ['b', 'XREAD', 'BLOCK', '0', 'COUNT', '2', 'STREAMS', 'none', 's', '0', '1-1'],
      ['c', 'XADD', 's', '2-1', 'g', 'w'],
      ['c', 'XADD', 's', '3-1', 'g', 'x'],
      ['b', 'XREAD', 'BLOCK', '0', 'STREAMS', 's', '0'],
    ],
  },
  {
    name: 'streams: time is over, and inside MULTI',
    settleMs: 700,
    steps: [
      ['a', 'XREAD', 'BLOCK', '50', 'STREAMS', 's', '$'],
      ['b', 'MULTI'],
      ['b', 'XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'],
      ['b', 'EXEC'],
    ],
  },
  {
    name: 'streams: consumers of a group wait in turn',
    steps: [
      ['c', 'XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM'],
      ['a', 'XREADGROUP', 'GROUP', 'g', 'one', 'BLOCK', '0', 'STREAMS', 's', '>'],
      ['b', 'XREADGROUP', 'GROUP', 'g', 'two', 'BLOCK', '0', 'COUNT', '1', 'STREAMS', 's', '>'],
      ['c', 'XADD', 's', '1-1', 'f', 'v'],
      ['c', 'XADD', 's', '2-1', 'f', 'w'],
      ['c', 'XPENDING', 's', 'g'],
    ],
  },
  {
    name: 'the destination has another type',
    steps: [
      ['b', 'SET', 'm', 'text'],
      ['a', 'BLMOVE', 'l', 'm', 'LEFT', 'LEFT', '0'],
      ['b', 'RPUSH', 'l', 'x'],
      ['b', 'LRANGE', 'l', '0', '-1'],
    ],
  },
];

/**
 * Where Redis 7.0 has answers of its own, and 7.2 runs the command again: what connection `a` gets here.
 * DIFFERENCES.md of @aof/commands lists them.
 */
const AS_IN_7_2: readonly (Case & { readonly answer: string })[] = [
  {
    name: 'the stream of a group goes',
    steps: [...waitsForGroup(), ['b', 'DEL', 's']],
    answer: "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  },
  {
    name: 'the group is destroyed',
    steps: [...waitsForGroup(), ['b', 'XGROUP', 'DESTROY', 's', 'g']],
    answer: "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  },
  {
    name: 'the stream of a group is overwritten',
    steps: [...waitsForGroup(), ['b', 'SET', 's', 'text']],
    answer: WRONG_TYPE,
  },
  {
    name: 'a key of another type is given the name of the stream',
    steps: [['b', 'RPUSH', 'list', 'x'], ...waitsForGroup(), ['b', 'RENAME', 'list', 's']],
    answer: WRONG_TYPE,
  },
  {
    name: 'a transaction makes a set of the stream',
    steps: [...waitsForGroup(), ['b', 'MULTI'], ['b', 'DEL', 's'], ['b', 'SADD', 's', 'x'], ['b', 'EXEC']],
    answer: WRONG_TYPE,
  },
  {
    name: 'databases are exchanged, and the key is a string there',
    steps: [['b', 'SELECT', '1'], ['b', 'SET', 's', 'text'], ...waitsForGroup(), ['b', 'SWAPDB', '0', '1']],
    answer: WRONG_TYPE,
  },
  {
    name: 'a transaction changes several keys: the first in the order of the command',
    steps: [
      ['b', 'DEL', 'first'],
      ['a', 'BLPOP', 'first', 'second', '0'],
      ['b', 'MULTI'],
      ['b', 'RPUSH', 'second', '2'],
      ['b', 'RPUSH', 'first', '1'],
      ['b', 'EXEC'],
    ],
    answer: '*2\r\n$5\r\nfirst\r\n$1\r\n1\r\n',
  },
];

describe.skipIf(!hasRedis)(`waiting clients beside redis-server${skippedNote(CASES.length * 2)}`, () => {
  let servers: BothServers;

  beforeAll(async () => {
    servers = await BothServers.start();
  });

  afterAll(() => servers.stop());

  for (const protocol of ['2', '3']) {
    test.each(CASES)(`RESP${protocol}: $name`, async ({ steps, settleMs = 150 }) => {
      const [ours, theirs] = await Promise.all(servers.ports.map((port) => play(port, protocol, steps, settleMs)));
      expect(ours).toEqual(theirs);
    });
  }

  test.each(AS_IN_7_2)('as Redis 7.2: $name', async ({ steps, answer }) => {
    const [ours] = servers.ports;
    expect((await play(ours, '2', steps, 50)).a).toBe(answer);
  });

  test('CLIENT UNBLOCK ends a wait, with an answer or an error', async () => {
    const [ours, theirs] = await Promise.all(servers.ports.map(unblock));
    expect(ours).toEqual(theirs);
    expect(ours?.second).toContain('-UNBLOCKED');
  });
});

/** What each connection got, after everything has come to rest. */
async function play(
  port: number,
  protocol: string,
  steps: readonly Step[],
  settleMs: number,
): Promise<Record<string, string>> {
  const connections = new Map<string, RawConnection>();
  for (const [name] of steps) {
    if (connections.has(name)) continue;
    const connection = new RawConnection(port);
    connections.set(name, connection);
    connection.send(['HELLO', protocol]);
    await until(() => connection.text.includes('modules'));
    await pause(2);
    connection.text = '';
  }
  connections.get(steps[0]?.[0] ?? '')?.send(['FLUSHALL']);
  const control = new RawConnection(port);
  for (const [name, ...command] of steps) {
    await settled(control);
    connections.get(name)?.send(command);
  }
  await settled(control);
  await pause(settleMs);
  const texts = Object.fromEntries([...connections].map(([name, { text }]) => [name, text]));
  for (const connection of [...connections.values(), control]) connection.close();
  return texts;
}

/** What was sent before is in the server's sockets, so the turn that answers this has read it. */
async function settled(control: RawConnection): Promise<void> {
  for (let i = 0; i < 2; i++) {
    control.text = '';
    control.send(['PING']);
    await until(() => control.text !== '');
  }
}

async function unblock(port: number): Promise<{ first: string; second: string; other: string }> {
  const [waiting, other] = [new RawConnection(port), new RawConnection(port)];
  waiting.send(['CLIENT', 'ID']);
  await until(() => waiting.text.endsWith('\r\n'));
  const id = waiting.text.slice(1, -2);
  waiting.text = '';
  waiting.send(['BLPOP', 'nothing', '0']);
  await pause(20);
  other.send(['CLIENT', 'UNBLOCK', id]);
  await until(() => waiting.text !== '');
  const first = waiting.text;
  waiting.text = '';
  waiting.send(['BLPOP', 'nothing', '0']);
  await pause(20);
  for (const rest of [[id, 'ERROR'], [id], ['x'], [id, 'NOPE']]) other.send(['CLIENT', 'UNBLOCK', ...rest]);
  await until(() => waiting.text !== '');
  await pause(20);
  const result = { first, second: waiting.text, other: other.text };
  waiting.close();
  other.close();
  return result;
}
