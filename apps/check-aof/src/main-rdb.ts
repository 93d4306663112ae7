/** The program `check-rdb`: command line, streams and exit status. */
import { NodeDisk } from '@aof/disk';
import { checkRdb } from './check-rdb.ts';
import { nowMs } from './clock.ts';
import { processOutput as output, runToExit } from './process-output.ts';
import { VERSION } from './version.ts';

async function main(): Promise<number> {
  const [path, ...others] = process.argv.slice(2);
  if (path === undefined || others.length > 0) {
    process.stderr.write('Usage: check-rdb <rdb-file-name>\n');
    return 1;
  }
  if (path === '-v' || path === '--version') {
    output.write(`check-rdb ${VERSION}\n`);
    return 0;
  }
  return checkRdb(path, { disk: new NodeDisk(), output, stamp: { processId: process.pid, nowMs } });
}

await runToExit(main);
