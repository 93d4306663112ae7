/** What matters about a log, in sentences. */
import { sentence } from '../findings.ts';
import { bytesText, countText, durationText, shareText, shortCountText, utcText } from '../number-text.ts';
import type { Explanation } from './explanation.ts';

export interface Verdict {
  /** `A rewrite would shrink 2.1 GB to 96 MB.` */
  readonly headline: string;
  /** Why, and what qualifies it. Sentences. */
  readonly details: readonly string[];
  /** How much there is to gain: bad is much. */
  readonly tone: 'good' | 'doubtful' | 'bad';
}

/** Less to gain than this is not worth a rewrite. */
const LITTLE = 0.1;
const MUCH = 0.5;

export function verdictOf(explanation: Explanation): Verdict {
  const { rewrite, totalBytes } = explanation;
  const size = bytesText(totalBytes);
  if (rewrite === undefined) {
    return {
      headline: `${size}; what a rewrite would save is not known.`,
      details: ['Nothing was replayed.'],
      tone: 'good',
    };
  }
  const { liveBytes } = rewrite;
  const dead = deadBytesOf(explanation);
  const share = totalBytes === 0 ? 0 : dead / totalBytes;
  const details = detailsOf(explanation);
  if (totalBytes === 0) return { headline: 'The log is empty.', details, tone: 'good' };
  if (dead === 0) {
    const headline = `A rewrite would not make these ${size} smaller: as records the data set takes ${bytesText(liveBytes)}.`;
    return { headline, details, tone: 'good' };
  }
  const about = rewrite.method === 'sampled' ? `about ${bytesText(liveBytes)}` : bytesText(liveBytes);
  if (share < LITTLE) {
    return { headline: `A rewrite would gain little: from ${size} to ${about}.`, details, tone: 'good' };
  }
  return {
    headline: `A rewrite would shrink ${size} to ${about}.`,
    details: [`${shareText(dead, totalBytes)} of this log is dead: overwritten, deleted or expired since.`, ...details],
    tone: share < MUCH ? 'doubtful' : 'bad',
  };
}

/** What a rewrite to records would drop; 0 if it would drop nothing. */
export function deadBytesOf({ rewrite, totalBytes }: Explanation): number {
  return rewrite === undefined ? 0 : Math.max(0, totalBytes - rewrite.liveBytes);
}

function detailsOf({ rewrite, unread }: Explanation): string[] {
  const details: string[] = [];
  if (rewrite !== undefined) {
    const { method, sampledOneIn, liveBytesError, rdbBytes, dueKeys, notReplayed, notReplayedCommands, hint } = rewrite;
    if (rdbBytes !== undefined && rewrite.liveKeys > 0)
      details.push(`With an RDB preamble the base would take ${bytesText(rdbBytes)}.`);
    if (method === 'sampled') {
      details.push(
        `The data set is larger than the memory allowed, so one key in ${sampledOneIn} was followed: live bytes are estimates, the total ± ${bytesText(liveBytesError)} (95 %).`,
      );
    }
    if (dueKeys > 0)
      details.push(
        `${countText(dueKeys)} keys have expired without a DEL in the log so far; a rewrite leaves them out.`,
      );
    if (notReplayed > 0) {
      details.push(
        `${countText(notReplayed)} commands could not be replayed (${notReplayedCommands.join(', ')}); live bytes lack what they did.${hint === undefined ? '' : ` ${sentence(hint)}`}`,
      );
    }
  }
  if (unread !== undefined) {
    const { bytes, reason } = unread;
    if (bytes === 0) details.push(`${reason}; it is counted, and not among what is live.`);
    else details.push(`${bytesText(bytes)} could not be read: ${reason}. What precedes them is explained.`);
  }
  return details;
}

/** `1 file, 2.0 GB, 30.9 M commands, …`. */
export function summaryOf(explanation: Explanation): string[] {
  const { files, totalBytes, commands, firstTimeSec, lastTimeSec } = explanation;
  const parts = [
    `${files.length} file${files.length === 1 ? '' : 's'}`,
    bytesText(totalBytes),
    `${shortCountText(commands)} records`,
  ];
  if (firstTimeSec !== undefined && lastTimeSec !== undefined) {
    parts.push(`${utcText(firstTimeSec)} to ${utcText(lastTimeSec)} UTC (${durationText(lastTimeSec - firstTimeSec)})`);
  } else parts.push('no timestamps');
  return parts;
}

/** Why there is no axis of time. */
export function withoutTimeText({ firstTimeSec }: Explanation): string {
  return firstTimeSec === undefined
    ? 'no timestamps: aof-timestamp-enabled was off'
    : 'all that bears a time is of one second';
}

/** `3 times a key got an expiry`. */
export function expiriesText(given: number): string {
  return `${countText(given)} ${given === 1 ? 'time' : 'times'} a key got an expiry`;
}

/** How the numbers of hot keys are bounded, as a sentence. */
export function hotBoundText({ hottestKeys, hottestMayMiss }: Explanation): string {
  const worst = hottestKeys.reduce((most, { mayMiss }) => Math.max(most, mayMiss), 0);
  if (hottestMayMiss === 0) return 'All keys were counted.';
  const listed = worst === 0 ? 'Exact' : `At most ${countText(worst)} too low`;
  return `${listed}; a key that was not followed was written at most ${countText(hottestMayMiss)} times.`;
}
