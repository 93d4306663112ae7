/** A log of plain lines of records for tests, and what judges it. */
import { AofNames, EMPTY_MANIFEST, type Manifest, persistManifest, withNextBase, withNextIncr } from '@aof/aof-files';
import { type Disk, SimDisk } from '@aof/disk';
import type { RecordApplier } from '@aof/loader';
import { Request } from '@aof/resp-codec';

export const DIR = '/d';
export const LOCATION = { dir: DIR, backupdirname: 'backup', appendfilename: 'log.aof' };
export const NAMES = new AofNames({ dir: DIR, appendfilename: 'log.aof', appenddirname: 'live' });

export function record(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

export function put(disk: Disk, path: string, text: string): void {
  const file = disk.open(path, 'truncate');
  file.write(Buffer.from(text, 'latin1'));
  file.syncNow();
  file.close();
}

export function textOf(disk: Disk, path: string): string {
  return Buffer.from(disk.readFile(path)).toString('latin1');
}

/** A disk with a multi-part log: a base, and an incr file. */
export function diskWithLog(): { disk: SimDisk; manifest: Manifest } {
  const disk = new SimDisk();
  disk.makeDirectory(`${DIR}/live`, { recursive: true });
  const { manifest: withBase, file: base } = withNextBase(EMPTY_MANIFEST, NAMES, 'aof');
  const { manifest, file: incr } = withNextIncr(withBase, NAMES);
  put(disk, NAMES.inAppendDir(base.name), record('SET', 'a', '1'));
  put(disk, NAMES.inAppendDir(incr.name), record('SET', 'b', '2'));
  persistManifest(disk, NAMES, manifest);
  put(disk, NAMES.singlePath, record('SET', 'a', '1') + record('SET', 'b', '2'));
  disk.settleAll();
  return { disk, manifest };
}

/** Takes SET alone. */
export function onlySet(): RecordApplier & { readonly names: string[] } {
  const view = new Request();
  const names: string[] = [];
  return {
    view,
    names,
    apply: () => {
      if (view.latin1(0) !== 'SET') return { refusal: `Unknown command '${view.latin1(0)}'` };
      names.push(view.latin1(1));
      return 'applied';
    },
    abandonTransaction: () => undefined,
  };
}
