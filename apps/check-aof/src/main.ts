/** The program `check-aof`: the real disk, streams, clock and processes. */
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { NodeDisk } from '@aof/disk';
import { nowMs } from './clock.ts';
import { holderOf, unseenHolders } from './open-files.ts';
import { processOutput, runToExit } from './process-output.ts';
import { runProgram } from './program.ts';

const environment = {
  disk: new NodeDisk(),
  output: processOutput,
  nowMs,
  processId: process.pid,
  // What is not there is for the command to report.
  realPath: (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path)),
  holderOf,
  unseenHolders,
  advise: (line: string): void => void process.stderr.write(`${line}\n`),
};

await runToExit(() => runProgram(process.argv.slice(2), environment, (text) => process.stderr.write(text)));
