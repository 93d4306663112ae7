/** What a simulated disk can be told to do wrong: rules that make chosen operations fail or write less. */

import { DiskError } from './disk.ts';

/** The operations that a rule can name. `sync` is a sync of a file's content, in the background or not. */
export type FaultyOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'link'
  | 'clone'
  | 'unlink'
  | 'mkdir'
  | 'rmdir'
  | 'sync-directory';

/** One rule. It applies to operations on matching paths (for rename, link and clone: the old or the new path). */
export interface Fault {
  readonly operation: FaultyOperation;
  /** Default: every path. */
  readonly path?: RegExp;
  /** The errno name. Default: `EIO`. */
  readonly code?: string;
  /** For `write`: instead of failing, it takes at most this many bytes (more than 0) and returns their number. */
  readonly maxBytes?: number;
  /** How many matching operations pass first. Default 0. */
  readonly skip?: number;
  /** How many operations it then hits. Default: 1. */
  readonly times?: number;
}

interface Rule {
  readonly fault: Fault;
  skip: number;
  times: number;
}

export class FaultRules {
  readonly #rules = new Set<Rule>();

  /** @returns removes the rule again */
  add(fault: Fault): () => void {
    const rule: Rule = { fault, skip: fault.skip ?? 0, times: fault.times ?? 1 };
    this.#rules.add(rule);
    return () => {
      this.#rules.delete(rule);
    };
  }

  /** The rule that hits this operation now, if any; counts it as used. */
  take(operation: FaultyOperation, ...paths: string[]): Fault | undefined {
    for (const rule of this.#rules) {
      const { fault } = rule;
      if (fault.operation !== operation) continue;
      if (fault.path !== undefined && !paths.some((path) => fault.path?.test(path))) continue;
      if (rule.skip > 0) {
        rule.skip--;
        continue;
      }
      if (rule.times <= 0) continue;
      rule.times--;
      return fault;
    }
    return undefined;
  }

  /** @throws DiskError if a rule hits this operation */
  check(operation: FaultyOperation, ...paths: string[]): void {
    const fault = this.take(operation, ...paths);
    if (fault !== undefined) throw new DiskError(fault.code ?? 'EIO', operation, paths[0] ?? '');
  }
}
