/**
 * CONFIG SET of `port` and `bind`: listening elsewhere takes a turn of the event loop, so the client is told later, and
 * the options are set when the sockets are there.
 *
 * Invariant: what CONFIG GET says is what is listened on; one change is under way at a time.
 */
import type { SetContext, SetResult } from '@aof/config';
import type { Engine } from './engine.ts';

/** Sockets that are there already, for better or worse. */
export interface Relistening {
  /** The former ones are not needed any more. */
  keep(): void;
  /** Back to the former ones. */
  revert(): Promise<void>;
}

/** Listens on `port` (0: not at all) of the addresses that `bind` names. @throws ListenError it listens where it did */
export type Relisten = (bind: readonly string[], port: number) => Promise<Relistening>;

export class ConfigChanges {
  readonly #engine: Engine;
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @param mayWait otherwise other addresses are refused */
  set(args: readonly string[], context: SetContext, mayWait: boolean): SetResult | Promise<SetResult> {
    const { config, options } = this.#engine;
    const { relisten } = options;
    const moved = relisten === undefined ? undefined : this.#moved(args, context);
    if (relisten === undefined || moved === undefined) return config.set(args, context);
    if (!mayWait) return refused(moved.option, "can't be changed in a transaction");
    const result = this.#last.then(() => this.#setMoving(args, context, relisten));
    this.#last = result;
    return result;
  }

  async #setMoving(args: readonly string[], context: SetContext, relisten: Relisten): Promise<SetResult> {
    const { config, log } = this.#engine;
    const moved = this.#moved(args, context); // an earlier change may have come to the same
    if (moved === undefined) return config.set(args, context);
    let relistening: Relistening;
    try {
      relistening = await relisten(moved.bind, moved.port);
    } catch (error) {
      log('warning', error instanceof Error ? error.message : String(error));
      return refused(moved.option, REASONS[moved.option]);
    }
    const result = config.set(args, context);
    if ('error' in result) await relistening.revert();
    else relistening.keep();
    return result;
  }

  /** What is to be listened on, if it is not what is listened on, and the option that says so. */
  #moved(args: readonly string[], context: SetContext) {
    const { config } = this.#engine;
    const preview = config.preview(args, context);
    if ('error' in preview) return undefined;
    const { port = config.values.port, bind = config.values.bind } = preview.values;
    if (port !== config.values.port) return { option: 'port', port, bind } as const;
    if (bind.join() !== config.values.bind.join()) return { option: 'bind', port, bind } as const;
    return undefined;
  }
}

const REASONS = {
  port: 'Unable to listen on this port. Check server logs.',
  bind: 'Failed to bind to specified addresses.',
} as const;

function refused(option: string, reason: string): SetResult {
  return { error: `ERR CONFIG SET failed (possibly related to argument '${option}') - ${reason}` };
}
