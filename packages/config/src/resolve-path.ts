/** Joining of slash-separated paths, so that the package needs no module of the platform. */

/** `path` as seen from `folder`, without `.` and `..` steps. Absolute if one of both is. */
export function resolvePath(folder: string, path: string): string {
  const joined = path.startsWith('/') || folder === '' ? path : `${folder}/${path}`;
  const isAbsolute = joined.startsWith('/');
  const steps: string[] = [];
  for (const step of joined.split('/')) {
    if (step === '' || step === '.') continue;
    if (step !== '..' || (!isAbsolute && (steps.length === 0 || steps.at(-1) === '..'))) steps.push(step);
    else steps.pop();
  }
  const resolved = steps.join('/');
  return isAbsolute ? `/${resolved}` : resolved || '.';
}
