#!/usr/bin/env node
// Starts check-aof. Plain JavaScript, for any Node: see @aof/launch.
import { launch } from '@aof/launch';

launch(new URL('../src/main.ts', import.meta.url), new URL('../dist/main.js', import.meta.url));
