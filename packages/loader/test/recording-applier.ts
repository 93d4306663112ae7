/** An applier that runs nothing: it notes the records, and knows only MULTI and EXEC. */
import type { RecordView } from '@aof/aof-files';
import { type AofFile, AofNames, MultiPartLayout, readManifest, SingleLayout } from '@aof/aof-files';
import type { SimDisk } from '@aof/disk';
import { type ApplyOutcome, type LoadLogOptions, type LoadReport, loadLog, type RecordApplier } from '../src/index.ts';

const DIR = '/data';
export const NAMES = new AofNames({ dir: DIR, appendfilename: 'appendonly.aof', appenddirname: 'appendonlydir' });
export const SINGLE = NAMES.singlePath;

/** Records by their arguments, joined with blanks. */
export class RecordingApplier implements RecordApplier {
  readonly view: RecordView = {
    buffer: new Uint8Array(0),
    count: 0,
    rawStart: 0,
    rawEnd: 0,
    offsets: new Int32Array(16),
  };
  readonly applied: string[] = [];
  abandoned = 0;
  #queue: string[] | undefined;

  apply(): ApplyOutcome {
    const { buffer, offsets, count } = this.view;
    const args = Array.from({ length: count }, (_, i) =>
      Buffer.from(buffer.subarray(offsets[2 * i], offsets[2 * i + 1])).toString('latin1'),
    );
    const name = args[0]?.toUpperCase();
    if (name === 'NOSUCH') return { refusal: `Unknown command '${args[0]}'` };
    if (name === 'MULTI') {
      this.#queue = [];
      return 'in-transaction';
    }
    if (name === 'EXEC') {
      this.applied.push(...(this.#queue ?? []));
      this.#queue = undefined;
      return 'applied';
    }
    (this.#queue ?? this.applied).push(args.join(' '));
    return this.#queue === undefined ? 'applied' : 'in-transaction';
  }

  abandonTransaction(): void {
    this.abandoned++;
    this.#queue = undefined;
  }
}

export interface Loaded {
  readonly applied: readonly string[];
  readonly events: readonly string[];
  readonly abandoned: number;
  readonly report: LoadReport | undefined;
  readonly error: unknown;
}

/** Loads what lies on `disk` in either layout. */
export async function load(disk: SimDisk, changes: Partial<LoadLogOptions> = {}): Promise<Loaded> {
  const applier = new RecordingApplier();
  const events: string[] = [];
  const outcome = await loadLog({
    disk,
    files: changes.files ?? filesOn(disk),
    applier,
    mayTruncate: true,
    nowMs: () => 0,
    yieldTurn: async () => {
      events.push('yield');
    },
    events: {
      progress: () => undefined,
      fileLoaded: (file) => events.push(`loaded ${file.name}`),
      truncatedFound: (file, offset, isTransaction) =>
        events.push(`found ${file.name} ${offset}${isTransaction ? ' transaction' : ''}`),
      truncated: (file, offset) => events.push(`cut ${file.name} ${offset}`),
    },
    ...changes,
  }).then(
    (report) => ({ report, error: undefined }),
    (error: unknown) => ({ report: undefined, error }),
  );
  return { applied: applier.applied, events, abandoned: applier.abandoned, ...outcome };
}

export function filesOn(disk: SimDisk): AofFile[] {
  const manifest = readManifest(disk, NAMES);
  const layout = manifest === undefined ? new SingleLayout(disk, NAMES) : new MultiPartLayout(disk, NAMES, manifest);
  return layout.filesToLoad();
}

/** A disk with a single file, or with the files of a manifest in the order base, incr… */
export function put(disk: SimDisk, ...contents: readonly string[]): SimDisk {
  disk.makeDirectory(NAMES.appendDir, { recursive: true });
  const write = (path: string, content: string): void => {
    const file = disk.open(path, 'truncate');
    if (content.length > 0) file.write(Buffer.from(content, 'latin1'));
    file.close();
  };
  const [first = '', ...rest] = contents;
  if (rest.length === 0) write(SINGLE, first);
  else {
    const names = contents.map((_, i) => (i === 0 ? NAMES.baseName(1, 'aof') : NAMES.incrName(i)));
    for (const [i, name] of names.entries()) write(NAMES.inAppendDir(name), contents[i] ?? '');
    const lines = names.map((name, i) => `file ${name} seq ${Math.max(1, i)} type ${i === 0 ? 'b' : 'i'}\n`);
    write(NAMES.manifestPath, lines.join(''));
  }
  disk.settleAll();
  return disk;
}

export function contentOf(disk: SimDisk, path: string = SINGLE): string {
  return Buffer.from(disk.readFile(path)).toString('latin1');
}

export function record(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}
