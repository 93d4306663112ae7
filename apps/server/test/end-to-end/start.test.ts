/** How the program starts, refuses to start, and ends: messages for the operator, exit codes, signals. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, Program, spawnAof, startAof, systemNode, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

async function expectRefusal(program: Program, ...texts: readonly (string | RegExp)[]): Promise<void> {
  const { code } = await program.exited;
  for (const text of texts) expect(program.output).toMatch(text);
  expect(program.output).not.toMatch(/\n +at .*\.ts:/); // no stack: the operator has done nothing to deserve one
  expect(code).toBe(1);
}

function escaped(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}

describe('a refused start ends with status 1 and says why', () => {
  test('a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const program = spawnAof(['--dir', temporaryFolder(), '--port', String(port), '--bind', '127.0.0.1']);
    await expectRefusal(program, escaped(`127.0.0.1:${port}: Address already in use`), 'What to do: ');
    other.close();
  });

  test('nothing to listen on', async () => {
    await expectRefusal(spawnAof(['--dir', temporaryFolder(), '--port', '0']), 'Configured to not listen anywhere');
  });

  test('a folder that cannot be used', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'file'), '');
    await expectRefusal(
      spawnAof(['--dir', join(dir, 'file', 'sub'), '--port', '0']),
      "Can't use the folder",
      'option dir',
    );
  });

  test.skipIf(!existsSync('/proc/self'))('a folder that takes no files', async () => {
    const dir = temporaryFolder();
    const args = ['--dir', '/proc/self', '--port', '0', '--unixsocket', join(dir, 's'), '--appendonly', 'yes'];
    await expectRefusal(spawnAof(args), /appendonly\.aof/);
  });

  test.skipIf(!existsSync('/proc/self'))('a folder that cannot be made where it is', async () => {
    await expectRefusal(spawnAof(['--dir', '/proc/nowhere/data', '--port', '0']), "Can't use the folder");
  });

  test('a log file that cannot be opened', async () => {
    const logfile = join(temporaryFolder(), 'nowhere', 'aof.log');
    await expectRefusal(
      spawnAof(['--port', '0', '--logfile', logfile]),
      escaped(`Can't open the log file '${logfile}'`),
    );
  });

  test('a file that has the name of the unix socket, and is left alone', async () => {
    const dir = temporaryFolder();
    const file = join(dir, 'letters');
    writeFileSync(file, 'precious');
    const program = spawnAof(['--dir', dir, '--port', '0', '--unixsocket', file]);
    await expectRefusal(program, escaped(`Failed opening Unix socket ${file}`), 'not a socket');
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('a configuration file with a mistake: file, line, reason', async () => {
    const file = join(temporaryFolder(), 'aof.conf');
    writeFileSync(file, '# a comment\nappendonly yes\n\nappendfsync sometimes\n');
    const program = spawnAof([file]);
    await expectRefusal(
      program,
      'FATAL CONFIG FILE ERROR',
      escaped(file),
      'line 4',
      escaped(">>> 'appendfsync sometimes'"),
      'everysec',
    );
  });

  test('an unknown option; the closest one is named', async () => {
    await expectRefusal(spawnAof(['--apendonly', 'yes']), escaped(`>>> 'apendonly "yes"'`), 'appendonly');
  });

  test('a configuration file that is not there', async () => {
    await expectRefusal(spawnAof(['/nowhere/aof.conf']), escaped('/nowhere/aof.conf'));
  });

  test('a broken log: which file, where, what to do; and it is left alone', async () => {
    const dir = temporaryFolder();
    const broken = '*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n';
    writeFileSync(join(dir, 'appendonly.aof'), broken);
    const args = ['--dir', dir, '--port', '0', '--unixsocket', join(dir, 's'), '--appendonly', 'yes'];
    await expectRefusal(
      spawnAof(args),
      'Bad file format reading the append only file appendonly.aof',
      'What to do: ',
      'offset 18',
    );
    expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toBe(broken);
    expect(existsSync(join(dir, 's'))).toBe(false);
  });

  test('a cut log, where it may not be cut any further', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'appendonly.aof'), '*1\r\n$4\r\nPI');
    const args = [
      '--dir',
      dir,
      '--port',
      '0',
      '--unixsocket',
      join(dir, 's'),
      '--appendonly',
      'yes',
      '--aof-load-truncated',
      'no',
    ];
    await expectRefusal(spawnAof(args), 'Unexpected end of file reading the append only file', 'check-aof --fix');
  });
});

describe('an end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s: written, synced, status 0', async (signal) => {
    const { program, socket, dir } = await startAof(temporaryFolder(), '--appendfsync', 'no', '--pidfile', 'the.pid');
    expect(readFileSync(join(dir, 'the.pid'), 'utf8')).toBe(`${program.pid}\n`);
    const client = await RawClient.open(socket);
    await client.call('SET', 'a', '1');
    program.signal(signal);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output).toMatch(/Calling fsync\(\) on the AOF file\..*bye bye/s);
    expect(existsSync(socket)).toBe(false);
    expect(existsSync(join(dir, 'the.pid'))).toBe(false);
    await client.closed;
    const again = await startAof(dir);
    expect(await (await RawClient.open(again.socket)).call('GET', 'a')).toBe('1');
  });

  test('by SHUTDOWN: status 0, and the client sees the connection end', async () => {
    const { program, socket } = await startAof(temporaryFolder());
    const client = await RawClient.open(socket);
    await expect(client.call('SHUTDOWN', 'NOSAVE')).rejects.toThrow('the connection was closed');
    expect((await program.exited).code).toBe(0);
  });

  test('by SIGTERM while a log is being loaded', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'appendonly.aof'), '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'.repeat(3_000_000));
    const args = ['--dir', dir, '--port', '0', '--unixsocket', join(dir, 's'), '--appendonly', 'yes'];
    const program = spawnAof(args);
    await program.said('Server initialized');
    const client = await RawClient.open(join(dir, 's'));
    await expect(client.call('GET', 'k')).resolves.toMatchObject({ code: 'LOADING' });
    program.signal('SIGTERM');
    expect((await program.exited).code).toBe(0);
    expect(statSync(join(dir, 'appendonly.aof')).size).toBe(27 * 3_000_000);
  });

  test('hanging up the terminal is none', async () => {
    const { program, socket } = await startAof(temporaryFolder());
    program.signal('SIGHUP');
    program.signal('SIGPIPE');
    expect(await (await RawClient.open(socket)).call('PING')).toBe('PONG');
  });
});

describe('the command line', () => {
  test('--help and --version', async () => {
    const help = spawnAof(['--help']);
    const version = spawnAof(['--version']);
    expect((await help.exited).code).toBe(0);
    expect(help.output).toContain('Usage: aof-server');
    expect((await version.exited).code).toBe(0);
    expect(version.output).toMatch(/^aof server v=\d/);
  });

  test('options from standard input, and later ones win', async () => {
    const dir = temporaryFolder();
    const input = `port 0\nunixsocket ${join(dir, 's')}\ndir ${dir}\nhz 50\n`;
    const program = spawnAof(['-', '--hz', '20'], { input });
    await program.said('Ready to accept connections');
    const client = await RawClient.open(join(dir, 's'));
    expect(await client.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '20']);
  });

  const node = systemNode();
  test.skipIf(node === undefined)('any Node starts it; signals and the exit status go through', async () => {
    const dir = temporaryFolder();
    const port = await freePort();
    const program = spawnAof(['--dir', join(dir, 'made'), '--port', String(port), '--appendonly', 'yes'], { node });
    await program.said('Ready to accept connections tcp');
    const client = await RawClient.open(port);
    expect(await client.call('SET', 'a', '1')).toBe('OK');
    program.signal('SIGTERM');
    expect((await program.exited).code).toBe(0);
    expect(readFileSync(join(dir, 'made', 'appendonly.aof'), 'latin1')).toContain('SET');
  });
});

describe('a log that cannot be written does not end the server', () => {
  test.skipIf(!existsSync('/dev/full'))('a file on a full disk: the lines go to the output', async () => {
    const { program, socket } = await startAof(temporaryFolder(), '--logfile', '/dev/full');
    const client = await RawClient.open(socket);
    expect(await client.call('SET', 'a', '1')).toBe('OK');
    program.signal('SIGTERM');
    expect((await program.exited).code).toBe(0);
  });

  test('a reader of the output that has gone', async () => {
    const { program, socket } = await startAof(temporaryFolder());
    program.closeOutput();
    const client = await RawClient.open(socket);
    for (let i = 0; i < 3; i++) expect(await client.call('BGSAVE')).not.toBe('OK'); // says so in the log
    await expect
      .poll(async () => String(await client.call('INFO', 'persistence')))
      .toContain('rdb_bgsave_in_progress:0');
    expect(await client.call('SET', 'a', '1')).toBe('OK');
    program.signal('SIGTERM');
    expect((await program.exited).code).toBe(0);
  });
});

test.skipIf(process.platform === 'win32')(
  'as many clients as there are file descriptors for, and some for files',
  async () => {
    const [dir, port] = [temporaryFolder(), await freePort()];
    const server = join(import.meta.dirname, '../../bin/aof-server.js');
    const args = `--dir '${dir}' --port ${port} --appendonly yes`;
    const program = new Program('sh', ['-c', `ulimit -n 150; exec '${process.execPath}' '${server}' ${args}`]);
    await program.said('maxclients has been reduced to 86');
    await program.said('Ready to accept connections');
    const clients = await Promise.all(Array.from({ length: 86 }, () => RawClient.open(port)));
    const [first] = clients;
    expect(await first?.call('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '86']);
    expect(await first?.call('CONFIG', 'SET', 'maxclients', '87')).toMatchObject({
      message: expect.stringContaining('not able to handle the specified number of clients, try with 86'),
    });
    expect(await (await RawClient.open(port)).received()).toMatchObject({
      message: 'ERR max number of clients reached',
    });
    expect(await first?.call('BGREWRITEAOF')).toBe('Background append only file rewriting started');
    await program.said('Background AOF rewrite finished successfully');
    for (const client of clients) client.close();
  },
);

test('CONFIG REWRITE keeps the file as its author wrote it, but for what has changed', async () => {
  const dir = temporaryFolder();
  const file = join(dir, 'aof.conf');
  const text = `# My server.\nport 0\nunixsocket ${join(dir, 's')}\ndir ${dir}\n\n# Durable:\nappendonly yes\nappendfsync everysec # why not\n`;
  writeFileSync(file, text.replace(' # why not', ''));
  const program = spawnAof([file]);
  await program.said('Ready to accept connections');
  const client = await RawClient.open(join(dir, 's'));
  expect(await client.call('CONFIG', 'SET', 'appendfsync', 'always', 'maxclients', '77')).toBe('OK');
  expect(await client.call('CONFIG', 'REWRITE')).toBe('OK');
  const written = readFileSync(file, 'utf8');
  expect(written).toContain('# My server.\nport 0\n');
  expect(written).toContain('\n# Durable:\nappendonly yes\nappendfsync always\n');
  expect(written).toMatch(/\nmaxclients 77\n/);
  await program.kill();
  const again = spawnAof([file]);
  await again.said('Ready to accept connections');
  const other = await RawClient.open(join(dir, 's'));
  expect(await other.call('CONFIG', 'GET', 'appendfsync')).toEqual(['appendfsync', 'always']);
});
