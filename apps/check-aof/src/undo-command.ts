/** `check-aof undo`: the last repair is taken back. */
import { CommandReport } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import type { Environment, Invocation, Subcommand } from './subcommand.ts';
import { undoRepair } from './undo.ts';

export const undo: Subcommand = {
  name: 'undo',
  summary: 'Take back the last repair of a log: the files from before return to their places',
  operands: '<folder|file.manifest|file.aof>',
  options: [{ name: '--force', summary: 'also if a server has written to the log since; that is kept beside it' }],
  examples: [
    {
      purpose: 'The repair was not what was wanted. Back to the files from before it:',
      lines: ['check-aof undo appendonlydir'],
    },
  ],
  exitStatus: {
    [EXIT.ok]: 'done',
    [EXIT.inUse]: 'a process has the log open, or has claimed it',
    [EXIT.impossible]: 'there is nothing to undo, it is not this log, or it would drop what a server has written since',
    [EXIT.disk]: 'the disk refused',
  },
  run: runUndoCommand,
};

async function runUndoCommand(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, realPath } = environment;
  const report = new CommandReport('undo', invocation.path, output, invocation.isJson);
  const undoIt = async (): Promise<ExitStatus> => {
    if (report.isInUse(environment, invocation.path)) return EXIT.inUse;
    const isForced = invocation.has('--force');
    const { undoFolder, restored, bytesSince } = await undoRepair(disk, realPath(invocation.path), isForced, realPath);
    report.add({ undoFolder, restored, bytesSince });
    const what = restored.length > 0 ? restored.join(', ') : 'the manifest';
    report.say(`The repair is undone: ${what} is as it was before.`);
    report.say(`What the repair had made is kept in ${undoFolder}.`);
    return EXIT.ok;
  };
  return report.guard(undoIt);
}
