#!/usr/bin/env node
// Starts the server. Plain JavaScript, for any Node: see @aof/launch.
import { launch } from '@aof/launch';

launch(new URL('../src/main.ts', import.meta.url), new URL('../dist/main.js', import.meta.url), [
  // A small young generation bounds garbage collection pauses: survivors are copied, and a server's young objects mostly survive.
  '--max-semi-space-size=4',
  // V8 lets a heap double and more before it collects. Small collections are objects of the heap: a set of ten integers takes 152 B of resident
  // memory without this, 134–142 with it (`pnpm bench "memory per key"`).
  '--heap-growing-percent=30',
  // But the first collection comes here, MB: V8 counts buffers outside the heap as well, and a small heap would be collected for every few
  // MB of them that come and go, as they do in a rewrite (6–11 collections of 2–8 ms beside 5M members; none to 2 with this).
  '--initial-heap-size=96',
  // The data set may use the machine's memory; `maxmemory` is the limit that users set.
  '--max-old-space-size=65536',
]);
