/** What the programs end with. Scripts and containers rely on these numbers: they do not change. */
export const EXIT = {
  /** All is well: valid, nothing found, nothing to do, or done. */
  ok: 0,
  /** Something was found, or is to be done and was not: damage, a dry run, an answer of no. */
  found: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The price is above --max-loss. */
  tooExpensive: 3,
  /** A process has the log open, or a server has claimed it. */
  inUse: 4,
  /** There is no log, or none that can be worked on. */
  impossible: 5,
  /** The disk refused. */
  disk: 6,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];
