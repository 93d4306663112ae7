/** Replies of the HELP subcommands: one line a form, as redis-cli prints them. */
import type { CommandContext } from './context.ts';
import type { CommandGroup, CommandSpec } from './spec.ts';

/** The HELP subcommand of `container`, whose forms are `lines`: a syntax, then its explanation indented by four spaces. */
export function helpSubcommand(
  container: string,
  lines: readonly string[],
  group: CommandGroup,
  since: string,
  categories: readonly string[],
): CommandSpec {
  const all = [
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Print this help.',
  ];
  return {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    categories,
    group,
    since,
    summary: 'Lists the subcommands.',
    complexity: 'O(1)',
    handler: (ctx: CommandContext) => {
      ctx.reply.array(all.length);
      for (const line of all) ctx.reply.simple(line);
    },
  };
}
