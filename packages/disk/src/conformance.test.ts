import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testDiskConformance } from './conformance.ts';
import { NodeDisk } from './node-disk.ts';
import { SimDisk } from './sim-disk.ts';

describe('NodeDisk', () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'aof-disk-'));
  let count = 0;
  afterAll(() => fs.rmSync(root, { recursive: true }));

  testDiskConformance(test, () => {
    const folder = path.join(root, String(count++));
    fs.mkdirSync(folder);
    return { disk: new NodeDisk(), folder };
  });

  test('new files are 0644 and new folders 0755, less the umask', () => {
    const disk = new NodeDisk();
    disk.open(`${root}/file`, 'append').close();
    disk.makeDirectory(`${root}/folder`);
    const umask = process.umask();
    expect(fs.statSync(`${root}/file`).mode & 0o777).toBe(0o644 & ~umask);
    expect(fs.statSync(`${root}/folder`).mode & 0o777).toBe(0o755 & ~umask);
  });

  test('a full disk is ENOSPC with the system error as its cause', () => {
    const file = new NodeDisk().open('/dev/full', 'append');
    expect(() => file.write(new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'ENOSPC', operation: 'write', cause: expect.any(Error) }),
    );
    file.close();
  });

  test('a wrong argument is a bug and stays a TypeError', () => {
    expect(() => new NodeDisk().readFile('a\0b')).toThrow(TypeError);
  });
});

describe('SimDisk', () => {
  testDiskConformance(test, () => {
    const disk = new SimDisk({ seed: 1 });
    disk.makeDirectory('/tmp/test', { recursive: true });
    return { disk, folder: '/tmp/test' };
  });
});
