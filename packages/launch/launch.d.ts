/** See launch.js. */
export function launch(source: URL, built: URL, v8Flags?: readonly string[]): void;
