/** INFO: the sections, in Redis's order, and the fields that mean something here. */
import { arch, release, totalmem, type } from 'node:os';
import { type Command, type InfoSection, memoryReport, REDIS_VERSION } from '@aof/commands';
import type { Engine } from './engine.ts';
import { persistenceFields } from './info-persistence.ts';
import { memoryUse } from './memory-use.ts';

export type InfoFields = readonly (readonly [name: string, value: string | number])[];

interface SectionSpec {
  readonly title: string;
  readonly isDefault: boolean;
  readonly fields: (engine: Engine) => InfoFields;
}

const SECTIONS: Readonly<Record<string, SectionSpec>> = {
  server: { title: 'Server', isDefault: true, fields: serverFields },
  clients: { title: 'Clients', isDefault: true, fields: clientsFields },
  memory: { title: 'Memory', isDefault: true, fields: memoryFields },
  persistence: { title: 'Persistence', isDefault: true, fields: persistenceFields },
  stats: { title: 'Stats', isDefault: true, fields: statsFields },
  replication: { title: 'Replication', isDefault: true, fields: replicationFields },
  cpu: { title: 'CPU', isDefault: true, fields: cpuFields },
  modules: { title: 'Modules', isDefault: true, fields: () => [] },
  commandstats: { title: 'Commandstats', isDefault: false, fields: commandFields },
  errorstats: { title: 'Errorstats', isDefault: true, fields: errorFields },
  latencystats: { title: 'Latencystats', isDefault: false, fields: latencyFields },
  cluster: { title: 'Cluster', isDefault: true, fields: () => [['cluster_enabled', 0]] },
  keyspace: { title: 'Keyspace', isDefault: true, fields: keyspaceFields },
};

/** The sections that INFO's arguments ask for; none means the default ones. */
export function infoSections(engine: Engine, wanted: readonly string[]): InfoSection[] {
  const isAll = wanted.includes('all') || wanted.includes('everything');
  const isDefault = wanted.length === 0 || wanted.includes('default');
  return Object.entries(SECTIONS)
    .filter(([name, section]) => isAll || wanted.includes(name) || (isDefault && section.isDefault))
    .map(([, section]) => ({ name: section.title, fields: section.fields(engine) }));
}

/** Bytes as INFO's `_human` fields have them: `1.16M`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  for (const unit of ['K', 'M', 'G', 'T']) {
    value /= 1024;
    if (value < 1024 || unit === 'T') return `${value.toFixed(2)}${unit}`;
  }
  return `${bytes}B`;
}

function serverFields(engine: Engine): InfoFields {
  const nowMs = engine.clock.nowMs();
  const uptimeSec = Math.floor((nowMs - engine.statistics.startedAtMs) / 1000);
  const { hz } = engine.config.values;
  return [
    ['redis_version', REDIS_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'standalone'],
    ['os', `${type()} ${release()} ${arch()}`],
    ['arch_bits', 64],
    ['monotonic_clock', 'hrtime'],
    ['multiplexing_api', 'libuv'],
    ['node_version', process.versions.node],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', engine.runId],
    ['tcp_port', engine.listeningPort ?? 0],
    ['server_time_usec', nowMs * 1000],
    ['uptime_in_seconds', uptimeSec],
    ['uptime_in_days', Math.floor(uptimeSec / 86_400)],
    ['hz', hz],
    ['configured_hz', hz],
    ['lru_clock', engine.keyspace.accessClockSec],
    ['executable', process.argv[1] ?? ''],
    ['config_file', engine.configFile],
    ['io_threads_active', 0],
    ...listenerFields(engine),
  ];
}

/** `listener0:name=tcp,bind=127.0.0.1,port=6379`, and the unix socket. */
function listenerFields({ config: { values }, listeningPort }: Engine): InfoFields {
  const tcp = ['name=tcp', ...values.bind.map((address) => `bind=${address}`), `port=${listeningPort}`].join();
  const listeners = [
    ...(listeningPort === undefined ? [] : [tcp]),
    ...(values.unixsocket === '' ? [] : [`name=unix,bind=${values.unixsocket}`]),
  ];
  return listeners.map((text, i) => [`listener${i}`, text] as const);
}

function clientsFields(engine: Engine): InfoFields {
  let blocked = 0;
  let maxInput = 0;
  let maxOutput = 0;
  for (const client of engine.clients.values()) {
    if (client.isSuspended) blocked++;
    maxInput = Math.max(maxInput, client.link.queryBufferBytes);
    maxOutput = Math.max(maxOutput, client.link.outputBufferBytes);
  }
  return [
    ['connected_clients', engine.clients.size],
    ['cluster_connections', 0],
    ['maxclients', engine.config.values.maxclients],
    ['client_recent_max_input_buffer', maxInput],
    ['client_recent_max_output_buffer', maxOutput],
    ['blocked_clients', blocked],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', engine.executor.blocked.impatientCount],
    ['total_blocking_keys', engine.executor.blocked.keyCount],
  ];
}

function memoryFields(engine: Engine): InfoFields {
  const { arrayBuffers } = process.memoryUsage();
  const report = memoryReport(engine.keyspace, memoryUse(engine));
  const { maxmemory } = engine.config.values;
  const total = totalmem();
  return [
    ...withHuman('used_memory', report.usedBytes),
    ...withHuman('used_memory_rss', report.residentBytes),
    ...withHuman('used_memory_peak', report.peakBytes),
    ['used_memory_peak_perc', `${report.peakPercent.toFixed(2)}%`],
    ['used_memory_overhead', report.overheadBytes],
    ['used_memory_startup', report.startupBytes],
    ['used_memory_dataset', report.datasetBytes],
    ['used_memory_dataset_perc', `${report.datasetPercent.toFixed(2)}%`],
    ['used_memory_heap', report.heapUsedBytes],
    ['used_memory_heap_committed', report.heapCommittedBytes],
    ['used_memory_array_buffers', arrayBuffers],
    ...withHuman('total_system_memory', total),
    ...withHuman('maxmemory', maxmemory),
    ['maxmemory_policy', engine.config.values['maxmemory-policy']],
    ['mem_fragmentation_ratio', report.fragmentationRatio.toFixed(2)],
    ['mem_fragmentation_bytes', report.fragmentationBytes],
    ['mem_not_counted_for_evict', report.logBufferBytes],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', report.clientBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', report.logBufferBytes],
    ['mem_allocator', 'v8'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', 0],
  ];
}

/** A number of bytes, and the same for people. */
function withHuman(name: string, bytes: number): InfoFields {
  return [
    [name, bytes],
    [`${name}_human`, humanBytes(bytes)],
  ];
}

function statsFields(engine: Engine): InfoFields {
  const { statistics, keyspace, executor } = engine;
  const stats = keyspace.statistics;
  return [
    ['total_connections_received', statistics.connectionsReceived],
    ['total_commands_processed', executor.statistics.totalCommands],
    ['instantaneous_ops_per_sec', statistics.commandsPerSec],
    ['total_net_input_bytes', statistics.netInputBytes],
    ['total_net_output_bytes', statistics.netOutputBytes],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', statistics.inputKbps.toFixed(2)],
    ['instantaneous_output_kbps', statistics.outputKbps.toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', statistics.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', stats.expiredKeys],
    ['expired_stale_perc', keyspace.expiry.stalePercent.toFixed(2)],
    ['expired_time_cap_reached_count', keyspace.expiry.cutShortCount],
    ['expire_cycle_cpu_milliseconds', Math.floor(statistics.expireCycleUs / 1000)],
    ['evicted_keys', 0],
    ['evicted_clients', 0],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', stats.hits],
    ['keyspace_misses', stats.misses],
    ['pubsub_channels', 0],
    ['pubsub_patterns', 0],
    ['pubsubshard_channels', 0],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['unexpected_error_replies', 0],
    ['total_error_replies', executor.statistics.totalErrors],
    ['total_reads_processed', statistics.readsProcessed],
    ['total_writes_processed', statistics.writesProcessed],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['client_output_buffer_limit_disconnections', statistics.outputLimitDisconnections],
  ];
}

function replicationFields(engine: Engine): InfoFields {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', engine.runId],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', engine.config.values['repl-backlog-size']],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

function cpuFields(): InfoFields {
  const { systemCPUTime, userCPUTime } = process.resourceUsage();
  // Node 22 does not tell the threads apart.
  const thread = process.threadCpuUsage?.() ?? { user: userCPUTime, system: systemCPUTime };
  return [
    ['used_cpu_sys', (systemCPUTime / 1e6).toFixed(6)],
    ['used_cpu_user', (userCPUTime / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
    ['used_cpu_sys_main_thread', (thread.system / 1e6).toFixed(6)],
    ['used_cpu_user_main_thread', (thread.user / 1e6).toFixed(6)],
  ];
}

/** All commands and subcommands. */
function allCommands({ executor }: Engine): Command[] {
  return [...executor.table].flatMap((command) => [command, ...(command.subcommands?.values() ?? [])]);
}

function commandFields(engine: Engine): InfoFields {
  return allCommands(engine)
    .filter((command) => command.calls + command.rejectedCalls > 0)
    .map((command) => {
      const perCall = command.calls === 0 ? 0 : command.usec / command.calls;
      const value = `calls=${command.calls},usec=${Math.floor(command.usec)},usec_per_call=${perCall.toFixed(2)},rejected_calls=${command.rejectedCalls},failed_calls=${command.failedCalls}`;
      return [`cmdstat_${command.fullName}`, value] as const;
    });
}

function latencyFields(engine: Engine): InfoFields {
  const { percentiles } = engine.executor.times;
  return allCommands(engine).flatMap(({ fullName, latency }) => {
    if (latency === undefined) return [];
    const values = percentiles.map((percent) => `p${percent}=${latency.percentileUs(percent).toFixed(3)}`);
    return [[`latency_percentiles_usec_${fullName}`, values.join()] as const];
  });
}

function errorFields(engine: Engine): InfoFields {
  return [...engine.executor.statistics.errors].map(([prefix, count]) => [`errorstat_${prefix}`, `count=${count}`]);
}

function keyspaceFields(engine: Engine): InfoFields {
  return engine.keyspace.databases
    .filter((db) => db.size > 0)
    .map((db) => [
      `db${db.index}`,
      `keys=${db.size},expires=${db.expiringCount},avg_ttl=${Math.round(db.averageTtlMs)}`,
    ]);
}
