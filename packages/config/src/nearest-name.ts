/** Finding the option that somebody meant. */

import { ALL_NAMES } from './options.ts';

/** Longer names aren't compared: nobody mistypes an option that far. */
const MAX_LENGTH = 64;

/** The known option name with the fewest typing errors between it and `name`, if there are few. */
export function nearestName(name: string): string | undefined {
  const wanted = name.toLowerCase().slice(0, MAX_LENGTH).replaceAll('_', '-');
  let nearest: string | undefined;
  // About one error for every four characters is still recognisable.
  let least = Math.floor(wanted.length / 4) + 1;
  for (const known of ALL_NAMES) {
    const distance = editDistance(wanted, known, least);
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

/** Inserted, removed, replaced and swapped neighbouring characters between a and b; `limit` if at least that many. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? limit) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return Math.min(last[b.length] ?? limit, limit);
}
