/** `check-aof doctor`: an examination before something goes wrong. */
import { AofError } from '@aof/aof-files';
import { ConfigError } from '@aof/config';
import { RDB_TARGETS, type RdbTarget } from '@aof/rdb';
import { CommandReport } from './command-report.ts';
import { diagnose } from './doctor.ts';
import { accessOf } from './doctor-access.ts';
import { type DoctorFinding, gravest, LEVELS, type Level } from './doctor-finding.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { type Output, type Tone, toned } from './output.ts';
import { explainError } from './restore-report.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const doctor: Subcommand = {
  name: 'doctor',
  summary: 'Say beforehand what would stop a start, a rewrite or a restore, in plain words',
  operands: '<folder|redis.conf|file.aof>',
  options: [
    { name: '--server', value: '<server>', summary: `who is to load the log: ${RDB_TARGETS.join(', ')}` },
    {
      name: '--fail-on',
      value: '<level>',
      summary: 'from which level on the status is 1: notice, warning (default), problem',
    },
  ],
  examples: [
    {
      purpose: 'Is everything as it should be? With the configuration, more can be said.',
      lines: ['check-aof doctor /etc/redis/redis.conf', 'check-aof doctor /var/lib/redis'],
    },
    {
      purpose: 'Before a change of the server: would the other one load this?',
      lines: ['check-aof doctor /var/lib/redis --server redis-6'],
    },
    {
      purpose: 'In monitoring: only what is a problem.',
      lines: [
        'check-aof doctor --fail-on problem --json /etc/redis/redis.conf | jq \'.findings[] | select(.level == "problem")\'',
      ],
    },
  ],
  remarks: [
    'ok: as it should be. notice: good to know. warning: it may cost data or time one day. problem: it does, or will.',
    'Nothing is written. The log is read once, in bounded memory. A relative dir counts from the folder of the configuration.',
  ],
  exitStatus: {
    [EXIT.ok]: 'nothing is as bad as a warning (or --fail-on)',
    [EXIT.found]: 'something is',
    [EXIT.impossible]: 'the configuration cannot be read',
    [EXIT.disk]: 'the disk refused',
  },
  run: runDoctor,
};

const TONES: Readonly<Record<Level, Tone>> = { ok: 'good', notice: 'strong', warning: 'doubtful', problem: 'bad' };
const WIDTH = Math.max(...LEVELS.map(({ length }) => length));

async function runDoctor(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, realPath, holderOf } = environment;
  const server = serverOf(invocation.value('--server'));
  const failOn = levelOf(invocation.value('--fail-on') ?? 'warning');
  const report = new CommandReport('doctor', invocation.path, output, invocation.isJson);
  return report.guard(
    async () => {
      const progress = (done: number, total: number): void => output.progress?.(done, total);
      const options = { disk, server, holderOf, accessOf, progress };
      const { findings, log, subject } = await diagnose(realPath(invocation.path), options);
      const level = gravest(findings);
      report.add({ dir: subject.names.dir, log: log?.path ?? null, level, findings });
      // The gravest at the end: there a terminal shows it.
      for (const found of LEVELS)
        for (const finding of findings) if (finding.level === found) say(report, output, finding);
      return LEVELS.indexOf(level) >= LEVELS.indexOf(failOn) ? EXIT.found : EXIT.ok;
    },
    (error) => {
      if (error instanceof AofError) return explainError(report, error);
      if (!(error instanceof ConfigError)) return undefined;
      report.add({ error: error.message, code: error.code, hint: error.hint ?? null });
      report.say(error.message);
      return EXIT.impossible;
    },
  );
}

function say(report: CommandReport, output: Output, { level, code, text, advice }: DoctorFinding): void {
  report.say(`${toned(output, TONES[level], level.padEnd(WIDTH))}  ${text} [${code}]`);
  if (advice !== undefined) report.say(`${' '.repeat(WIDTH)}  ${advice}`);
}

function serverOf(name: string | undefined): RdbTarget | undefined {
  if (name === undefined) return undefined;
  const found = RDB_TARGETS.find((target) => target === name);
  if (found === undefined) throw new UsageError(`--server takes one of ${RDB_TARGETS.join(', ')}, not '${name}'`);
  return found;
}

function levelOf(name: string): Level {
  const found = LEVELS.find((level) => level === name);
  if (found === undefined || found === 'ok')
    throw new UsageError(`--fail-on takes notice, warning or problem, not '${name}'`);
  return found;
}
