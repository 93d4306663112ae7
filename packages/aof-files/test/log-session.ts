/**
 * A small server for simulations: it starts, appends letters, rewrites, as a real one would with this package. Its data
 * set is a text; a base holds the text so far, in brackets, so that an empty one is not an empty file.
 */

import type { Disk, DiskFile } from '@aof/disk';
import {
  AofNames,
  detectLayout,
  type LayoutKind,
  type MultiPartLayout,
  removeTempFiles,
  withIncrsAsHistory,
  withNextBase,
  withNextIncr,
  writeWhole,
} from '../src/index.ts';

export const LOCATION = { dir: '/srv', appendfilename: 'log', appenddirname: 'parts' };
export const NAMES = new AofNames(LOCATION);

export class LogSession {
  readonly #disk: Disk;
  readonly #layout: ReturnType<typeof detectLayout>['layout'];
  #file: DiskFile;
  /** The data set. */
  text: string;

  private constructor(disk: Disk, layout: ReturnType<typeof detectLayout>['layout'], file: DiskFile, text: string) {
    this.#disk = disk;
    this.#layout = layout;
    this.#file = file;
    this.text = text;
  }

  static async start(disk: Disk, wanted: LayoutKind): Promise<LogSession> {
    const { layout } = detectLayout(disk, { ...LOCATION, wanted });
    removeTempFiles(disk, layout.names);
    const loaded = layout.filesToLoad().map((file) => Buffer.from(disk.readFile(file.path)).toString('latin1'));
    const opened = layout.openForAppend({ baseFormat: 'aof', baseContent: () => bytesOf('[]'), temporaryId: 1 });
    // A loader cuts what a power cut left behind the last whole record; here a record is a letter.
    const torn = /\0*$/.exec(loaded.at(-1) ?? '')?.[0].length ?? 0;
    if (torn > 0) opened.file.truncate(opened.size - torn);
    await layout.deleteHistory();
    const text = loaded.join('').replace(/\0+$/, '').replace(/[[\]]/g, '');
    return new LogSession(disk, layout, opened.file, text);
  }

  /** What `append` wrote is acknowledged once it returns. */
  append(letter: string): void {
    writeWhole(this.#file, bytesOf(letter));
    this.text += letter;
    this.#file.dataSyncNow();
  }

  /** Only for the multi-part layout. `during` is appended while the rewrite runs. */
  async rewrite(during: string, append: (letter: string) => void): Promise<void> {
    const layout = this.#layout as MultiPartLayout;
    const cut = this.text;
    const incr = withNextIncr(layout.manifest, NAMES);
    const next = this.#disk.open(NAMES.inAppendDir(incr.file.name), 'truncate');
    await layout.changeManifest(() => incr.manifest);
    this.#file.close();
    this.#file = next;
    const temporary = this.#disk.open(NAMES.tempRewritePath(1), 'truncate');
    writeWhole(temporary, bytesOf(`[${cut}]`));
    append(during);
    await temporary.sync();
    temporary.close();
    this.#disk.rename(NAMES.tempRewritePath(1), NAMES.finishedRewritePath(1));
    const base = withNextBase(layout.manifest, NAMES, 'aof');
    this.#disk.rename(NAMES.finishedRewritePath(1), NAMES.inAppendDir(base.file.name));
    await layout.changeManifest(() => withIncrsAsHistory(base.manifest, 1));
    await layout.deleteHistory();
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
