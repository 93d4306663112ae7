/** Options about the working folder and RDB snapshots. */

import { INT_MIN } from '../integers.ts';
import { boolean, integer, oneOf, path } from '../kinds.ts';
import { option } from '../option.ts';
import { folder, savePoints } from '../special-kinds.ts';

export const snapshotting = {
  dir: option(
    folder(),
    '.',
    `The working folder: snapshots, the append only file and relative log file names belong to it. A relative name counts
    from the folder in which the server was started.`,
    { protected: true, deniedWhileLoading: true },
  ),
  save: option(
    savePoints(),
    [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ],
    `When to write a snapshot by itself: after so many seconds if at least so many keys have changed. Several lines, or
    several pairs in a line, are several rules, any of which is enough. The first line replaces the default rules; save ""
    removes every rule so far. With rules the server also saves when it stops. The append only file loses less; a snapshot
    is what is copied away as a backup.`,
  ),
  dbfilename: option(
    path((name) => (name.includes('/') ? "dbfilename can't be a path, just a filename" : undefined)),
    'dump.rdb',
    `Name of the snapshot file inside dir.`,
    { protected: true },
  ),
  'stop-writes-on-bgsave-error': option(
    boolean(),
    true,
    `Refuse writes after a snapshot that the save points asked for has failed, so that somebody notices. Writes are
    allowed again after the next good snapshot.`,
  ),
  rdbcompression: option(
    boolean(),
    true,
    `Compress long strings in snapshots, in bases in the RDB form and by DUMP. Costs CPU time, saves disk.`,
  ),
  rdbchecksum: option(
    boolean(),
    true,
    `End snapshots with a checksum and check it when loading. Without it loading is a little faster and damage goes
    unnoticed.`,
    { immutable: true },
  ),
  'rdb-save-incremental-fsync': option(
    boolean(),
    true,
    `Hand a snapshot to the disk every few megabytes while it is being written, instead of all at the end, which can make
    other writes wait for long.`,
  ),
  'rdb-del-sync-files': option(boolean(), false, `Remove snapshots made for replication only.`, { accepted: true }),
  'sanitize-dump-payload': option(
    oneOf(['no', 'yes', 'clients']),
    'no',
    `Check every byte of values in snapshots and RESTORE.`,
    { accepted: true },
  ),
  'rdb-key-save-delay': option(
    integer(INT_MIN),
    0,
    `For tests: microseconds to pause after each key that a snapshot or a rewrite writes; -n pauses one microsecond about
    every n keys.`,
    { accepted: true, hidden: true, unit: 'microseconds' },
  ),
  'key-load-delay': option(
    integer(INT_MIN),
    0,
    `For tests: microseconds to pause after each key that is loaded; -n pauses one microsecond about every n keys.`,
    { accepted: true, hidden: true, unit: 'microseconds' },
  ),
  'loading-process-events-interval-bytes': option(
    integer(1024),
    2 * 1024 * 1024,
    `For tests: after how many loaded bytes clients are looked after.`,
    { accepted: true, hidden: true, unit: 'bytes' },
  ),
};
