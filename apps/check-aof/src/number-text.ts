/** Numbers for people: with units, as short as helps, in English. */
import { timeText } from './restore-time.ts';

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `999 B`, `1.2 kB`, `410 MB`: powers of 1000. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
}

/** `12,345`. */
export function countText(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `950`, `12.3 k`, `4.1 M`. */
export function shortCountText(count: number): string {
  if (count < 10_000) return countText(count);
  const [value, unit] =
    count < 999_500 ? [count / 1e3, 'k'] : count < 999.5e6 ? [count / 1e6, 'M'] : [count / 1e9, 'G'];
  return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`;
}

/** `0 %`, `<1 %`, `37 %`, `>99 %`: 0 and 100 are said of nothing else. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %';
  const percent = (100 * part) / whole;
  if (percent >= 100) return '100 %';
  if (percent > 99) return '>99 %';
  return percent < 1 ? '<1 %' : `${Math.round(percent)} %`;
}

/** `45 s`, `12 min`, `3.4 h`, `12 days`. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `2026-11-20 08:00:00`, UTC, without saying so. */
export function utcText(unixSeconds: number): string {
  return timeText(unixSeconds).slice(0, 19).replace('T', ' ');
}
