/** What an operator does with a backup: copies its files to where a server looks for its log. */
import type { ConfigValues } from '@aof/config';
import { SimDisk } from '@aof/disk';
import { DIR, type Rig } from '../rewrite/rig.ts';

/** A disk with nothing but the files of `folder` on `source`, as the log of a server. */
export function restored(source: SimDisk, folder: string, layout: ConfigValues['aof-layout']): SimDisk {
  const disk = new SimDisk();
  const target = layout === 'single' ? DIR : `${DIR}/appendonlydir`;
  disk.makeDirectory(target, { recursive: true });
  for (const name of source.list(folder)) {
    const file = disk.open(`${target}/${name}`, 'truncate');
    const content = source.readFile(`${folder}/${name}`);
    if (content.length > 0) file.write(content);
    file.close();
  }
  disk.settleAll();
  return disk;
}

/** Turns and the timer, until it is so. */
export async function until(rig: Rig, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await isSo()); turns++) {
    if (turns > 2000) throw new Error('it does not come to that');
    if (turns % 5 === 4) rig.advance(100);
    await rig.turn();
  }
}
