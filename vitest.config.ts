import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Hundreds of tests start a program, and every file of tests has a process of its own: with what V8 and the type stripping made of the
// sources the last time they start in a third of the time. Entries are found by the content of a source, so none is ever stale.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Vitest leaves one core idle unless told otherwise: of two that is half. One worker more than there are cores, for many tests wait:
    // for a program that starts, for redis-server, for a timeout that is the point.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
