/**
 * The keys whose values have, directly or not, gone into that of one key: what must be replayed to know it.
 *
 * Invariant: bounded by the number of these keys, however many commands there are; the log is read again as long as one was found.
 */
import { ALL_COMMANDS, CommandTable, keyPositions } from '@aof/commands';
import type { Disk } from '@aof/disk';
import { keysOf, type LogFile, type ReadLogOptions, readLog } from '@aof/log-reader';
import type { Request } from '@aof/resp-codec';

/** Chains of more links than this may not be followed to their beginning: each may take a reading of the log. */
export const MAX_LINKS = 16;
/** Keys that are replayed at most: what is more is not known exactly. */
export const MAX_KEYS = 100_000;

const table = new CommandTable(ALL_COMMANDS);

export interface RelatedKeys {
  /** The key itself among them. */
  readonly keys: ReadonlySet<string>;
  /** There are more: how the key was cannot be told for certain. */
  readonly isCut: boolean;
}

interface RelatedKeysOptions extends Pick<ReadLogOptions, 'understood'> {
  readonly progress: (done: number, total: number) => void;
}

/** @throws LogReadError, DiskError */
export async function relatedKeys(
  disk: Disk,
  path: string,
  key: string,
  { progress, understood }: RelatedKeysOptions,
): Promise<RelatedKeys> {
  const related = new Set([key]);
  // Keys of an RDB part go nowhere; a part that is followed by records has to be read all the same.
  const isWanted = ({ role, name }: LogFile): boolean => role !== 'base' || !name.endsWith('.rdb');
  const options = {
    faults: 'report',
    verifiesRdbChecksum: false,
    isWanted,
    ...(understood && { understood }),
  } as const;
  for (let pass = 1; pass <= MAX_LINKS; pass++) {
    const before = related.size;
    for await (const batch of readLog(disk, path, options)) {
      progress(batch.readBytes, batch.totalBytes);
      for (const event of batch) if (event.kind === 'command') addSources(event.request, related);
    }
    if (related.size === before) return { keys: related, isCut: false };
    if (related.size > MAX_KEYS) break;
  }
  return { keys: related, isCut: true };
}

/** What goes into a related key is related too. */
function addSources(request: Request, related: Set<string>): void {
  const keys = keysOf(request);
  if (keys === undefined || keys.length < 2 || !keys.some((index) => related.has(request.key(index)))) return;
  const { sources, targets } = flowOf(request);
  if (!targets.some((index) => related.has(request.key(index)))) return;
  for (const index of sources) related.add(request.key(index));
}

/** Which keys a command takes values from, and which it puts them into: positions of arguments. */
export function flowOf(request: Request): { readonly sources: readonly number[]; readonly targets: readonly number[] } {
  const command = table.find(request);
  const positions = command === undefined ? [] : (keyPositions(command, request) ?? []);
  const sources: number[] = [];
  const targets: number[] = [];
  for (const { index, flags } of positions) {
    const isChanged = flags.includes('update') || flags.includes('insert');
    (isChanged && !flags.includes('delete') ? targets : sources).push(index);
  }
  return { sources, targets };
}
