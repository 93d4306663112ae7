// What @aof/launch does for a program's sources.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const LAUNCH = pathToFileURL(join(import.meta.dirname, '../packages/launch/launch.js')).href;

let folder: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-'));
  for (const name of ['bin', 'src']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'src/main.ts'),
    'const words: string[] = process.argv.slice(2);\nconsole.log(words.join());\n',
  );
  bin = join(folder, 'bin/program.js');
  writeFileSync(
    bin,
    `import { launch } from '${LAUNCH}';
launch(new URL('../src/main.ts', import.meta.url), new URL('../dist/main.js', import.meta.url));`,
  );
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(cache?: string): string {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return execFileSync(process.execPath, [bin, 'a', 'b'], {
    encoding: 'utf8',
    env: cache === undefined ? env : { ...env, NODE_COMPILE_CACHE: cache },
  });
}

test('what Node made of the sources is kept beside them', () => {
  expect(run()).toBe('a,b\n');
  expect(readdirSync(join(folder, 'node_modules/.cache/compiled'))).not.toEqual([]);
  writeFileSync(join(folder, 'src/main.ts'), 'console.log("new" as string);\n');
  expect(run()).toBe('new\n');
});

test('or where the environment says', () => {
  expect(run(join(folder, 'elsewhere'))).toBe('a,b\n');
  expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  expect(readdirSync(join(folder, 'elsewhere'))).not.toEqual([]);
});

test('or nowhere, if it cannot be', () => {
  writeFileSync(join(folder, 'node_modules'), 'a file is in the way');
  expect(run()).toBe('a,b\n');
});
