/** Which files an `include` with wildcards names, found by listing folders. */

import { isGlob, matchesGlob } from './glob.ts';

/** Names in a folder; empty (or an error) where there is none. */
export type ListFolder = (path: string) => readonly string[];

/**
 * The existing paths that match an absolute pattern, sorted. `*` and `?` don't match a leading dot, and never a slash.
 */
export function expandInclude(pattern: string, listFolder: ListFolder): string[] {
  let found = [''];
  for (const step of pattern.split('/').slice(1)) {
    if (step === '') continue;
    // A shell negates a class by `!` where Redis writes `^`.
    const glob = step.replaceAll('[!', '[^');
    found = found.flatMap((folder) =>
      isGlob(step) ? matchingNames(folder, glob, listFolder).map((name) => `${folder}/${name}`) : [`${folder}/${step}`],
    );
  }
  return found;
}

function matchingNames(folder: string, glob: string, listFolder: ListFolder): string[] {
  return listOrNothing(folder === '' ? '/' : folder, listFolder)
    .filter((name) => (!name.startsWith('.') || glob.startsWith('.')) && matchesGlob(glob, name, false))
    .sort();
}

/** A folder that can't be listed holds no match, as for a shell. */
function listOrNothing(folder: string, listFolder: ListFolder): readonly string[] {
  try {
    return listFolder(folder);
  } catch {
    return [];
  }
}
