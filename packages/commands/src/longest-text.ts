/**
 * Arguments that are longer than a JavaScript string can be, 24 bytes below 512 MiB. As the value of a string they are bytes
 * and stay so; as a key, a field, a member, an element or anything else they are refused, before anything looks at them.
 */
import type { Request } from '@aof/resp-codec';
import type { Command } from './command-table.ts';

const LONGEST_TEXT = 2 ** 29 - 24;

/** Whether any argument of `request` is too long: to be asked first, for it is asked for every request. */
export function mayHaveLongText(request: Request): boolean {
  return request.rawEnd - request.rawStart > LONGEST_TEXT;
}

/** Whether an argument is too long for what `command` (undefined: none of that name) takes it for. */
export function hasTooLongText(request: Request, command: Command | undefined): boolean {
  for (let i = 0; i < request.count; i++) {
    if (request.length(i) > LONGEST_TEXT && !isStringValue(command, i)) return true;
  }
  return false;
}

/** The arguments of the commands that set or lengthen a string, by name: those that may be values. */
const VALUES: ReadonlyMap<string, (index: number) => boolean> = new Map([
  ['set', (i) => i === 2],
  ['setnx', (i) => i === 2],
  ['getset', (i) => i === 2],
  ['append', (i) => i === 2],
  ['setex', (i) => i === 3],
  ['psetex', (i) => i === 3],
  ['setrange', (i) => i === 3],
  ['mset', (i) => i % 2 === 0],
  ['msetnx', (i) => i % 2 === 0],
]);

function isStringValue(command: Command | undefined, index: number): boolean {
  return index > 0 && (VALUES.get(command?.fullName ?? '')?.(index) ?? false);
}
