/**
 * What can still be told of a record that is cut off or damaged: its command, and those of its keys that are whole. It counts as
 * a command that is lost, on these keys.
 */
import { AofRecordReader, RECORD } from '@aof/aof-files';
import { Request } from '@aof/resp-codec';
import type { CommandNames } from './command-names.ts';
import { recordKeys, runnableName } from './record-keys.ts';

/** Keys are looked for in the first arguments. */
const MAX_ARGUMENTS = 1024;
const HEAD = /^\*([1-9]\d{0,6})\r\n/;
const ARGUMENT = /\$(\d{1,9})\r\n/y;

export interface BrokenRecord {
  /** Lower case. */
  readonly name: string;
  readonly keys: readonly string[];
}

/** @param bytes from where the record begins on, as much of it as may be looked at */
export function brokenRecordOf(bytes: Buffer, names: CommandNames): BrokenRecord | undefined {
  const text = bytes.toString('latin1');
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const whole = wholeArguments(text, head[0].length);
  if (whole.length === 0) return undefined;
  const count = Math.min(Number(head[1]), MAX_ARGUMENTS);
  // The damage may be in the count: then what is there is all there is.
  for (const length of [Math.max(count, whole.length), whole.length]) {
    const padded = [...whole, ...new Array<string>(length - whole.length).fill('')];
    const record = requestOf(padded);
    const view = record && names.understood(record);
    const name = view && runnableName(view);
    if (view === undefined || name === undefined) continue;
    const keys = recordKeys(view).filter(({ index }) => index < whole.length);
    return { name, keys: keys.map(({ index }) => view.latin1(index)) };
  }
  // Only the name is damaged: the first argument of most commands is a key.
  return whole.length === Number(head[1]) ? { name: 'unknown', keys: whole.slice(1, 2) } : undefined;
}

function wholeArguments(text: string, start: number): string[] {
  const found: string[] = [];
  for (let at = start; found.length < MAX_ARGUMENTS; ) {
    ARGUMENT.lastIndex = at;
    const length = ARGUMENT.exec(text)?.[1];
    if (length === undefined) break;
    const end = ARGUMENT.lastIndex + Number(length);
    if (text.slice(end, end + 2) !== '\r\n') break;
    found.push(text.slice(ARGUMENT.lastIndex, end));
    at = end + 2;
  }
  return found;
}

function requestOf(words: readonly string[]): Request | undefined {
  const view = new Request();
  const reader = new AofRecordReader({ mode: 'check', view });
  const record = words.map((word) => `$${word.length}\r\n${word}\r\n`).join('');
  reader.feed(Buffer.from(`*${words.length}\r\n${record}`, 'latin1'));
  return reader.next() === RECORD ? view : undefined;
}
