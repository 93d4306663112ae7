/**
 * Judges the records of a log without running them: whether a start would take each. Memory stays what it is, whatever the log holds.
 *
 * What an RDB part holds is checked by its reader, and by its checksum.
 */
import type { Command, CommandTable } from '@aof/commands';
import type { ApplyOutcome, RecordApplier } from '@aof/loader';
import { Request } from '@aof/resp-codec';

export class RecordChecker implements RecordApplier {
  readonly view: Request;
  /** Of the record that was judged last; undefined if there is none of its name. */
  command: Command | undefined;
  readonly #table: CommandTable;
  #isInTransaction = false;

  constructor(table: CommandTable, view = new Request()) {
    this.view = view;
    this.#table = table;
  }

  apply(): ApplyOutcome {
    const { view } = this;
    const command = this.#find();
    this.command = command;
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
    const found = this.#table.findLogged(view);
    if (found?.subcommands === undefined || view.count < 2) return found;
    return found.subcommands.get(view.latin1(1).toLowerCase()) ?? (found.handler === undefined ? undefined : found);
  }
}
