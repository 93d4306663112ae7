/** What a configuration means for the log, in plain words. */
import type { ConfigValues } from '@aof/config';
import type { DoctorFinding } from './doctor-finding.ts';
import { bytesText } from './number-text.ts';

const FSYNC: Readonly<Record<ConfigValues['appendfsync'], DoctorFinding>> = {
  always: {
    level: 'ok',
    code: 'fsync',
    text: 'appendfsync always: a client hears that its write was done only when it is on the disk. A power failure loses nothing that was acknowledged.',
  },
  everysec: {
    level: 'ok',
    code: 'fsync',
    text: 'appendfsync everysec: a power failure loses the writes of the last second, or of the last two on a busy disk. A crash of the server alone loses nothing.',
  },
  no: {
    level: 'warning',
    code: 'fsync',
    text: 'appendfsync no: the operating system decides when writes reach the disk, commonly within 30 seconds. A power failure loses those.',
    advice: 'CONFIG SET appendfsync everysec costs little.',
  },
};

export function examineConfiguration(values: ConfigValues, passedOver: readonly string[]): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (passedOver.length > 0) {
    findings.push({
      level: 'notice',
      code: 'config',
      text: `Lines of the configuration that are not known here, and were passed over: ${passedOver.join('; ')}`,
    });
  }
  if (!values.appendonly) {
    findings.push({
      level: 'warning',
      code: 'appendonly',
      text: 'appendonly no: nothing is logged. A crash loses everything since the last snapshot, and an append-only file that is there is not loaded.',
      advice:
        'CONFIG SET appendonly yes, on the running server, writes the data set to a new log first; then change the configuration.',
    });
    return findings;
  }
  findings.push({ level: 'ok', code: 'appendonly', text: 'appendonly yes: every write is logged.' });
  findings.push(FSYNC[values.appendfsync]);
  if (values['no-appendfsync-on-rewrite'] && values.appendfsync !== 'no') {
    findings.push({
      level: 'warning',
      code: 'fsync',
      text: 'no-appendfsync-on-rewrite yes: while a rewrite or a snapshot runs nothing is synced, so that a power failure then loses what appendfsync no would lose.',
    });
  }
  if (!values['aof-load-truncated']) {
    findings.push({
      level: 'notice',
      code: 'unfinished-end',
      text: 'aof-load-truncated no: after a crash that left half a record at the end, the server does not start until somebody has looked.',
      advice: 'check-aof repair does so.',
    });
  }
  return findings;
}

/** @param hasTimes whether the log bears times; undefined if it holds no commands that could */
export function examineTimestamps(values: ConfigValues | undefined, hasTimes: boolean | undefined): DoctorFinding[] {
  const isOn = values?.['aof-timestamp-enabled'];
  const advice =
    'CONFIG SET aof-timestamp-enabled yes: some 16 bytes for each second in which something is written. Readers before Redis 7.0 refuse such logs.';
  if (isOn === false && hasTimes === true) {
    const text = 'aof-timestamp-enabled no: the log bears times, but what is written from now on will not.';
    return [{ level: 'warning', code: 'timestamps', text, advice }];
  }
  if (isOn === false || (isOn === undefined && hasTimes === false)) {
    const where = isOn === undefined ? 'The log bears no times' : 'aof-timestamp-enabled no: the log bears no times';
    const text = `${where}: it cannot be taken back to a moment (check-aof restore --at), only to before a command.`;
    return [{ level: 'warning', code: 'timestamps', text, advice }];
  }
  if (isOn === true && hasTimes === false) {
    const text =
      'aof-timestamp-enabled yes, but the log bears no times yet: it can be taken back to moments from now on.';
    return [{ level: 'notice', code: 'timestamps', text }];
  }
  if (isOn === undefined && hasTimes === undefined) return [];
  return [
    {
      level: 'ok',
      code: 'timestamps',
      text: 'The log bears times: check-aof restore --at takes it back to any second since the last rewrite.',
    },
  ];
}

export interface LogSizes {
  readonly totalBytes: number;
  /** Of what a rewrite wrote last; undefined if that is not known, as in a single file. */
  readonly baseBytes: number | undefined;
}

/** Source: Redis's defaults. */
const DEFAULT_PERCENTAGE = 100;
const DEFAULT_MIN_BYTES = 64 * 1024 * 1024;

/** When the server will rewrite the log by itself, and with it remove what could be restored. */
export function examineAutoRewrite(
  values: ConfigValues | undefined,
  { totalBytes, baseBytes }: LogSizes,
): DoctorFinding[] {
  const percentage = values?.['auto-aof-rewrite-percentage'] ?? DEFAULT_PERCENTAGE;
  const minBytes = values?.['auto-aof-rewrite-min-size'] ?? DEFAULT_MIN_BYTES;
  if (percentage === 0) {
    return [
      {
        level: 'notice',
        code: 'auto-rewrite',
        text: 'auto-aof-rewrite-percentage 0: the log is never rewritten by itself. All of its past can be restored; it grows until BGREWRITEAOF.',
      },
    ];
  }
  // A server that starts with a single file counts growth from the size that it then has.
  const dueAtBytes = Math.max(minBytes + 1, Math.ceil(((baseBytes ?? totalBytes) * (100 + percentage)) / 100));
  const settings = values === undefined ? ' (with the usual settings)' : '';
  const advice =
    'Before something is to be restored: CONFIG SET auto-aof-rewrite-percentage 0, or copy the files away.';
  const lost = 'then what was there before can no longer be restored';
  if (totalBytes >= dueAtBytes) {
    const text = `An automatic rewrite is due${settings}: the log has ${bytesText(totalBytes)}, and ${bytesText(dueAtBytes)} are enough. A server that starts with it rewrites it at once; ${lost}.`;
    return [{ level: 'warning', code: 'auto-rewrite', text, advice }];
  }
  const text = `The next automatic rewrite comes${settings} when the log has ${bytesText(dueAtBytes)}; it has ${bytesText(totalBytes)} now. ${lost.charAt(0).toUpperCase()}${lost.slice(1)}.`;
  return [{ level: 'notice', code: 'auto-rewrite', text, advice }];
}

/** Whether a rewrite, which writes a base beside the one that is there, can succeed. */
export function examineRoom(freeBytes: number | undefined, { totalBytes, baseBytes }: LogSizes): DoctorFinding[] {
  if (freeBytes === undefined || totalBytes === 0) return [];
  const free = `${bytesText(freeBytes)} are free`;
  const base = baseBytes ?? 0;
  if (freeBytes < base) {
    const text = `No room for a rewrite: it needs about the ${bytesText(base)} of the last base, and ${free}. Until then the log grows, and when the disk is full the server takes no writes any more.`;
    return [
      { level: 'problem', code: 'rewrite-room', text, advice: 'Free some space, or move the log to a larger disk.' },
    ];
  }
  if (freeBytes < totalBytes) {
    const text = `A rewrite may run out of room: the log has ${bytesText(totalBytes)}, and ${free}. It needs as much as the data set takes.`;
    return [{ level: 'warning', code: 'rewrite-room', text, advice: 'Free some space, or rewrite soon.' }];
  }
  return [
    {
      level: 'ok',
      code: 'rewrite-room',
      text: `There is room for a rewrite: ${free}, and the log has ${bytesText(totalBytes)}.`,
    },
  ];
}
