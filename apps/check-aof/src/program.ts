/** check-aof from its command line to its exit status. */
import { parseArguments } from './arguments.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { generalHelp, subcommandHelp, USAGE } from './help.ts';
import { type Environment, type Subcommand, UsageError } from './subcommand.ts';
import { VERSION } from './version.ts';

/**
 * @param args without the program's name
 * @param complain where wrong arguments are reported: standard error
 * @throws DiskError
 */
export async function runProgram(
  args: readonly string[],
  environment: Environment,
  complain: (text: string) => void,
): Promise<ExitStatus> {
  const { output } = environment;
  const refuse = (reason: string, { name }: Subcommand): ExitStatus => {
    complain(`${reason}. See check-aof ${name} --help.\n`);
    return EXIT.usage;
  };
  const commandLine = parseArguments(args);
  switch (commandLine.kind) {
    case 'help':
      output.write(commandLine.subcommand ? subcommandHelp(commandLine.subcommand) : generalHelp());
      return EXIT.ok;
    case 'version':
      output.write(`check-aof ${VERSION}\n`);
      return EXIT.ok;
    case 'usage':
      if (commandLine.meant !== undefined) complain(`Is ${commandLine.meant} meant, for ${args[0]}?\n`);
      output.write(USAGE);
      return EXIT.found;
    case 'bad-usage':
      return refuse(commandLine.reason, commandLine.subcommand);
    case 'run':
      try {
        return await commandLine.subcommand.run(commandLine.invocation, environment);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        return refuse(error.message, commandLine.subcommand);
      }
  }
}
