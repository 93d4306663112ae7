/** The program `check-aof`: command line, streams and exit status. */
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { NodeDisk } from '@aof/disk';
import { parseArguments } from './arguments.ts';
import { checkAof } from './check-files.ts';
import { nowMs } from './clock.ts';
import { HELP, USAGE } from './help.ts';
import { holderOf } from './open-files.ts';
import { processOutput as output, runToExit } from './process-output.ts';
import { repairCommand, undoCommand } from './repair-command.ts';
import { strictCommand } from './strict-command.ts';
import { VERSION } from './version.ts';

const repairOptions = {
  disk: new NodeDisk(),
  output,
  nowMs,
  // What is not there is for the command to report.
  realPath: (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path)),
  holderOf,
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
    case 'bad-usage':
      process.stderr.write(`${command.reason}. See check-aof --help.\n`);
      return 2;
    case 'strict':
      return strictCommand(command.path, { disk: new NodeDisk(), output, nowMs, isJson: command.isJson });
    case 'repair':
      return repairCommand(command, repairOptions);
    case 'undo':
      return undoCommand(command, repairOptions);
    case 'check': {
      const stamp = { processId: process.pid, nowMs };
      return checkAof(command.path, { disk: new NodeDisk(), output, stamp, mode: command.mode });
    }
  }
}

await runToExit(main);
