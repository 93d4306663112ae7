/**
 * Function libraries of the files that were loaded. This server runs none, but does not lose them either: each RDB file that it writes
 * has them, and while there are any, bases are RDB files whatever `aof-use-rdb-preamble` says.
 *
 * Invariant: in the order in which they came, none twice.
 */
export class FunctionLibraries {
  readonly #codes = new Set<string>();

  /** The code of each, its header line included. */
  get codes(): readonly string[] {
    return [...this.#codes];
  }

  get isEmpty(): boolean {
    return this.#codes.size === 0;
  }

  keep(code: string): void {
    this.#codes.add(code);
  }

  /** All is about to be loaded anew. */
  clear(): void {
    this.#codes.clear();
  }
}
