/**
 * The function libraries of a log, which are no keys: those of its RDB part and what FUNCTION LOAD, DELETE and FLUSH made of them.
 *
 * A library's name is in its first line: `#!lua name=mylib`.
 */

import type { Request } from '@aof/resp-codec';
import { describeText } from './describe-record.ts';

const HEADER = /^#!\S+[^\n]*?\bname=([^\s]+)/;

export class FunctionLibraries {
  readonly #codeOf = new Map<string, string>();

  /** Sources, a character per byte, in the order in which they were loaded first. */
  get codes(): readonly string[] {
    return [...this.#codeOf.values()];
  }

  add(code: string): void {
    this.#codeOf.set(HEADER.exec(code)?.[1] ?? code, code);
  }

  /** Runs a FUNCTION command. @returns why that cannot be done, or undefined */
  apply(request: Request): string | undefined {
    const word = request.count > 1 ? request.latin1(1).toLowerCase() : '';
    if (word === 'load' && request.count > 2) this.add(request.latin1(request.count - 1));
    else if (word === 'delete' && request.count === 3) this.#codeOf.delete(request.latin1(2));
    else if (word === 'flush') this.#codeOf.clear();
    else return `FUNCTION ${describeText(word.toUpperCase())}`;
    return undefined;
  }
}
