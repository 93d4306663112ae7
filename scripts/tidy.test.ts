/** The rules of the house that a program can check: layers, sizes, what must not be imported or called, and names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROCESS_PER_FILE } from '../vitest.config.ts';

const ROOT = join(import.meta.dirname, '..');

/** What each room may import. Rooms that are not listed here do not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'resp-codec': [],
  disk: [],
  launch: [],
  crc64: [],
  'log-statistics': [],
  config: [],
  keyspace: [],
  'aof-files': ['crc64', 'disk'],
  rdb: ['crc64', 'keyspace'],
  commands: ['keyspace', 'config', 'resp-codec'],
  'aof-writer': ['aof-files', 'disk', 'resp-codec'],
  loader: ['aof-files', 'disk', 'resp-codec', 'rdb', 'keyspace'],
  'log-reader': ['aof-files', 'disk', 'resp-codec', 'rdb', 'loader', 'commands'],
  backup: ['aof-files', 'disk', 'loader'],
  'aof-rewriter': ['aof-writer', 'aof-files', 'keyspace', 'rdb', 'disk', 'resp-codec'],
  server: 'everything',
  'check-aof': 'everything',
};

const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 70;

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly isTest: boolean;
  readonly isApp: boolean;
  readonly text: string;
  readonly lines: readonly string[];
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return ['node_modules', 'dist', 'fixtures', '.turbo'].includes(entry.name) ? [] : filesBelow(path);
    return /\.(ts|js)$/.test(entry.name) ? [path] : [];
  });
}

const sources: readonly SourceFile[] = ['packages', 'apps'].flatMap(filesBelow).map((path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return {
    path,
    room: path.split('/')[1] ?? '',
    isApp: path.startsWith('apps/'),
    isTest: /\.test\.ts$|\/test\/|\/bench\/|conformance\.ts$/.test(path),
    text,
    lines: text.split('\n'),
  };
});

const code = sources.filter((file) => !file.isTest);

/** `path:line text` of every line that breaks a rule. */
function offenders(files: readonly SourceFile[], breaks: (line: string, file: SourceFile) => boolean): string[] {
  return files.flatMap((file) =>
    file.lines.flatMap((line, i) => (breaks(line, file) ? [`${file.path}:${i + 1} ${line.trim()}`] : [])),
  );
}

const isComment = (line: string) => /^\s*(\*|\/\/|\/\*)/.test(line);

describe('the source', () => {
  test('is there', () => {
    expect(code.length).toBeGreaterThan(50);
  });

  test('imports only downward, and only through the front door', () => {
    const bad = offenders(sources, (line, { room, isTest }) => {
      const found = /from '@aof\/([^']+)'/.exec(line)?.[1];
      if (found === undefined) return false;
      const allowed = MAY_IMPORT[room];
      if (found.includes('/')) return true;
      return allowed !== 'everything' && found !== room && !allowed?.includes(found) && !isTest;
    });
    expect(bad).toEqual([]);
  });

  test('declares what it imports', () => {
    const bad = offenders(sources, (line, { path, room }) => {
      const found = /from '(@aof\/[^'/]+)'/.exec(line)?.[1];
      if (found === undefined || found === `@aof/${room}`) return false;
      const manifest = readFileSync(join(ROOT, path.split('/').slice(0, 2).join('/'), 'package.json'), 'utf8');
      return !manifest.includes(`"${found}"`);
    });
    expect(bad).toEqual([]);
  });

  test(`has no file over ${MAX_FILE_LINES} lines`, () => {
    expect(code.filter((file) => file.lines.length - 1 > MAX_FILE_LINES).map((file) => file.path)).toEqual([]);
  });

  test(`has no function over ${MAX_FUNCTION_LINES} lines`, () => {
    expect(code.flatMap(longFunctions)).toEqual([]);
  });

  test('takes time, chance, disk and streams from outside, in packages', () => {
    const forbidden =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bconsole\.|\bprocess\.(exit|stdout|stderr)\b|from 'node:fs/;
    const bad = offenders(code, (line, { isApp, path }) => {
      if (isApp || path === 'packages/disk/src/node-disk.ts' || path === 'packages/launch/launch.js' || isComment(line))
        return false;
      return forbidden.test(line);
    });
    expect(bad).toEqual([]);
  });

  test('takes time and chance from the clock, in apps', () => {
    const bad = offenders(code, (line, { isApp, path }) => {
      if (!isApp || path.endsWith('/clock.ts') || isComment(line)) return false;
      return /\bDate\.now\(|\bMath\.random\(|\bperformance\.now\(|\bconsole\./.test(line);
    });
    expect(bad).toEqual([]);
  });

  // `any` is the linter's to find.
  test('does not silence the compiler or the linter without a reason', () => {
    const bad = offenders(
      sources,
      (line) => /@ts-ignore|@ts-nocheck|biome-ignore [a-zA-Z/]+\s*$/.test(line) && !/tidy\.test/.test(line),
    );
    expect(bad).toEqual([]);
  });

  test('catches nothing in silence', () => {
    const bad = offenders(code, (line) => /catch(\s*\(\w+\))?\s*\{\s*\}/.test(line));
    expect(bad).toEqual([]);
  });

  test('registers with vitest at import only where each file of tests has a process of its own', () => {
    const support = sources.filter(({ path, isTest }) => isTest && !path.endsWith('.test.ts'));
    const registering = offenders(support, (line) => /^(before|after)(All|Each)\(/.test(line));
    expect(registering.length).toBeGreaterThan(0);
    expect(registering.filter((at) => !PROCESS_PER_FILE.some((room) => at.startsWith(`${room}/`)))).toEqual([]);
  });

  test('uses the names of the field', () => {
    const bad = sources.filter((file) =>
      /(^|\/)(utils?|helpers?|managers?|common|misc|data)\.(ts|js)$/.test(file.path),
    );
    expect(bad.map((file) => file.path)).toEqual([]);
    const badCase = sources.filter((file) => !/^[a-z0-9.-]+$/.test(file.path.split('/').at(-1) ?? ''));
    expect(badCase.map((file) => file.path)).toEqual([]);
  });

  test('begins each file with what it owns', () => {
    const bad = code.filter((file) => !file.path.endsWith('index.ts') && !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(file.text));
    expect(bad.map((file) => file.path)).toEqual([]);
  });
});

/** Functions by indentation: from the line that opens one to the line that closes it at the same depth. */
function longFunctions({ path, lines }: SourceFile): string[] {
  const found: string[] = [];
  lines.forEach((line, start) => {
    const opening =
      /^(\s*)(export )?(async )?(function\*?\s|(static |override |async |get |set |#|\*)*[\w$#]+(<.*>)?\(.*\).*\{$|(const|let) \w+.*=>\s*\{$)/.exec(
        line,
      );
    if (!opening || !line.endsWith('{') || /^\s*(if|for|while|switch|return|else|catch)\b/.test(line)) return;
    const indent = opening[1] ?? '';
    const end = lines.findIndex((other, i) => i > start && (other === `${indent}}` || other === `${indent}};`));
    if (end > 0 && end - start + 1 > MAX_FUNCTION_LINES) found.push(`${path}:${start + 1} ${end - start + 1} lines`);
  });
  return found;
}

describe('the repository', () => {
  test('gives every package a README, a licence and a description', () => {
    const rooms = [
      ...readdirSync(join(ROOT, 'packages')).map((n) => `packages/${n}`),
      ...readdirSync(join(ROOT, 'apps')).map((n) => `apps/${n}`),
    ];
    for (const room of rooms) {
      const names = readdirSync(join(ROOT, room));
      expect(names, room).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json']));
      const manifest: unknown = JSON.parse(readFileSync(join(ROOT, room, 'package.json'), 'utf8'));
      expect(manifest, room).toMatchObject({
        license: 'MIT',
        type: 'module',
        description: expect.stringMatching(/.{20,}/),
      });
      expect(Object.keys(MAY_IMPORT), room).toContain(room.split('/')[1]);
    }
  });

  test('has front doors that only name what they export', () => {
    for (const file of code.filter((f) => f.path.endsWith('/src/index.ts'))) {
      expect(file.text, file.path).not.toMatch(/export \*|export default/);
    }
  });
});
