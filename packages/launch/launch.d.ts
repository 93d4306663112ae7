/** See launch.js. */
export function launch(source: URL, built: URL, v8Flags?: readonly string[]): void;
/** See launch.js. */
export function followLauncher(): void;
