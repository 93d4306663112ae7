import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CrashMode, DiskError, type DiskFile, SimCrash, SimDisk } from './index.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

describe('a power cut keeps what was synced', () => {
  test('bytes that were synced under a name that was synced are always there', () => {
    const disk = diskWith({ '/d/a': 'synced' });
    append(disk, '/d/a', ' more');
    for (const seed of SEEDS) expect(textAfter(disk, seed, '/d/a')).toMatch(/^synced/);
  });

  test('what is found is what was given, though the memory it was in is used again before the sync', () => {
    const disk = diskWith({ '/d/a': '' });
    const file = disk.open('/d/a', 'append');
    const memory = Buffer.from('first ');
    file.write(memory);
    memory.write('second');
    file.write(memory);
    file.syncNow();
    file.close();
    expect(textAfter(disk, 1, '/d/a')).toBe('first second');
  });

  test('unsynced bytes are found not at all, in part, whole, or torn with zeros', () => {
    const disk = diskWith({ '/d/a': 'begin' });
    append(disk, '/d/a', 'x'.repeat(2000));
    const tails = SEEDS.map((seed) => textAfter(disk, seed, '/d/a')?.slice(5) ?? 'gone');
    expect(tails).toContain('');
    expect(tails).toContain('x'.repeat(2000));
    expect(tails.some((tail) => /^x+$/.test(tail) && tail.length < 2000)).toBe(true);
    const torn = tails.filter((tail) => /^\0+x+|x\0+/.test(tail));
    expect(torn.length).toBeGreaterThan(5);
    expect(tails.every((tail) => /^[x\0]*$/.test(tail))).toBe(true);
  });

  test('holes begin and end at sectors of 512 bytes', () => {
    const disk = diskWith({ '/d/a': '' });
    append(disk, '/d/a', 'x'.repeat(4096));
    for (const seed of SEEDS) {
      const text = textAfter(disk, seed, '/d/a') ?? '';
      for (const hole of text.matchAll(/\0+/g)) {
        const end = hole.index + hole[0].length;
        expect(hole.index % 512).toBe(0);
        expect(end === text.length || end % 512 === 0).toBe(true);
      }
    }
  });

  test('a cut (truncate) that was not synced may be undone', () => {
    const disk = diskWith({ '/d/a': 'abcdef' });
    const file = disk.open('/d/a', 'append');
    file.truncate(3);
    const found = new Set(SEEDS.map((seed) => textAfter(disk, seed, '/d/a')));
    expect(found).toContain('abcdef');
    expect(found).toContain('abc');
    file.dataSyncNow();
    expect(new Set(SEEDS.map((seed) => textAfter(disk, seed, '/d/a')))).toEqual(new Set(['abc']));
  });
});

describe('names are durable after a sync of their folder only', () => {
  test('a new file, fully synced, can be lost as long as its folder is not synced', () => {
    const disk = diskWith({});
    const file = disk.open('/d/a', 'append');
    write(file, 'abc');
    file.syncNow();
    const found = new Set(SEEDS.map((seed) => textAfter(disk, seed, '/d/a')));
    expect(found).toEqual(new Set([undefined, 'abc']));
    disk.syncDirectory('/d');
    expect(new Set(SEEDS.map((seed) => textAfter(disk, seed, '/d/a')))).toEqual(new Set(['abc']));
  });

  test('an unsynced rename is found done or not done, never in between', () => {
    const disk = diskWith({ '/d/a': 'old', '/d/b': 'new' });
    disk.rename('/d/b', '/d/a');
    const found = new Set(SEEDS.map((seed) => JSON.stringify(filesOf(disk.afterCrash(seed)))));
    expect(found).toEqual(new Set(['{"/d/a":"old","/d/b":"new"}', '{"/d/a":"new"}']));
  });

  test('canary: a rename of an unsynced file, with the folder synced, can leave an empty or torn file', () => {
    const disk = diskWith({ '/d/a': 'old' });
    append(disk, '/d/b', 'new');
    disk.rename('/d/b', '/d/a');
    disk.syncDirectory('/d');
    const found = SEEDS.map((seed) => textAfter(disk, seed, '/d/a'));
    expect(found).toContain('');
    expect(found).not.toContain('old');
  });

  test('a rename between folders keeps the file in one of them', () => {
    const disk = diskWith({ '/d/a': 'x', '/e/other': '' });
    disk.rename('/d/a', '/e/a');
    const found = new Set(SEEDS.map((seed) => JSON.stringify(filesOf(disk.afterCrash(seed)))));
    expect(found).toEqual(new Set(['{"/d/a":"x","/e/other":""}', '{"/e/a":"x","/e/other":""}']));
    disk.syncDirectory('/e');
    expect(filesOf(disk.afterCrash(0, 'only-synced'))).toEqual({ '/e/a': 'x', '/e/other': '' });
  });

  test('names of one folder are lost from the last one backwards', () => {
    const disk = diskWith({});
    for (const name of ['1', '2', '3', '4']) disk.open(`/d/${name}`, 'append').close();
    const found = new Set(SEEDS.map((seed) => disk.afterCrash(seed).list('/d').join('')));
    expect([...found].sort()).toEqual(['', '1', '12', '123', '1234']);
  });

  test('a new folder is lost with all that is synced inside it, until its parent is synced', () => {
    const disk = new SimDisk();
    disk.makeDirectory('/d');
    const file = disk.open('/d/a', 'append');
    file.syncNow();
    disk.syncDirectory('/d');
    expect(disk.afterCrash(0, 'only-synced').status('/d')).toBeUndefined();
    disk.syncDirectory('/');
    expect(disk.afterCrash(0, 'only-synced').list('/d')).toEqual(['a']);
  });

  test('moving a file into a new folder and syncing that does not make the new folder durable', () => {
    const disk = diskWith({ '/d/a': 'x' });
    disk.makeDirectory('/d/new');
    disk.rename('/d/a', '/d/new/a');
    disk.syncDirectory('/d/new');
    expect(filesOf(disk.afterCrash(0, 'only-synced'))).toEqual({});
    disk.syncDirectory('/d');
    expect(filesOf(disk.afterCrash(0, 'only-synced'))).toEqual({ '/d/new/a': 'x' });
  });

  test('an unsynced unlink may come back', () => {
    const disk = diskWith({ '/d/a': 'x' });
    disk.unlink('/d/a');
    expect(new Set(SEEDS.map((seed) => textAfter(disk, seed, '/d/a')))).toEqual(new Set(['x', undefined]));
  });

  test('both names of a linked file lead to the same bytes afterwards', () => {
    const disk = diskWith({ '/d/a': 'x' });
    disk.link('/d/a', '/d/b');
    disk.syncDirectory('/d');
    const after = disk.afterCrash(3);
    append(after, '/d/a', 'y');
    expect(filesOf(after)).toEqual({ '/d/a': 'xy', '/d/b': 'xy' });
    expect(after.status('/d/b')?.linkCount).toBe(2);
  });
});

describe('the death of the process alone', () => {
  test('keeps everything that was written, synced or not', () => {
    const disk = diskWith({ '/d/a': 'x' });
    append(disk, '/d/a', 'y');
    append(disk, '/d/b', 'z');
    disk.rename('/d/b', '/d/c');
    for (const seed of SEEDS) expect(filesOf(disk.afterCrash(seed, 'kill'))).toEqual({ '/d/a': 'xy', '/d/c': 'z' });
  });
});

describe('crashAt', () => {
  test('before, half-way and after the operation', () => {
    const texts = (['before', 'half', 'after'] as const).map((moment) => {
      const disk = diskWith({ '/d/a': '' });
      disk.crashAt(disk.operations + 1, moment);
      expect(() => disk.open('/d/a', 'append').write(Buffer.from('abcdefgh'))).toThrow(SimCrash);
      expect(disk.isCrashed).toBe(true);
      return textAfter(disk, 0, '/d/a', 'kill');
    });
    expect(texts[0]).toBe('');
    expect(texts[1]?.length).toBeLessThan(8);
    expect(texts[2]).toBe('abcdefgh');
  });

  test('everything later throws the same crash, also reads and background syncs', async () => {
    const disk = diskWith({ '/d/a': 'x' });
    const file = disk.open('/d/a', 'append');
    disk.crashAt(disk.operations + 1);
    expect(() => disk.unlink('/d/a')).toThrow(SimCrash);
    expect(() => disk.readFile('/d/a')).toThrow(SimCrash);
    expect(() => disk.status('/d')).toThrow(SimCrash);
    expect(() => disk.open('/d/a', 'read')).toThrow(SimCrash);
    expect(() => file.write(new Uint8Array(1))).toThrow(SimCrash);
    expect(() => file.size()).toThrow(SimCrash);
    await expect(file.dataSync()).rejects.toThrow(SimCrash);
    expect(() => disk.settleAll()).toThrow(SimCrash);
    file.close();
  });

  test('reads are not counted, and the trace names each operation', () => {
    const disk = new SimDisk();
    disk.makeDirectory('/d');
    const file = disk.open('/d/a', 'append');
    write(file, 'abc');
    file.read(new Uint8Array(3), 0, 3, 0);
    disk.status('/d/a');
    disk.open('/d/a', 'read').close();
    file.dataSyncNow();
    disk.rename('/d/a', '/d/b');
    disk.syncDirectory('/d');
    expect(disk.trace).toEqual([
      'mkdir /d',
      'open /d/a append',
      'write /d/a 3',
      'sync /d/a',
      'rename /d/a /d/b',
      'sync-directory /d',
    ]);
    expect(disk.operations).toBe(6);
  });
});

describe('faults', () => {
  test('a full disk takes what fits, then refuses; space comes back by truncate and unlink', () => {
    const disk = diskWith({ '/d/old': '12345' });
    disk.freeSpaceBytes = 4;
    const file = disk.open('/d/a', 'append');
    expect(file.write(Buffer.from('abcdef'))).toBe(4);
    expect(codeOf(() => file.write(Buffer.from('ef')))).toBe('ENOSPC');
    expect(disk.freeBytes('/d')).toBe(0);
    file.truncate(1);
    expect(disk.freeBytes('/d')).toBe(3);
    disk.unlink('/d/old');
    expect(disk.freeBytes('/d')).toBe(8);
    expect(file.write(Buffer.from('xy'))).toBe(2);
    expect(codeOf(() => file.truncate(100))).toBe('ENOSPC');
  });

  test('a rule fails the chosen operations: after `skip`, for `times`, on matching paths', () => {
    const disk = diskWith({ '/d/a': '', '/d/b': '' });
    disk.inject({ operation: 'unlink', path: /a$/, code: 'EACCES', times: 2 });
    disk.inject({ operation: 'rename', skip: 1 });
    expect(codeOf(() => disk.unlink('/d/a'))).toBe('EACCES');
    expect(codeOf(() => disk.unlink('/d/b'))).toBeUndefined();
    expect(codeOf(() => disk.unlink('/d/a'))).toBe('EACCES');
    expect(codeOf(() => disk.rename('/d/a', '/d/c'))).toBeUndefined();
    expect(codeOf(() => disk.rename('/d/c', '/d/a'))).toBe('EIO');
    expect(codeOf(() => disk.unlink('/d/c'))).toBeUndefined();
  });

  test('each operation can be made to fail, and fails without effect', () => {
    const operations: [Parameters<SimDisk['inject']>[0]['operation'], (disk: SimDisk) => unknown][] = [
      ['open', (disk) => disk.open('/d/new', 'append')],
      ['read', (disk) => disk.readFile('/d/a')],
      ['write', (disk) => disk.open('/d/a', 'append').write(Buffer.from('x'))],
      ['truncate', (disk) => disk.open('/d/a', 'append').truncate(0)],
      ['sync', (disk) => disk.open('/d/a', 'append').dataSyncNow()],
      ['rename', (disk) => disk.rename('/d/a', '/d/b')],
      ['link', (disk) => disk.link('/d/a', '/d/b')],
      ['unlink', (disk) => disk.unlink('/d/a')],
      ['mkdir', (disk) => disk.makeDirectory('/d/e')],
      ['rmdir', (disk) => disk.removeDirectory('/empty')],
      ['sync-directory', (disk) => disk.syncDirectory('/d')],
    ];
    for (const [operation, act] of operations) {
      const disk = diskWith({ '/d/a': 'abc' });
      disk.makeDirectory('/empty');
      const remove = disk.inject({ operation, code: 'EROFS', times: 9 });
      expect(
        codeOf(() => act(disk)),
        operation,
      ).toBe('EROFS');
      expect(filesOf(disk)).toEqual({ '/d/a': 'abc' });
      remove();
      expect(
        codeOf(() => act(disk)),
        operation,
      ).toBeUndefined();
    }
  });

  test('a short write tells how much it took', () => {
    const disk = diskWith({ '/d/a': '' });
    disk.inject({ operation: 'write', maxBytes: 2 });
    const file = disk.open('/d/a', 'append');
    expect(file.write(Buffer.from('abcd'))).toBe(2);
    expect(file.write(Buffer.from('cd'))).toBe(2);
  });

  test('after a failed sync a later good sync proves nothing about the bytes of the first', () => {
    const found = new Set<string | undefined>();
    for (const seed of SEEDS) {
      const disk = diskWith({ '/d/a': 'begin,' }, seed);
      const file = disk.open('/d/a', 'append');
      write(file, 'first,');
      disk.inject({ operation: 'sync' });
      expect(codeOf(() => file.dataSyncNow())).toBe('EIO');
      write(file, 'second');
      file.dataSyncNow();
      expect(Buffer.from(disk.readFile('/d/a')).toString()).toBe('begin,first,second');
      found.add(textAfter(disk, seed, '/d/a', 'only-synced'));
    }
    expect(found).toEqual(new Set(['begin,first,second', `begin,${'\0'.repeat(6)}second`]));
  });
});

describe('background syncs', () => {
  test('are done at once by default', async () => {
    const disk = diskWith({ '/d/a': '' });
    const file = disk.open('/d/a', 'append');
    write(file, 'abc');
    const done = file.dataSync();
    expect(textAfter(disk, 0, '/d/a', 'only-synced')).toBe('abc');
    await done;
  });

  test('held ones cover only what was written before they began', async () => {
    const disk = diskWith({ '/d/a': '' });
    disk.holdSyncs = true;
    const file = disk.open('/d/a', 'append');
    write(file, 'one,');
    const first = file.dataSync();
    write(file, 'two,');
    const second = file.sync();
    write(file, 'three');
    expect(disk.pendingSyncs).toMatchObject([
      { path: '/d/a', size: 4 },
      { path: '/d/a', size: 8 },
    ]);
    expect(textAfter(disk, 0, '/d/a', 'only-synced')).toBe('');
    disk.completeSync();
    await first;
    expect(textAfter(disk, 0, '/d/a', 'only-synced')).toBe('one,');
    disk.completeSync();
    await second;
    expect(textAfter(disk, 0, '/d/a', 'only-synced')).toBe('one,two,');
    expect(disk.pendingSyncs).toEqual([]);
    expect(() => disk.completeSync()).toThrow(RangeError);
  });

  test('held ones of a folder cover only the names that were changed before they began', async () => {
    const disk = diskWith({});
    disk.holdSyncs = true;
    append(disk, '/d/a', '');
    const held = disk.syncDirectoryInBackground('/d');
    append(disk, '/d/b', '');
    expect(disk.pendingSyncs).toMatchObject([{ path: '/d', size: 0 }]);
    expect(disk.afterCrash(0, 'only-synced').list('/d')).toEqual([]);
    disk.completeSync();
    await held;
    expect(disk.afterCrash(0, 'only-synced').list('/d')).toEqual(['a']);
  });

  test('held ones can fail, and so can one by rule', async () => {
    const disk = diskWith({ '/d/a': '' });
    const file = disk.open('/d/a', 'append');
    disk.inject({ operation: 'sync', code: 'EDQUOT' });
    await expect(file.dataSync()).rejects.toMatchObject({ code: 'EDQUOT' });
    disk.holdSyncs = true;
    const held = file.dataSync();
    disk.failSync(0, 'ENOSPC');
    await expect(held).rejects.toMatchObject({ code: 'ENOSPC', operation: 'sync', path: '/d/a' });
  });
});

describe('the model', () => {
  const mode: fc.Arbitrary<CrashMode> = fc.constantFrom('power-cut', 'kill', 'only-synced');
  const name = fc.constantFrom('/d/a', '/d/b', '/e/a', '/e/b');
  const step = fc.oneof(
    fc.record({ do: fc.constant('write' as const), path: name, bytes: fc.nat(1500) }),
    fc.record({ do: fc.constantFrom('sync' as const, 'empty' as const, 'unlink' as const), path: name }),
    fc.record({ do: fc.constantFrom('rename' as const, 'link' as const), path: name, to: name }),
    fc.record({ do: fc.constant('sync-directory' as const), path: fc.constantFrom('/d', '/e') }),
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const history = fc.array(step, { maxLength: 30 });

  test('the same history, crash and seed leave the same disk', () => {
    fc.assert(
      fc.property(history, fc.nat(), mode, (steps, seed, how) => {
        const [one, two] = [run(steps, seed), run(steps, seed)].map((disk) => filesOf(disk.afterCrash(seed, how)));
        expect(one).toEqual(two);
      }),
    );
  });

  test('what is found after a crash survives the next one', () => {
    fc.assert(
      fc.property(history, fc.nat(), mode, (steps, seed, how) => {
        const after = run(steps, seed).afterCrash(seed, how);
        expect(filesOf(after.afterCrash(seed + 1, 'only-synced'))).toEqual(filesOf(after));
      }),
    );
  });

  test('when everything is synced, a power cut changes nothing', () => {
    fc.assert(
      fc.property(history, fc.nat(), mode, (steps, seed, how) => {
        const disk = run(steps, seed);
        for (const path of disk.contents().keys()) disk.open(path, 'append').syncNow();
        for (const folder of ['/d', '/e']) disk.syncDirectory(folder);
        expect(filesOf(disk.afterCrash(seed, how))).toEqual(filesOf(disk));
      }),
    );
  });

  function run(steps: Step[], seed: number): SimDisk {
    const disk = diskWith({ '/d/a': 'a', '/e/b': 'b' }, seed);
    for (const taken of steps) {
      try {
        if (taken.do === 'write') write(disk.open(taken.path, 'append'), 'w'.repeat(taken.bytes));
        else if (taken.do === 'empty') disk.open(taken.path, 'truncate');
        else if (taken.do === 'sync') disk.open(taken.path, 'read').dataSyncNow();
        else if (taken.do === 'unlink') disk.unlink(taken.path);
        else if (taken.do === 'sync-directory') disk.syncDirectory(taken.path);
        else if ('to' in taken) disk[taken.do](taken.path, taken.to);
      } catch (error) {
        // Random steps may name what is not there.
        if (!(error instanceof DiskError)) throw error;
      }
    }
    return disk;
  }
});

function diskWith(files: Record<string, string>, seed = 0): SimDisk {
  const disk = new SimDisk({ seed });
  for (const folder of ['/d', '/e']) disk.makeDirectory(folder);
  for (const [path, text] of Object.entries(files)) append(disk, path, text);
  disk.settleAll();
  return disk;
}

function append(disk: SimDisk, path: string, text: string): void {
  const file = disk.open(path, 'append');
  write(file, text);
  file.close();
}

function write(file: DiskFile, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > 0) expect(file.write(bytes)).toBe(bytes.length);
}

function textAfter(disk: SimDisk, seed: number, path: string, mode?: CrashMode): string | undefined {
  return filesOf(disk.afterCrash(seed, mode))[path];
}

function filesOf(disk: SimDisk): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [path, bytes] of disk.contents()) files[path] = Buffer.from(bytes).toString('latin1');
  return files;
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof DiskError) return error.code;
    throw error;
  }
  return undefined;
}
