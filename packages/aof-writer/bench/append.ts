/**
 * What it costs to log a request: its bytes as they came, joined with their neighbours; the same without joining; and
 * encoded again from its arguments. One write per tick of `pipeline` requests, no sync.
 *
 *     node packages/aof-writer/bench/append.ts [rounds]
 *
 * Prints the median of several interleaved rounds, in ns per request, with and without the write itself. Asserts nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskFile, NodeDisk } from '@aof/disk';
import { encodeCommand } from '@aof/resp-codec';
import { AofWriter } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const REQUESTS = 200_000;
const PIPELINES = [1, 16, 64];
const VALUE_BYTES = [32, 1024];

type Append = (writer: AofWriter, chunk: Buffer, ends: readonly number[], records: readonly string[][]) => void;

const WAYS: Readonly<Record<string, Append>> = {
  'joined ranges': (writer, chunk, ends) => {
    let start = 0;
    for (const end of ends) {
      writer.appendRaw(0, chunk, start, end);
      start = end;
    }
    writer.settle();
  },
  'single ranges': (writer, chunk, ends) => {
    let start = 0;
    for (const end of ends) {
      writer.appendRaw(0, chunk, start, end);
      writer.settle();
      start = end;
    }
  },
  'encoded again': (writer, _chunk, _ends, records) => {
    for (const record of records) writer.appendRecord(0, record);
  },
};

/** Takes writes and forgets them: what is left is the cost of the log's own work. */
function nowhere(): DiskFile {
  const refuse = (): never => {
    throw new Error('not part of this benchmark');
  };
  return {
    path: 'nowhere',
    size: () => 0,
    write: (_bytes, _offset, length) => length ?? 0,
    read: refuse,
    readAsync: refuse,
    truncate: refuse,
    dataSync: refuse,
    dataSyncNow: refuse,
    syncNow: refuse,
    sync: refuse,
    close: () => undefined,
  };
}

function writerTo(file: DiskFile): AofWriter {
  const ignore = (): void => undefined;
  const events = {
    synced: ignore,
    syncDelayed: ignore,
    writeFailed: ignore,
    writeRecovered: ignore,
    syncFailed: ignore,
    syncRecovered: ignore,
    fatal: ignore,
  };
  const settings = { policy: 'no' } as const;
  return new AofWriter({ file, fileSize: 0, settings, events, startedAtMs: 0, stopwatchMs: () => performance.now() });
}

/** @returns ns per request */
function measure(append: Append, file: DiskFile, pipeline: number, valueBytes: number): number {
  const records = Array.from({ length: pipeline }, (_, i) => [
    'SET',
    `key:${String(i).padStart(12, '0')}`,
    'x'.repeat(valueBytes),
  ]);
  const requests = records.map((record) => encodeCommand(record));
  const chunk = Buffer.concat(requests);
  let at = 0;
  const ends = requests.map((request) => {
    at += request.length;
    return at;
  });
  const writer = writerTo(file);
  const ticks = Math.ceil((valueBytes > 100 ? REQUESTS / 8 : REQUESTS) / pipeline);
  const startedAt = performance.now();
  for (let tick = 0; tick < ticks; tick++) {
    append(writer, chunk, ends, records);
    writer.flush(tick);
  }
  return ((performance.now() - startedAt) * 1e6) / (ticks * pipeline);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'aof-writer-bench-'));
  const disk = new NodeDisk();
  const lines: string[] = [`Node ${process.version}, ns per request, median of ${ROUNDS} rounds`];
  try {
    for (const valueBytes of VALUE_BYTES) {
      for (const pipeline of PIPELINES) {
        const memory = new Map<string, number[]>();
        const written = new Map<string, number[]>();
        for (let round = 0; round <= ROUNDS; round++) {
          for (const [name, append] of Object.entries(WAYS)) {
            const inMemory = measure(append, nowhere(), pipeline, valueBytes);
            const file = disk.open(join(folder, 'log'), 'truncate');
            const withWrite = measure(append, file, pipeline, valueBytes);
            file.close();
            // The first round warms up.
            if (round === 0) continue;
            memory.set(name, [...(memory.get(name) ?? []), inMemory]);
            written.set(name, [...(written.get(name) ?? []), withWrite]);
          }
        }
        const base = median(memory.get('encoded again') ?? []);
        for (const name of Object.keys(WAYS)) {
          const own = median(memory.get(name) ?? []);
          const all = median(written.get(name) ?? []);
          lines.push(
            `value ${String(valueBytes).padStart(4)} B, pipeline ${String(pipeline).padStart(2)}, ${name}: ` +
              `${own.toFixed(0).padStart(5)} (${(base / own).toFixed(1)}x), with the write ${all.toFixed(0).padStart(5)}`,
          );
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

main();
