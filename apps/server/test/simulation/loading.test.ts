/** What clients are told while the log is being loaded, and what the operator hears of the load. */
import { SimDisk } from '@aof/disk';
import { RespError } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { DIR, Machine, resp, settle } from './machine.ts';

function diskWith(content: string, name = 'appendonly.aof'): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const file = disk.open(`${DIR}/${name}`, 'append');
  file.write(Buffer.from(content, 'latin1'));
  file.close();
  disk.settleAll();
  return disk;
}

const SELECT = resp(['SELECT', '0']);
const MANY = SELECT + Array.from({ length: 60_000 }, (_, i) => resp(['SET', `k${i}`, 'v'])).join('');

/** A machine in the middle of its load: the records that one turn allows have been applied. */
async function loading(): Promise<{ machine: Machine; loaded: Promise<void> }> {
  const machine = new Machine({ disk: diskWith(MANY) });
  const loaded = machine.engine.start();
  while (!machine.hasScheduledWork) await settle();
  return { machine, loaded };
}

async function finish(machine: Machine, loaded: Promise<void>): Promise<void> {
  let isLoading = true;
  const ended = loaded.finally(() => {
    isLoading = false;
  });
  while (isLoading) {
    machine.turn();
    await settle();
  }
  await ended;
}

const LOADING = new RespError('LOADING Redis is loading the dataset in memory');

test('data is refused with LOADING, what is safe is answered', async () => {
  const { machine, loaded } = await loading();
  const client = machine.connect();
  client.send(['GET', 'k0'], ['SET', 'a', '1'], ['PING'], ['DBSIZE'], ['FLUSHALL'], ['DEL', 'k0']);
  client.send(['SELECT', '1'], ['CONFIG', 'GET', 'appendonly'], ['HELLO'], ['COMMAND', 'COUNT'], ['CLIENT', 'ID']);
  client.send(['INFO', 'persistence'], ['TIME'], ['LASTSAVE']);
  machine.turn();
  expect(client.replies.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => LOADING));
  expect(client.replies.slice(6).filter((reply) => reply instanceof RespError)).toEqual([]);
  expect(client.replies).toHaveLength(14);
  await finish(machine, loaded);
  expect(await machine.ask('DBSIZE')).toBe(60_000);
});

test('INFO tells how far the load is', async () => {
  const { machine, loaded } = await loading();
  const client = machine.connect();
  client.send(['INFO', 'persistence']);
  machine.turn();
  const info = String(client.replies[0]);
  expect(info).toContain('loading:1\r\n');
  expect(info).toContain(`loading_total_bytes:${MANY.length}\r\n`);
  const bytes = Number(/loading_loaded_bytes:(\d+)/.exec(info)?.[1]);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(MANY.length);
  await finish(machine, loaded);
  expect(await machine.ask('INFO', 'persistence')).toMatch(/loading:0\r\n(?!.*loading_total_bytes)/s);
});

test('a transaction may be begun while loading, but not with what is refused', async () => {
  const { machine, loaded } = await loading();
  const client = machine.connect();
  client.send(['MULTI'], ['SET', 'a', '1'], ['EXEC']);
  machine.turn();
  const abort = new RespError('EXECABORT Transaction discarded because of previous errors.');
  expect(client.replies).toEqual(['OK', LOADING, abort]);
  await finish(machine, loaded);
});

test('nothing expires while loading, and what has expired goes afterwards, with a record', async () => {
  const past = '1000';
  const records = [
    ['SET', 'gone', 'x', 'PXAT', past],
    ['SET', 'n', '5'],
    ['PEXPIREAT', 'n', past],
    ['INCR', 'n'],
    ['PERSIST', 'n'],
  ];
  const machine = new Machine({ disk: diskWith(SELECT + records.map(resp).join('')) });
  await machine.start();
  // An INCR of a key that expired in the middle of the load would have begun from 0.
  expect(await machine.ask('GET', 'n')).toBe('6');
  expect(await machine.ask('GET', 'gone')).toBe(null);
  const log = Buffer.from(machine.disk.readFile(`${DIR}/appendonly.aof`)).toString('latin1');
  expect(log.endsWith(resp(['SELECT', '0']) + resp(['DEL', 'gone']))).toBe(true);
});

test('loading writes nothing to the log', async () => {
  const machine = new Machine({ disk: diskWith(MANY) });
  await machine.start();
  machine.advance(5000);
  expect(machine.disk.status(`${DIR}/appendonly.aof`)?.size).toBe(MANY.length);
});

test('the log lines of a start', async () => {
  const machine = new Machine({ disk: diskWith(SELECT) });
  await machine.start();
  expect(machine.lines).toEqual([
    'notice: Server initialized',
    'notice: DB loaded from append only file: 0.000 seconds',
    'notice: Opening AOF file appendonly.aof on server start',
  ]);
});

test('the log lines of a truncated end and of a command that answers an error', async () => {
  const broken = `${SELECT}${resp(['SET', 'a', 'x'])}${resp(['INCR', 'a'])}*1\r\n`;
  const machine = new Machine({ disk: diskWith(broken) });
  await machine.start();
  const offset = broken.length - 4;
  expect(machine.lines.slice(1, -1)).toEqual([
    "warning: == CRITICAL == This server is sending an error to its AOF-loading-client: 'ERR value is not an integer or out of range' after processing the command 'incr'",
    'warning: !!! Warning: short read while loading the AOF file appendonly.aof!!!',
    `warning: !!! Truncating the AOF appendonly.aof at offset ${offset} !!!`,
    'warning: AOF appendonly.aof loaded anyway because aof-load-truncated is enabled',
    'notice: DB loaded from append only file: 0.000 seconds',
  ]);
});

test('DEBUG LOADAOF puts the data set together again from the log', async () => {
  const machine = new Machine({ disk: diskWith(SELECT), config: { 'enable-debug-command': 'yes' } });
  await machine.start();
  await machine.ask('MSET', 'a', '1', 'b', '2');
  const digest = await machine.ask('DEBUG', 'DIGEST');
  expect(await machine.ask('DEBUG', 'LOADAOF')).toBe('OK');
  expect(await machine.ask('DEBUG', 'DIGEST')).toBe(digest);
  await machine.ask('SET', 'c', '3');
  await machine.restart();
  expect(await machine.ask('DBSIZE')).toBe(3);
});
