/** The walk-throughs of the README, "A FLUSHALL to undo" and "Some keys to undo, the rest kept", line by line, with a real redis-server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hasOracle } from './oracle.ts';

const README = fs.readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const CHECK_AOF = join(import.meta.dirname, '../bin/check-aof.js');

interface Step {
  readonly line: string;
  readonly expected: readonly string[];
}

/** The lines to type in a section, and what each answers. */
function stepsOf(heading: string): Step[] {
  const section = README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const blocks = [...section.matchAll(/```console\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  const steps: { line: string; expected: string[] }[] = [];
  for (const text of blocks.join('').trimEnd().split('\n')) {
    if (text.startsWith('$ ')) steps.push({ line: text.slice(2), expected: [] });
    else steps.at(-1)?.expected.push(text);
  }
  return steps;
}

/** Process ids and sizes of bases are others each time. */
function comparable(lines: readonly string[], folder: string): string[] {
  return lines.map((line) =>
    line
      .replaceAll(`${folder}/`, '/')
      .replace(/^Process \d+/, 'Process N')
      .replace(/\d+ bytes$/, 'N bytes'),
  );
}

class Shell {
  readonly #folder: string;
  readonly #servers: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async startServer(dir: string): Promise<void> {
    const own = ['--port', '0', '--unixsocket', join(this.#folder, 'socket'), '--logfile', join(this.#folder, 'log')];
    this.#servers.push(
      spawn('redis-server', [...own, '--save', '', '--dir', dir, '--appendonly', 'yes'], { stdio: 'ignore' }),
    );
    for (let tries = 0; this.run('redis-cli PING') !== 'PONG\n'; tries++) {
      if (tries === 200) throw new Error(`redis-server does not start in ${dir}`);
      await sleep(20);
    }
  }

  /** What a line writes; a path that begins with / is in the folder. */
  run(line: string): string {
    const here = line
      .replace(/ \/(?=\w)/g, ` ${this.#folder}/`)
      .replace(/(^|\| )redis-cli/g, `$1redis-cli -s ${join(this.#folder, 'socket')}`)
      .replace(/^check-aof/, CHECK_AOF);
    return spawnSync('sh', ['-c', here], { encoding: 'utf8', timeout: 20_000 }).stdout;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null) continue;
      const exited = once(server, 'exit');
      server.kill();
      await exited;
    }
  }
}

if (!hasOracle()) process.stderr.write('SKIPPED: no redis-server 7.0 for the walk-through of the README\n');

test.skipIf(!hasOracle()).each([
  ['A FLUSHALL to undo', 13],
  ['Some keys to undo, the rest kept', 9],
])('%s: it is as the README says', async (heading, count) => {
  const steps = stepsOf(heading);
  expect(steps).toHaveLength(count);
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-walk-')));
  fs.mkdirSync(join(folder, 'data'));
  const shell = new Shell(folder);
  try {
    await shell.startServer(join(folder, 'data'));
    for (const { line, expected } of steps) {
      const dir = /^redis-server --dir (\S+) --appendonly yes$/.exec(line)?.[1];
      if (dir !== undefined) {
        await shell.startServer(join(folder, dir));
        continue;
      }
      const lines = shell.run(line).split('\n').slice(0, -1);
      expect({ line, said: comparable(lines, folder) }).toEqual({ line, said: comparable(expected, folder) });
    }
  } finally {
    await shell.stop();
    fs.rmSync(folder, { recursive: true });
  }
});
