/**
 * The configuration of a running server: typed values, CONFIG GET, CONFIG SET.
 *
 * Invariants: every value in force has been accepted by its kind and by every listener, or came from the configuration
 * file; a CONFIG SET that is refused leaves everything as it was. Nothing here is global: a process may have several.
 */

import type { Directive } from './directives.ts';
import { isGlob, matchesGlob } from './glob.ts';
import { isRefusal, type Setting } from './option.ts';
import {
  ALL_NAMES,
  type ConfigValues,
  findOption,
  type NamedOption,
  OPTION_NAMES,
  type OptionName,
  optionOf,
} from './options.ts';
import type { ParsedConfig } from './reader.ts';
import { isSameSetting, Settings, splitArguments } from './settings.ts';

/** Who sends CONFIG SET, and when. */
export interface SetContext {
  /** The data set is being loaded: some options can't be set. */
  readonly isLoading?: boolean;
  /** The client is on this machine: matters for `enable-protected-configs local`. */
  readonly isLocal?: boolean;
}

/** What became of CONFIG SET: an error reply without its leading `-`, or the options that have changed. */
export type SetResult = { readonly error: string } | { readonly changed: readonly OptionName[] };

/** Puts a new value into effect. Returns a reason to refuse it; then every option of that CONFIG SET is put back. */
export type Apply<V> = (value: V, previous: V) => string | undefined;

/** One option of a CONFIG SET. */
interface Change {
  readonly target: NamedOption;
  readonly text: string;
}

/** A reason, and the option as the reply names it. */
interface Failure {
  readonly name: string;
  readonly reason: string;
}

export class Config {
  /** The value of every option, by its primary name: `config.values.appendfsync`. Changes only through `set`. */
  readonly values: ConfigValues;
  /** Lines that set no option, in their order; they hold from the start to the end. */
  readonly directives: readonly Directive[];
  readonly #settings: Settings;
  readonly #listeners = new Map<OptionName, Apply<unknown>[]>();

  /** @param parsed what `parseConfigFile` read; the configuration takes it over */
  constructor(parsed: Pick<ParsedConfig, 'settings'> & Partial<Pick<ParsedConfig, 'directives'>>) {
    this.#settings = parsed.settings;
    this.directives = parsed.directives ?? [];
    const values = Object.fromEntries(OPTION_NAMES.map((name) => [name, parsed.settings.get(name).value]));
    // Each setting was made by its own option's kind, so every value has the type that the table gives it.
    this.values = values as ConfigValues;
  }

  /**
   * Defaults with some values replaced, for programs that don't read a file.
   * @param workingFolder absolute; the default of `dir`
   */
  static of(workingFolder: string, values: Partial<ConfigValues> = {}, directives: readonly Directive[] = []): Config {
    const settings = new Settings(workingFolder);
    for (const name of OPTION_NAMES) {
      const value = values[name];
      if (value !== undefined) settings.replace(name, { value, text: optionOf(name).kind.format(value) });
    }
    return new Config({ settings, directives });
  }

  /** Folder in which the process was started. */
  get workingFolder(): string {
    return this.#settings.workingFolder;
  }

  /** The value in force with its CONFIG GET text. */
  setting(name: OptionName): Setting<unknown> {
    return this.#settings.get(name);
  }

  isDefault(name: OptionName): boolean {
    return this.#settings.isDefault(name);
  }

  /**
   * Calls `apply` after CONFIG SET has changed the option; all options of that CONFIG SET have their new values by then.
   * If it refuses, the old values come back and whoever had already applied a new value is called with the old one.
   * @returns ends the subscription
   */
  onChange<N extends OptionName>(name: N, apply: Apply<ConfigValues[N]>): () => void {
    // Only ever called with values of this option, see #notify.
    const listener = apply as Apply<unknown>;
    const listeners = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, [...listeners, listener]);
    return () => {
      const left = (this.#listeners.get(name) ?? []).filter((other) => other !== listener);
      this.#listeners.set(name, left);
    };
  }

  /**
   * CONFIG GET: names and values in turn. A name without wildcards is answered as it was spelled, also an alias or a
   * hidden option; a pattern matches names and aliases that aren't hidden, in alphabetical order. No name comes twice.
   * @param patterns byte strings
   */
  get(patterns: readonly string[]): string[] {
    const found = new Map<string, readonly [name: string, text: string]>();
    const add = (spelled: string): void => {
      const target = findOption(spelled);
      if (target !== undefined && !found.has(target.alias)) {
        found.set(target.alias, [spelled, this.#settings.get(target.name).text]);
      }
    };
    for (const pattern of patterns) {
      if (!isGlob(pattern)) {
        add(pattern);
        continue;
      }
      for (const name of ALL_NAMES) {
        if (findOption(name)?.option.isHidden === false && matchesGlob(pattern, name, true)) add(name);
      }
    }
    return [...found.values()].flat();
  }

  /**
   * CONFIG SET: all or nothing.
   * @param args names and values in turn, byte strings
   */
  set(args: readonly string[], context: SetContext = {}): SetResult {
    const changes = this.#check(args, context);
    if ('error' in changes) return changes;
    const before = this.#settingsOf(changes.list);
    const failure = this.#store(changes.list) ?? this.#applyAll(changes.list, before);
    if (failure === undefined) {
      const isChanged = ([name, old]: [OptionName, Setting<unknown>]): boolean =>
        !isSameSetting(name, old, this.#settings.get(name));
      return { changed: [...before].filter(isChanged).map(([name]) => name) };
    }
    for (const [name, setting] of before) this.#replace(name, setting);
    return { error: failureText(failure) };
  }

  /**
   * What `set` would make of the same arguments, listeners apart, or its error. Changes nothing: for options that need
   * work which cannot be done at once, and are set when it is done.
   */
  preview(
    args: readonly string[],
    context: SetContext = {},
  ): { readonly error: string } | { readonly values: Partial<ConfigValues> } {
    const changes = this.#check(args, context);
    if ('error' in changes) return changes;
    const before = this.#settingsOf(changes.list);
    const failure = this.#store(changes.list);
    const values = Object.fromEntries(Array.from(before.keys(), (name) => [name, this.values[name]]));
    for (const [name, setting] of before) this.#replace(name, setting);
    return failure === undefined ? { values } : { error: failureText(failure) };
  }

  #settingsOf(changes: readonly Change[]): Map<OptionName, Setting<unknown>> {
    return new Map(changes.map(({ target }) => [target.name, this.#settings.get(target.name)]));
  }

  /** The checks that need no value. */
  #check(args: readonly string[], context: SetContext): { list: Change[] } | { error: string } {
    if (args.length === 0 || args.length % 2 !== 0) return { error: 'ERR syntax error' };
    const list: Change[] = [];
    for (let i = 0; i < args.length; i += 2) {
      const spelled = args[i] ?? '';
      const target = findOption(spelled);
      if (target === undefined) {
        return { error: `ERR Unknown option or number of arguments for CONFIG SET - '${onOneLine(spelled)}'` };
      }
      const reason = this.#whyUnsettable(target, context);
      if (reason !== undefined) {
        return { error: `ERR CONFIG SET failed (possibly related to argument '${spelled}') - ${reason}` };
      }
      if (target.option.isDeniedWhileLoading && context.isLoading === true) {
        return { error: 'LOADING Redis is loading the dataset in memory' };
      }
      if (list.some((other) => other.target.alias === target.alias)) {
        return { error: `ERR CONFIG SET failed (possibly related to argument '${spelled}') - duplicate parameter` };
      }
      list.push({ target, text: args[i + 1] ?? '' });
    }
    return { list };
  }

  #whyUnsettable({ option }: NamedOption, context: SetContext): string | undefined {
    if (!option.isMutable) return "can't set immutable config";
    const allowance = this.values['enable-protected-configs'];
    const isAllowed = allowance === 'yes' || (allowance === 'local' && context.isLocal === true);
    return option.isProtected && !isAllowed ? "can't set protected config" : undefined;
  }

  /** Gives every option its new value, up to the first that its kind refuses. */
  #store(changes: readonly Change[]): Failure | undefined {
    for (const { target, text } of changes) {
      const { kind } = target.option;
      const args = kind.takesSeveral ? splitArguments(text) : [text];
      const parsed = kind.parse(args, { previous: this.#settings.get(target.name), origin: 'command' });
      if (isRefusal(parsed)) return { name: target.alias, reason: parsed.reason };
      this.#replace(target.name, parsed);
    }
    return undefined;
  }

  /** Calls the listeners of every option that changed; if one refuses, those called before hear of the old values. */
  #applyAll(changes: readonly Change[], before: ReadonlyMap<OptionName, Setting<unknown>>): Failure | undefined {
    const applied: { apply: Apply<unknown>; value: unknown; previous: unknown }[] = [];
    for (const { target } of changes) {
      const old = before.get(target.name);
      const now = this.#settings.get(target.name);
      if (old === undefined || isSameSetting(target.name, old, now)) continue;
      for (const apply of this.#listeners.get(target.name) ?? []) {
        const reason = apply(now.value, old.value);
        if (reason === undefined) {
          applied.push({ apply, value: now.value, previous: old.value });
          continue;
        }
        // Values go back before the listeners hear of it: they may look at other options.
        for (const [name, setting] of before) this.#replace(name, setting);
        for (const { apply: undo, value, previous } of applied.reverse()) undo(previous, value);
        return { name: target.alias, reason };
      }
    }
    return undefined;
  }

  #replace(name: OptionName, setting: Setting<unknown>): void {
    this.#settings.replace(name, setting);
    Object.assign(this.values, { [name]: setting.value });
  }
}

function failureText({ name, reason }: Failure): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

/** An error reply ends at the first line end, so that none may come from what a client sent. */
function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}
