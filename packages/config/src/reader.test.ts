import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type ConfigFiles, type ConfigSource, type ParsedConfig, parseConfigFile } from './reader.ts';

/** Files that exist only here. */
function filesOf(contents: Readonly<Record<string, string>>): ConfigFiles {
  return {
    readFile(path) {
      const content = contents[path];
      if (content === undefined) throw new Error('No such file or directory');
      return content;
    },
    listFolder(path) {
      const prefix = path === '/' ? '/' : `${path}/`;
      const names = Object.keys(contents).filter((name) => name.startsWith(prefix));
      return [...new Set(names.map((name) => name.slice(prefix.length).split('/')[0] ?? ''))];
    },
  };
}

function read(main: string, more: Partial<ConfigSource> = {}, others: Readonly<Record<string, string>> = {}) {
  const files = filesOf({ '/etc/aof.conf': main, ...others });
  return parseConfigFile({ ...files, path: 'aof.conf', workingFolder: '/etc', ...more });
}

function values(parsed: ParsedConfig) {
  return new Config(parsed).values;
}

function failure(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a configuration file', () => {
  it('may have comments, blank lines, any line ends, any case and quotes', () => {
    const text = '# comment\r\n\r\n  TimeOut\t7 \r\n\tport "7000"\r\nmaxmemory 1GB\r\nrequirepass \'a b\'';
    expect(values(read(text))).toMatchObject({ timeout: 7, port: 7000, maxmemory: 2 ** 30, requirepass: 'a b' });
  });

  it('lets the last line of an option win, by whichever name', () => {
    const text = 'hash-max-ziplist-entries 5\nhash-max-listpack-entries 6\nhash-max-ziplist-entries 7';
    expect(values(read(text))['hash-max-listpack-entries']).toBe(7);
  });

  it.each([
    ['', '3600 1 300 100 60 10000'],
    ['save 900 1', '900 1'],
    ['save "900 1"', '900 1'],
    ['save 900 1 300 5\nsave 2 2', '900 1 300 5 2 2'],
    ['save 900 1\nsave ""', ''],
    ['save 900 1\nsave\nsave 2 2', '2 2'],
    ['save ""\nsave 2 2', '2 2'],
  ])('collects save points: %j', (text, expected) => {
    expect(new Config(read(text)).get(['save'])).toEqual(['save', expected]);
  });

  it('is followed by standard input, then by the command line', () => {
    const parsed = read('timeout 1\nport 1\nhz 1\nsave 1 1', {
      stdinText: 'port 2\nhz 2\nsave 2 2',
      argumentText: 'hz "3"\nsave "3" "3"',
    });
    expect(values(parsed)).toMatchObject({ timeout: 1, port: 2, hz: 3 });
    expect(new Config(parsed).get(['save'])[1]).toBe('1 1 2 2 3 3');
    expect(parsed.configFile).toBe('/etc/aof.conf');
  });

  it('may be bytes or text', () => {
    const bytes = Uint8Array.from([...'requirepass '].map((char) => char.charCodeAt(0)).concat(0xff, 0xe9));
    const source = { path: '/f', workingFolder: '/' };
    expect(values(parseConfigFile({ ...source, readFile: () => bytes })).requirepass).toBe('\xff\xe9');
    expect(values(parseConfigFile({ ...source, readFile: () => 'requirepass é' })).requirepass).toBe('\xc3\xa9');
  });

  it('may have any name', () => {
    const others = { '/dépôt/größe.conf': 'dir unter\ninclude *.é', '/dépôt/unter/x.é': 'port 77' };
    const source = { ...filesOf(others), path: 'größe.conf', workingFolder: '/dépôt' };
    expect(values(parseConfigFile(source))).toMatchObject({ port: 77, dir: '/dépôt/unter' });
  });

  it('names the options without effect that were changed', () => {
    const parsed = read('io-threads 4\ntls-port 0\nslaveof no one\ncluster-enabled yes\nport 1');
    expect(parsed.withoutEffect).toEqual(['cluster-enabled', 'io-threads']);
    expect(parsed.notice).toBe('Options that have no effect on this server: cluster-enabled, io-threads');
    expect(read('port 1').notice).toBeUndefined();
  });

  it('passes over what Redis passes over', () => {
    expect(read('list-max-ziplist-entries 5\nlua-replicate-commands yes').withoutEffect).toEqual([]);
  });

  it('counts a relative dir from the one before', () => {
    expect(values(read('dir data')).dir).toBe('/etc/data');
    expect(values(read('dir /var\ndir ../tmp/./x')).dir).toBe('/tmp/x');
    expect(values(read('')).dir).toBe('/etc');
  });
});

describe('directives', () => {
  it('are refused unless asked for', () => {
    const error = failure(() => read('rename-command FLUSHALL ""'));
    expect(error).toMatchObject({ code: 'UNSUPPORTED_DIRECTIVE', reason: expect.stringContaining('rename-command') });
    const { directives } = read('rename-command FLUSHALL ""', { directives: new Set(['rename-command']) });
    expect(directives).toEqual([
      {
        name: 'rename-command',
        args: ['FLUSHALL', ''],
        file: 'aof.conf',
        line: 1,
        lineText: 'rename-command FLUSHALL ""',
      },
    ]);
  });

  it('that restrict nothing are passed over, as Redis writes the default user into every file', () => {
    const hash = 'a'.repeat(64);
    expect(read('user default on nopass sanitize-payload ~* &* +@all').directives).toEqual([]);
    expect(read(`requirepass x\nuser default on #${hash} ~* &* +@all`).directives).toEqual([]);
    expect(failure(() => read(`user default on #${hash} ~* &* +@all`)).code).toBe('UNSUPPORTED_DIRECTIVE');
    expect(failure(() => read('user default on nopass ~* &* +@all -flushall')).code).toBe('UNSUPPORTED_DIRECTIVE');
    expect(failure(() => read('user anna on nopass ~* &* +@all')).code).toBe('UNSUPPORTED_DIRECTIVE');
  });
});

describe('replicaof', () => {
  it.each([
    ['port 1\nreplicaof 10.0.0.1 6379\nhz 1', 'replicaof 10.0.0.1 6379'],
    ['port 1\nSlaveOf "some host" 6379', 'SlaveOf "some host" 6379'],
    ['replicaof no one\nreplicaof a 1', 'replicaof a 1'],
  ])('is refused, for the server would take writes beside its master: %j', (text, lineText) => {
    const error = failure(() => read(text));
    expect(error).toMatchObject({ code: 'UNSUPPORTED_DIRECTIVE', file: 'aof.conf', line: 2, lineText });
    expect(error.reason).toContain('replication is not supported by this server');
    expect(error.hint).toContain('replicaof no one');
  });

  it('is refused in an included file and on the command line, and named where it stands', () => {
    const included = failure(() => read('include r.conf', {}, { '/etc/r.conf': '\nreplicaof a 1' }));
    expect(included).toMatchObject({ file: 'r.conf', line: 2 });
    expect(failure(() => read('', { argumentText: 'replicaof "a" "1"' }))).toMatchObject({ file: 'command line' });
  });

  it('with no one is fine, also when it comes later', () => {
    expect(values(read('replicaof no one')).replicaof).toBeUndefined();
    expect(values(read('slaveof a 1\nreplicaof NO ONE')).replicaof).toBeUndefined();
    expect(values(read('replicaof a 1', { argumentText: 'replicaof "no" "one"' })).replicaof).toBeUndefined();
  });
});

describe('include', () => {
  it('reads the other file in its place', () => {
    const parsed = read(
      'port 1\ninclude more.conf\nhz 1',
      {},
      { '/etc/more.conf': 'port 2\nhz 2\ninclude /third\n', '/third': 'timeout 3' },
    );
    expect(values(parsed)).toMatchObject({ port: 2, hz: 1, timeout: 3 });
  });

  it('counts from the folder that dir names', () => {
    expect(values(read('dir /srv\ninclude a.conf', {}, { '/srv/a.conf': 'port 5' })).port).toBe(5);
  });

  it('takes wildcards, in alphabetical order, without hidden files', () => {
    const others = {
      '/etc/conf.d/20.conf': 'port 20',
      '/etc/conf.d/10.conf': 'port 10\nhz 10',
      '/etc/conf.d/.30.conf': 'port 30',
      '/etc/conf.d/40.txt': 'port 40',
      '/etc/conf.e/50.conf': 'timeout 50',
    };
    expect(values(read('include conf.[d]/*.conf', {}, others))).toMatchObject({ port: 20, hz: 10, timeout: 0 });
    expect(values(read('include /etc/conf.?/[!2]*.conf', {}, others))).toMatchObject({ port: 10, timeout: 50 });
  });

  it('finds nothing without complaint if it has wildcards', () => {
    expect(values(read('include nowhere/*.conf')).port).toBe(6379);
    expect(values(read('include *', { listFolder: undefined as never })).port).toBe(6379);
  });

  it('complains about a missing file, at the line that asks for it', () => {
    expect(failure(() => read('\ninclude gone.conf'))).toMatchObject({
      code: 'FILE_UNREADABLE',
      file: 'aof.conf',
      line: 2,
      reason: "Fatal error, can't open config file 'gone.conf': No such file or directory",
      cause: expect.any(Error),
    });
  });

  it('notices circles', () => {
    expect(failure(() => read('include aof.conf'))).toMatchObject({ code: 'INCLUDE_CYCLE', line: 1 });
    const others = { '/etc/a': 'include b', '/etc/b': '\ninclude ./a' };
    expect(failure(() => read('include a', {}, others))).toMatchObject({ code: 'INCLUDE_CYCLE', file: 'b', line: 2 });
  });

  it('may read a file twice, but not endlessly many', () => {
    expect(values(read('include a\ninclude a', {}, { '/etc/a': 'save 1 1' })).save).toHaveLength(2);
    const others = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`/etc/f${i}`, `include f${i + 1}\n`.repeat(2)]),
    );
    expect(failure(() => read('include f0', {}, { ...others, '/etc/f20': '' }))).toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('a mistake', () => {
  it.each([
    ['appendfsync sometimes', 'BAD_VALUE', 'argument(s) must be one of the following: everysec, always, no', undefined],
    ['timeout 5 # x', 'WRONG_ARGUMENT_COUNT', 'wrong number of arguments', 'a comment needs a line of its own'],
    ['timeout', 'WRONG_ARGUMENT_COUNT', 'wrong number of arguments', /^a value is missing/],
    ['requirepass a b', 'WRONG_ARGUMENT_COUNT', 'wrong number of arguments', /^put a value with blanks in quotes/],
    ['requirepass "a', 'UNBALANCED_QUOTES', 'Unbalanced quotes in configuration line', /closing quote/],
    ['apendonly yes', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', "did you mean 'appendonly'?"],
    ['appendfysnc no', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', "did you mean 'appendfsync'?"],
    ['max_memory 1', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', "did you mean 'maxmemory'?"],
    ['port=7000', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', /^write 'port 7000'/],
    ['qwertz 1', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', undefined],
    ['include', 'WRONG_ARGUMENT_COUNT', 'Bad directive or wrong number of arguments', undefined],
    ['sentinel monitor x', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', undefined],
    ['""', 'UNKNOWN_OPTION', 'Bad directive or wrong number of arguments', undefined],
  ])('%j: %s', (line, code, reason, hint) => {
    const error = failure(() => read(`port 1\n\n  ${line}\nhz 3`));
    expect(error).toMatchObject({ code, reason, file: 'aof.conf', line: 3, lineText: line });
    if (hint instanceof RegExp) expect(error.hint).toMatch(hint);
    else expect(error.hint).toBe(hint);
  });

  it('is told in the shape that Redis gives it', () => {
    const error = failure(() => read('# one\n# two\nappendfsync sometimes\n'));
    expect(error.format('Redis 7.2.0')).toBe(
      [
        '*** FATAL CONFIG FILE ERROR (Redis 7.2.0) ***',
        'Reading the configuration file, at line 3',
        ">>> 'appendfsync sometimes'",
        'argument(s) must be one of the following: everysec, always, no',
        'In: aof.conf',
        '',
      ].join('\n'),
    );
    expect(error.message).toContain('aof.conf, line 3');
  });

  it('in the main file itself has no line', () => {
    const error = failure(() => parseConfigFile({ ...filesOf({}), path: 'no.conf', workingFolder: '/' }));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', line: 0, file: 'no.conf' });
    expect(error.format('Redis 7.2.0')).not.toContain('Reading the configuration');
  });

  it('is also more text than a configuration can have', () => {
    expect(failure(() => read('#'.repeat(17 * 1024 * 1024)))).toMatchObject({ code: 'TOO_LARGE' });
  });
});
