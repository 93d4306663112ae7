/**
 * The notation of a command's arguments in the command table, and the tree that COMMAND DOCS prints of it.
 *
 *     key#0 value [condition(NX|XX)@2.6.12] [expiration(EX=seconds:int|KEEPTTL)] field_value(field value)...
 *
 * - `name` or `name:type`: a value; the types are int, double, pattern and time, a string without. `name#0`: a key, found by
 *   the key specification of that number (of a pattern too: `name:pattern#1`).
 * - `WORD`: a word as it stands, named in lower case; `name!TOKEN`: one of another name. `TOKEN=item`: a word before an item.
 * - `name(a b)`: these in a row; `name(a|b)`: one of these. `[item]`: may be left out. `item...`: once or more often;
 *   `+...`: with its token each time. `@7.0.0`: since that version; `@-2.8.12`: deprecated since.
 */

type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

/** One argument as COMMAND DOCS describes it. */
export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly keySpecIndex?: number;
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags: readonly ('optional' | 'multiple' | 'multiple_token')[];
  readonly children: readonly Argument[];
}

const TYPES: ReadonlyMap<string, ArgumentType> = new Map([
  ['int', 'integer'],
  ['double', 'double'],
  ['pattern', 'pattern'],
  ['time', 'unix-time'],
]);
const WORD = /[^ ()[\]|]*/y;
const SUFFIX = /^(.*?)(\+?\.\.\.)?(?:@(-?)([\d.]+))?$/;
const VALUE = /^(.*?)(?::(int|double|pattern|time))?(?:#(\d+))?$/;

/** The arguments that `notation` describes. @throws SyntaxError it is not well formed */
export function parseArguments(notation: string): readonly Argument[] {
  const reader = new Reader(notation);
  const items = notation === '' ? [] : reader.items(' ');
  reader.expectEnd();
  return items;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  items(separator: string): Argument[] {
    const items = [this.#item()];
    while (this.#text[this.#at] === separator) {
      this.#at++;
      items.push(this.#item());
    }
    return items;
  }

  expectEnd(): void {
    if (this.#at < this.#text.length) throw new SyntaxError(`what is at ${this.#at} of the arguments ${this.#text}?`);
  }

  #item(): Argument {
    if (!this.#take('[')) return this.#plainItem([]);
    const item = this.#plainItem(['optional']);
    if (!this.#take(']')) throw new SyntaxError(`no ] at ${this.#at} of the arguments ${this.#text}`);
    return item;
  }

  #plainItem(flags: Argument['flags']): Argument {
    const head = this.#word();
    if (head === '') throw new SyntaxError(`nothing at ${this.#at} of the arguments ${this.#text}`);
    if (!this.#take('(')) return finished(head, head, flags, []);
    const first = this.#item();
    const isChoice = this.#text[this.#at] === '|';
    const children = [first];
    while (this.#take(isChoice ? '|' : ' ')) children.push(this.#item());
    if (!this.#take(')')) throw new SyntaxError(`no ) at ${this.#at} of the arguments ${this.#text}`);
    return finished(head, this.#word(), flags, children, isChoice ? 'oneof' : 'block');
  }

  #word(): string {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    return word;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

/** An argument from its `head` and what follows it, which of a leaf is the same word. */
function finished(
  head: string,
  tail: string,
  flags: Argument['flags'],
  children: readonly Argument[],
  group?: 'oneof' | 'block',
): Argument {
  const [, before = '', repeat, isDeprecation, version] = SUFFIX.exec(tail) ?? [];
  const repeated: Argument['flags'] =
    repeat === undefined ? [] : repeat === '...' ? ['multiple'] : ['multiple', 'multiple_token'];
  const core = group === undefined ? leaf(before) : { ...tokenAndName(head), type: group };
  return {
    ...core,
    ...(version === undefined ? {} : isDeprecation ? { deprecatedSince: version } : { since: version }),
    flags: [...flags, ...repeated],
    children,
  };
}

function tokenAndName(text: string): { readonly name: string; readonly token?: string } {
  const equals = text.indexOf('=');
  return equals < 0 ? { name: text } : { token: text.slice(0, equals), name: text.slice(equals + 1) };
}

function leaf(text: string): Pick<Argument, 'name' | 'type' | 'token' | 'keySpecIndex'> {
  const mark = text.indexOf('!');
  if (mark > 0) return { name: text.slice(0, mark), type: 'pure-token', token: text.slice(mark + 1) };
  const { name: rest, ...token } = tokenAndName(text);
  if (/^[A-Z-]+$/.test(rest)) return { name: rest.toLowerCase(), type: 'pure-token', token: rest };
  const [, name = '', type, keySpec] = VALUE.exec(rest) ?? [];
  const known = type === undefined ? undefined : TYPES.get(type);
  return {
    ...token,
    name,
    type: known ?? (keySpec === undefined ? 'string' : 'key'),
    ...(keySpec === undefined ? {} : { keySpecIndex: Number(keySpec) }),
  };
}
