/**
 * What the checksum costs, as CPU time per MiB: for long inputs, and for short pieces such as the log is written in.
 *
 *     node packages/crc64/bench/crc64.ts [rounds]
 *
 * Prints the median of several interleaved rounds. Asserts nothing.
 */
import { Crc64 } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 9);
const MIB = 1024 * 1024;
const MIB_PER_ROUND = 64;
const PIECES = [MIB, 64 * 1024, 4096, 512, 64];

const bytes = new Uint8Array(MIB);
for (let i = 0; i < MIB; i++) bytes[i] = Math.imul(i, 2654435761) >>> 13;

function microsecondsPerMib(piece: number): number {
  const crc = new Crc64();
  const before = process.cpuUsage();
  for (let round = 0; round < MIB_PER_ROUND; round++) {
    for (let at = 0; at < MIB; at += piece) crc.update(bytes, at, at + piece);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / MIB_PER_ROUND;
}

const found = new Map<number, number[]>(PIECES.map((piece) => [piece, []]));
for (let round = 0; round < ROUNDS; round++)
  for (const piece of PIECES) found.get(piece)?.push(microsecondsPerMib(piece));
for (const [piece, times] of found) {
  const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
  process.stdout.write(
    `pieces of ${String(piece).padStart(7)} bytes: ${median.toFixed(0).padStart(5)} µs of CPU per MiB, ${(1e6 / median).toFixed(0)} MiB/s\n`,
  );
}
