/** Options about the C server's process: threads, allocator, kernel. None has an effect in this runtime. */

import { LONG_MAX } from '../integers.ts';
import { boolean, integer, memory, oneOf, string } from '../kinds.ts';
import { option, type Traits } from '../option.ts';
import { integers } from '../special-kinds.ts';

const accepted: Traits = { accepted: true };
const fixed: Traits = { accepted: true, immutable: true };

export const platform = {
  'io-threads': option(integer(1, 128), 1, `Threads that read and write sockets.`, fixed),
  'io-threads-do-reads': option(boolean(), false, `Let these threads read, too.`, fixed),
  'jemalloc-bg-thread': option(boolean(), true, `Let the allocator use a thread.`, accepted),
  'disable-thp': option(boolean(), true, `Turn transparent huge pages off.`, fixed),
  'oom-score-adj': option(
    oneOf(['no', 'yes', 'relative', 'absolute'], { relative: 'yes' }),
    'no',
    `Tell the kernel which process to end first when memory runs out.`,
    accepted,
  ),
  'oom-score-adj-values': option(
    integers(3, -2000, 2000, 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.'),
    [0, 200, 800],
    `Scores of a master, a replica and a background process.`,
    accepted,
  ),
  server_cpulist: option(string(), '', `CPUs for the server.`, { ...fixed, aliases: ['server-cpulist'] }),
  bio_cpulist: option(string(), '', `CPUs for background threads.`, { ...fixed, aliases: ['bio-cpulist'] }),
  bgsave_cpulist: option(string(), '', `CPUs for the process that writes a snapshot.`, {
    ...fixed,
    aliases: ['bgsave-cpulist'],
  }),
  activedefrag: option(boolean(), false, `Move values to reduce fragmentation.`, accepted),
  'active-defrag-ignore-bytes': option(memory(1), 100 * 1024 * 1024, `Waste that is not worth it.`, {
    accepted: true,
    unit: 'bytes',
  }),
  'active-defrag-threshold-lower': option(integer(0, 1000), 10, `Fragmentation from which on to move.`, accepted),
  'active-defrag-threshold-upper': option(integer(0, 1000), 100, `Fragmentation for the most effort.`, accepted),
  'active-defrag-cycle-min': option(integer(1, 99), 1, `Least share of CPU time.`, accepted),
  'active-defrag-cycle-max': option(integer(1, 99), 25, `Largest share of CPU time.`, accepted),
  'active-defrag-max-scan-fields': option(integer(1, LONG_MAX), 1000, `Collections up to this size at once.`, accepted),
};
