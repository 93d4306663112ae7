/** What every `Disk` must do, as one suite that runs for each implementation. */

import assert from 'node:assert/strict';
import { type Disk, DiskError, type DiskFile } from './disk.ts';

/** Registers a test, as vitest's `test` does. */
export type RegisterTest = (name: string, body: () => void | Promise<void>) => void;

/** A disk and an empty folder on it. */
export interface DiskUnderTest {
  readonly disk: Disk;
  readonly folder: string;
}

/** @param make called once per test */
export function testDiskConformance(test: RegisterTest, make: () => DiskUnderTest): void {
  testWriting(test, make);
  testReading(test, make);
  testTruncating(test, make);
  testSyncs(test, make);
  testNames(test, make);
  testCloning(test, make);
  testUnlinking(test, make);
  testLooking(test, make);
  testErrors(test, make);
  testReports(test, make);
}

function testWriting(test: RegisterTest, make: () => DiskUnderTest): void {
  test('append creates a file and goes on at its end, also after it was opened again', () => {
    const { disk, folder } = make();
    const path = `${folder}/a`;
    const first = disk.open(path, 'append');
    assert.equal(first.path, path);
    writeAll(first, 'one,');
    writeAll(first, 'two,');
    assert.equal(first.size(), 8);
    first.close();
    const second = disk.open(path, 'append');
    assert.equal(second.size(), 8);
    writeAll(second, 'three');
    second.close();
    assert.equal(contentOf(disk, path), 'one,two,three');
  });

  test('truncate empties an existing file and creates an absent one', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'something');
    put(disk, `${folder}/a`, 'else');
    assert.equal(contentOf(disk, `${folder}/a`), 'else');
    disk.open(`${folder}/new`, 'truncate').close();
    assert.equal(disk.status(`${folder}/new`)?.size, 0);
  });

  test('write takes the range that offset and length give, and all of the rest by default', () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'truncate');
    assert.equal(file.write(bytesOf('0123456789'), 2, 3), 3);
    assert.equal(file.write(bytesOf('0123456789'), 8), 2);
    assert.equal(file.write(bytesOf('0123456789'), 4, 0), 0);
    file.close();
    assert.equal(contentOf(disk, `${folder}/a`), '23489');
  });
}

function testReading(test: RegisterTest, make: () => DiskUnderTest): void {
  test('read fills the range it was given and returns 0 at the end', async () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'abcdef');
    const file = disk.open(`${folder}/a`, 'read');
    const into = new Uint8Array(8);
    assert.equal(file.read(into, 2, 3, 1), 3);
    assert.equal(textOf(into), '\0\0bcd\0\0\0');
    assert.equal(file.read(into, 0, 8, 4), 2);
    assert.equal(file.read(into, 0, 8, 6), 0);
    assert.equal(file.read(into, 0, 8, 60), 0);
    into.fill(0);
    assert.equal(await file.readAsync(into, 1, 4, 0), 4);
    assert.equal(textOf(into), '\0abcd\0\0\0');
    assert.equal(await file.readAsync(into, 0, 8, 6), 0);
    file.close();
  });

  test('what was written can be read through the same file at once', () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'append');
    writeAll(file, 'abc');
    const into = new Uint8Array(3);
    assert.equal(file.read(into, 0, 3, 0), 3);
    assert.equal(textOf(into), 'abc');
    file.close();
  });
}

function testTruncating(test: RegisterTest, make: () => DiskUnderTest): void {
  test('truncate cuts or extends with zeros, and writes go on at the new end', () => {
    const { disk, folder } = make();
    for (const mode of ['append', 'truncate'] as const) {
      const file = disk.open(`${folder}/${mode}`, mode);
      writeAll(file, 'abcdef');
      file.truncate(2);
      writeAll(file, 'X');
      file.truncate(5);
      writeAll(file, 'Y');
      assert.equal(file.size(), 6);
      file.close();
      assert.equal(contentOf(disk, `${folder}/${mode}`), 'abX\0\0Y');
    }
  });

  test('the bytes given to write may be reused at once', () => {
    const { disk, folder } = make();
    const bytes = bytesOf('abc');
    const file = disk.open(`${folder}/a`, 'append');
    file.write(bytes);
    bytes.fill(0);
    file.close();
    assert.equal(contentOf(disk, `${folder}/a`), 'abc');
  });
}

function testSyncs(test: RegisterTest, make: () => DiskUnderTest): void {
  test('every form of sync succeeds on a healthy disk', async () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'append');
    writeAll(file, 'abc');
    file.dataSyncNow();
    file.syncNow();
    await Promise.all([file.dataSync(), file.sync()]);
    disk.syncDirectory(folder);
    await disk.syncDirectoryInBackground(folder);
    file.close();
    assert.equal(contentOf(disk, `${folder}/a`), 'abc');
  });

  test('closing while a background sync or read runs lets it end well', async () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'append');
    writeAll(file, 'abc');
    const into = new Uint8Array(3);
    const running = [file.dataSync(), file.sync(), file.readAsync(into, 0, 3, 0)];
    file.close();
    // If the descriptor were closed early, these would take its number.
    const others = ['b', 'c', 'd'].map((name) => disk.open(`${folder}/${name}`, 'append'));
    await Promise.all(running);
    assert.equal(textOf(into), 'abc');
    for (const other of others) other.close();
  });

  test('after close every method fails with EBADF, and close again is allowed', async () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'append');
    file.close();
    file.close();
    const into = new Uint8Array(1);
    failsWith('EBADF', () => file.size());
    failsWith('EBADF', () => file.write(into));
    failsWith('EBADF', () => file.read(into, 0, 1, 0));
    failsWith('EBADF', () => file.truncate(0));
    failsWith('EBADF', () => file.dataSyncNow());
    failsWith('EBADF', () => file.syncNow());
    await rejectsWith('EBADF', file.readAsync(into, 0, 1, 0));
    await rejectsWith('EBADF', file.dataSync());
    await rejectsWith('EBADF', file.sync());
  });
}

function testNames(test: RegisterTest, make: () => DiskUnderTest): void {
  test('rename replaces the target, and an open file goes on under the new name', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/target`, 'old');
    const file = disk.open(`${folder}/source`, 'append');
    writeAll(file, 'new');
    disk.rename(`${folder}/source`, `${folder}/target`);
    writeAll(file, 'er');
    file.close();
    assert.deepEqual(disk.list(folder), ['target']);
    assert.equal(contentOf(disk, `${folder}/target`), 'newer');
  });

  test('rename moves between folders, and a folder with its content', () => {
    const { disk, folder } = make();
    disk.makeDirectory(`${folder}/d`);
    put(disk, `${folder}/a`, 'x');
    disk.rename(`${folder}/a`, `${folder}/d/b`);
    disk.rename(`${folder}/d`, `${folder}/e`);
    assert.deepEqual(disk.list(folder), ['e']);
    assert.equal(contentOf(disk, `${folder}/e/b`), 'x');
    failsWith('EINVAL', () => disk.rename(`${folder}/e`, `${folder}/e/f`));
  });

  test('a file is known by its id under every name, and another one has another', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'x');
    put(disk, `${folder}/b`, 'x');
    const [a, b] = [disk.status(`${folder}/a`)?.fileId, disk.status(`${folder}/b`)?.fileId];
    assert.notEqual(a, b);
    put(disk, `${folder}/a`, 'y');
    disk.link(`${folder}/a`, `${folder}/c`);
    assert.equal(disk.status(`${folder}/c`)?.fileId, a);
    disk.rename(`${folder}/a`, `${folder}/b`);
    assert.equal(disk.status(`${folder}/b`)?.fileId, a);
  });

  test('link gives a file a second name; the first may go', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'x');
    disk.link(`${folder}/a`, `${folder}/b`);
    assert.equal(disk.status(`${folder}/a`)?.linkCount, 2);
    failsWith('EEXIST', () => disk.link(`${folder}/a`, `${folder}/b`));
    failsWith('ENOENT', () => disk.link(`${folder}/none`, `${folder}/c`));
    disk.unlink(`${folder}/a`);
    assert.equal(disk.status(`${folder}/b`)?.linkCount, 1);
    assert.equal(contentOf(disk, `${folder}/b`), 'x');
  });
}

function testCloning(test: RegisterTest, make: () => DiskUnderTest): void {
  test('clone makes a file of its own with the same bytes, or says that it cannot', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'some bytes');
    put(disk, `${folder}/there`, 'x');
    failsWith('EEXIST', () => disk.clone(`${folder}/a`, `${folder}/there`));
    failsWith('ENOENT', () => disk.clone(`${folder}/none`, `${folder}/c`));
    try {
      disk.clone(`${folder}/a`, `${folder}/b`);
    } catch (error) {
      assert.ok(error instanceof DiskError);
      assert.equal(error.code, 'ENOTSUP');
      assert.equal(disk.status(`${folder}/b`), undefined);
      return;
    }
    assert.equal(disk.status(`${folder}/a`)?.linkCount, 1);
    const file = disk.open(`${folder}/b`, 'append');
    file.truncate(4);
    writeAll(file, '!');
    file.close();
    assert.equal(contentOf(disk, `${folder}/a`), 'some bytes');
    assert.equal(contentOf(disk, `${folder}/b`), 'some!');
  });
}

function testUnlinking(test: RegisterTest, make: () => DiskUnderTest): void {
  test('an unlinked file can be used while it is open', () => {
    const { disk, folder } = make();
    const file = disk.open(`${folder}/a`, 'append');
    disk.unlink(`${folder}/a`);
    writeAll(file, 'abc');
    assert.equal(file.size(), 3);
    file.close();
    assert.equal(disk.status(`${folder}/a`), undefined);
  });

  test('unlink works in the background too', async () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'x');
    await disk.unlinkInBackground(`${folder}/a`);
    assert.deepEqual(disk.list(folder), []);
    await rejectsWith('ENOENT', disk.unlinkInBackground(`${folder}/a`));
    await rejectsWith('ENOENT', disk.syncDirectoryInBackground(`${folder}/none`));
  });

  test('folders are made one at a time, or with their parents', () => {
    const { disk, folder } = make();
    failsWith('ENOENT', () => disk.makeDirectory(`${folder}/a/b`));
    disk.makeDirectory(`${folder}/a/b`, { recursive: true });
    disk.makeDirectory(`${folder}/a/b`, { recursive: true });
    failsWith('EEXIST', () => disk.makeDirectory(`${folder}/a/b`));
    failsWith('ENOTEMPTY', () => disk.removeDirectory(`${folder}/a`));
    disk.removeDirectory(`${folder}/a/b`);
    disk.removeDirectory(`${folder}/a`);
    assert.deepEqual(disk.list(folder), []);
  });
}

function testLooking(test: RegisterTest, make: () => DiskUnderTest): void {
  test('list is sorted by code unit', () => {
    const { disk, folder } = make();
    for (const name of ['b', 'a', 'B', 'a.10', 'a.9']) put(disk, `${folder}/${name}`, '');
    assert.deepEqual(disk.list(folder), ['B', 'a', 'a.10', 'a.9', 'b']);
  });

  test('status tells files from folders, and says undefined where there is nothing', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'abc');
    assert.equal(disk.status(folder)?.kind, 'directory');
    assert.equal(disk.status(`${folder}/a`)?.kind, 'file');
    assert.equal(disk.status(`${folder}/a`)?.size, 3);
    assert.equal(disk.status(`${folder}/none`), undefined);
    assert.equal(disk.status(`${folder}/none/deeper`), undefined);
    assert.equal(disk.status(`${folder}/a/deeper`), undefined);
  });

  test('a path may have doubled slashes and dots', () => {
    const { disk, folder } = make();
    put(disk, `${folder}//./a`, 'abc');
    disk.makeDirectory(`${folder}/d`);
    assert.equal(contentOf(disk, `${folder}/d/../a`), 'abc');
  });
}

function testErrors(test: RegisterTest, make: () => DiskUnderTest): void {
  test('what is absent is ENOENT', () => {
    const { disk, folder } = make();
    const none = `${folder}/none`;
    failsWith('ENOENT', () => disk.open(none, 'read'));
    failsWith('ENOENT', () => disk.open(`${none}/a`, 'append'));
    failsWith('ENOENT', () => disk.open(`${none}/a`, 'truncate'));
    failsWith('ENOENT', () => disk.readFile(none));
    failsWith('ENOENT', () => disk.list(none));
    failsWith('ENOENT', () => disk.rename(none, `${folder}/b`));
    failsWith('ENOENT', () => disk.unlink(none));
    failsWith('ENOENT', () => disk.removeDirectory(none));
    failsWith('ENOENT', () => disk.syncDirectory(none));
  });

  test('a file where a folder is needed is ENOTDIR, and a folder where a file is needed EISDIR', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'abc');
    failsWith('ENOTDIR', () => disk.open(`${folder}/a/b`, 'append'));
    failsWith('ENOTDIR', () => disk.list(`${folder}/a`));
    failsWith('ENOTDIR', () => disk.syncDirectory(`${folder}/a`));
    failsWith('ENOTDIR', () => disk.removeDirectory(`${folder}/a`));
    disk.makeDirectory(`${folder}/d`);
    for (const mode of ['read', 'append', 'truncate'] as const) {
      failsWith('EISDIR', () => disk.open(`${folder}/d`, mode));
    }
    failsWith('EISDIR', () => disk.readFile(`${folder}/d`));
    failsWith('EISDIR', () => disk.rename(`${folder}/a`, `${folder}/d`));
    failsWith('ENOTDIR', () => disk.rename(`${folder}/d`, `${folder}/a`));
  });
}

function testReports(test: RegisterTest, make: () => DiskUnderTest): void {
  test('a file opened for reading cannot be changed', () => {
    const { disk, folder } = make();
    put(disk, `${folder}/a`, 'abc');
    const file = disk.open(`${folder}/a`, 'read');
    failsWith('EBADF', () => file.write(bytesOf('x')));
    failsWith('EBADF', () => file.truncate(0));
    file.close();
    assert.equal(contentOf(disk, `${folder}/a`), 'abc');
  });

  test('an error names the operation and the path', () => {
    const { disk, folder } = make();
    try {
      disk.unlink(`${folder}/none`);
      assert.fail('unlink should have failed');
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      assert.equal(error.operation, 'unlink');
      assert.equal(error.path, `${folder}/none`);
      assert.equal(error.reason, 'No such file or directory');
    }
  });

  test('free bytes are a number or unknown', () => {
    const { disk, folder } = make();
    const free = disk.freeBytes(folder);
    assert.ok(free === undefined || free >= 0);
  });
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function contentOf(disk: Disk, path: string): string {
  return textOf(disk.readFile(path));
}

function put(disk: Disk, path: string, text: string): void {
  const file = disk.open(path, 'truncate');
  writeAll(file, text);
  file.close();
}

function writeAll(file: DiskFile, text: string): void {
  const bytes = bytesOf(text);
  for (let done = 0; done < bytes.length; ) done += file.write(bytes, done);
}

function failsWith(code: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof DiskError && error.code === code, `expected ${code}`);
}

async function rejectsWith(code: string, running: Promise<unknown>): Promise<void> {
  await assert.rejects(running, (error) => error instanceof DiskError && error.code === code, `expected ${code}`);
}
