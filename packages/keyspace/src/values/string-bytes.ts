/** What a latin1 string costs in memory: V8's header of two words, and its chars in whole words. */
export function stringBytes(length: number): number {
  return 16 + ((length + 7) & ~7);
}
