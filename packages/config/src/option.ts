/**
 * What an option is: its kind (how its text is read and written), its default and its traits.
 *
 * Texts are byte strings (one character per byte, 0–255), as everywhere in the server. A `Setting` pairs the typed value
 * with its CONFIG GET text, because the text can be more exact than the value: Redis allows 64-bit integers, a JavaScript
 * number rounds above 2^53.
 */

/** A value in force: typed for the program, as text for CONFIG GET. */
export interface Setting<V> {
  readonly value: V;
  /** What CONFIG GET answers. */
  readonly text: string;
}

/** Why a value is refused, in Redis's words. */
export interface Refusal {
  readonly reason: string;
}

/** What a kind may need to know besides the arguments. */
export interface ParseContext<V> {
  /** The setting in force until now. */
  readonly previous: Setting<V>;
  /**
   * How the arguments arrive. `first-line`: the first line of this option in the configuration being read;
   * `next-line`: a repeated one (`save` adds to the earlier lines); `command`: CONFIG SET, which always replaces.
   */
  readonly origin: 'first-line' | 'next-line' | 'command';
}

type KindName =
  | 'boolean'
  | 'integer'
  | 'memory'
  | 'memory or percent'
  | 'octal'
  | 'string'
  | 'path'
  | 'enum'
  | 'flags'
  | 'save points'
  | 'buffer limits'
  | 'addresses'
  | 'event classes'
  | 'integers'
  | 'percentiles'
  | 'host and port'
  | 'folder';

/** How values of one type are read from and written to text. Pure: no state, no clock, no disk. */
export interface Kind<V> {
  readonly name: KindName;
  /** May a configuration line have more (or fewer) than one argument? CONFIG SET then splits its one value at blanks. */
  readonly takesSeveral: boolean;
  /** What may be written, for the generated reference. */
  readonly syntax: string;
  parse(args: readonly string[], context: ParseContext<V>): Setting<V> | Refusal;
  /** The CONFIG GET text of a value. */
  format(value: V): string;
  /** The arguments of the configuration lines that bring this setting about: one element per line, already quoted. */
  lines(setting: Setting<V>): readonly string[];
}

/** Which server knows the option by this name. */
export type OptionOrigin = 'redis-7.0' | 'redis-7.2' | 'redis-8.10' | 'valkey' | 'aof';

/** `supported`: has an effect here. `accepted`: known, checked and kept, but without effect. */
export type OptionClass = 'supported' | 'accepted';

export interface Traits {
  /** Other names that read and set the same value. */
  readonly aliases?: readonly string[];
  /** What the number counts. */
  readonly unit?:
    | 'bytes'
    | 'seconds'
    | 'milliseconds'
    | 'microseconds'
    | 'minutes'
    | 'percent'
    | 'entries'
    | 'per second';
  readonly origin?: OptionOrigin;
  /** Known, checked, kept, without effect. */
  readonly accepted?: true;
  /** Only the configuration file and the command line can set it. */
  readonly immutable?: true;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: true;
  /** CONFIG GET shows it only when asked by its exact name. */
  readonly hidden?: true;
  /** A secret: never log the value. */
  readonly sensitive?: true;
  /** CONFIG SET answers -LOADING while the data set loads. */
  readonly deniedWhileLoading?: true;
}

/** One row of the table. */
export interface Option<V> {
  readonly kind: Kind<V>;
  readonly initial: V;
  readonly class: OptionClass;
  readonly isMutable: boolean;
  readonly isProtected: boolean;
  readonly isHidden: boolean;
  readonly isSensitive: boolean;
  readonly isDeniedWhileLoading: boolean;
  readonly aliases: readonly string[];
  readonly unit: Traits['unit'];
  readonly origin: OptionOrigin;
  /** One paragraph for the reader of the configuration file. */
  readonly doc: string;
}

/** The type of an option's value. */
export type ValueOf<O> = O extends Option<infer V> ? V : never;

/** Makes a row: supported and mutable unless the traits say otherwise. */
export function option<V>(kind: Kind<V>, initial: NoInfer<V>, doc: string, traits: Traits = {}): Option<V> {
  return {
    kind,
    initial,
    class: traits.accepted === true ? 'accepted' : 'supported',
    isMutable: traits.immutable !== true,
    isProtected: traits.protected === true,
    isHidden: traits.hidden === true,
    isSensitive: traits.sensitive === true,
    isDeniedWhileLoading: traits.deniedWhileLoading === true,
    aliases: traits.aliases ?? [],
    unit: traits.unit,
    origin: traits.origin ?? 'redis-7.0',
    doc: doc.replace(/\s+/g, ' ').trim(),
  };
}

export function isRefusal(parsed: object): parsed is Refusal {
  return 'reason' in parsed;
}
