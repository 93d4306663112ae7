/** `check-aof dump` against the plainest reading of logs that real servers wrote. */
import { SimDisk } from '@aof/disk';
import { createGlob } from '@aof/keyspace';
import { encodeCommand } from '@aof/resp-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escaped, quoted, unquoted } from '../src/quoted-text.ts';
import { MODES, put, readCorpus, SERVERS } from './corpus.ts';
import { runOn } from './environment.ts';
import { type PlainCommand, plainCommands } from './plain-log.ts';

function runDump(disk: SimDisk, path: string, ...args: string[]) {
  return runOn(disk, ['dump', path, ...args]);
}

async function jsonLines(disk: SimDisk, path: string, ...args: string[]) {
  const { stdout, status } = await runDump(disk, path, '--json', ...args);
  expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
  const lines = stdout.split('\n').slice(0, -1);
  return { status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

function logOf(bytes: Buffer): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  put(disk, [['appendonly.aof', bytes]], '/d/');
  return disk;
}

const records = (...commands: (readonly string[])[]): Buffer =>
  Buffer.concat(commands.map((words) => Buffer.from(encodeCommand(words))));

/** As the JSON of dump has it. */
const asDumped = ({ args, database, fileOffset, endOffset, atSeconds }: PlainCommand) => ({
  arguments: args,
  database,
  offset: fileOffset,
  end: endOffset,
  atSeconds: atSeconds ?? null,
});

const commandsOf = (lines: readonly Record<string, unknown>[]) =>
  lines
    .filter(({ kind }) => kind === 'command')
    .map(({ arguments: words, database, offset, end, atSeconds }) => ({
      arguments: words,
      database,
      offset,
      end,
      atSeconds,
    }));

describe('check-aof dump', () => {
  test('--json equals the naive reading of the logs of real servers, in both layouts', async () => {
    for (const server of SERVERS) {
      for (const mode of MODES) {
        const { files, single } = readCorpus(server, mode);
        const disk = new SimDisk();
        disk.makeDirectory('/d');
        put(disk, files, '/d/');
        const { lines, status } = await jsonLines(disk, '/d');
        expect(status).toBe(0);
        const parts = [...files].filter(([name]) => name.endsWith('.aof')).sort(([a], [b]) => (a < b ? -1 : 1));
        let before: number | undefined;
        const expected = parts.flatMap(([, bytes]) => {
          const commands = plainCommands(bytes, before);
          before = commands.at(-1)?.atSeconds;
          return commands;
        });
        expect(expected.length).toBeGreaterThan(20);
        expect(commandsOf(lines)).toEqual(expected.map(asDumped));
        if (mode !== 'rdb-base') {
          expect(commandsOf((await jsonLines(logOf(single), '/d/appendonly.aof')).lines)).toEqual(
            plainCommands(single).map(asDumped),
          );
        } else expect(lines.filter(({ kind }) => kind === 'key').length).toBeGreaterThan(50);
      }
    }
  });

  test('every filter equals a naive one', async () => {
    const { single } = readCorpus('redis-7.0.15', 'timestamps');
    const disk = logOf(single);
    const all = plainCommands(single);
    const times = [...new Set(all.map(({ atSeconds = 0 }) => atSeconds))];
    const [first = 0, last = 0] = [times.at(0), times.at(-1)];
    expect(first).toBeLessThan(last);
    const one = all[Math.floor(all.length / 3)] ?? { fileOffset: 0, endOffset: 0 };
    const str = createGlob('str:*');
    const cases: [string[], (command: PlainCommand) => boolean][] = [
      [['--db', '0'], ({ database }) => database === 0],
      [['--command', 'set', '--command', 'DEL'], ({ args }) => ['SET', 'DEL'].includes(args[0]?.toUpperCase() ?? '')],
      [['--since', String(last)], ({ atSeconds = 0 }) => atSeconds >= last],
      [['--until', String(first)], ({ atSeconds = 0 }) => atSeconds <= first],
      [
        ['--range', `${one.fileOffset}-${one.endOffset}`],
        (c) => c.fileOffset >= one.fileOffset && c.fileOffset <= one.endOffset,
      ],
      // In this corpus, what looks like such a key is one.
      [['--key', 'str:*'], ({ args }) => args.slice(1).some(str)],
      [
        ['--key', 'str:*', '--command', 'SET', '--db', '0'],
        ({ args, database }) => database === 0 && args[0] === 'SET' && str(args[1] ?? ''),
      ],
    ];
    for (const [args, takes] of cases) {
      const { lines } = await jsonLines(disk, '/d', ...args);
      const expected = all.filter(takes).map(asDumped);
      expect(expected.length, args.join(' ')).toBeGreaterThan(0);
      expect(expected.length, args.join(' ')).toBeLessThan(all.length);
      expect(commandsOf(lines), args.join(' ')).toEqual(expected);
    }
  });

  test('prints text that redis-cli would read as the same command', async () => {
    const { single } = readCorpus('redis-7.0.15', 'timestamps');
    const all = plainCommands(single);
    const { stdout } = await runDump(logOf(single), '/d');
    const lines = stdout.split('\n').filter((line) => /^\d+ \S+ \[/.test(line));
    expect(lines.length).toBe(all.length);
    for (const [i, line] of lines.entries()) {
      const [, offset, time, database, command = ''] = /^(\d+) (\S+) \[(\d+)\] (.*)$/.exec(line) ?? [];
      const words = command.match(/"(?:[^"\\]|\\.)*"|\S+/g)?.map((word) => unquoted(word) ?? word);
      const wanted = all[i];
      expect([Number(offset), Number(database), words]).toEqual([wanted?.fileOffset, wanted?.database, wanted?.args]);
      expect(time === '-' ? undefined : Date.parse(time ?? '') / 1000).toBe(wanted?.atSeconds);
    }
  });

  test('shows what it found where, in text', async () => {
    const disk = logOf(
      Buffer.concat([
        records(['SELECT', '3'], ['SET', 'a key', 'va\x00l"ue\xff']),
        Buffer.from('#TS:1700000000\r\n'),
        records(['DEL', 'k']),
      ]),
    );
    expect(await runDump(disk, '/d')).toEqual({
      status: 0,
      stderr: '',
      stdout: `# appendonly.aof, 97 bytes
0 - [3] SELECT 3
23 - [3] SET "a key" "va\\x00l\\"ue\\xff"
61 #TS:1700000000
77 2023-11-14T22:13:20Z [3] DEL k
`,
    });
  });

  test('writes byte strings as base64 if asked to', async () => {
    const disk = logOf(records(['SET', 'k\xff', '\x00']));
    const { lines } = await jsonLines(disk, '/d', '--encoding', 'base64');
    expect(lines[1]?.arguments).toEqual(['U0VU', 'a/8=', 'AA==']);
  });

  test('finds a binary key that is given in quotes, or as a pattern', async () => {
    const disk = logOf(records(['SET', 'k\xff1', 'a'], ['SET', 'k\xfe', 'b'], ['SET', 'ké', 'c']));
    const found = async (glob: string) => commandsOf((await jsonLines(disk, '/d', '--key', glob)).lines).length;
    expect([await found('"k\\xff*"'), await found('"k\\xfe"'), await found('k*'), await found('nothing')]).toEqual([
      1, 1, 3, 0,
    ]);
  });

  test('prints what is readable of a damaged log, and says with status 1 where it ends', async () => {
    const good = records(['SET', 'a', '1']);
    const disk = logOf(Buffer.concat([good, Buffer.from('*2\r\n$3\r\nDE')]));
    const { status, stdout } = await runDump(disk, '/d');
    expect(status).toBe(1);
    expect(stdout).toContain('SET a 1');
    expect(stdout).toContain(`[AOF_TRUNCATED]; everything before offset ${good.length} is good`);
    const { lines } = await jsonLines(disk, '/d', '--key', 'nothing');
    expect(lines.at(-1)).toMatchObject({ kind: 'fault', code: 'AOF_TRUNCATED', goodEnd: good.length });
  });

  test('says that it cannot tell times where the log has none', async () => {
    const { stdout } = await runDump(logOf(records(['SET', 'a', '1'])), '/d', '--since', '5');
    expect(stdout).toContain('# the log has no timestamps');
  });

  test('refuses wrong values with status 2, and a folder without a log with status 5', async () => {
    const disk = logOf(records(['SET', 'a', '1']));
    for (const args of [
      ['--db', 'x'],
      ['--since', 'yesterday'],
      ['--range', '7'],
      ['--encoding', 'utf16'],
    ]) {
      const { status, stderr, stdout } = await runDump(disk, '/d', ...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain(args[0]);
    }
    disk.makeDirectory('/empty');
    const { status, stdout } = await runDump(disk, '/empty');
    expect([status, stdout.split(':')[0]]).toEqual([5, 'There is no log in /empty']);
    expect((await jsonLines(disk, '/empty')).lines).toMatchObject([{ kind: 'error' }]);
  });
});

describe('a slow reader', () => {
  const command = ['SET', 'k', 'v'.repeat(100)];
  const large = Buffer.concat(Array.from({ length: 40_000 }, () => Buffer.from(encodeCommand(command))));

  test.each([
    ['dump', '/d'],
    ['history', '/d', 'k'],
  ])('is waited for: %s', async (...args) => {
    // A reader that is ready again only when nothing else is left to do: it sees how often it is waited for.
    let waits = 0;
    const drained = (): Promise<void> => {
      waits++;
      return new Promise((resolve) => setImmediate(resolve));
    };
    const { status, stdout } = await runOn(logOf(large), args, { drained });
    expect(status).toBe(0);
    expect(stdout.split('SET k').length - 1).toBe(40_000);
    // Between two waits no more is said than what one read of the log holds.
    expect(waits).toBeGreaterThanOrEqual(Math.floor(large.length / 2 ** 20));
  });

  test.each([
    ['dump', '/d'],
    ['history', '/d', 'k'],
  ])('that goes away ends it: %s', async (...args) => {
    let waits = 0;
    const drained = async (): Promise<void> => void waits++;
    const { status, stdout } = await runOn(logOf(large), args, {
      drained,
      isUnread: () => waits > 1,
    });
    expect(status).toBe(0);
    expect(stdout.split('SET k').length - 1).toBeLessThan(30_000);
  });
});

describe('quoted text', () => {
  test('reads back as what was written, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        const written = quoted(text);
        expect(written).toMatch(/^[\x20-\x7e]+$/);
        expect(unquoted(written) ?? written).toBe(text);
        expect(unquoted(`"${escaped(text)}"`)).toBe(text);
      }),
    );
  });
});
