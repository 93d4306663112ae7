/**
 * The files of a log, held open from the moment it was found: a server that rewrites its log meanwhile deletes their names, and
 * takes nothing away from who has them open.
 *
 * Invariant: who reads a held path through `disk` reads the file that had this name at the beginning.
 */
import { type Disk, DiskError, type DiskFile, type OpenMode } from '@aof/disk';

export interface HeldFiles {
  /** The disk, on which the held files stay what they are. */
  readonly disk: Disk;
  /** Closes them. */
  readonly letGo: () => void;
}

/** A server that rewrites its log removes files between the moment of finding them and that of opening them. */
const HOLD_ATTEMPTS = 5;

/**
 * Finds a log and holds its files, again if it has changed in between.
 * @throws what `find` throws; DiskError `ENOENT`: a file is not there, however often it is looked for
 */
export function holdFound<Log extends { readonly files: readonly { readonly path: string }[] }>(
  disk: Disk,
  find: () => Log,
): { readonly log: Log; readonly held: HeldFiles } {
  for (let attempt = 1; ; attempt++) {
    const log = find();
    try {
      const paths = log.files.map(({ path }) => path);
      return { log, held: holdFiles(disk, paths) };
    } catch (error) {
      const isGone = error instanceof DiskError && error.code === 'ENOENT';
      if (!isGone || attempt === HOLD_ATTEMPTS) throw error;
    }
  }
}

/** @throws DiskError `ENOENT`: one of them is not there, or not any more; none is held then */
function holdFiles(disk: Disk, paths: readonly string[]): HeldFiles {
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
