/** What a command sees in a test: a disk, a clock that stands still, answers to its questions; and what it has said. */
import fs from 'node:fs';
import { resolve } from 'node:path';
import { type Disk, NodeDisk } from '@aof/disk';
import { type FileHolder, holderOf } from '../src/open-files.ts';
import type { Output } from '../src/output.ts';
import { runProgram } from '../src/program.ts';
import type { Environment } from '../src/subcommand.ts';

export interface World extends Partial<Omit<Output, 'write' | 'answer'>> {
  /** To every question. Default: no. */
  readonly answer?: string;
  /** Who has a file open: told of its path, and of the folders above it. */
  readonly holder?: FileHolder | undefined;
  /** The real ones, beside servers that run. */
  readonly real?: Pick<Environment, 'holderOf' | 'realPath' | 'processId'>;
  readonly nowMs?: number;
}

/** An environment around `disk`, and what was written to its output so far. */
export function environmentOf(disk: Disk, { answer = 'n', holder, real, nowMs = 0, ...output }: World = {}) {
  let stdout = '';
  const environment: Environment = {
    disk,
    output: {
      write: (text) => {
        stdout += text;
      },
      answer: async () => answer,
      ...output,
    },
    nowMs: () => nowMs,
    processId: 7,
    realPath: (path) => path,
    holderOf: (path) => (holder !== undefined && `${holder.path}/`.startsWith(`${path}/`) ? holder : undefined),
    ...real,
  };
  return { environment, said: () => stdout };
}

export interface ProgramRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program. @param args as on its command line */
export async function runOn(disk: Disk, args: readonly string[], world?: World): Promise<ProgramRun> {
  const { environment, said } = environmentOf(disk, world);
  let stderr = '';
  const status = await runProgram(args, environment, (text) => {
    stderr += text;
  });
  return { status, stdout: said(), stderr };
}

/** Runs the program on the real disk, beside whatever servers run; what it says, and its questions are answered with yes. */
export async function runBesideServers(args: readonly string[]): Promise<{ status: number; said: string }> {
  const realPath = (path: string): string => (fs.existsSync(path) ? fs.realpathSync(path) : resolve(path));
  const real = { holderOf, realPath, processId: process.pid };
  const { status, stdout, stderr } = await runOn(new NodeDisk(), args, { answer: 'y', real });
  return { status, said: stdout + stderr };
}
