/** The logs of real servers under fixtures/corpus, whole and broken, as disks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BaseFormat } from '@aof/aof-files';
import { SimDisk } from '@aof/disk';
import { DIR } from '../simulation/machine.ts';

export interface Verdict {
  readonly starts: boolean;
  readonly keys?: number;
  readonly digest?: string;
}

export interface Variant {
  readonly offset: number;
  readonly removed: number;
  /** latin1 */
  readonly inserted: string;
  readonly server: Verdict;
  readonly server_no_truncated: Verdict;
}

export interface Corpus {
  readonly server: string;
  readonly digest: string;
  readonly keys: number;
  readonly variants: Readonly<Record<string, Variant>>;
  readonly baseFormat: BaseFormat;
  readonly base: Buffer;
  readonly incr: Buffer;
}

export type Layout = 'single' | 'multi-part';

const FOLDER = join(import.meta.dirname, '../fixtures/corpus');

function read(server: string): Corpus {
  const baseFormat: BaseFormat = server.endsWith('-rdb') ? 'rdb' : 'aof';
  const folder = join(FOLDER, server);
  // The file is this test's own fixture: what it says is what it is.
  const meta = JSON.parse(readFileSync(join(folder, 'variants.json'), 'utf8')) as Pick<
    Corpus,
    'digest' | 'keys' | 'variants'
  >;
  return {
    server,
    ...meta,
    baseFormat,
    base: readFileSync(join(folder, `base.${baseFormat}`)),
    incr: readFileSync(join(folder, 'incr.aof')),
  };
}

export const CORPORA: readonly Corpus[] = [
  'redis-7.0.15',
  'redis-7.0.15-rdb',
  'redis-7.0.15-timestamps',
  'valkey-8.1-dev',
  'valkey-8.1-dev-rdb',
  'valkey-8.1-dev-timestamps',
].map(read);

export function layoutOf(variant: string): Layout {
  return variant.startsWith('single-') ? 'single' : 'multi-part';
}

/** A disk with the log of `corpus`, broken as `variant` says. */
export function diskWith({ base, baseFormat, incr }: Corpus, layout: Layout, variant?: Variant): SimDisk {
  const disk = new SimDisk();
  const put = (path: string, content: Uint8Array): void => {
    const file = disk.open(`${DIR}/${path}`, 'append');
    if (content.length > 0) file.write(content);
    file.close();
  };
  disk.makeDirectory(`${DIR}/appendonlydir`, { recursive: true });
  if (layout === 'single') put('appendonly.aof', broken(Buffer.concat([base, incr]), variant));
  else {
    put(`appendonlydir/appendonly.aof.2.base.${baseFormat}`, base);
    put('appendonlydir/appendonly.aof.2.incr.aof', broken(incr, variant));
    const lines = [
      `file appendonly.aof.2.base.${baseFormat} seq 2 type b`,
      'file appendonly.aof.2.incr.aof seq 2 type i',
    ];
    put('appendonlydir/appendonly.aof.manifest', Buffer.from(`${lines.join('\n')}\n`));
  }
  disk.settleAll();
  return disk;
}

function broken(content: Buffer, variant: Variant | undefined): Buffer {
  if (variant === undefined) return content;
  const { offset, removed, inserted } = variant;
  return Buffer.concat([
    content.subarray(0, offset),
    Buffer.from(inserted, 'latin1'),
    content.subarray(offset + removed),
  ]);
}
