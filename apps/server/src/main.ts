/** The program `aof-server`: configuration, start, signals, and the exit codes. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { REDIS_VERSION, type ShutdownRequest } from '@aof/commands';
import {
  Config,
  ConfigError,
  type ConfigValues,
  type ParsedConfig,
  parseArguments,
  parseConfigFile,
  type ServerArguments,
} from '@aof/config';
import { seedHashing } from '@aof/keyspace';
import { followLauncher } from '@aof/launch';
import { systemChance } from './clock.ts';
import { commandTableOf } from './command-names.ts';
import type { Log } from './log.ts';
import { limitClients, openFilesLimit } from './open-files.ts';
import { AofServer } from './server.ts';
import { reportStartFailure } from './start-failure.ts';

const HELP = `Usage: aof-server [file.conf | -] [--option value ...]

  aof-server                                  defaults: no log, a snapshot now and then and at the end
  aof-server aof.conf                         options from a file in the format of redis.conf
  aof-server aof.conf --port 7000             what comes later wins
  aof-server - < aof.conf                     options from standard input
  aof-server --appendonly yes --dir /var/lib/aof --appendfsync always

  -v, --version    the version
  -h, --help       this text

Exit status: 0 after SHUTDOWN, SIGTERM or SIGINT with everything saved and synced; 1 where it cannot start or must not go on.
`;

async function main(): Promise<void> {
  const found = configuration();
  if (found === undefined) return;
  const { parsed, config } = found;
  followLauncher();
  seedHashing(systemChance.hashSeed());
  enterFolder(config);
  openLogFile(config);
  const { port } = config.values;
  const server = new AofServer({
    config,
    configFile: parsed.configFile ?? '',
    port: port === 0 ? undefined : port,
    // Only who has the port and the files may say so: another server may be running already.
    onListening: () => writePidFile(config, server.engine.log),
    onFatal: () => process.exit(1),
    onShutdown: () => stop(server, config),
  });
  const { log } = server.engine;
  log('notice', 'oO0OoO0OoO0Oo aof is starting oO0OoO0OoO0Oo');
  log('notice', `aof version=${REDIS_VERSION}, bits=64, pid=${process.pid}, node=${process.versions.node}`);
  if (parsed.configFile === undefined) {
    log(
      'warning',
      'Warning: no config file specified, using the default config. To specify one: aof-server /path/to/aof.conf',
    );
  } else log('notice', 'Configuration loaded');
  if (parsed.notice !== undefined) log('notice', parsed.notice);
  if (config.values.daemonize) {
    log(
      'warning',
      'daemonize is refused: run the server under a service manager, which also restarts it. Staying in the foreground.',
    );
  }
  if (port === 0 && config.values.unixsocket === '') {
    log('warning', 'Configured to not listen anywhere, exiting. Set port or unixsocket.');
    process.exit(1);
  }
  const openFiles = openFilesLimit();
  if (openFiles !== undefined) limitClients(config, openFiles, log);
  handleSignals(server, config);
  try {
    await server.start();
  } catch (error) {
    removePidFile(config);
    reportStartFailure(log, error);
    process.exit(1);
  }
}

/** What the command line and the files say; undefined after --help, --version and errors, which have been printed. */
function configuration(): { parsed: ParsedConfig; config: Config } | undefined {
  try {
    const args: ServerArguments = parseArguments(process.argv.slice(2));
    if (args.action === 'help') return print(HELP);
    if (args.action === 'version') return print(`aof server v=${REDIS_VERSION} node=${process.versions.node}\n`);
    const parsed = parseConfigFile({
      path: args.path,
      stdinText: args.readsStdin ? readFileSync(0) : undefined,
      argumentText: args.argumentText,
      workingFolder: process.cwd(),
      readFile: (path) => readFileSync(path),
      listFolder: (path) => (existsSync(path) ? readdirSync(path) : []),
      directives: new Set(['rename-command']),
    });
    const config = new Config(parsed);
    commandTableOf(config); // a wrong name is told like any other mistake, before anything is opened
    return { parsed, config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.format(`aof, Redis ${REDIS_VERSION}`)}\n`);
    process.exit(1);
  }
}

function print(text: string): undefined {
  process.stdout.write(text);
}

/** `dir` is made if it is missing, so that the first start of a fresh clone works. */
function enterFolder({ values: { dir } }: Config): void {
  try {
    makeFolder(dir);
    process.chdir(dir);
  } catch (error) {
    process.stderr.write(
      `Can't use the folder '${dir}' (option dir): ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  }
}

/** `mkdir -p`. Node's own never ends where a folder refuses new ones as if it weren't there, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

/** Who asks for a log file wants to know at once that there will be none; later failures are no reason to end. */
function openLogFile({ values: { logfile } }: Config): void {
  // Whoever reads our output may go away: the error is theirs, and an error that nobody hears would end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  if (logfile === '') return;
  try {
    appendFileSync(logfile, '');
  } catch (error) {
    process.stderr.write(
      `Can't open the log file '${logfile}' (option logfile): ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  }
}

function handleSignals(server: AofServer, config: Config): void {
  let signals = 0;
  const onSignal = (name: 'SIGINT' | 'SIGTERM') => {
    signals++;
    server.engine.log('notice', `Received ${name} scheduling shutdown...`);
    if (signals === 1) {
      const actions = config.values[name === 'SIGINT' ? 'shutdown-on-sigint' : 'shutdown-on-sigterm'];
      // Refused, it goes on; the next signal is a first one again.
      if (server.engine.shutdown(requestOf(actions)) !== undefined) signals = 0;
      return;
    }
    server.engine.log('warning', 'You insist... exiting now.');
    removePidFile(config);
    process.exit(1);
  };
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
  // A terminal that goes away must not end the server.
  process.on('SIGHUP', () => undefined);
  process.on('SIGPIPE', () => undefined);
}

/** `shutdown-on-sigint` and `shutdown-on-sigterm`, as SHUTDOWN has them. */
function requestOf(actions: ConfigValues['shutdown-on-sigterm']): ShutdownRequest {
  const save = actions.includes('save') ? true : actions.includes('nosave') ? false : undefined;
  return { save, now: actions.includes('now'), force: actions.includes('force') };
}

function stop(server: AofServer, config: Config): void {
  const { log } = server.engine;
  server.close().then(
    () => {
      removePidFile(config);
      log('notice', 'aof is now ready to exit, bye bye...');
      process.exit(0);
    },
    (error: unknown) => {
      removePidFile(config);
      log(
        'warning',
        `Errors trying to shut down the server: ${error instanceof Error ? error.message : String(error)}`,
      );
      process.exit(1);
    },
  );
}

/** Whether the pid file names this process, and not another server. */
let hasPidFile = false;

/** A server without its pid file is better than none. */
function writePidFile({ values: { pidfile } }: Config, log: Log): void {
  if (pidfile === '') return;
  try {
    writeFileSync(pidfile, `${process.pid}\n`);
    hasPidFile = true;
  } catch (error) {
    log('warning', `Failed to write PID file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function removePidFile({ values: { pidfile } }: Config): void {
  if (hasPidFile) rmSync(pidfile, { force: true });
}

await main();
