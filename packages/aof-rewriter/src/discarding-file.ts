/** A file that forgets what it is given: what a log writes to before its first rewrite has made a real one. */
import type { DiskFile } from '@aof/disk';

export class DiscardingFile implements DiskFile {
  readonly path: string;
  #size = 0;

  /** @param path what messages call it */
  constructor(path: string) {
    this.path = path;
  }

  size(): number {
    return this.#size;
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    this.#size += length;
    return length;
  }

  read(): number {
    return 0;
  }

  async readAsync(): Promise<number> {
    return 0;
  }

  truncate(size: number): void {
    this.#size = size;
  }

  async dataSync(): Promise<void> {
    return undefined;
  }

  dataSyncNow(): void {
    return undefined;
  }

  syncNow(): void {
    return undefined;
  }

  async sync(): Promise<void> {
    return undefined;
  }

  close(): void {
    return undefined;
  }
}
