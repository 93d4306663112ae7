#!/usr/bin/env node
// Starts check-aof. Plain JavaScript, for any Node: see @aof/launch.
import { launch } from '@aof/launch';

// A log is mostly garbage once it has been looked at: a small young generation and a heap that grows slowly keep `explain`
// below the memory that it promises, for a tenth of its time. Other commands hold data sets, and do better by themselves.
const v8Flags =
  process.argv[2] === 'explain'
    ? ['--max-semi-space-size=4', '--initial-heap-size=64', '--heap-growing-percent=30']
    : [];

launch(new URL('../src/main.ts', import.meta.url), new URL('../dist/main.js', import.meta.url), v8Flags);
