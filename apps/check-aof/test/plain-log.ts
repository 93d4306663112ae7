/** The plainest reading of a log, as an oracle; and how tests run a subcommand. */
import type { Disk } from '@aof/disk';
import type { Output } from '../src/output.ts';
import { Invocation, type Subcommand, UsageError } from '../src/subcommand.ts';

/** A command as an oracle sees it. */
export interface PlainCommand {
  readonly database: number;
  readonly args: readonly string[];
  readonly fileOffset: number;
  readonly endOffset: number;
  readonly atSeconds: number | undefined;
}

/** Every record of one file of records, by splitting text: slow, and nothing to go wrong. @param before the time so far */
export function plainCommands(bytes: Buffer, before?: number): PlainCommand[] {
  const text = bytes.toString('latin1');
  const commands: PlainCommand[] = [];
  let [at, database] = [0, 0];
  let atSeconds = before;
  const line = (): string => {
    const end = text.indexOf('\r\n', at);
    const found = text.slice(at, end);
    at = end + 2;
    return found;
  };
  while (at < text.length) {
    const fileOffset = at;
    const head = line();
    if (head.startsWith('#')) {
      if (head.startsWith('#TS:')) atSeconds = Number(head.slice(4));
      continue;
    }
    const args = Array.from({ length: Number(head.slice(1)) }, () => {
      const length = Number(line().slice(1));
      at += length + 2;
      return text.slice(at - length - 2, at - 2);
    });
    if (args[0]?.toLowerCase() === 'select') database = Number(args[1]);
    commands.push({ database, args, fileOffset, endOffset: at, atSeconds });
  }
  return commands;
}

/** Runs a subcommand on `disk`. @param args operands, and options with their values @param reader who reads what is said */
export async function runSubcommand(
  subcommand: Subcommand,
  disk: Disk,
  args: readonly string[],
  reader: Pick<Output, 'drained' | 'isUnread'> = {},
) {
  const operands: string[] = [];
  const options = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('--')) operands.push(arg);
    else {
      const takesValue = subcommand.options.some(({ name, value }) => name === arg && value !== undefined);
      options.set(arg, [...(options.get(arg) ?? []), ...(takesValue ? [args[++i] ?? ''] : [])]);
    }
  }
  let [stdout, stderr] = ['', ''];
  const output = {
    write: (text: string) => {
      stdout += text;
    },
    answer: async () => '',
    ...reader,
  };
  const environment = {
    disk,
    output,
    nowMs: () => 0,
    processId: 7,
    realPath: (path: string) => path,
    holderOf: () => undefined,
  };
  try {
    const status: number = await subcommand.run(new Invocation(operands, options), environment);
    return { status, stdout, stderr };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr = error.message;
    return { status: 2, stdout, stderr };
  }
}
