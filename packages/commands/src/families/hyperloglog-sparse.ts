/**
 * The sparse form of a HyperLogLog: after the header, runs of registers with the same count.
 *
 *     00llllll            ZERO   l + 1 registers of 0, up to 64
 *     01llllll llllllll   XZERO  l + 1 registers of 0, up to 16384
 *     1cccccll            VAL    l + 1 registers, up to 4, of the count c + 1, up to 32
 *
 * A count above 32, or a value that would grow beyond hll-sparse-max-bytes, makes the value dense. How runs are split
 * and joined decides the bytes, so both follow redis-server exactly: one register is split out of its run, then
 * neighbouring VAL runs are joined, in a few runs from the one before it on.
 *
 * Invariant: the runs of a sound value cover all registers, no more and no fewer. Values come from clients, too, so that
 * nothing here trusts it.
 */
import type { RawString } from '@aof/keyspace';
import { DENSE, FORM_INDEX, HEADER_BYTES, MAGIC, packRegisters, REGISTERS, SPARSE } from './hyperloglog-dense.ts';

const VAL = 0x80;
const XZERO = 0x40;
const VAL_MAX_COUNT = 32;
const VAL_MAX_LENGTH = 4;
const ZERO_MAX_LENGTH = 64;
/** Runs that are looked at for joining after a change. */
const JOIN_RUNS = 5;

/** What `raiseSparse` did. `too-large`: nothing, the value must become dense. */
type SparseOutcome = 'raised' | 'unchanged' | 'too-large' | 'corrupt';

/** An empty value. */
export function emptySparse(): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  for (let i = 0; i < MAGIC.length; i++) header[i] = MAGIC.charCodeAt(i);
  header[FORM_INDEX] = SPARSE;
  return Uint8Array.of(...header, ...zeros(REGISTERS));
}

// Runs ------------------------------------------------------------------------------------------------------------------

function isVal(opcode: number): boolean {
  return (opcode & VAL) !== 0;
}

function isXzero(opcode: number): boolean {
  return (opcode & (VAL | XZERO)) === XZERO;
}

function valCount(opcode: number): number {
  return ((opcode >> 2) & 0x1f) + 1;
}

function valLength(opcode: number): number {
  return (opcode & 3) + 1;
}

function val(count: number, length: number): number {
  return VAL | ((count - 1) << 2) | (length - 1);
}

function zeros(length: number): number[] {
  if (length === 0) return [];
  if (length <= ZERO_MAX_LENGTH) return [length - 1];
  return [XZERO | ((length - 1) >> 8), (length - 1) & 0xff];
}

function vals(count: number, length: number): number[] {
  return length === 0 ? [] : [val(count, length)];
}

/** How many registers the run at `at` covers. A cut XZERO goes on with zeros. */
function runLength(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at];
  if (isVal(opcode)) return valLength(opcode);
  return isXzero(opcode) ? (((opcode & 0x3f) << 8) | (bytes[at + 1] ?? 0)) + 1 : (opcode & 0x3f) + 1;
}

function opcodeBytes(opcode: number): number {
  return isXzero(opcode) ? 2 : 1;
}

/** Visits the runs in order; true if they cover exactly all registers. */
function forEachRun(bytes: Uint8Array, visit: (count: number, first: number, length: number) => void): boolean {
  let first = 0;
  for (let at = HEADER_BYTES; at < bytes.length; at += opcodeBytes(bytes[at])) {
    const length = runLength(bytes, at);
    if (first + length > REGISTERS) return false;
    visit(isVal(bytes[at]) ? valCount(bytes[at]) : 0, first, length);
    first += length;
  }
  return first === REGISTERS;
}

/** The runs as text, for PFDEBUG DECODE: `z:9` and `Z:900` for zeros, `v:3,2` for two registers of 3. */
export function describeRuns(bytes: Uint8Array): string {
  const runs: string[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += opcodeBytes(bytes[at])) {
    const length = runLength(bytes, at);
    if (isVal(bytes[at])) runs.push(`v:${valCount(bytes[at])},${length}`);
    else runs.push(`${isXzero(bytes[at]) ? 'Z' : 'z'}:${length}`);
  }
  return runs.join(' ');
}

/** The registers, one byte each; undefined if the value is corrupt. */
export function sparseRegisters(bytes: Uint8Array): Uint8Array | undefined {
  const registers = new Uint8Array(REGISTERS);
  const isSound = forEachRun(bytes, (count, first, length) => {
    if (count > 0) registers.fill(count, first, first + length);
  });
  return isSound ? registers : undefined;
}

/** Makes a sparse value dense, in place; false if it is corrupt, and nothing has changed. */
export function makeDense(raw: RawString): boolean {
  const registers = sparseRegisters(raw.bytes);
  if (registers === undefined) return false;
  raw.setRange(HEADER_BYTES, packRegisters(registers));
  raw.setByte(FORM_INDEX, DENSE);
  return true;
}

// Changing --------------------------------------------------------------------------------------------------------------

/** Raises a register to `count`. */
export function raiseSparse(raw: RawString, index: number, count: number, maxBytes: number): SparseOutcome {
  if (count > VAL_MAX_COUNT) return 'too-large';
  const { bytes } = raw;
  let at = HEADER_BYTES;
  let before = at;
  let first = 0;
  let length = 0;
  for (; at < bytes.length; at += opcodeBytes(bytes[at])) {
    length = runLength(bytes, at);
    if (index < first + length) break;
    before = at;
    first += length;
  }
  if (at >= bytes.length) return 'corrupt';
  const opcode = bytes[at];
  const old = isVal(opcode) ? valCount(opcode) : 0;
  if (old >= count) return 'unchanged';
  const runs = (size: number) => (old > 0 ? vals(old, size) : zeros(size));
  const split = [...runs(index - first), val(count, 1), ...runs(first + length - 1 - index)];
  const added = split.length - opcodeBytes(opcode);
  if (added > 0 && bytes.length + added > maxBytes) return 'too-large';
  const next = Math.min(bytes.length, at + opcodeBytes(opcode));
  if (added !== 0) raw.setRange(next + added, bytes.subarray(next));
  if (added < 0) raw.resize(bytes.length + added);
  raw.setRange(at, Uint8Array.from(split));
  joinRuns(raw, before);
  return 'raised';
}

/** Joins neighbouring VAL runs of the same count, from the run at `start` on. */
function joinRuns(raw: RawString, start: number): void {
  let at = start;
  for (let left = JOIN_RUNS; left > 0 && at < raw.byteLength; left--) {
    const { bytes } = raw;
    const opcode = bytes[at];
    const next = bytes[at + 1] ?? 0;
    const length = valLength(opcode) + valLength(next);
    if (isVal(opcode) && isVal(next) && valCount(opcode) === valCount(next) && length <= VAL_MAX_LENGTH) {
      raw.setRange(at + 1, bytes.subarray(at + 2));
      raw.resize(bytes.length - 1);
      raw.setByte(at, val(valCount(opcode), length));
    } else {
      at += opcodeBytes(opcode);
    }
  }
}
