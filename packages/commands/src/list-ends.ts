/** What all commands that add to or take from the ends of a list share. */
import type { Key, ListValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';

/** LEFT is the head, RIGHT the tail. */
export type ListEnd = 'left' | 'right';

/** The end that argument `index` names, or undefined if it names none. */
export function readListEnd(request: Request, index: number): ListEnd | undefined {
  if (request.is(index, 'left')) return 'left';
  return request.is(index, 'right') ? 'right' : undefined;
}

export function push(list: ListValue, end: ListEnd, element: string): void {
  if (end === 'left') list.pushHead(element);
  else list.pushTail(element);
}

/** The same as `push` of one element after the other, in one pass. */
export function pushAll(list: ListValue, end: ListEnd, elements: readonly string[]): void {
  if (end === 'left') list.pushAllHead(elements);
  else list.pushAllTail(elements);
}

export function pop(list: ListValue, end: ListEnd): string | undefined {
  return end === 'left' ? list.popHead() : list.popTail();
}

/** Takes `count` elements, which must be there, from an end and writes them to the reply, the outermost first. */
export function popToReply(ctx: CommandContext, list: ListValue, end: ListEnd, count: number): void {
  const { reply } = ctx;
  if (count === 1) return reply.bulk(pop(list, end) ?? '');
  list.popAll(
    end === 'left' ? 'head' : 'tail',
    count,
    (element) => reply.bulk(element),
    (bytes, from, to) => reply.bulkRange(bytes, from, to),
  );
}

/** Ends a command that has taken `count` elements from the list under `key`: a list that is empty goes. */
export function removedFromList(ctx: CommandContext, key: Key, list: ListValue, count: number): void {
  if (list.length === 0) {
    ctx.db.remove(key);
  } else {
    list.shrink(ctx.keyspace.thresholds.listMaxListpackSize);
    ctx.db.touched(key);
  }
  ctx.keyspace.dirty += count;
}
