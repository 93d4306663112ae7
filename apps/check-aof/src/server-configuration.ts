/**
 * A server's configuration, with the files that it includes, as far as this project knows its options: lines that it does not
 * know are passed over and told. Nothing is written.
 */
import {
  Config,
  ConfigError,
  type ConfigErrorCode,
  type ConfigValues,
  type Directive,
  parseConfigFile,
} from '@aof/config';
import type { Disk } from '@aof/disk';
import { parentOf } from './restore-source.ts';

/** Lines of a configuration that may be passed over. */
const MAX_PASSED_OVER = 100;
const PASSED_OVER: ReadonlySet<ConfigErrorCode> = new Set<ConfigErrorCode>([
  'UNKNOWN_OPTION',
  'BAD_VALUE',
  'WRONG_ARGUMENT_COUNT',
]);
const RENAME = /^rename-command\b/i;

export interface ServerConfiguration {
  readonly values: ConfigValues;
  /** Those that are no options: `rename-command` among them. */
  readonly directives: readonly Directive[];
  /** Lines that were passed over. */
  readonly passedOver: readonly string[];
}

/** @param path absolute @throws ConfigError what cannot be passed over */
export function readConfiguration(disk: Disk, path: string): ServerConfiguration {
  return read(disk, path, ({ code }) => PASSED_OVER.has(code));
}

/**
 * The `rename-command` lines alone: that a server follows a master says nothing about its names, while such a line that is wrong does.
 * @param path absolute @throws ConfigError
 */
export function readRenames(disk: Disk, path: string): readonly Directive[] {
  const isOfOthers = ({ code, lineText }: ConfigError): boolean =>
    !RENAME.test(lineText) && (PASSED_OVER.has(code) || code === 'UNSUPPORTED_DIRECTIVE');
  return read(disk, path, isOfOthers).directives.filter(({ name }) => name === 'rename-command');
}

function read(disk: Disk, path: string, mayBePassedOver: (error: ConfigError) => boolean): ServerConfiguration {
  const passedOver = new Set<string>();
  const isRead = (line: string): boolean => !passedOver.has(Buffer.from(line, 'latin1').toString('utf8').trim());
  // A character per byte: names of commands may be any bytes.
  const readFile = (file: string): Uint8Array => {
    const lines = Buffer.from(disk.readFile(file)).toString('latin1').split('\n');
    return Buffer.from(lines.map((line) => (isRead(line) ? line : '')).join('\n'), 'latin1');
  };
  for (;;) {
    try {
      const parsed = parseConfigFile({
        path,
        readFile,
        listFolder: (folder) => disk.list(folder),
        // A relative `dir` counts from where the server is started; beside its configuration is the best guess.
        workingFolder: parentOf(path),
        directives: new Set(['rename-command', 'user', 'loadmodule']),
      });
      const { values } = new Config(parsed);
      return { values, directives: parsed.directives, passedOver: [...passedOver] };
    } catch (error) {
      const isKnown = error instanceof ConfigError && error.lineText !== '' && mayBePassedOver(error);
      if (!isKnown || passedOver.has(error.lineText) || passedOver.size === MAX_PASSED_OVER) throw error;
      passedOver.add(error.lineText);
    }
  }
}
