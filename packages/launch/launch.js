// Runs a program of the project under a Node that can run its TypeScript: the current one if it can, else the pinned one.
// Plain JavaScript without newer syntax, because any Node from 18 on may be the one that reads it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** Whether this process can run TypeScript as it is: Node strips types since 22.18 and 24. */
function stripsTypes() {
  return process.features.typescript === 'strip' || process.features.typescript === 'transform';
}

/** The Node of the package `node` that the workspace pins, seen from `near`; or this one. */
function pinnedNode(near) {
  try {
    const require = createRequire(near);
    const name = process.platform === 'win32' ? 'node.exe' : 'node';
    const binary = join(dirname(require.resolve('node/package.json')), 'bin', name);
    return existsSync(binary) ? binary : process.execPath;
  } catch {
    // Installed as a library: there is no pinned Node, and the built program needs none.
    return process.execPath;
  }
}

/**
 * Where Node keeps what it made of the sources, so that the next start takes a third of the time. Not in the temporary folder, its default:
 * nobody else must be able to write there. Where it cannot be written, Node goes without. Entries go by the content of a source.
 */
function compiledFolder(source) {
  return fileURLToPath(new URL('../node_modules/.cache/compiled', source));
}

/**
 * To be called by the program: if it is a child because its Node could not replace the launcher, it dies with it. Whoever
 * kills the process that was started means the program.
 */
export function followLauncher() {
  if (process.channel === undefined || process.channel === null) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

/**
 * Runs `source`, or `built` where the package has no source, in place of this process where Node can replace it, else as
 * a child whose signals and exit status are passed on. The command line goes along.
 *
 * @param {URL} source a TypeScript file
 * @param {URL} built the same, compiled
 * @param {readonly string[]} [v8Flags]
 */
export function launch(source, built, v8Flags = []) {
  const isSource = existsSync(source);
  const program = fileURLToPath(isSource ? source : built);
  const node = isSource && !stripsTypes() ? pinnedNode(source) : process.execPath;
  const args = [...v8Flags, '--disable-warning=ExperimentalWarning', program, ...process.argv.slice(2)];
  const env = isSource ? { NODE_COMPILE_CACHE: compiledFolder(source), ...process.env } : process.env;
  if (typeof process.execve === 'function' && process.platform !== 'win32') process.execve(node, [node, ...args], env);
  // The channel ends with this process, also if it is killed: see followLauncher.
  const child = spawn(node, args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
