#!/usr/bin/env node
// Starts check-rdb. Plain JavaScript, for any Node: see @aof/launch.
import { launch } from '@aof/launch';

launch(new URL('../src/main-rdb.ts', import.meta.url), new URL('../dist/main-rdb.js', import.meta.url));
