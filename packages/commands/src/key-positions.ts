/** Where the keys of a request stand, from the command's key specifications. */
import type { Request } from '@aof/resp-codec';
import type { Command } from './command-table.ts';
import type { KeyPosition, KeySpec } from './spec.ts';

/** The keys of `request`, in order; undefined if its arguments are not what the command takes. */
export function keyPositions(command: Command, request: Request): KeyPosition[] | undefined {
  const { spec } = command;
  const specs = spec.keySpecs ?? [];
  if (spec.getKeys !== undefined) {
    const flags = specs[0]?.flags ?? [];
    return spec.getKeys(request)?.map((key) => (typeof key === 'number' ? { index: key, flags } : key));
  }
  const positions: KeyPosition[] = [];
  for (const keySpec of specs) {
    const indexes = indexesOf(keySpec, request);
    if (indexes === undefined) return undefined;
    for (const index of indexes) positions.push({ index, flags: keySpec.flags });
  }
  return positions;
}

function indexesOf(spec: KeySpec, request: Request): number[] | undefined {
  const first = firstIndex(spec, request);
  if (first === undefined) return [];
  const { find } = spec;
  if (find === 'unknown') return undefined;
  const indexes: number[] = [];
  if ('keynumIndex' in find) {
    const count = request.integer(first + find.keynumIndex);
    if (typeof count !== 'number' || count < 1) return undefined;
    // Before the loop: a client may claim any number.
    if (first + find.firstKey + (count - 1) * find.step >= request.count) return undefined;
    for (let i = 0; i < count; i++) indexes.push(first + find.firstKey + i * find.step);
  } else {
    let last = find.last >= 0 ? first + find.last : request.count + find.last;
    // `limit` 2 means that only the first half of what remains are keys, and so on.
    if (find.last < 0 && find.limit > 1) last = first + Math.floor((request.count - first) / find.limit) + find.last;
    for (let i = first; i <= last; i += find.step) indexes.push(i);
  }
  return indexes.every((index) => index < request.count) ? indexes : undefined;
}

function firstIndex({ begin }: KeySpec, request: Request): number | undefined {
  if (begin === 'unknown') return undefined;
  if ('index' in begin) return begin.index < request.count ? begin.index : undefined;
  const word = begin.keyword.toLowerCase();
  if (begin.startFrom > 0) {
    for (let i = begin.startFrom; i < request.count; i++) if (request.is(i, word)) return i + 1;
  } else {
    for (let i = request.count + begin.startFrom; i > 0; i--) if (request.is(i, word)) return i + 1;
  }
  return undefined;
}
