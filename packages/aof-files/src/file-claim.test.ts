import { expect, test } from 'vitest';
import { claimHash, claimingSocket, claimName, claimsIn } from './file-claim.ts';

const FOLDER = { dev: 2n ** 63n, ino: 2n ** 64n - 1n };

test('a name fits into a socket address, whatever the file is called, and tells files and folders apart', () => {
  const names = ['appendonly.aof', 'appendonly.aof2', 'é'.repeat(127)].map((name) =>
    claimName(FOLDER, claimHash(name)),
  );
  names.push(claimName({ ...FOLDER, ino: 7n }, claimHash('appendonly.aof')));
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(107);
});

test('the names and hashes of earlier versions stay: their servers may run beside this one', () => {
  expect(claimName({ dev: 1n, ino: 2n }, claimHash('appendonly.aof'))).toBe('\0aof:1:2:65f656f726fd8540');
});

test('a socket is found by its whole name', () => {
  const list = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50071 @aof:1:2:abcd',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50072 @aof:1:2:abcdef',
    '0000000000000000: 00000003 00000000 00000000 0001 03 50073',
    '',
  ].join('\n');
  expect(claimingSocket(list, '\0aof:1:2:abcdef')).toBe('50072');
  expect(claimingSocket(list, '\0aof:1:2:abcd')).toBe('50071');
  expect(claimingSocket(list, '\0aof:1:2:abc')).toBeUndefined();
  expect(claimingSocket(list, '\0of:1:2:abcd')).toBeUndefined();
  expect(claimingSocket('', '\0aof:1:2:abcd')).toBeUndefined();
});

test('all claims of a folder are found, and no other', () => {
  const list = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50071 @aof:1:2:abcd',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50072 @aof:1:22:abcd',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50073 /tmp/@aof:1:2:abcd',
    '0000000000000000: 00000002 00000000 00010000 0001 01 50074 @aof:1:2:ef01',
    '',
  ].join('\n');
  expect(claimsIn(list, { dev: 1n, ino: 2n })).toEqual([
    { hash: 'abcd', socket: '50071' },
    { hash: 'ef01', socket: '50074' },
  ]);
  expect(claimsIn(list, { dev: 1n, ino: 3n })).toEqual([]);
});
