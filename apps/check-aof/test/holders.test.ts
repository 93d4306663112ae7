/** Servers that run on a log: neither is it repaired nor cut under them, and they are named. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk } from '@aof/disk';
import { afterEach, expect, test } from 'vitest';
import { holderOf, unseenHolders } from '../src/open-files.ts';
import { runProgram } from '../src/program.ts';
import { hasOracle } from './oracle.ts';

const AOF_SERVER = join(import.meta.dirname, '../../server/bin/aof-server.js');
const READY = /ready to accept connections/i;

let server: ChildProcess | undefined;
let folder = '';

afterEach(async () => {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  fs.rmSync(folder, { recursive: true });
});

async function start(command: string, args: readonly string[]): Promise<number> {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-held-')));
  const options = [
    '--dir',
    folder,
    '--port',
    '0',
    '--unixsocket',
    join(folder, 's'),
    '--appendonly',
    'yes',
    '--save',
    '',
  ];
  server = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const { stdout } = server;
  await new Promise<void>((resolve, reject) => {
    stdout?.on('data', (chunk) => {
      said += chunk;
      if (READY.test(said)) resolve();
    });
    stdout?.on('end', () => reject(new Error(`${command} does not start: ${said}`)));
  });
  return server.pid ?? 0;
}

async function run(...args: string[]) {
  let stdout = '';
  const output = {
    write: (text: string) => {
      stdout += text;
    },
    answer: async () => 'y',
  };
  const world = { disk: new NodeDisk(), nowMs: () => 0, processId: process.pid, realPath: fs.realpathSync };
  const status = await runProgram(args, { ...world, output, holderOf, unseenHolders }, () => {});
  return { status, stdout };
}

test.skipIf(process.platform !== 'linux').for([
  ['aof-server', process.execPath, [AOF_SERVER, '--aof-layout', 'multi-part']],
  ['redis-server', 'redis-server', []],
] as const)('%s', async ([name, command, args], { skip }) => {
  if (name === 'redis-server' && !hasOracle()) return skip('SKIPPED: no redis-server 7.0 on PATH');
  const processId = await start(command, args);
  const log = join(folder, 'appendonlydir');
  const incr = fs.readdirSync(log).find((file) => file.endsWith('.incr.aof')) ?? '';
  fs.appendFileSync(join(log, incr), 'damage');
  const before = fs.readFileSync(join(log, incr));
  for (const call of [
    ['repair', '--yes', folder],
    ['repair', '--yes', log],
    ['repair', '--yes', join(log, 'appendonly.aof.manifest')],
    ['undo', log],
    ['--fix', join(log, 'appendonly.aof.manifest')],
    ['--fix', join(log, incr)],
  ]) {
    const { status, stdout } = await run(...call);
    expect({ call, status }).toEqual({ call, status: 4 });
    expect(stdout).toContain(`Process ${processId} (${name}) has ${join(log, incr)} open. Stop it first`);
  }
  expect(fs.readFileSync(join(log, incr))).toEqual(before);
  // Looking is allowed.
  expect((await run('repair', '--dry-run', log)).status).toBe(1);
  server?.kill('SIGKILL');
  if (server !== undefined) await once(server, 'exit');
  expect(await run('repair', '--yes', log)).toMatchObject({ status: 0 });
  expect(fs.readdirSync(log)).toContain('repair-1');
});
