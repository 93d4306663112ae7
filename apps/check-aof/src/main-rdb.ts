/** The program `check-rdb`: command line, streams and exit status. */
import { NodeDisk } from '@aof/disk';
import { type CheckRdbOptions, checkRdb } from './check-rdb.ts';
import { nowMs } from './clock.ts';
import { CommandReport, linesOf } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { collecting } from './output.ts';
import { processOutput as output, runToExit } from './process-output.ts';
import { VERSION } from './version.ts';

const USAGE = 'Usage: check-rdb [--json] <rdb-file-name>\n';
const HELP = `${USAGE}
Say whether an RDB file is good, as redis-check-rdb does. Nothing is changed.

  Is this backup good?
    check-rdb dump.rdb && echo good

  In a script:
    check-rdb --json dump.rdb | jq -r .verdict

  --json         say everything in one JSON document
  -v, --version  the version
  -h, --help     this text

Exit status
  0  good
  1  damaged, not to be read, or wrong arguments
`;

async function main(): Promise<ExitStatus> {
  const args = process.argv.slice(2);
  const isJson = args.includes('--json');
  const [path, ...others] = args.filter((arg) => arg !== '--json');
  if (path === undefined || others.length > 0) {
    process.stderr.write(USAGE);
    return EXIT.found;
  }
  if (path === '-v' || path === '--version') {
    output.write(`check-rdb ${VERSION}\n`);
    return EXIT.ok;
  }
  if (path === '-h' || path === '--help') {
    output.write(HELP);
    return EXIT.ok;
  }
  const options = { disk: new NodeDisk(), output, stamp: { processId: process.pid, nowMs } };
  return isJson ? checkAsJson(path, options) : checkRdb(path, options);
}

function checkAsJson(path: string, options: CheckRdbOptions): Promise<ExitStatus> {
  const report = new CommandReport('check-rdb', path, output, true);
  const { collected, said } = collecting(output);
  return report.guard(async () => {
    const status = await checkRdb(path, { ...options, output: collected });
    report.add({ verdict: status === EXIT.ok ? 'valid' : 'not-valid', lines: linesOf(said()) });
    return status;
  });
}

await runToExit(main);
