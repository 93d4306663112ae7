import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Hundreds of tests start a program, and every file of tests has a process of its own: with what V8 and the type stripping made of the
// sources the last time they start in a third of the time. Entries are found by the content of a source, so none is ever stale.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

/**
 * Rooms whose tests have a process per file, for something that they import registers with vitest what to clean up: only the first file
 * of a process would have it done. All others share processes, and what they test is loaded once for all of them. See scripts/tidy.test.ts.
 */
export const PROCESS_PER_FILE = ['packages/commands', 'apps/server', 'scripts'];

const testsOf = (room: string): string => `${room}/**/*.test.ts`;

export default defineConfig({
  test: {
    // Vitest leaves one core idle unless told otherwise: of two that is half. One worker more than there are cores, for many tests wait:
    // for a program that starts, for redis-server, for a timeout that is the point.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          isolate: false,
          include: ['packages/*/{src,test}/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts'],
          exclude: PROCESS_PER_FILE.map(testsOf),
        },
      },
      {
        extends: true,
        test: {
          name: 'process per file',
          include: PROCESS_PER_FILE.map(testsOf),
        },
      },
    ],
  },
});
