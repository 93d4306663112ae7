/**
 * Replies as trees, from their RESP2 or RESP3 bytes (as a latin1 string): an independent reader, so that the tests do
 * not judge the codec by itself.
 */

/** One reply. `text` of a scalar, `items` of an aggregate (keys and values alternate in a map); neither: null. */
export interface ReplyTree {
  /** The type byte: `+`, `-`, `:`, `$`, `*`, `_`, `,`, `#`, `(`, `=`, `!`, `%`, `~`, `>`, `|`. */
  readonly kind: string;
  readonly text?: string;
  readonly items?: readonly ReplyTree[];
}

const LINE_KINDS = '+-:,#(';
const BULK_KINDS = '$=!';
const PAIR_KINDS = '%|';

/** The reply that begins at `start`, and where it ends; undefined if it is not complete yet. */
export function readReply(
  bytes: string,
  start: number,
): { readonly tree: ReplyTree; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const kind = bytes.charAt(start);
  const line = bytes.slice(start + 1, lineEnd);
  const next = lineEnd + 2;
  if (LINE_KINDS.includes(kind)) return { tree: { kind, text: line }, end: next };
  if (kind === '_') return { tree: { kind }, end: next };
  const length = Number(line);
  if (!Number.isInteger(length)) throw new Error(`not a reply: ${JSON.stringify(bytes.slice(start, next))}`);
  if (length < 0) return { tree: { kind }, end: next };
  if (BULK_KINDS.includes(kind)) {
    const end = next + length + 2;
    return end > bytes.length ? undefined : { tree: { kind, text: bytes.slice(next, end - 2) }, end };
  }
  return readItems(bytes, kind, PAIR_KINDS.includes(kind) ? 2 * length : length, next);
}

function readItems(bytes: string, kind: string, count: number, start: number) {
  const items: ReplyTree[] = [];
  let end = start;
  while (items.length < count) {
    const item = readReply(bytes, end);
    if (item === undefined) return undefined;
    items.push(item.tree);
    end = item.end;
  }
  return { tree: { kind, items }, end };
}

/** All replies in `bytes`, which must end with the last one. */
export function readReplies(bytes: string): ReplyTree[] {
  const replies: ReplyTree[] = [];
  let at = 0;
  while (at < bytes.length) {
    const reply = readReply(bytes, at);
    if (reply === undefined) throw new Error(`incomplete reply: ${JSON.stringify(bytes.slice(at, at + 200))}`);
    replies.push(reply.tree);
    at = reply.end;
  }
  return replies;
}

/** The texts of an array's items; null for what has none. */
export function textsOf(tree: ReplyTree): (string | null)[] {
  return (tree.items ?? []).map((item) => item.text ?? null);
}
