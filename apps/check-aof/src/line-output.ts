/** Many lines of output in few writes. Invariant: what has been written is out after `flush`, in order. */
import type { Output } from './output.ts';

const FLUSHED_AT_CHARS = 64 * 1024;

export class LineOutput {
  readonly #output: Output;
  #text = '';

  constructor(output: Output) {
    this.#output = output;
  }

  /** @param lines latin1, with their ends; may be '' */
  write(lines: string): void {
    this.#text += lines;
    if (this.#text.length >= FLUSHED_AT_CHARS) this.flush();
  }

  /** Waits until more may be written, so that no more than a batch of lines waits for a slow reader. */
  async drained(): Promise<void> {
    await this.#output.drained?.();
  }

  flush(): void {
    if (this.#text !== '') this.#output.write(this.#text);
    this.#text = '';
  }
}
