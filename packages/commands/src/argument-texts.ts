/** The arguments of a request as strings of their own, for values that take many elements at once. */
import type { Request } from '@aof/resp-codec';

/** The arguments from number `first` on: flat latin1 strings, which may be stored. */
export function textsFrom(request: Request, first: number): string[] {
  // Of its length from the beginning: an array that grows leaves more behind than it is.
  const texts = new Array<string>(request.count - first);
  for (let i = first; i < request.count; i++) texts[i - first] = request.latin1(i);
  return texts;
}
