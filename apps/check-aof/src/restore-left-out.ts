/** What a restored log does not hold, as far as it can be told: commands, and the keys that they name. */
import { type CommandEvent, keysOf } from '@aof/log-reader';
import type { Request } from '@aof/resp-codec';
import { asWritten } from './command-names.ts';
import { describeRecord } from './describe-record.ts';

/** Names of keys that a report shows. */
const SHOWN_KEYS = 20;
/** Keys that are told apart; beyond, the count is a lower bound. */
const COUNTED_KEYS = 1_000_000;
/** Commands of one transaction whose keys are kept until its end is known. */
const HELD_COMMANDS = 100_000;

/** A command of the log, for people. */
export interface ShownCommand {
  readonly text: string;
  readonly file: string;
  readonly fileOffset: number;
  readonly atSeconds: number | undefined;
}

interface HeldCommand {
  readonly shown: ShownCommand | undefined;
  readonly keys: readonly string[];
}

export class LeftOut {
  #commands = 0;
  #first: ShownCommand | undefined;
  readonly #keys = new Set<string>();
  #held: HeldCommand[] = [];
  #heldCount = 0;

  /** Commands, but for those that only stand around others: MULTI, EXEC, SELECT. */
  get commands(): number {
    return this.#commands;
  }

  get first(): ShownCommand | undefined {
    return this.#first;
  }

  /** Keys that the commands name; a key counts once, whatever its database. */
  get keyCount(): number {
    return this.#keys.size;
  }

  get keyNames(): readonly string[] {
    return [...this.#keys].slice(0, SHOWN_KEYS);
  }

  /** A command that may turn out to be left out, at the end of its unit. @param mayBeFirst and as the first of all */
  hold(event: CommandEvent, mayBeFirst: boolean): void {
    const { request } = event;
    if (isMarker(request)) return;
    this.#heldCount++;
    if (this.#held.length >= HELD_COMMANDS) return;
    const isShown = this.#held.length === 0 && (mayBeFirst || this.#first === undefined);
    const keys = (keysOf(request) ?? []).map((i) => request.latin1(i));
    this.#held.push({ shown: isShown ? shownCommand(event) : undefined, keys });
  }

  /** The unit is kept. */
  release(): void {
    if (this.#held.length > 0) this.#held = [];
    this.#heldCount = 0;
  }

  /** The unit is left out. */
  takeHeld(): void {
    this.#commands += this.#heldCount;
    for (const { shown, keys } of this.#held) {
      this.#first ??= shown;
      for (const key of keys) if (this.#keys.size < COUNTED_KEYS) this.#keys.add(key);
    }
    this.release();
  }

  /** What was left out so far is kept after all. */
  clear(): void {
    this.#commands = 0;
    this.#first = undefined;
    this.#keys.clear();
  }
}

/** Changes nothing by itself. */
export function isMarker(request: Request): boolean {
  return request.is(0, 'multi') || request.is(0, 'exec') || request.is(0, 'select');
}

function shownCommand({ request, file, fileOffset, atSeconds }: CommandEvent): ShownCommand {
  return { text: describeRecord(asWritten(request)), file: file.name, fileOffset, atSeconds };
}
