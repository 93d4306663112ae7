/** What check-aof says about itself. */

export const USAGE = 'Usage: check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n';

export const HELP = `${USAGE}
  Is the log good? (Nothing is changed.)
    check-aof appendonlydir/appendonly.aof.manifest
    check-aof appendonly.aof

  Is there anything in it that no server would have written? (Replays it in memory.)
    check-aof --strict appendonlydir
    check-aof --strict --json appendonly.aof | jq '.findings[] | select(.certainty == "certain")'

  Cut off what a crash left at the end of the last file, after a question:
    cp -a appendonlydir appendonlydir.before
    check-aof --fix appendonlydir/appendonly.aof.manifest

  Go back to how the data set was at a moment (needs aof-timestamp-enabled yes):
    check-aof --truncate-to-timestamp $(date -d '10:30' +%s) appendonlydir/appendonly.aof.manifest

  -v, --version    the version
  -h, --help       this text

Exit status: 0 valid, empty, or repaired; 1 anything else. --strict: 0 nothing found, 1 something found, 2 wrong arguments.
`;
