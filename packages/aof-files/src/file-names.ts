/**
 * The names of append-only files.
 *
 *     <dir>/<appendfilename>                                       the single file (before Redis 7)
 *     <dir>/<appenddirname>/<appendfilename>.manifest              the list of live files
 *     <dir>/<appenddirname>/<appendfilename>.<seq>.base.rdb|aof    the data set at some moment
 *     <dir>/<appenddirname>/<appendfilename>.<seq>.incr.aof        what changed since
 *     <dir>/<appenddirname>/temp-<appendfilename>.manifest         the next manifest while it is written
 *     <dir>/<appenddirname>/temp-<appendfilename>.incr             the log while a first rewrite runs
 *     <dir>/temp-rewriteaof-<id>.aof                               what a rewrite writes
 *     <dir>/temp-rewriteaof-bg-<id>.aof                            a finished rewrite, before it gets its name
 *     <any of these but manifests>.crc64                           what vouches for its bytes (checksum-file.ts); not Redis's
 *
 * Source: Redis persistence documentation; Redis aof.c.
 */

import { LayoutError } from './errors.ts';

/** The form of a base: an RDB file, or records. */
export type BaseFormat = 'rdb' | 'aof';

/** Where the log of one server is. All names are JavaScript strings; on disk they are UTF-8. */
export interface AofLocation {
  /** The server's working folder (`dir`). */
  readonly dir: string;
  /** A plain name. */
  readonly appendfilename: string;
  /** A plain name. */
  readonly appenddirname: string;
}

/** Every path and name that belongs to one location. */
export class AofNames {
  readonly dir: string;
  /** The folder of the manifest and of what it lists. */
  readonly appendDir: string;
  readonly appendfilename: string;

  /** @throws LayoutError AOF_NAME_INVALID if a name is empty, a path, `.` or `..` */
  constructor(location: AofLocation) {
    for (const name of [location.appendfilename, location.appenddirname]) {
      if (!isPlainName(name)) throw new LayoutError('AOF_NAME_INVALID', `'${name}' can't be a path, just a name`);
    }
    this.dir = location.dir;
    this.appendDir = joinPath(location.dir, location.appenddirname);
    this.appendfilename = location.appendfilename;
  }

  get singlePath(): string {
    return this.inDir(this.appendfilename);
  }

  get manifestName(): string {
    return `${this.appendfilename}.manifest`;
  }

  get manifestPath(): string {
    return this.inAppendDir(this.manifestName);
  }

  get tempManifestPath(): string {
    return this.inAppendDir(`temp-${this.manifestName}`);
  }

  get tempIncrPath(): string {
    return this.inAppendDir(`temp-${this.appendfilename}.incr`);
  }

  baseName(sequence: number, format: BaseFormat): string {
    return `${this.appendfilename}.${sequence}.base.${format}`;
  }

  incrName(sequence: number): string {
    return `${this.appendfilename}.${sequence}.incr.aof`;
  }

  /** @param id tells the temporary files of servers that share `dir` apart */
  tempRewritePath(id: string | number): string {
    return this.inDir(`temp-rewriteaof-${id}.aof`);
  }

  /** @param id as of `tempRewritePath` */
  finishedRewritePath(id: string | number): string {
    return this.inDir(`temp-rewriteaof-bg-${id}.aof`);
  }

  inDir(name: string): string {
    return joinPath(this.dir, name);
  }

  inAppendDir(name: string): string {
    return joinPath(this.appendDir, name);
  }

  /** Whether a file of this name in the append folder would be a part of this server's log. */
  isLogName(name: string): boolean {
    if (name === this.appendfilename) return true;
    if (!name.startsWith(`${this.appendfilename}.`)) return false;
    return /^\d+\.(base\.(rdb|aof)|incr\.aof)$/.test(name.slice(this.appendfilename.length + 1));
  }
}

/** The id in the name of a rewrite's temporary file (`temp-rewriteaof-12.aof`), or undefined if it is another name. */
export function tempRewriteId(name: string): string | undefined {
  return /^temp-rewriteaof-(?:bg-)?(.+)\.aof$/.exec(name)?.[1];
}

/** Whether `name` names a file in a folder, and not a way to somewhere else. */
export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}

function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
