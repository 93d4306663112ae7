/** `rename-command`: what clients call commands by, and what the log may call them. Real servers: apps/server/test/differential. */
import { Request } from '@aof/resp-codec';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandRename, CommandTable } from '../src/command-table.ts';
import { COMMANDS_ELSEWHERE } from '../src/missing-commands.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { LocalServer } from './local-server.ts';
import { Oracle, oracleVersion, reportSkipped } from './oracle.ts';

const NO_SUCH = 'No such command in rename-command';
const TAKEN = 'Target command name already exists';

function tableWith(...lines: readonly string[]): { table: CommandTable; answers: (string | undefined)[] } {
  const table = new CommandTable(ALL_COMMANDS);
  const answers = lines.map((line) => table.rename(renameOf(line)));
  return { table, answers };
}

/** `FROM TO`, or `FROM ` for a command that goes. */
function renameOf(line: string): CommandRename {
  const [from = '', to = ''] = line.split(' ');
  return { from, to };
}

function called(table: CommandTable, name: string): string | undefined {
  return table.find(Request.of([name]))?.fullName;
}

function logged(table: CommandTable, name: string): string | undefined {
  return table.findLogged(Request.of([name]))?.fullName;
}

describe('a table with renamed commands', () => {
  it('finds a command by its new name in any case, and no longer by its own', () => {
    const { table, answers } = tableWith('CONFIG Wartung', 'flushall ');
    expect(answers).toEqual([undefined, undefined]);
    expect(['wartung', 'WARTUNG', 'config', 'flushall'].map((name) => called(table, name))).toEqual([
      'config',
      'config',
      undefined,
      undefined,
    ]);
    expect(table.get('wartung|get')?.fullName).toBe('config|get');
    expect(table.size).toBe(ALL_COMMANDS.length - 1);
    expect([...table].map(({ fullName }) => fullName)).not.toContain('flushall');
  });

  it('takes names of any bytes, and folds the case of letters only', () => {
    const { table } = tableWith('GET \xc4b', 'SET a|b', 'DEL |');
    expect(called(table, '\xc4B')).toBe('get');
    expect(called(table, '\xe4b')).toBeUndefined();
    expect(called(table, 'A|B')).toBe('set');
    expect(called(table, '|')).toBe('del');
  });

  it.each([
    [['NOSUCH x'], [NO_SUCH]],
    [['config|set x'], [NO_SUCH]],
    [['CONFIG GET'], [TAKEN]],
    [['GET get'], [undefined]],
    [
      ['GET b', 'B c', 'GET d'],
      [undefined, undefined, NO_SUCH],
    ],
    [
      ['GET b', 'b get'],
      [undefined, undefined],
    ],
    [
      ['GET ', 'GET x'],
      [undefined, NO_SUCH],
    ],
    [
      ['GET b', 'SET b'],
      [undefined, TAKEN],
    ],
    // Redis lets that be; then the DEL that the server writes for an expired key would be loaded as a GET.
    [
      ['DEL ', 'GET DEL'],
      [undefined, TAKEN],
    ],
    [
      ['DEL d', 'GET DEL'],
      [undefined, TAKEN],
    ],
    // Commands of Redis that are not here.
    [
      ['REPLICAOF ', 'replicaof x'],
      [undefined, NO_SUCH],
    ],
    [
      ['EVAL run', 'RUN r', 'GET RUN', 'SET r'],
      [undefined, undefined, undefined, TAKEN],
    ],
    [['GET EVAL'], [TAKEN]],
  ])('answers %j as Redis does at its start', (lines, expected) => {
    expect(tableWith(...lines).answers).toEqual(expected);
  });

  it('changes nothing where it refuses', () => {
    const { table } = tableWith('SET b', 'CONFIG GET', 'GET b', 'NOSUCH y');
    expect(['get', 'config', 'b', 'y'].map((name) => called(table, name))).toEqual(['get', 'config', 'set', undefined]);
  });

  it('tells what clients call the renamed commands by, those that are elsewhere included', () => {
    const { table } = tableWith('SET Put', 'PUT store', 'DEL ', 'EVAL run', 'RUN r', 'GET g', 'G get', 'REPLICAOF ');
    expect([...table.renamed]).toEqual([
      ['set', 'store'],
      ['del', ''],
      ['eval', 'r'],
      ['replicaof', ''],
    ]);
  });

  it('knows what the log may call a command: both names, whatever clients may call', () => {
    const { table } = tableWith('SET put', 'DEL ', 'SELECT ');
    expect(['put', 'SET', 'del', 'Select', 'get', 'nosuch', ''].map((name) => logged(table, name))).toEqual([
      'set',
      'set',
      'del',
      'select',
      'get',
      undefined,
      undefined,
    ]);
  });
});

describe('an executor with renamed commands', () => {
  it('logs what clients have sent, and what it writes itself under its own names; both can be loaded again', () => {
    const lines = ['SET put', 'DEL ', 'MULTI m', 'EXEC x', 'INCR up'];
    const server = new LocalServer(2, tableWith(...lines).table);
    server.run(0, ['put', 'a', '1']);
    server.run(0, ['PUT', 'b', '1', 'PX', '50']);
    expect(server.run(0, ['SET', 'a', '2'])).toMatch(/^-ERR unknown command 'SET'/);
    for (const step of ['m', 'up a', 'put c 3', 'x']) server.run(0, step.split(' '));
    server.run(0, ['GET', 'b'], server.nowMs + 1000);
    const records = server.records.map(({ args }) => args);
    expect(records.map(([name]) => name)).toEqual(['put', 'SET', 'MULTI', 'up', 'put', 'EXEC', 'DEL']);

    const next = new LocalServer(2, tableWith(...lines).table);
    for (const args of records) expect(next.load(args, 0)).toBeUndefined();
    expect(next.ask(['MGET', 'a', 'b', 'c'])).toEqual(server.ask(['MGET', 'a', 'b', 'c']));

    const without = new LocalServer();
    expect(without.load(['put', 'a', '1'])).toBe("Unknown command 'put'");
  });

  it('has a table of its own: another one beside it knows nothing of that', () => {
    const renamed = new LocalServer(2, tableWith('PING pong').table);
    const plain = new LocalServer();
    expect(renamed.run(0, ['pong'])).toBe('+PONG\r\n');
    expect(plain.run(0, ['pong'])).toMatch(/^-ERR unknown command/);
    expect(plain.run(0, ['PING'])).toBe('+PONG\r\n');
  });
});

describe('commands of Redis that are not here', () => {
  let oracle: Oracle | undefined;
  afterAll(() => oracle?.stop());
  const version = oracleVersion();
  if (version === undefined) reportSkipped(1, 'commands that are elsewhere');

  it.skipIf(version === undefined)('are those that COMMAND LIST names and the table does not', async () => {
    oracle = await Oracle.start();
    const connection = await oracle.connection(0);
    const [reply = ''] = await connection.exchange([['COMMAND', 'LIST']]);
    const names = reply.split('\r\n').filter((line) => /^[a-z]/.test(line) && !line.includes('|'));
    const here = new Set(ALL_COMMANDS.map(({ name }) => name));
    expect([...COMMANDS_ELSEWHERE].sort()).toEqual(names.filter((name) => !here.has(name)).sort());
  });
});
