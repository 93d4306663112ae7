/**
 * Judges the records of a log without running them: whether a start would take each. Memory stays what it is, whatever the log holds.
 *
 * What an RDB part holds is checked by its reader, and by its checksum.
 */
import type { Command, CommandTable } from '@aof/commands';
import type { ApplyOutcome, RecordApplier } from '@aof/loader';
import { Request } from '@aof/resp-codec';

export class RecordChecker implements RecordApplier {
  readonly view = new Request();
  readonly #table: CommandTable;
  #isInTransaction = false;

  constructor(table: CommandTable) {
    this.#table = table;
  }

  apply(): ApplyOutcome {
    const { view } = this;
    const command = this.#find();
    if (command === undefined) return { refusal: `Unknown command '${view.latin1(0)}' reading the append only file` };
    if (!command.acceptsArgumentCount(view.count))
      return { refusal: `Wrong number of arguments for '${command.fullName}' reading the append only file` };
    if (command.fullName === 'multi') this.#isInTransaction = true;
    else if (command.fullName === 'exec') this.#isInTransaction = false;
    return this.#isInTransaction ? 'in-transaction' : 'applied';
  }

  abandonTransaction(): void {
    this.#isInTransaction = false;
  }

  applyEntry(): undefined {
    return undefined;
  }

  #find(): Command | undefined {
    const { view } = this;
    const found = this.#table.find(view);
    if (found?.subcommands === undefined || view.count < 2) return found;
    return found.subcommands.get(view.latin1(1).toLowerCase()) ?? (found.handler === undefined ? undefined : found);
  }
}
