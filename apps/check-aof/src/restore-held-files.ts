/**
 * The files of a log, held open from the moment it was found: a server that rewrites its log meanwhile deletes their names, and
 * takes nothing away from who has them open.
 *
 * Invariant: who reads a held path through `disk` reads the file that had this name at the beginning.
 */
import type { Disk, DiskFile, OpenMode } from '@aof/disk';

export interface HeldFiles {
  /** The disk, on which the held files stay what they are. */
  readonly disk: Disk;
  /** Closes them. */
  readonly letGo: () => void;
}

/** @throws DiskError `ENOENT`: one of them is not there, or not any more; none is held then */
export function holdFiles(disk: Disk, paths: readonly string[]): HeldFiles {
  const held = new Map<string, DiskFile>();
  const letGo = (): void => {
    for (const file of held.values()) file.close();
    held.clear();
  };
  try {
    for (const path of paths) held.set(path, disk.open(path, 'read'));
  } catch (error) {
    letGo();
    throw error;
  }
  const open = (path: string, mode: OpenMode): DiskFile => {
    const file = held.get(path);
    // Closing is for who holds it.
    return file === undefined || mode !== 'read' ? disk.open(path, mode) : overriding(file, { close: () => {} });
  };
  return { disk: overriding(disk, { open }), letGo };
}

/** An object that does as `base` does, but for some of its methods. */
export function overriding<T extends object>(base: T, methods: Partial<T>): T {
  return new Proxy(base, {
    get: (_, name) => {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(base, name, base);
      return typeof value === 'function' ? value.bind(base) : value;
    },
  });
}
