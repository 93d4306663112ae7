/** The real redis-check-aof, run in a folder of its own on the same files as ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk } from '@aof/disk';
import type { CheckMode } from '../src/index.ts';
import { type CheckRun, normalised, runCheck } from './run-check.ts';

/** Other versions say other lines. */
const KNOWN_VERSION = '7.0.';

/** Whether the redis-check-aof on PATH is of the version that is compared with. */
export function hasOracle(): boolean {
  try {
    return execFileSync('redis-server', ['--version'], { encoding: 'latin1' }).includes(`v=${KNOWN_VERSION}`);
  } catch {
    return false;
  }
}

export interface Comparison {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly path: string;
  readonly mode: CheckMode;
  readonly answer: string;
}

/** What one of the two did: its lines, its status, and the files afterwards. */
export interface Outcome extends CheckRun {
  readonly filesAfter: readonly (readonly [name: string, bytes: string])[];
}

/** A folder that both run in, one after the other. */
export class OracleFolder {
  readonly #folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-'));
  readonly #home = process.cwd();

  remove(): void {
    process.chdir(this.#home);
    fs.rmSync(this.#folder, { recursive: true });
  }

  async compare(comparison: Comparison): Promise<{ readonly expected: Outcome; readonly actual: Outcome }> {
    // Paths in messages are relative to the working folder, for both.
    process.chdir(this.#folder);
    this.#put(comparison);
    const expected = this.#outcome(this.#runOracle(comparison), comparison);
    this.#put(comparison);
    const { path, mode, answer } = comparison;
    // The clock of the other one, which is only used to tell which keys have expired.
    const run = await runCheck(new NodeDisk(), path, { mode, answer, nowMs: Date.now() });
    return { expected, actual: this.#outcome(run, comparison) };
  }

  #put({ files }: Comparison): void {
    for (const name of fs.readdirSync('.')) fs.rmSync(name, { recursive: true });
    for (const [name, bytes] of files) fs.writeFileSync(name, bytes);
  }

  #runOracle({ path, mode, answer }: Comparison): CheckRun {
    const args = mode.kind === 'fix' ? ['--fix', path] : [path];
    if (mode.kind === 'truncate') args.unshift('--truncate-to-timestamp', String(mode.until));
    const { status, stdout } = spawnSync('redis-check-aof', args, { input: answer, encoding: 'latin1' });
    if (status !== 0 && status !== 1) throw new Error(`redis-check-aof ended with ${status}`);
    return { exit: status, stdout };
  }

  #outcome({ exit, stdout }: CheckRun, { files }: Comparison): Outcome {
    const filesAfter = [...files.keys()].map((name) => [name, fs.readFileSync(name, 'latin1')] as const);
    return { exit, stdout: normalised(stdout), filesAfter };
  }
}
