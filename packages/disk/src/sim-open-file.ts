/** An open file of a simulated disk. Owns nothing but the handle: the bytes belong to the node, the numbering to the disk. */

import { DiskError, type DiskFile, type OpenMode } from './disk.ts';
import { type Random, randomBelow } from './random.ts';
import type { FaultRules } from './sim-faults.ts';
import type { SimFileNode } from './sim-file.ts';

/** What an open file needs from its disk. */
export interface SimDiskInner {
  /** Numbers the operation and runs it, or crashes. `half` is what it does when the crash comes in its middle. */
  perform<T>(label: string, act: () => T, half?: () => void): T;
  assertAlive(): void;
  readonly faults: FaultRules;
  readonly random: Random;
  nowMs(): number;
  /** @returns how many of `bytes` bytes still fit; a negative number gives space back */
  takeSpace(bytes: number): number;
  /** @returns whether the disk keeps the sync for the test to end */
  holdSync(sync: { path: string; size: number; settle(): void; fail(code: string): void }): boolean;
}

export class SimDiskFile implements DiskFile {
  readonly path: string;
  readonly #node: SimFileNode;
  readonly #mode: OpenMode;
  readonly #disk: SimDiskInner;
  #isClosed = false;

  constructor(path: string, node: SimFileNode, mode: OpenMode, disk: SimDiskInner) {
    this.path = path;
    this.#node = node;
    this.#mode = mode;
    this.#disk = disk;
  }

  size(): number {
    this.#assertUsable('stat');
    return this.#node.length;
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    this.#assertWritable('write');
    if (length === 0) return 0;
    const asked = bytes.subarray(offset, offset + length);
    return this.#disk.perform(
      `write ${this.path} ${length}`,
      () => this.#append(asked),
      () => this.#append(asked.subarray(0, randomBelow(this.#disk.random, length))),
    );
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    this.#assertUsable('read');
    this.#disk.faults.check('read', this.path);
    const found = this.#node.content().subarray(position, position + length);
    into.set(found, offset);
    return found.length;
  }

  async readAsync(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.read(into, offset, length, position);
  }

  truncate(size: number): void {
    this.#assertWritable('truncate');
    this.#disk.perform(`truncate ${this.path} ${size}`, () => {
      this.#disk.faults.check('truncate', this.path);
      const growth = size - this.#node.length;
      if (growth > 0 && this.#disk.takeSpace(growth) < growth) throw new DiskError('ENOSPC', 'truncate', this.path);
      if (growth < 0) this.#disk.takeSpace(growth);
      this.#node.resize(size);
      this.#node.modifiedAtMs = this.#disk.nowMs();
    });
  }

  async dataSync(): Promise<void> {
    await this.#syncInBackground();
  }

  dataSyncNow(): void {
    this.#syncNow();
  }

  syncNow(): void {
    this.#syncNow();
  }

  async sync(): Promise<void> {
    await this.#syncInBackground();
  }

  close(): void {
    this.#isClosed = true;
  }

  #append(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const fault = this.#disk.faults.take('write', this.path);
    if (fault !== undefined && fault.maxBytes === undefined)
      throw new DiskError(fault.code ?? 'EIO', 'write', this.path);
    const taken = this.#disk.takeSpace(Math.min(bytes.length, fault?.maxBytes ?? bytes.length));
    if (taken === 0) throw new DiskError('ENOSPC', 'write', this.path);
    this.#node.append(bytes.subarray(0, taken));
    this.#node.modifiedAtMs = this.#disk.nowMs();
    return taken;
  }

  #syncNow(): void {
    this.#assertUsable('sync');
    const mark = this.#node.syncMark();
    const act = (): void => this.#endSync(mark, this.#takeSyncFault());
    this.#disk.perform(`sync ${this.path}`, act, () => this.#node.settleHalf(mark));
  }

  /** Async so that an error is always a rejection; the sync itself begins (and, unless held, ends) in the call. */
  async #syncInBackground(): Promise<void> {
    this.#assertUsable('sync');
    const mark = this.#node.syncMark();
    await this.#disk.perform(
      `background-sync ${this.path}`,
      () =>
        new Promise<void>((resolve, reject) => {
          const end = (code?: string): void => {
            try {
              this.#endSync(mark, code);
              resolve();
            } catch (error) {
              reject(error);
            }
          };
          const code = this.#takeSyncFault();
          const held = { path: this.path, size: this.#node.length, settle: () => end(), fail: end };
          if (code !== undefined || !this.#disk.holdSync(held)) end(code);
        }),
      () => this.#node.settleHalf(mark),
    );
  }

  #takeSyncFault(): string | undefined {
    const fault = this.#disk.faults.take('sync', this.path);
    return fault === undefined ? undefined : (fault.code ?? 'EIO');
  }

  #endSync(mark: number, code: string | undefined): void {
    if (code === undefined) {
      this.#node.settle(mark);
      return;
    }
    this.#node.spoil(mark, this.#disk.random);
    throw new DiskError(code, 'sync', this.path);
  }

  #assertUsable(operation: string): void {
    this.#disk.assertAlive();
    if (this.#isClosed) throw new DiskError('EBADF', operation, this.path);
  }

  #assertWritable(operation: string): void {
    this.#assertUsable(operation);
    if (this.#mode === 'read') throw new DiskError('EBADF', operation, this.path);
  }
}
