/**
 * Whatever a server of the single layout does between two looks, and however much its log repeats itself: between two snapshots nothing is lost
 * and nothing comes twice.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TailCommand, type TailCursor, type TailEvent, tailLog } from '../src/index.ts';
import { FOLDER, SINGLE } from './logs.ts';
import { MultiPartModel } from './multi-part-model.ts';
import { ModelServer } from './tail-model.ts';

/** More in long runs. */
const SCALE = Number(process.env.DIFFERENTIAL_SCALE ?? 1);

type Step = (server: ModelServer) => void;

// Few keys and values: most of what is written has been written before.
const database = fc.constantFrom('0', '0', '1');
const keys = fc.constantFrom(['a'], ['a'], ['b'], ['a', 'b']);
const value = fc.constantFrom('1', '1', '2');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(database, keys, value).map(
      ([d, k, v]): Step =>
        (server) =>
          server.execute(d, k, v),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>((server) => server.flush()) },
  {
    weight: 1,
    arbitrary: fc.nat(60).map(
      (bytes): Step =>
        (server) =>
          server.flush(bytes),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((server) => server.beginRewrite()) },
  { weight: 2, arbitrary: fc.constant<Step>((server) => server.finishRewrite()) },
  { weight: 1, arbitrary: fc.constant<Step>((server) => server.failRewrite()) },
);

const words = (commands: readonly TailCommand[]): string =>
  commands
    .map(({ request, database: d }) => `${d}:${request.latin1(0)} ${request.latin1(1)} ${request.latin1(2)}`)
    .join('+');

interface Tally {
  exact: number;
  anew: number;
}

/** Checks each command that is told against those that were executed, by where they stand. */
async function followModel(hasRdbBase: boolean, looks: readonly (readonly Step[])[], tally: Tally): Promise<void> {
  const server = new ModelServer(hasRdbBase);
  const ending = new AbortController();
  const todo = [...looks];
  const wait = async (): Promise<void> => {
    const steps = todo.shift();
    if (steps !== undefined) for (const one of steps) one(server);
    else if (idle++ === 0) server.flush();
    else if (idle > 25) ending.abort();
  };
  let idle = 0;
  /** How many of the commands have been told, or are in the snapshot. */
  let told = 0;
  /** Of a base of records it cannot be seen where it ends: the number of commands then comes from the end. */
  let snapshot: string[] = [];
  const take = (event: TailEvent): void => {
    switch (event.type) {
      case 'snapshot-begin':
        snapshot = [];
        told = server.cut;
        return;
      case 'snapshot-command':
        snapshot.push(words([event]));
        return;
      case 'snapshot-end':
        if (!hasRdbBase) told = endOf(server, snapshot);
        return;
      case 'command':
      case 'transaction':
        expect(words(event.type === 'command' ? [event] : event.commands)).toBe(server.commands[told]);
        told++;
        return;
      case 'file-changed':
        tally.exact++;
        return;
      case 'rewritten':
        tally.anew++;
        return;
      case 'entry':
      case 'caught-up':
        return;
    }
  };
  for await (const event of tailLog(server.disk, SINGLE, { wait, signal: ending.signal })) take(event);
  expect(told).toBe(server.commands.length);
}

/** Behind how many commands a snapshot of records ends: it is a base with a record per key, then commands from the cut on. */
function endOf({ commands, cut }: ModelServer, snapshot: readonly string[]): number {
  const records = commands.map((command) => command.split('+'));
  const keysInBase = new Set(records.slice(0, cut).flatMap((command) => command.map((one) => one.slice(0, -2))));
  let end = cut;
  for (let at = keysInBase.size; at < snapshot.length; end++) at += records[end]?.length ?? 1;
  return end;
}

test.each([
  ['an RDB part', true],
  ['records', false],
] as const)('nothing is lost and nothing comes twice, with a base of %s', async (_, hasRdbBase) => {
  const tally: Tally = { exact: 0, anew: 0 };
  const looks = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 3, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(looks, (steps) => followModel(hasRdbBase, steps, tally)),
    { numRuns: 150 * SCALE },
  );
  // Else nothing was tested.
  expect(tally.anew).toBeGreaterThan(10);
  expect(tally.exact).toBeGreaterThan(10);
});

type MultiPartStep = (server: MultiPartModel) => void;

const multiPartStep: fc.Arbitrary<MultiPartStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(database, keys, value).map(
      ([d, k, v]): MultiPartStep =>
        (server) =>
          server.execute(d, k, v),
    ),
  },
  { weight: 3, arbitrary: fc.constant<MultiPartStep>((server) => server.flush()) },
  {
    weight: 1,
    arbitrary: fc.nat(60).map(
      (bytes): MultiPartStep =>
        (server) =>
          server.flush(bytes),
    ),
  },
  { weight: 1, arbitrary: fc.constant<MultiPartStep>((server) => server.crash()) },
  { weight: 2, arbitrary: fc.constant<MultiPartStep>((server) => server.beginRewrite()) },
  { weight: 2, arbitrary: fc.constant<MultiPartStep>((server) => server.finishRewrite()) },
  { weight: 1, arbitrary: fc.constant<MultiPartStep>((server) => server.failRewrite()) },
  {
    weight: 1,
    arbitrary: fc.nat(2).map(
      (missed): MultiPartStep =>
        (server) =>
          server.switchOffAndOn(missed),
    ),
  },
);

/** Begins anew with a cursor each time when there is nothing more to tell, half of the times after it has looked on. */
async function followMultiPart(looks: readonly (readonly MultiPartStep[])[], tally: Tally): Promise<void> {
  const server = new MultiPartModel();
  const todo = [...looks];
  let told = 0;
  let cursor: TailCursor | undefined;
  for (let round = 0; todo.length > 0; round++) {
    const ending = new AbortController();
    let steps = round % 2;
    const wait = async (): Promise<void> => {
      for (const one of todo.shift() ?? []) one(server);
      if (todo.length === 0) server.flush();
      if (steps-- === 0) ending.abort();
    };
    for await (const event of tailLog(server.disk, FOLDER, { cursor, wait, signal: ending.signal })) {
      if ('cursor' in event) cursor = event.cursor;
      if (event.type === 'snapshot-begin') told = server.cut;
      else if (event.type === 'file-changed') tally.exact++;
      else if (event.type === 'rewritten') tally.anew++;
      else if (event.type === 'command' || event.type === 'transaction') {
        expect(words(event.type === 'command' ? [event] : event.commands)).toBe(server.commands[told]);
        told++;
      }
    }
  }
  const ending = new AbortController();
  const wait = async (): Promise<void> => ending.abort();
  for await (const event of tailLog(server.disk, FOLDER, { cursor, wait, signal: ending.signal })) {
    if (event.type === 'snapshot-begin') told = server.cut;
    if (event.type === 'command' || event.type === 'transaction') told++;
  }
  expect(told).toBe(server.commands.length);
}

test('nothing is lost and nothing comes twice in the multi-part layout, across crashes and a log that was off', async () => {
  const tally: Tally = { exact: 0, anew: 0 };
  const looks = fc.array(fc.array(multiPartStep, { maxLength: 6 }), { minLength: 3, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(looks, (steps) => followMultiPart(steps, tally)),
    { numRuns: 150 * SCALE },
  );
  expect(tally.anew).toBeGreaterThan(10);
  expect(tally.exact).toBeGreaterThan(10);
});
