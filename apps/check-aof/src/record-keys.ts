/** Whether some server would run a record, and the keys that it names. */
import { ALL_COMMANDS, CommandTable, keyPositions } from '@aof/commands';
import type { Request } from '@aof/resp-codec';
import { isModuleCommand, knownElsewhere } from './known-commands.ts';

const table = new CommandTable(ALL_COMMANDS);

/** The name in lower case, if some server would run this: it knows the name, and takes so many arguments. */
export function runnableName(view: Request): string | undefined {
  if (view.count === 0) return undefined;
  const command = table.find(view);
  const name = view.latin1(0).toLowerCase();
  if (command === undefined) {
    return knownElsewhere(name, view.count) === 'yes' || isModuleCommand(name) ? name : undefined;
  }
  // How many arguments a subcommand takes is not looked at.
  return command.subcommands !== undefined || command.acceptsArgumentCount(view.count) ? name : undefined;
}

/** Whether no server is known that calls a command so. */
export function isUnknownName(view: Request): boolean {
  if (view.count === 0 || table.find(view) !== undefined) return false;
  const name = view.latin1(0);
  return knownElsewhere(name, view.count) === 'no' && !isModuleCommand(name);
}

/** Where the keys of a runnable record are. None where the command is only known elsewhere. */
export function recordKeys(view: Request): readonly { readonly index: number }[] {
  const command = table.find(view);
  return (command === undefined ? undefined : keyPositions(command, view)) ?? [];
}
