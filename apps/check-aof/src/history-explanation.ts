/** In words, what a command did to a key: from the command, and from how the key was before and after. */
import type { Request } from '@aof/resp-codec';
import { momentText } from './dump-text.ts';
import { plural } from './findings.ts';
import { flowOf } from './history-related.ts';
import { quoted } from './quoted-text.ts';
import type { ReplayOutcome } from './replay.ts';

/** How a key is at some moment. */
export interface KeyState {
  readonly type: string;
  /** Bytes of a string, elements of anything else. */
  readonly size: number;
  /** Undefined: never. */
  readonly expireAtMs: number | undefined;
}

/** What became of the key in one database. */
export interface KeyChange {
  readonly database: number;
  readonly before: KeyState | undefined;
  readonly after: KeyState | undefined;
}

export interface Happening {
  readonly request: Request;
  /** The database that the command works on. */
  readonly database: number;
  readonly atSeconds: number | undefined;
  readonly key: string;
  /** Where the key stands among the arguments; none: the command is about whole databases. */
  readonly positions: readonly number[];
  /** The first is that of `database`. */
  readonly changes: readonly KeyChange[];
  readonly outcome: ReplayOutcome;
}

/** `list, 3 elements, expires 2026-11-21T10:00:00.000Z`. */
export function stateText(state: KeyState | undefined): string {
  if (state === undefined) return 'not there';
  const { type, size, expireAtMs } = state;
  const amount = plural(size, type === 'string' ? 'byte' : type === 'stream' ? 'entry' : 'element');
  return `${type}, ${amount}${expireAtMs === undefined ? '' : `, expires ${momentText(expireAtMs)}`}`;
}

/** One sentence without its end. */
export function explanationOf(happening: Happening): string {
  const { outcome, changes, positions } = happening;
  switch (outcome.kind) {
    case 'unknown':
      return 'a command that is not known here: what it did to the key is not known either';
    case 'arity':
      return 'not what the command takes: no server runs this';
    case 'not-logged':
      return 'changes no data: no server writes this to a log';
    case 'error':
      return `failed: ${outcome.text}`;
    case 'applied':
    case 'in-transaction':
    case 'no-effect': {
      const [change] = changes;
      const named = wordsOf(happening);
      const expiry = change === undefined || positions.length === 0 ? undefined : expiryText(change);
      return [named, expiry].filter((text) => text !== undefined && text !== '').join('; ');
    }
  }
}

function wordsOf(happening: Happening): string {
  const { request, database, positions } = happening;
  const name = request.latin1(0).toLowerCase();
  const change = happening.changes.find((one) => one.database === database);
  if (positions.length === 0) return wholeText(name, happening);
  switch (name) {
    case 'del':
    case 'unlink':
      return deletionText(change?.before, happening.atSeconds);
    case 'rename':
    case 'renamenx':
      return movedText(happening, 'renamed', change);
    case 'copy':
      return movedText(happening, 'copied', change);
    case 'move':
      return `moved to database ${request.latin1(2)}`;
    case 'pexpireat':
    case 'expireat':
    case 'pexpire':
    case 'expire':
    case 'persist':
      return change?.before === undefined ? 'the key was not there' : '';
    default:
      return changeText(happening, change);
  }
}

function wholeText(name: string, { request, changes }: Happening): string {
  const there = (when: 'before' | 'after'): string => {
    const states = changes.map((change) => `in database ${change.database} ${stateText(change[when])}`);
    return states.join(', ');
  };
  if (name === 'flushall') return `gone: all databases were emptied; it was ${there('before')}`;
  if (name === 'flushdb') return `gone: the database was emptied; it was ${there('before')}`;
  return `databases ${request.latin1(1)} and ${request.latin1(2)} changed places; it is now ${there('after')}`;
}

/** A log does not say who deleted a key: a client, or the server when its time had come or memory was short. */
function deletionText(before: KeyState | undefined, atSeconds: number | undefined): string {
  if (before === undefined) return 'deleted, but it was not there';
  const { expireAtMs } = before;
  if (expireAtMs === undefined) return 'deleted';
  if (atSeconds === undefined) return `deleted, or expired: its time was ${momentText(expireAtMs)}`;
  // Annotations are whole seconds, and stand before what happened in them.
  if (expireAtMs < (atSeconds + 1) * 1000) return `expired: its time was ${momentText(expireAtMs)}`;
  return `deleted before its time, which was ${momentText(expireAtMs)}`;
}

function movedText({ request, key }: Happening, verb: string, change: KeyChange | undefined): string {
  const [from, to] = [request.key(1), request.key(2)];
  if (from === key) {
    const where = verb === 'copied' && request.count > 4 ? ` (${request.latin1(3)} ${request.latin1(4)})` : '';
    return `${verb} to ${quoted(to)}${where}`;
  }
  const replaced = change?.before === undefined ? '' : ', in place of what was there';
  return `${quoted(from)} was ${verb} to it${replaced}`;
}

function changeText({ request, positions }: Happening, change: KeyChange | undefined): string {
  const { targets, sources } = flowOf(request);
  const isSource = positions.every((index) => sources.includes(index));
  if (isSource && targets.length > 0) {
    const into = targets.map((index) => quoted(request.key(index))).join(', ');
    if (change?.after !== undefined || change?.before === undefined) return `its value went into ${into}`;
    return `its last element went into ${into}: gone`;
  }
  const { before, after } = change ?? { before: undefined, after: undefined };
  if (before === undefined) return after === undefined ? 'nothing changed: it was not there' : 'created';
  if (after === undefined) return 'emptied, and so gone';
  return isOverwriting(request) ? 'overwritten' : 'changed';
}

/** Whether nothing of the value before is left. */
function isOverwriting(request: Request): boolean {
  const name = request.latin1(0).toLowerCase();
  return /^(set|mset|getset|setex|psetex|restore|.*store|bitop|sort)$/.test(name);
}

/** What became of the time at which it expires. */
function expiryText({ before, after }: KeyChange): string | undefined {
  if (after === undefined || before?.expireAtMs === after.expireAtMs) return undefined;
  if (after.expireAtMs === undefined) return 'it does not expire any more';
  return `it expires ${momentText(after.expireAtMs)}`;
}
