/** What check-aof says about itself. */

export const USAGE = `Usage: check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>
       check-aof --strict [--json] <folder|file.manifest|file.aof>
       check-aof repair [--dry-run] [--yes] [--max-loss <amount>]... [--salvage] [--json] <folder|file.aof>
       check-aof undo [--force] [--json] <folder>
       check-aof --help
`;

export const HELP = `${USAGE}
  Is the log good? (Nothing is changed.)
    check-aof appendonlydir/appendonly.aof.manifest
    check-aof appendonly.aof

  Is there anything in it that no server would have written? (Replays it in memory.)
    check-aof --strict appendonlydir
    check-aof --strict --json appendonly.aof | jq '.findings[] | select(.certainty == "certain")'

  The server does not start. What is wrong, what can be done, what would it cost?
    check-aof repair --dry-run appendonlydir

  Do it: files and manifest, whatever is broken; the files from before are kept.
    check-aof repair appendonlydir
    check-aof undo appendonlydir

  Go past a hole and keep what can be recognised behind it; says which keys may be wrong:
    check-aof repair --salvage appendonlydir

  In a container, before the server: repair by itself what costs little, else stop here.
    check-aof repair --yes --max-loss 1mb --max-loss 100commands /data/appendonlydir || exit 1

  Cut off what a crash left at the end of the last file, after a question, and keep nothing:
    check-aof --fix appendonlydir/appendonly.aof.manifest

  Go back to how the data set was at a moment (needs aof-timestamp-enabled yes):
    cp -a appendonlydir appendonlydir.before
    check-aof --truncate-to-timestamp $(date -d '10:30' +%s) appendonlydir/appendonly.aof.manifest

  --max-loss takes bytes (500, 64kb, 1mb), commands (10commands) or keys (3keys); given several times, all hold.
  -v, --version    the version
  -h, --help       this text

Exit status
  check       0 valid, empty, or repaired        1 anything else
  --strict    0 nothing found                    1 something found   2 wrong arguments
  repair      0 nothing to do, or done           1 there is something to do, and it was not done
  undo        0 done                             2 wrong arguments   3 it costs more than --max-loss
                                                 4 a process has the log open
                                                 5 impossible: no log, or it would not load even then
                                                 6 the disk refused
`;
