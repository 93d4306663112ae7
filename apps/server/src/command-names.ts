/** `rename-command`: by what names clients call the commands of one server. */
import { ALL_COMMANDS, CommandTable } from '@aof/commands';
import { type Config, ConfigError } from '@aof/config';

/** A table of all commands, under the names that the configuration gives them. @throws ConfigError BAD_VALUE */
export function commandTableOf({ directives }: Pick<Config, 'directives'>): CommandTable {
  const table = new CommandTable(ALL_COMMANDS);
  for (const { name, args, file, line, lineText } of directives) {
    const [from = '', to = ''] = args;
    const reason = name === 'rename-command' ? table.rename({ from, to }) : undefined;
    if (reason !== undefined) throw new ConfigError('BAD_VALUE', { reason, file, line, lineText, hint: HINTS[reason] });
  }
  return table;
}

const HINTS: Readonly<Record<NonNullable<ReturnType<CommandTable['rename']>>, string>> = {
  'No such command in rename-command':
    'COMMAND LIST names the commands; of a subcommand the whole command can be renamed',
  'Target command name already exists':
    'take another name; the own name of a command that has been renamed stays taken, for the log knows it by that name',
};
