/** A machine under `always` whose first sync was so slow that the next ones run in the background, where they wait for `completeSync`. */
import { SimDisk } from '@aof/disk';
import { DIR, Machine, withFiles } from './machine.ts';

/** What a blocking sync takes, ms. */
const SLOW_MS = 100;

export async function machineWithSlowSyncs(): Promise<{ readonly disk: SimDisk; readonly machine: Machine }> {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({
    disk,
    config: { appendfsync: 'always' },
    wrap: (inner) =>
      withFiles(inner, (file) => ({
        dataSyncNow: () => {
          machine.nowMs += SLOW_MS;
          file.dataSyncNow();
        },
      })),
  });
  await machine.start();
  machine.connect().send(['SET', 'warm', 'up']);
  machine.turn();
  disk.holdSyncs = true;
  return { disk, machine };
}
