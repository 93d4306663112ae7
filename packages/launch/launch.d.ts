/** See launch.js. */
export function launch(source: URL, built: URL, v8Flags?: readonly string[], env?: NodeJS.ProcessEnv): void;
/** See launch.js. */
export function withHugePages(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
/** See launch.js. */
export function followLauncher(): void;
