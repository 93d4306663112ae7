/** The data set with which following begins: all files of the log, opened at one moment, and the first of them told. */
import { type Disk, DiskError } from '@aof/disk';
import type { RdbEntry } from '@aof/rdb';
import { type FoundLog, findLog } from './find-log.ts';
import { FollowedFile } from './followed-file.ts';
import { RdbPart } from './rdb-part.ts';
import type { TailEvent } from './tail-event.ts';

/** A rewrite may take files away between the reading of the manifest and their opening. */
const OPEN_ATTEMPTS = 10;

/** What stands around keys in an RDB part says nothing about the data set. */
const AROUND_KEYS: ReadonlySet<RdbEntry['kind']> = new Set(['header', 'aux', 'select', 'resize', 'slot-info', 'end']);

export class TailSnapshot {
  readonly log: FoundLog;
  /** At least one, in the order of the log. Whoever opened them closes them. */
  readonly files: readonly FollowedFile[];

  private constructor(log: FoundLog, files: readonly FollowedFile[]) {
    this.log = log;
    this.files = files;
  }

  /** @throws LogReadError, ManifestError, DiskError */
  static open(disk: Disk, path: string): TailSnapshot {
    for (let attempt = 1; ; attempt++) {
      const log = findLog(disk, path);
      const files = log.files.map((file) => FollowedFile.open(disk, file));
      const opened = files.filter((file) => file !== undefined);
      if (opened.length === files.length && opened.length > 0) return new TailSnapshot(log, opened);
      for (const file of opened) file.close();
      if (attempt === OPEN_ATTEMPTS) throw new DiskError('ENOENT', 'open', log.files[0]?.path ?? log.path);
    }
  }

  /** Tells the base, or, of a single file, all that was in it when it was opened if nothing tells where its base ends. */
  async *events(first: FollowedFile): AsyncGenerator<TailEvent, void, void> {
    if (first.file.role === 'incr') return;
    const size = first.handle.size();
    const part = new RdbPart(first.file, first.handle);
    for await (const events of part.events()) {
      for (const { entry } of events) if (!AROUND_KEYS.has(entry.kind)) yield { type: 'entry', entry };
    }
    first.recordsAt = part.recordsAt;
    await first.placeAt(part.recordsAt, 0, undefined);
    if (part.recordsAt > 0 && first.file.role === 'single') return;
    for await (const unit of first.units(size)) {
      for (const command of 'commands' in unit ? unit.commands : [unit]) yield { type: 'snapshot-command', ...command };
    }
    if (first.file.role !== 'base') return;
    const fault = await first.faultAtEnd();
    if (fault !== undefined) throw fault;
  }
}
