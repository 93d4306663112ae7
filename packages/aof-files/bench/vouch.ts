/**
 * What it costs that a log is vouched for: CPU time of writes with a sync after each, as under `always`, with and without. The
 * log itself goes nowhere; the checksum file is written to a real disk.
 *
 *     node packages/aof-files/bench/vouch.ts [rounds]
 *
 * Prints the median of several interleaved rounds. Asserts nothing.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskFile, NodeDisk } from '@aof/disk';
import { checksumNameOf, VouchedFile } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const LOG_BYTES = 32 * 1024 * 1024;
const WRITE_BYTES = [64, 1024, 16 * 1024, 256 * 1024];

const folder = mkdtempSync(join(tmpdir(), 'vouch-'));
const disk = new NodeDisk();

/** Takes writes and forgets them. */
function nowhere(path: string): DiskFile {
  let size = 0;
  const nothing = (): undefined => undefined;
  const refuse = (): never => {
    throw new Error('not part of this benchmark');
  };
  return {
    path,
    size: () => size,
    write: (bytes, offset = 0, length = bytes.length - offset) => {
      size += length;
      return length;
    },
    read: () => 0,
    readAsync: refuse,
    truncate: refuse,
    dataSync: refuse,
    dataSyncNow: nothing,
    syncNow: nothing,
    sync: refuse,
    close: nothing,
  };
}

function microseconds(writeBytes: number, isOn: boolean): number {
  // Its name must be there: nobody vouches for a file that is gone.
  const path = join(folder, 'log');
  disk.open(path, 'truncate').close();
  const file = new VouchedFile(disk, nowhere(path), { isOn, onFailure: (error) => process.stderr.write(`${error}\n`) });
  const bytes = new Uint8Array(writeBytes).fill(97);
  const before = process.cpuUsage();
  for (let written = 0; written < LOG_BYTES; written += writeBytes) {
    file.write(bytes, 0, writeBytes);
    file.dataSyncNow();
  }
  const { user, system } = process.cpuUsage(before);
  file.close();
  return user + system;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

for (const writeBytes of WRITE_BYTES) {
  const [on, off]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    off.push(microseconds(writeBytes, false));
    on.push(microseconds(writeBytes, true));
  }
  const extra = median(on) - median(off);
  const perMib = extra / (LOG_BYTES / 2 ** 20);
  const perWrite = extra / (LOG_BYTES / writeBytes);
  const share = (100 * statSync(checksumNameOf(join(folder, 'log'))).size) / LOG_BYTES;
  process.stdout.write(
    `writes of ${String(writeBytes).padStart(6)} bytes: ${perMib.toFixed(0).padStart(5)} µs of CPU per MiB, ` +
      `${perWrite.toFixed(2).padStart(6)} µs per write and sync; checksum file ${share.toFixed(2)} % of the log\n`,
  );
}
rmSync(folder, { recursive: true });
