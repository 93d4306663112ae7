/** Which of some names a word with a slip of the finger was to be. */

/** So many letters may be wrong, missing, too many or swapped with the next. */
const MAX_SLIPS = 2;

/** Undefined: none is so near, or the word is too short to tell. */
export function closestName(word: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, slips: slipsBetween(word, name) }))
    .filter(({ name, slips }) => slips <= MAX_SLIPS && slips < name.replace(/^-+/, '').length / 2);
  return near.toSorted((a, b) => a.slips - b.slips)[0]?.name;
}

/** The optimal string alignment distance. */
function slipsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, isSwap ? at(i - 2, j - 2) + 1 : change));
    }
  }
  return at(a.length, b.length);
}
