/** Options about the append only file. */

import { boolean, integer, memory, oneOf, path, string } from '../kinds.ts';
import { option } from '../option.ts';

function checkName(name: string, optionName: string, noun: string): string | undefined {
  if (name === '') return `${optionName} can't be empty`;
  return name.includes('/') ? `${optionName} can't be a path, just a ${noun}` : undefined;
}

export const appendOnly = {
  appendonly: option(
    boolean(),
    false,
    `Keep a log of every write. A snapshot alone loses what was written since; with the append only file the server gets
    back, at the next start, all that appendfsync promises. It may be switched while the server runs: switching on
    writes the current data set to a new file first.`,
    { deniedWhileLoading: true },
  ),
  appendfilename: option(
    path((name) => checkName(name, 'appendfilename', 'filename')),
    'appendonly.aof',
    `Name of the append only file inside dir. In the multi-part layout it is the prefix of all the files' names.`,
    { immutable: true },
  ),
  appenddirname: option(
    path((name) => checkName(name, 'appenddirname', 'dirname')),
    'appendonlydir',
    `Folder inside dir that holds the append only files of the multi-part layout.`,
    { immutable: true },
  ),
  'aof-layout': option(
    oneOf(['single', 'multi-part']),
    'single',
    `How the append only file lies on the disk. single is one file: a rewrite builds a new one beside it and renames it
    over the old one. multi-part is the layout of Redis 7: a base file, files with what came later, and a manifest that
    names them; a rewrite then writes no record twice. Choose multi-part to share the folder with Redis 7 or Valkey.`,
    { immutable: true, origin: 'aof' },
  ),
  appendfsync: option(
    oneOf(['everysec', 'always', 'no']),
    'everysec',
    `When logged writes are forced to the disk. always: before a client hears that its write was done; nothing that was
    acknowledged can get lost. everysec: once a second; a power failure costs the last second or two, and the speed is
    near that of no. no: whenever the operating system likes, commonly within 30 seconds. A crash of the server alone,
    with the machine still running, loses nothing in any of the three.`,
  ),
  'no-appendfsync-on-rewrite': option(
    boolean(),
    false,
    `Leave out the syncs of everysec and always while a rewrite or a snapshot keeps the disk busy. Writes then don't wait
    behind it, but for that time the promise is only that of appendfsync no.`,
  ),
  'auto-aof-rewrite-percentage': option(
    integer(),
    100,
    `Rewrite the append only file by itself once it has grown by so many percent since the last rewrite. A rewrite keeps
    the data set and drops its history. 0 never does it by itself.`,
    { unit: 'percent' },
  ),
  'auto-aof-rewrite-min-size': option(
    memory(),
    64 * 1024 * 1024,
    `Below this size the file isn't rewritten by itself, however fast it grows.`,
    { unit: 'bytes' },
  ),
  'aof-load-truncated': option(
    boolean(),
    true,
    `What to do at the start with a file whose last record is incomplete, as a crash leaves it. yes cuts that record off,
    says so in the log and starts. no refuses to start, so that somebody looks first. Damage anywhere else always
    stops the start.`,
  ),
  'aof-start-empty': option(
    boolean(),
    false,
    `What to do at the start when there is no append only file but a snapshot: with appendonly yes snapshots are never
    loaded. no refuses to start empty beside it; to go over from snapshots to the append only file, start with appendonly
    no and run CONFIG SET appendonly yes. yes starts empty.`,
    { immutable: true, origin: 'aof' },
  ),
  'aof-use-rdb-preamble': option(
    boolean(),
    false,
    `Write the data set as a binary snapshot in rewrites instead of as commands. Smaller and faster to load, but no longer
    readable in an editor.`,
  ),
  'aof-timestamp-enabled': option(
    boolean(),
    false,
    `Note the time in the file once a second while there are writes, so that the file can be cut back to a moment. Readers
    older than Redis 7 don't understand such notes.`,
  ),
  'aof-checksums': option(
    boolean(),
    false,
    `Write a checksum file (its name ends in .crc64) beside each append only file: nothing in the log itself would tell
    that the bytes of a value have changed on the disk. A start compares them, and refuses to load bytes that are not those
    that were written; check-aof --strict shows the commands in question. The log stays as every Redis reads it. Costs 1 to
    3 ms of CPU time per megabyte and 0.7% of the log's size at most. What a crash finds not synced, and up to 4 kb more,
    is not vouched for before the next start has loaded it; under appendfsync no that is all since the last rewrite.`,
    { origin: 'aof' },
  ),
  'aof-rewrite-incremental-fsync': option(
    boolean(),
    true,
    `Hand the rewritten file to the disk every few megabytes while it is being written, instead of all at the end, which
    can make other writes wait for long.`,
  ),
  'aof-disable-auto-gc': option(
    boolean(),
    false,
    `Multi-part layout: keep files that a rewrite has made superfluous, and their lines in the manifest. They are removed
    when this becomes no.`,
  ),
  aof_rewrite_cpulist: option(string(), '', `CPUs for the rewrite's process.`, {
    accepted: true,
    immutable: true,
    aliases: ['aof-rewrite-cpulist'],
  }),
};
