/** The package as it is published: built, packed, checked by the tools that know what goes wrong, and used in a browser. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');
const WORKSPACE = join(PACKAGE, '..', '..');

/** Runs a program; if it fails, what it said is the error. */
function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  }
}

let folder: string;
let tarball: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resp-codec-package-'));
  const unpacked = join(folder, 'package');
  mkdirSync(unpacked);
  const tsc = join(WORKSPACE, 'node_modules', '.bin', 'tsc');
  run(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(unpacked, 'dist')], PACKAGE);
  // As `pnpm pack` does it: the exports for publishing take the place of those for the workspace.
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const { publishConfig, devDependencies: _, scripts: __, ...published } = manifest;
  writeFileSync(join(unpacked, 'package.json'), JSON.stringify(Object.assign(published, publishConfig)));
  copyFileSync(join(PACKAGE, 'README.md'), join(unpacked, 'README.md'));
  tarball = join(folder, 'resp-codec.tgz');
  run('tar', ['-czf', tarball, 'package'], folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  test('has no complaint from publint', () => {
    const said = run(join(PACKAGE, 'node_modules', '.bin', 'publint'), [tarball, '--strict'], PACKAGE);
    expect(said).toContain('All good!');
  });

  test('has types that resolve wherever it can be imported', () => {
    const attw = join(PACKAGE, 'node_modules', '.bin', 'attw');
    // It is an ES module: what only CommonJS could want is not asked (see .attw.json).
    const said = run(attw, [tarball, '--no-emoji', '--format', 'ascii'], PACKAGE);
    expect(said).toMatch(/node16 \(from ESM\): OK \(ESM\)/);
  });

  test('imports nothing but its own files, and depends on nothing', () => {
    const dist = join(folder, 'package', 'dist');
    const files = readdirSync(dist).filter((name) => name.endsWith('.js'));
    expect(files.length).toBeGreaterThan(10);
    for (const name of files) {
      const text = readFileSync(join(dist, name), 'utf8');
      const imports = [...text.matchAll(/(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, from]) => from);
      expect(imports.filter((from) => !from?.startsWith('./'))).toEqual([]);
    }
    const manifest: object = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    expect(manifest).not.toHaveProperty('dependencies');
  });

  test('can be imported where it lies', () => {
    const script = `import * as codec from ${JSON.stringify(join(folder, 'package', 'dist', 'index.js'))};
      process.stdout.write(Object.keys(codec).sort().join(' '));`;
    const names = run(process.execPath, ['--input-type=module', '-e', script], folder).split(' ');
    expect(names).toEqual(expect.arrayContaining(['ReplyDecoder', 'ReplyWriter', 'Request', 'RequestDecoder']));
  });
});

describe('the README', () => {
  test('has an example that runs', () => {
    const example = /```ts\n(.*?)```/s.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8'))?.[1] ?? '';
    const index = join(folder, 'package', 'dist', 'index.js');
    const script = `${example.replace("'@aof/resp-codec'", JSON.stringify(index))}
      process.stdout.write(JSON.stringify(pieces));`;
    expect(JSON.parse(run(process.execPath, ['--input-type=module', '-e', script], folder))).toEqual([
      '$5\r\nhello\r\n',
    ]);
  });
});

describe('in a browser', () => {
  test('it bundles, and works without Buffer', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(PACKAGE, 'src', 'index.ts')],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'codec',
      write: false,
    });
    const bundle = outputFiles[0]?.text ?? '';
    const script = `${bundle}
      const long = '\\u00ff\\u0080'.repeat(10000);
      const requests = new codec.RequestDecoder();
      requests.feed(codec.encodeCommand(['SET', 'k\\u00e9', long]));
      const status = requests.next();
      const { request } = requests;
      const utf8 = new TextEncoder().encode('$3\\r\\n\\u20ac\\r\\n$20\\r\\na long enough string\\r\\n');
      const replies = new codec.ReplyDecoder();
      replies.feed(utf8);
      const seen = [];
      while (replies.next() === codec.FRAME) seen.push(replies.reply);
      ({ status, key: request.key(1), isSame: request.latin1(2) === long, seen: seen.join('|'), buffer: typeof Buffer });`;
    const result: unknown = runInContext(script, createContext({ TextDecoder, TextEncoder }));
    expect(result).toEqual({
      status: 1,
      key: 'k\xe9',
      isSame: true,
      seen: '€|a long enough string',
      buffer: 'undefined',
    });
  });
});
