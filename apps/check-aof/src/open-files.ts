/** Which process has files of a folder open. Looks into /proc, so on Linux only; elsewhere nobody is found. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FileHolder {
  readonly processId: number;
  readonly processName: string;
  readonly path: string;
}

/** The first process other than this one that has `path`, or anything below it, open. @param path absolute, without links */
export function holderOf(path: string): FileHolder | undefined {
  const below = `${path}/`;
  for (const id of listed('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(id) === process.pid) continue;
    for (const descriptor of listed(`/proc/${id}/fd`)) {
      const open = orUndefined(() => readlinkSync(`/proc/${id}/fd/${descriptor}`));
      if (open === undefined || (open !== path && !open.startsWith(below))) continue;
      const name = orUndefined(() => readFileSync(`/proc/${id}/comm`, 'utf8').trim()) ?? '?';
      return { processId: Number(id), processName: name, path: open };
    }
  }
  return undefined;
}

function listed(path: string): string[] {
  return orUndefined(() => readdirSync(path)) ?? [];
}

/** Processes end, and those of others may not be looked at: both are no reason to stop. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
