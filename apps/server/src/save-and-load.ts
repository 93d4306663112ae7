/** DEBUG RELOAD: the data set goes through a file and back, which shows that nothing is lost on the way. */
import { AofNames } from '@aof/aof-files';
import { BaseOutput, RespBaseWriter } from '@aof/aof-rewriter';
import { Snapshot } from '@aof/keyspace';
import type { Engine } from './engine.ts';

/** A file with the data set in it, as the loader takes it. */
export interface SavedDataset {
  readonly path: string;
  filesToLoad(): { name: string; path: string; size: number; role: 'base' }[];
}

/** Writes the whole data set to a temporary file, blocking. @throws DiskError */
export function saveDataset({ disk, config, keyspace, clock }: Engine): SavedDataset {
  const path = new AofNames(config.values).tempRewritePath(`reload-${process.pid}`);
  const file = disk.open(path, 'truncate');
  try {
    const output = new BaseOutput(file, { syncsInSteps: false, onProgress: () => undefined });
    const writer = new RespBaseWriter(output, { annotatedSec: undefined });
    writer.begin();
    new Snapshot(keyspace, { nowMs: clock.nowMs(), sink: writer }).copy(() => false);
    writer.end();
    if (output.failure !== undefined) throw output.failure;
    const size = file.size();
    const name = path.slice(path.lastIndexOf('/') + 1);
    return { path, filesToLoad: () => [{ name, path, size, role: 'base' }] };
  } finally {
    file.close();
  }
}
