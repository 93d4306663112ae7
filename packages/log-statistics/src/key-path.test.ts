import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyPath, MAX_DEPTH } from './key-path.ts';

test.each([
  ['user:1000:profile', ['user:', '*:', 'profile']],
  ['cart:3f2504e0-4f89-41d3-9a0c-0305e82c3301', ['cart:', '*']],
  ['page17', ['page*']],
  ['plain', ['plain']],
  ['', ['']],
  [':', [':', '']],
  ['deadbeef', ['deadbeef']],
  ['s:deadbee1', ['s:', '*']],
  ['sess:Zx81kQ0pAb7Rr2LmN4vT', ['sess:', '*']],
  ['a:b:c:d:e:f', ['a:', 'b:', 'c:', 'd:e:f']],
  ['bin:\x00\x01', ['bin:', '*']],
  ['bin:\xff\xfe', ['bin:', '*']],
  ['name:\xc3\xa9', ['name:', '\xc3\xa9']],
  [`long:${'x'.repeat(41)}`, ['long:', `${'x'.repeat(24)}*`]],
  [`long:${'\xc3\xa9'.repeat(21)}`, ['long:', '*']],
])('%j is filed under %j', (key, path) => expect(keyPath(key, ':')).toEqual(path));

test('another separator', () => expect(keyPath('a.b:1.c', '.')).toEqual(['a.', 'b:*.', 'c']));

test('every key has a short path', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const path = keyPath(Buffer.from(bytes).toString('latin1'), ':');
      expect(path.length).toBeGreaterThan(0);
      expect(path.length).toBeLessThanOrEqual(MAX_DEPTH);
      for (const segment of path) expect(segment.length).toBeLessThanOrEqual(41);
    }),
  );
});
