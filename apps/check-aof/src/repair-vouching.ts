/**
 * What a repair does about bytes that are not those that were written: it takes them as they are, and says so.
 *
 * Nobody knows the bytes that were there. But a server does not start from a file that differs from what vouches for it, so the
 * file is replaced by a copy for which nothing vouches yet; the one from before goes, with its checksum file, where an undo
 * finds both. What may be wrong cannot be counted: it is above every `--max-loss`.
 */
import { readFileKind } from '@aof/aof-files';
import type { Disk, DiskFile } from '@aof/disk';
import { plural } from './findings.ts';
import { rdbPartOf } from './rdb-part.ts';
import type { FilePlan } from './repair-plan.ts';
import { commandsIn, compareChecksums, mismatchText } from './vouched-check.ts';

/** Blocks that are named one by one. */
const MAX_NAMED = 20;

/** The plan, with what is in doubt about the bytes that it keeps. @throws DiskError */
export async function withVouching(disk: Disk, plan: FilePlan): Promise<FilePlan> {
  const { file, action, keptBytes, size } = plan;
  const handle = disk.open(file.path, 'read');
  try {
    const found = await compareChecksums(disk, file.path, handle);
    if (found === undefined) return plan;
    const limit = action === 'rebuild' ? size : keptBytes;
    const kept = found.mismatches.filter(({ start }) => start < limit);
    if (kept.length === 0 && found.missingBytes === 0) return plan;
    const named = kept.slice(0, MAX_NAMED);
    const commands = await commandsIn(handle, await recordsOffsetOf(disk, plan, handle), named);
    const unknown = named.map((mismatch, i) => {
      const text = mismatchText(mismatch, commands[i] ?? { count: 0, shown: [] });
      return `${file.name}: ${text}; they are kept as they are, and may be wrong`;
    });
    const others = kept.length - named.length;
    if (others > 0) unknown.push(`${file.name}: ${plural(others, 'more block')} of which the same is true`);
    if (found.missingBytes > 0) {
      unknown.push(`${file.name}: ${found.missingBytes} bytes at its end that were written and synced are missing`);
    }
    const loss = { ...plan.loss, unknown: [...plan.loss.unknown, ...unknown] };
    if (action !== 'keep') return { ...plan, loss };
    const blocks = `${plural(kept.length, 'block')} of it ${kept.length === 1 ? 'is' : 'are'} not as written`;
    const reason = kept.length > 0 ? blocks : 'its end is missing';
    return { ...plan, action: 'accept', reason, loss };
  } finally {
    handle.close();
  }
}

async function recordsOffsetOf(disk: Disk, { file, size }: FilePlan, handle: DiskFile): Promise<number | undefined> {
  if (size === 0 || file.role === 'incr' || readFileKind(disk, file.path) !== 'rdb') return 0;
  const part = await rdbPartOf(handle, () => {});
  return part.state === 'damaged' ? undefined : part.endOffset;
}
