/** The program `check-aof`: command line, streams and exit status. The only file that touches the process. */
import { DiskError, NodeDisk } from '@aof/disk';
import { parseArguments } from './arguments.ts';
import { checkAof } from './check-files.ts';
import { nowMs } from './clock.ts';
import { HELP, USAGE } from './help.ts';
import { nameText, type Output } from './output.ts';
import { VERSION } from './version.ts';

const output: Output = {
  write: (text) => {
    process.stdout.write(text, 'latin1');
  },
  answer: firstByteOfInput,
};

async function main(): Promise<number> {
  const command = parseArguments(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      output.write(HELP);
      return 0;
    case 'version':
      output.write(`check-aof ${VERSION}\n`);
      return 0;
    case 'usage':
      output.write(USAGE);
      return 1;
    case 'bad-timestamp':
      output.write('Invalid timestamp, aborting...\n');
      return 1;
    case 'check': {
      const stamp = { processId: process.pid, nowMs };
      return checkAof(command.path, { disk: new NodeDisk(), output, stamp, mode: command.mode });
    }
  }
}

async function firstByteOfInput(): Promise<string> {
  for await (const chunk of process.stdin) {
    const text = Buffer.from(chunk).toString('latin1');
    if (text !== '') return text.charAt(0);
  }
  return '';
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DiskError)) throw error;
  output.write(`Cannot ${error.operation} file ${nameText(error.path)}: ${error.reason}\n`);
  process.exitCode = 1;
}
