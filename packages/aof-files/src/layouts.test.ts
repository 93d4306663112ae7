import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { AofNames } from './file-names.ts';
import type { AppendOptions } from './layout.ts';
import { withNextBase, withNextIncr } from './manifest.ts';
import { readManifest } from './manifest-file.ts';
import { MultiPartLayout } from './multi-part-layout.ts';
import { SingleLayout } from './single-layout.ts';

const NAMES = new AofNames({ dir: '/srv', appendfilename: 'log', appenddirname: 'parts' });
const OPTIONS: AppendOptions = { baseFormat: 'rdb', baseContent: () => Buffer.from('BASE'), temporaryId: 7 };
const LISTED = 'file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n';

function emptyDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/srv');
  disk.settleAll();
  return disk;
}

function put(disk: SimDisk, path: string, text: string): void {
  disk.makeDirectory('/srv/parts', { recursive: true });
  const file = disk.open(path, 'truncate');
  if (text !== '') file.write(Buffer.from(text));
  disk.settleAll();
}

function textOf(disk: SimDisk, path: string): string {
  return Buffer.from(disk.readFile(path)).toString();
}

function layoutOf(disk: SimDisk): MultiPartLayout {
  return new MultiPartLayout(disk, NAMES, readManifest(disk, NAMES));
}

describe('opening the multi-part layout for appending', () => {
  test('a first start makes base, incr file and manifest, in an order that a crash may cut anywhere', () => {
    const disk = emptyDisk();
    const before = disk.operations;
    const opened = layoutOf(disk).openForAppend(OPTIONS);
    expect(opened).toMatchObject({ name: 'log.1.incr.aof', size: 0, createdBase: 'log.1.base.rdb', isCreated: true });
    expect(disk.trace.slice(before).filter((step) => !step.startsWith('write'))).toEqual([
      'mkdir /srv/parts',
      'sync-directory /srv',
      'open /srv/parts/temp-log.manifest truncate',
      'sync /srv/parts/temp-log.manifest',
      'rename /srv/parts/temp-log.manifest /srv/parts/log.manifest',
      'sync-directory /srv/parts',
      'open /srv/temp-rewriteaof-7.aof truncate',
      'sync /srv/temp-rewriteaof-7.aof',
      'rename /srv/temp-rewriteaof-7.aof /srv/parts/log.1.base.rdb',
      'open /srv/parts/log.1.incr.aof append',
      'sync /srv/parts/log.1.incr.aof',
      'open /srv/parts/temp-log.manifest truncate',
      'sync /srv/parts/temp-log.manifest',
      'rename /srv/parts/temp-log.manifest /srv/parts/log.manifest',
      'sync-directory /srv/parts',
    ]);
    expect(textOf(disk, '/srv/parts/log.1.base.rdb')).toBe('BASE');
    expect(textOf(disk, '/srv/parts/log.manifest')).toBe(LISTED);
  });

  test('the last incr file is gone on with, and the manifest stays as it is', () => {
    const disk = emptyDisk();
    put(disk, NAMES.manifestPath, `${LISTED}file log.4.incr.aof seq 4 type i\n`);
    for (const name of ['log.1.base.rdb', 'log.1.incr.aof', 'log.4.incr.aof']) put(disk, `/srv/parts/${name}`, 'abc');
    const before = disk.operations;
    const opened = layoutOf(disk).openForAppend({ ...OPTIONS, baseContent: () => expect.unreachable() });
    expect(opened).toMatchObject({ name: 'log.4.incr.aof', size: 3, createdBase: undefined, isCreated: false });
    opened.file.write(Buffer.from('d'));
    expect(textOf(disk, '/srv/parts/log.4.incr.aof')).toBe('abcd');
    expect(disk.trace.slice(before).filter((step) => step.includes('manifest'))).toEqual([]);
  });

  test('a base without incr files gets one', () => {
    const disk = emptyDisk();
    put(disk, NAMES.manifestPath, 'file log seq 1 type b\n');
    put(disk, '/srv/parts/log', 'abc');
    expect(layoutOf(disk).openForAppend(OPTIONS)).toMatchObject({ name: 'log.1.incr.aof', createdBase: undefined });
    expect(textOf(disk, NAMES.manifestPath)).toBe('file log seq 1 type b\nfile log.1.incr.aof seq 1 type i\n');
  });

  test('no file is overwritten or appended to that the manifest does not list', () => {
    const disk = emptyDisk();
    put(disk, NAMES.manifestPath, '# nothing\n');
    for (const name of ['log.1.base.rdb', 'log.1.incr.aof', 'log.2.incr.aof']) put(disk, `/srv/parts/${name}`, 'old');
    const opened = layoutOf(disk).openForAppend(OPTIONS);
    expect(opened).toMatchObject({ name: 'log.3.incr.aof', createdBase: 'log.2.base.rdb' });
    for (const name of ['log.1.base.rdb', 'log.1.incr.aof', 'log.2.incr.aof']) {
      expect(textOf(disk, `/srv/parts/${name}`)).toBe('old');
    }
  });

  test('what a killed server had written is synced before it is gone on with', () => {
    const disk = emptyDisk();
    put(disk, NAMES.manifestPath, `${LISTED}file log.2.incr.aof seq 2 type i\n`);
    for (const name of ['log.1.base.rdb', 'log.1.incr.aof', 'log.2.incr.aof']) {
      put(disk, `/srv/parts/${name}`, 'abc');
      disk.open(`/srv/parts/${name}`, 'append').write(Buffer.from('d'));
    }
    layoutOf(disk).openForAppend(OPTIONS);
    const after = disk.afterCrash(0, 'only-synced');
    for (const name of ['log.1.base.rdb', 'log.1.incr.aof', 'log.2.incr.aof']) {
      expect(textOf(after, `/srv/parts/${name}`)).toBe('abcd');
    }
  });

  test('a failure leaves no file open and can be repeated', () => {
    const disk = emptyDisk();
    disk.inject({ operation: 'rename', path: /log\.manifest$/, code: 'ENOSPC', skip: 1 });
    const layout = layoutOf(disk);
    expect(() => layout.openForAppend(OPTIONS)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(layout.filesToLoad()).toEqual([]);
    expect(layout.openForAppend(OPTIONS).name).toBe('log.1.incr.aof');
  });
});

describe('changing the manifest', () => {
  function running(): { disk: SimDisk; layout: MultiPartLayout } {
    const disk = emptyDisk();
    const layout = layoutOf(disk);
    layout.openForAppend(OPTIONS);
    return { disk, layout };
  }

  test('a failed change keeps the old manifest, in memory and on disk', async () => {
    const { disk, layout } = running();
    const old = layout.manifest;
    for (const operation of ['open', 'write', 'sync', 'rename'] as const) {
      disk.inject({ operation });
      expect(() => layout.changeManifestNow((manifest) => withNextIncr(manifest, NAMES).manifest)).toThrow();
      disk.inject({ operation });
      await expect(layout.changeManifest((manifest) => withNextIncr(manifest, NAMES).manifest)).rejects.toThrow();
      expect(layout.manifest).toBe(old);
      expect(textOf(disk, NAMES.manifestPath)).toBe(LISTED);
    }
  });

  test('background changes wait for each other and build upon each other', async () => {
    const { disk, layout } = running();
    disk.inject({ operation: 'rename', path: /log\.manifest$/, skip: 1 });
    const changes = [
      layout.changeManifest((manifest) => withNextIncr(manifest, NAMES).manifest),
      layout.changeManifest((manifest) => withNextBase(manifest, NAMES, 'aof').manifest),
      layout.changeManifest((manifest) => withNextIncr(manifest, NAMES).manifest),
    ];
    expect(() => layout.changeManifestNow((manifest) => manifest)).toThrow(/bug/);
    const outcome = await Promise.allSettled(changes);
    expect(outcome.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(layout.manifest.incr.map((file) => file.sequence)).toEqual([1, 2, 3]);
    expect(layout.manifest.base?.sequence).toBe(1);
    expect(readManifest(disk, NAMES)).toEqual(layout.manifest);
    layout.changeManifestNow((manifest) => manifest);
  });

  test('a change counts only when it is durable', async () => {
    const { disk, layout } = running();
    disk.holdSyncs = true;
    const change = layout.changeManifest((manifest) => withNextIncr(manifest, NAMES).manifest);
    for (const path of [NAMES.tempManifestPath, NAMES.appendDir]) {
      await Promise.resolve();
      await new Promise(setImmediate);
      expect(disk.pendingSyncs).toMatchObject([{ path }]);
      expect(layout.manifest.incr.length).toBe(1);
      disk.completeSync();
    }
    await change;
    expect(layout.manifest.incr.length).toBe(2);
    expect(readManifest(disk.afterCrash(0, 'only-synced'), NAMES)).toEqual(layout.manifest);
  });
});

describe('deleting history', () => {
  const HISTORY = 'file old1 seq 1 type h\nfile old2 seq 2 type h\nfile old3 seq 3 type h\n';

  function withHistory(): SimDisk {
    const disk = emptyDisk();
    put(disk, NAMES.manifestPath, `file log.1.base.rdb seq 1 type b\n${HISTORY}file log.1.incr.aof seq 1 type i\n`);
    for (const name of ['old1', 'old3', 'log.1.base.rdb', 'log.1.incr.aof']) put(disk, `/srv/parts/${name}`, 'x');
    return disk;
  }

  test('deletes the files, also those that are gone already, then forgets them', async () => {
    const disk = withHistory();
    const layout = layoutOf(disk);
    expect(await layout.deleteHistory()).toEqual({ deleted: ['old1', 'old2', 'old3'], failed: [] });
    expect(disk.list('/srv/parts')).toEqual(['log.1.base.rdb', 'log.1.incr.aof', 'log.manifest']);
    expect(textOf(disk, NAMES.manifestPath)).toBe(LISTED);
    const before = disk.operations;
    expect(await layout.deleteHistory()).toEqual({ deleted: [], failed: [] });
    expect(disk.operations).toBe(before);
  });

  test('a file that cannot be deleted stays listed', async () => {
    const disk = withHistory();
    disk.inject({ operation: 'unlink', path: /old1/, code: 'EACCES' });
    const layout = layoutOf(disk);
    const { deleted, failed } = await layout.deleteHistory();
    expect(deleted).toEqual(['old2', 'old3']);
    expect(failed).toMatchObject([{ name: 'old1', error: { code: 'EACCES' } }]);
    expect(readManifest(disk, NAMES)?.history.map((file) => file.name)).toEqual(['old1']);
  });
});

describe('the single layout', () => {
  test('an absent file is made, empty, with its name durable', async () => {
    const disk = emptyDisk();
    const layout = new SingleLayout(disk, NAMES);
    expect(layout.filesToLoad()).toEqual([]);
    expect(layout.openForAppend()).toMatchObject({ name: 'log', size: 0, isCreated: true, createdBase: undefined });
    expect(disk.afterCrash(0, 'only-synced').list('/srv')).toEqual(['log']);
    expect(await layout.deleteHistory()).toEqual({ deleted: [], failed: [] });
  });

  test('a file that is there is gone on with', () => {
    const disk = emptyDisk();
    put(disk, '/srv/log', 'abc');
    const layout = new SingleLayout(disk, NAMES);
    expect(layout.filesToLoad()).toEqual([{ name: 'log', path: '/srv/log', size: 3, role: 'single' }]);
    const opened = layout.openForAppend();
    expect(opened).toMatchObject({ size: 3, isCreated: false });
    opened.file.write(Buffer.from('d'));
    expect(textOf(disk, '/srv/log')).toBe('abcd');
  });

  test('a failed start can be repeated', () => {
    const disk = emptyDisk();
    disk.inject({ operation: 'sync-directory', code: 'EIO' });
    expect(() => new SingleLayout(disk, NAMES).openForAppend()).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(new SingleLayout(disk, NAMES).openForAppend().isCreated).toBe(false);
  });
});
