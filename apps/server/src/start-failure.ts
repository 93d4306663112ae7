/** Why the server did not start, for the operator: the reason, and what to do next. */
import type { Log } from './log.ts';

/** Errors of this project carry a hint. */
function hintOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('hint' in error)) return undefined;
  return typeof error.hint === 'string' ? error.hint : undefined;
}

export function reportStartFailure(log: Log, error: unknown): void {
  log('warning', error instanceof Error ? error.message : String(error));
  const hint = hintOf(error);
  if (hint !== undefined) log('warning', `What to do: ${hint}`);
}
