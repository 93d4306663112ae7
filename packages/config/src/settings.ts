/**
 * What is set to what, while configuration is being read: defaults, overlaid by the lines so far.
 *
 * Applies one line to the settings; finding the lines is reader.ts's business.
 */

import { toByteString } from './byte-string.ts';
import { isRefusal, type ParseContext, type Setting } from './option.ts';
import { type NamedOption, OPTION_NAMES, type OptionName, optionOf } from './options.ts';

/** An option's default. The default of `dir` is the folder in which the process works. */
function initialSetting(name: OptionName, workingFolder: string): Setting<unknown> {
  if (name === 'dir') return { value: workingFolder, text: toByteString(workingFolder) };
  const { kind, initial } = optionOf(name);
  return { value: initial, text: kind.format(initial) };
}

/** Do two settings say the same? Their CONFIG GET texts may leave something out that a configuration line says. */
export function isSameSetting(name: OptionName, a: Setting<unknown>, b: Setting<unknown>): boolean {
  const { kind } = optionOf(name);
  return a.text === b.text && kind.lines(a).join('\n') === kind.lines(b).join('\n');
}

/** The settings of one configuration. */
export class Settings {
  readonly workingFolder: string;
  readonly #settings = new Map<OptionName, Setting<unknown>>();
  readonly #read = new Set<OptionName>();

  constructor(workingFolder: string) {
    this.workingFolder = workingFolder;
    for (const name of OPTION_NAMES) this.#settings.set(name, initialSetting(name, workingFolder));
  }

  get(name: OptionName): Setting<unknown> {
    return this.#settings.get(name) ?? initialSetting(name, this.workingFolder);
  }

  isDefault(name: OptionName): boolean {
    return isSameSetting(name, this.get(name), initialSetting(name, this.workingFolder));
  }

  replace(name: OptionName, setting: Setting<unknown>): void {
    this.#settings.set(name, setting);
  }

  /**
   * Applies the arguments of a configuration line.
   * @returns why the line is wrong, if it is
   */
  applyLine(
    target: NamedOption,
    given: readonly string[],
  ): 'wrong number of arguments' | { reason: string } | undefined {
    const { name, option } = target;
    if (!option.kind.takesSeveral && given.length !== 1) return 'wrong number of arguments';
    const parsed = option.kind.parse(splitSingle(option.kind.takesSeveral, given), this.#context(name));
    if (isRefusal(parsed)) return parsed;
    this.#read.add(name);
    this.replace(name, parsed);
    return undefined;
  }

  #context(name: OptionName): ParseContext<unknown> {
    return { previous: this.get(name), origin: this.#read.has(name) ? 'next-line' : 'first-line' };
  }
}

/** An option that takes several arguments may also get them in one, apart by single blanks. */
function splitSingle(takesSeveral: boolean, given: readonly string[]): readonly string[] {
  const [single] = given;
  return takesSeveral && given.length === 1 && single ? splitArguments(single) : given;
}

/** Arguments in one text, apart by single blanks, so that two blanks enclose an empty argument; an empty text has none. */
export function splitArguments(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}
