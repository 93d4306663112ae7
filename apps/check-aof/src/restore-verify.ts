/** Loads what was written, as a server does when it starts, before it is brought to its place. */
import { setImmediate } from 'node:timers/promises';
import { type AofFile, liveFiles, type Manifest } from '@aof/aof-files';
import { type Disk, DiskError } from '@aof/disk';
import { NO_EXPIRY } from '@aof/keyspace';
import { LoadError, loadLog, type RecordApplier } from '@aof/loader';
import { Request } from '@aof/resp-codec';
import type { CommandNames } from './command-names.ts';
import { isUnknownName } from './record-keys.ts';
import { Replay } from './replay.ts';
import { digestOf } from './restore-data-set.ts';
import { RestoreError } from './restore-error.ts';
import type { TargetFolder } from './restore-target.ts';

export interface LoadedTarget {
  /** Keys that a server serves, and those that it deletes at once because their time has passed. */
  readonly kept: number;
  readonly expired: number;
  /** Records of commands that this project does not know. */
  readonly notReplayed: number;
  /** Some of them are called as no server is known to call a command. */
  readonly hasUnknownName: boolean;
  /** A record for which a Redis with this configuration does not start: its name, and why, as a sentence. */
  readonly refusal: string | undefined;
  readonly bytes: number;
  readonly digest: () => string;
}

interface LoadOptions {
  readonly disk: Disk;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
  readonly names: CommandNames;
}

/** @throws RestoreError RESTORE_NOT_VERIFIED; DiskError */
export async function loadTarget(
  target: TargetFolder,
  manifest: Manifest,
  { disk, nowMs, progress, names }: LoadOptions,
): Promise<LoadedTarget> {
  const files = filesOf(disk, target, manifest);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const applier = new ReplayApplier(nowMs, names);
  const nothing = (): void => {};
  try {
    await loadLog({
      disk,
      files,
      applier,
      events: {
        progress: (done) => progress(done, bytes),
        fileLoaded: () => applier.endFile(),
        truncatedFound: nothing,
        truncated: nothing,
      },
      mayTruncate: false,
      nowMs: () => 0,
      yieldTurn: () => setImmediate(),
    });
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    if (error.cause instanceof DiskError) throw error.cause;
    const message = `What was written does not load: ${error.message}`;
    throw new RestoreError('RESTORE_NOT_VERIFIED', message, { hint: error.hint ?? '', cause: error });
  }
  const { keyspace } = applier.replay;
  let [kept, expired] = [0, 0];
  for (const db of keyspace.databases) {
    kept += db.size;
    if (db.expiringCount === 0) continue;
    for (const key of db.dictionary.keys()) {
      const expireAtMs = db.expireAt(key);
      if (expireAtMs !== NO_EXPIRY && nowMs > expireAtMs) expired++;
    }
  }
  const { notReplayed, hasUnknownName, refusal } = applier;
  return {
    kept: kept - expired,
    expired,
    notReplayed,
    hasUnknownName,
    refusal,
    bytes,
    digest: () => digestOf(keyspace),
  };
}

function filesOf(disk: Disk, target: TargetFolder, manifest: Manifest): AofFile[] {
  const withSize = (name: string, role: AofFile['role']): AofFile => {
    const path = target.pathOf(name);
    return { name, path, role, size: disk.status(path)?.size ?? 0 };
  };
  if (target.layout === 'single') return [withSize(target.staged.appendfilename, 'single')];
  return liveFiles(manifest).map(({ name, type }) => withSize(name, type === 'b' ? 'base' : 'incr'));
}

class ReplayApplier implements RecordApplier {
  readonly view = new Request();
  readonly replay: Replay;
  readonly #names: CommandNames;
  notReplayed = 0;
  hasUnknownName = false;
  refusal: string | undefined;

  constructor(nowMs: number, names: CommandNames) {
    this.#names = names;
    this.replay = new Replay(nowMs);
    this.replay.beginFile();
  }

  apply(): ReturnType<RecordApplier['apply']> {
    const record = this.#names.understood(this.view);
    const { kind } = this.replay.apply(record);
    if (this.refusal === undefined) this.#noteRefusal();
    if (kind === 'unknown') {
      this.notReplayed++;
      this.hasUnknownName ||= isUnknownName(record);
    }
    if (kind === 'arity') return { refusal: 'Wrong number of arguments' };
    return this.replay.isInTransaction ? 'in-transaction' : 'applied';
  }

  #noteRefusal(): void {
    const refusal = this.#names.refusalOf(this.view);
    if (refusal !== undefined) this.refusal = `${this.view.latin1(0).toUpperCase()} ${refusal}`;
  }

  readonly applyEntry = (entry: Parameters<Replay['applyEntry']>[0]): string | undefined =>
    this.replay.applyEntry(entry);

  abandonTransaction(): void {
    this.replay.abandonTransaction();
  }

  /** The next file says anew which database its records work on. */
  endFile(): void {
    this.replay.beginFile();
  }
}
