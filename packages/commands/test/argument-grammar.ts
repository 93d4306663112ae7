/** Arguments at random from a command's syntax in the command table: mostly right, for scripts that compare two servers. */
import type { Argument } from '../src/argument-tree.ts';
import {
  integer,
  key,
  literal,
  oneOf,
  optional,
  type Part,
  type Random,
  repeated,
  sequence,
  type TypeLetter,
  value,
  WEIRD,
  word,
} from './generator.ts';

/** What SETBIT sets, and often enough BITFIELD. */
const BIT = integer(0, 1);
const ENTRY_ID = literal('0', '1-1', '3-1', '5-1', '5', '7-0', '9-1', '12-5');
const STREAM_ID = oneOf(ENTRY_ID, ENTRY_ID, literal('-', '+', '$', '>', '*'));

/** What arguments of these names are like, whatever their type. */
const BY_NAME: Readonly<Record<string, Part>> = {
  aggregate: word('SUM', 'MIN', 'MAX'),
  bit: integer(0, 1),
  clientname: literal('me'),
  consumer: literal('c', 'd'),
  consumername: literal('c', 'd'),
  count: oneOf(integer(0, 5), integer(-3, 12)),
  cursor: literal('0', '0', '0', '5'),
  db: integer(0, 3),
  'destination-db': integer(0, 3),
  element: literal('a', 'b', 'c', '1', '2'),
  encoding: literal('u8', 'i5', 'u63', 'i64', 'u1', 'i16'),
  end: oneOf(integer(-5, 8), STREAM_ID),
  field: literal('f', 'g', 'h', '1', ''),
  frequency: integer(0, 255),
  group: literal('g', 'h'),
  groupname: literal('g', 'h', 'i'),
  height: literal('100', '500.5', '2000'),
  id: oneOf(ENTRY_ID, ENTRY_ID, ENTRY_ID, STREAM_ID),
  increment: literal('1', '-5', '2.5', '9223372036854775807', '1e2'),
  index: integer(-4, 4),
  latitude: literal('38.1', '37.5', '-12', '0', '85'),
  len: integer(0, 6),
  longitude: literal('13.3', '15.08', '-170', '0'),
  max: literal('2', '(3', '+inf', '[c', '(d', '+', '-', '10'),
  member: literal('a', 'b', 'c', 'd', '1', '2', 'Palermo', 'Catania'),
  member1: literal('Palermo', 'Catania', 'a'),
  member2: literal('Palermo', 'Catania', 'b'),
  milliseconds: literal('1000000', '3000000', '9000000'),
  min: literal('-inf', '0', '(1', '[a', '(b', '-', '1'),
  'min-idle-time': literal('0', '0', '1000000'),
  offset: oneOf(integer(0, 20), literal('#2', '#0')),
  operation: word('AND', 'OR', 'XOR', 'NOT'),
  pivot: literal('a', 'b', 'c'),
  radius: literal('100', '300.5', '5000'),
  rank: integer(-3, 3),
  score: literal('1', '2', '2.5', '-3', 'inf', '-inf', '1e10'),
  seconds: literal('1000', '3000', '9000'),
  start: oneOf(integer(-5, 8), STREAM_ID),
  stop: integer(-5, 8),
  threshold: literal('0', '2', '3', '5-1', '7'),
  timeout: literal('0.01', '1'),
  type: word('string', 'list', 'set', 'zset', 'hash', 'stream'),
  'unix-time-milliseconds': literal('4102444800000', '4102444900000'),
  'unix-time-seconds': literal('4102444800', '4102444900'),
  unit: word('m', 'km', 'ft', 'mi'),
  weight: literal('1', '2', '-1.5', 'inf'),
  width: literal('100', '500.5', '2000'),
};

const BY_TYPE: Readonly<Record<'string' | 'integer' | 'double' | 'pattern' | 'unix-time', Part>> = {
  string: value,
  integer: integer(-3, 12),
  double: literal('1', '2.5', '-3', '0', '1e3'),
  pattern: literal('*', 'a*', '[a-c]', 'nosort', 's?', '#', 'w_*'),
  'unix-time': literal('4102444800'),
};
const MAX_REPEATS = 3;

/** The arguments of a command whose keys are mostly of a type. */
export function partOf(args: readonly Argument[], letter: TypeLetter | 'any'): Part {
  const parts: Part[] = [];
  for (let i = 0; i < args.length; i++) {
    const [argument, next] = [args[i], args[i + 1]];
    if (argument.name === 'numkeys' && next !== undefined) {
      parts.push(counted(itemOf({ ...next, flags: [] }, letter)));
      i++;
    } else parts.push(itemOf(argument, letter));
  }
  return sequence(...parts);
}

/** A number, and so many of `part`; now and then the number is wrong. */
function counted(part: Part): Part {
  return (random) => {
    const count = random.integer(1, MAX_REPEATS);
    const keys = Array.from({ length: count }, () => part(random)).flat();
    return [random.chance(0.1) ? random.pick(['0', '-1', '9', 'x']) : String(count), ...keys];
  };
}

function itemOf(argument: Argument, letter: TypeLetter | 'any'): Part {
  const { flags, token } = argument;
  let part = plainPart(argument, letter);
  if (token !== undefined && argument.type !== 'pure-token' && !flags.includes('multiple_token')) {
    part = sequence(word(token), flags.includes('multiple') ? repeated(part, 1, MAX_REPEATS) : part);
  } else if (flags.includes('multiple')) {
    const once = flags.includes('multiple_token') && token !== undefined ? sequence(word(token), part) : part;
    part = repeated(once, 1, MAX_REPEATS);
  }
  return flags.includes('optional') ? optional(part, 0.4) : part;
}

function plainPart({ name, type, token = '', children }: Argument, letter: TypeLetter | 'any'): Part {
  switch (type) {
    case 'pure-token':
      return word(token);
    case 'oneof':
      return oneOf(...children.map((child) => itemOf(child, letter)));
    case 'block':
      return partOf(children, letter);
    case 'key':
      return letter === 'any' ? anyKey : key(letter);
    default:
      return seldomWeird((name === 'value' && type === 'integer' ? BIT : BY_NAME[name]) ?? BY_TYPE[type]);
  }
}

function anyKey(random: Random): string[] {
  return key(random.pick(['s', 'l', 'h', 't', 'z', 'x']))(random);
}

function seldomWeird(part: Part): Part {
  return (random) => (random.chance(0.03) ? [random.pick(WEIRD)] : part(random));
}
