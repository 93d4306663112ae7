#!/usr/bin/env node
// Starts the server. Plain JavaScript, for any Node: see @aof/launch.
import { launch } from '@aof/launch';

launch(new URL('../src/main.ts', import.meta.url), new URL('../dist/main.js', import.meta.url), [
  // A small young generation bounds garbage collection pauses: survivors are copied, and a server's young objects mostly survive.
  '--max-semi-space-size=4',
  // V8 lets a heap double and more before it collects: for a large data set that is more memory than the data.
  // 1M keys of 16 B and 32 B, each overwritten five times, take 326 B of resident memory per key without this, 164 with it (`pnpm bench memory`).
  '--heap-growing-percent=30',
  // The data set may use the machine's memory; `maxmemory` is the limit that users set.
  '--max-old-space-size=65536',
]);
