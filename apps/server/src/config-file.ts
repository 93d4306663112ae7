/** CONFIG REWRITE: the configuration file gets the options as they are, whole or not at all. */
import { dirname } from 'node:path';
import { writeWhole } from '@aof/aof-files';
import { ConfigError, rewriteConfig } from '@aof/config';
import { DiskError } from '@aof/disk';
import type { Engine } from './engine.ts';

/** @returns the error reply, or undefined */
export function rewriteConfigFile({ disk, configFile, config, log }: Engine): string | undefined {
  if (configFile === '') return 'ERR The server is running without a config file';
  const temporary = `${configFile}.tmp`;
  try {
    const bytes = rewriteConfig(disk.readFile(configFile), config, {
      readFile: (path) => disk.readFile(path),
      listFolder: (path) => disk.list(path),
    });
    const file = disk.open(temporary, 'truncate');
    try {
      writeWhole(file, bytes);
      file.syncNow();
    } finally {
      file.close();
    }
    disk.rename(temporary, configFile);
    disk.syncDirectory(dirname(configFile));
    log('notice', 'CONFIG REWRITE executed with success.');
    return undefined;
  } catch (error) {
    if (!(error instanceof DiskError) && !(error instanceof ConfigError)) throw error;
    log('warning', `CONFIG REWRITE failed: ${error.reason}`);
    return `ERR Rewriting config file: ${error.reason}`;
  }
}
