/** Replies of the HELP subcommands: one line a form, as redis-cli prints them. */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { asciiUpper, repeated } from './replies.ts';
import type { CommandGroup, CommandSpec } from './spec.ts';

/** The HELP subcommand of a container, whose forms are `lines`: a syntax, then its explanation indented by four spaces. */
export function helpSubcommand(
  lines: readonly string[],
  group: CommandGroup,
  since: string,
  categories: readonly string[],
): CommandSpec {
  const all = [...lines, 'HELP', '    Print this help.'];
  return {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    categories,
    group,
    since,
    summary: 'Lists the subcommands.',
    complexity: 'O(1)',
    handler: (ctx: CommandContext, request: Request) => {
      // As the client calls it: `rename-command` may have given it another name.
      const container = repeated(asciiUpper(request.latin1(0)));
      ctx.reply.array(all.length + 1);
      ctx.reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
      for (const line of all) ctx.reply.simple(line);
    },
  };
}
