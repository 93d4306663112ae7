/** CONFIG REWRITE: the configuration file gets the options as they are, whole or not at all. */
import { dirname } from 'node:path';
import { rewriteConfig } from '@aof/config';
import { DiskError } from '@aof/disk';
import type { Engine } from './engine.ts';

/** @returns the error reply, or undefined */
export function rewriteConfigFile({ disk, configFile, config, log }: Engine): string | undefined {
  if (configFile === '') return 'ERR The server is running without a config file';
  const temporary = `${configFile}.tmp`;
  try {
    const text = rewriteConfig(latin1Of(disk.readFile(configFile)), config);
    const file = disk.open(temporary, 'truncate');
    try {
      const bytes = Buffer.from(text, 'latin1');
      for (let written = 0; written < bytes.length; ) written += file.write(bytes, written);
      file.syncNow();
    } finally {
      file.close();
    }
    disk.rename(temporary, configFile);
    disk.syncDirectory(dirname(configFile));
    log('notice', 'CONFIG REWRITE executed with success.');
    return undefined;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    log('warning', `CONFIG REWRITE failed: ${error.reason}`);
    return `ERR Rewriting config file: ${error.reason}`;
  }
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
