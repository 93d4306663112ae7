/** The plainest reading of a log, as an oracle. The tests of log-reader have one of their own: no test reaches into another package. */

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
