/** The table of subcommands, in the order in which --help lists them: a new one is a file and a line here. */
import { check } from './check-command.ts';
import { convert } from './convert-command.ts';
import { doctor } from './doctor-command.ts';
import { dump } from './dump-command.ts';
import { explain } from './explain-command.ts';
import { history } from './history-command.ts';
import { repair } from './repair-command.ts';
import { restore } from './restore-command.ts';
import type { Subcommand } from './subcommand.ts';
import { undo } from './undo-command.ts';

export const SUBCOMMANDS: readonly Subcommand[] = [
  check,
  repair,
  undo,
  explain,
  restore,
  convert,
  doctor,
  dump,
  history,
];
