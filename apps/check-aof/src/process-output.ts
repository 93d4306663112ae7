/** The streams of the process as an `Output`; for the programs' main files alone. */
import { DiskError } from '@aof/disk';
import { monotonicMs } from './clock.ts';
import { nameText, type Output, showsColour } from './output.ts';
import { ProgressBar } from './progress-bar.ts';

/** A bar only where a person sees it: the lines on standard output are the same with and without. */
const bar = process.stderr.isTTY
  ? new ProgressBar({ write: (text) => process.stderr.write(text), nowMs: monotonicMs })
  : undefined;

let hasReaderGone = false;

export const processOutput: Output = {
  write: (text) => {
    bar?.clear();
    process.stdout.write(text, 'latin1');
  },
  answer: firstByteOfInput,
  progress: (done, total) => bar?.update(done, total),
  drained,
  isUnread: () => hasReaderGone,
  hasColour: showsColour(process.stdout.isTTY, process.env),
};

/** Into a pipe Node takes all that it is given: whoever reads more slowly than this writes would fill the memory. */
function drained(): Promise<void> {
  const { stdout } = process;
  if (hasReaderGone || !stdout.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ['drain', 'error', 'close'];
    const goOn = (): void => {
      for (const event of events) stdout.off(event, goOn);
      resolve();
    };
    for (const event of events) stdout.on(event, goOn);
  });
}

async function firstByteOfInput(): Promise<string> {
  for await (const chunk of process.stdin) {
    const text = Buffer.from(chunk).toString('latin1');
    if (text !== '') return text.charAt(0);
  }
  return '';
}

// Whoever reads may have seen enough (`| head`). What changes something goes on all the same.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
  hasReaderGone = true;
});

/** Runs a program to its exit status; what the disk refuses is said in one line. */
export async function runToExit(program: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await program();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    processOutput.write(`Cannot ${error.operation} file ${nameText(error.path)}: ${error.reason}\n`);
    process.exitCode = 1;
  } finally {
    bar?.clear();
  }
}
