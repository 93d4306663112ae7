/** INFO's persistence section: the state of the log and of snapshots. */
import type { Engine } from './engine.ts';
import type { InfoFields } from './info.ts';

export function persistenceFields(engine: Engine): InfoFields {
  const { appendLog, loading, rewriteControl, snapshotControl, statistics } = engine;
  const copying = (snapshotControl.isRunning ? snapshotControl : rewriteControl).figures;
  const isLoading = loading !== undefined;
  return [
    ['loading', isLoading ? 1 : 0],
    ['async_loading', 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', percent(copying)],
    ['current_save_keys_processed', copying.copiedKeys],
    ['current_save_keys_total', copying.keyCount],
    ['rdb_changes_since_last_save', snapshotControl.unsavedChanges],
    ['rdb_bgsave_in_progress', snapshotControl.isRunning ? 1 : 0],
    ['rdb_last_save_time', snapshotControl.lastSaveSec],
    ['rdb_last_bgsave_status', snapshotControl.lastStatus],
    ['rdb_last_bgsave_time_sec', snapshotControl.figures.lastDurationSec],
    ['rdb_current_bgsave_time_sec', snapshotControl.figures.currentDurationSec],
    ['rdb_saves', snapshotControl.count],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', statistics.lastLoad.expiredKeys],
    ['rdb_last_load_keys_loaded', statistics.lastLoad.loadedKeys],
    ['aof_enabled', appendLog.isOn ? 1 : 0],
    ['aof_rewrite_in_progress', rewriteControl.isRunning ? 1 : 0],
    ['aof_rewrite_scheduled', rewriteControl.isScheduled ? 1 : 0],
    ['aof_last_rewrite_time_sec', rewriteControl.figures.lastDurationSec],
    ['aof_current_rewrite_time_sec', rewriteControl.figures.currentDurationSec],
    ['aof_last_bgrewrite_status', rewriteControl.lastStatus],
    ['aof_rewrites', rewriteControl.count],
    ['aof_rewrites_consecutive_failures', rewriteControl.consecutiveFailures],
    ['aof_last_write_status', appendLog.lastWriteStatus],
    ['aof_last_cow_size', 0],
    ['backup_in_progress', engine.backupControl.isInProgress ? 1 : 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ['rdb_bgsave_max_slice_usec', Math.round(snapshotControl.figures.maxSliceUs)],
    ['rdb_bgsave_keys_copied_early', snapshotControl.figures.earlyKeys],
    ['aof_rewrite_max_slice_usec', Math.round(rewriteControl.figures.maxSliceUs)],
    ['aof_rewrite_keys_copied_early', rewriteControl.figures.earlyKeys],
    ...(rewriteControl.isRunning ? progressFields(engine) : []),
    ...(appendLog.isOn ? logFields(engine) : []),
    ...(loading === undefined ? [] : loadingFields(loading, engine.clock.nowMs())),
  ];
}

interface CopyProgress {
  readonly copiedKeys: number;
  readonly keyCount: number;
}

function percent({ copiedKeys, keyCount }: CopyProgress): string {
  return (keyCount === 0 ? 0 : (copiedKeys * 100) / keyCount).toFixed(2);
}

function progressFields({ rewriteControl: { figures } }: Engine): InfoFields {
  return [
    ['aof_rewrite_progress_perc', percent(figures)],
    ['aof_rewrite_keys_done', figures.copiedKeys],
    ['aof_rewrite_keys_total', figures.keyCount],
  ];
}

function logFields({ appendLog, rewriteControl, statistics }: Engine): InfoFields {
  return [
    ['aof_current_size', appendLog.currentSize],
    ['aof_base_size', appendLog.baseSize],
    ['aof_pending_rewrite', rewriteControl.isScheduled ? 1 : 0],
    ['aof_buffer_length', appendLog.bufferedBytes],
    ['aof_rewrite_buffer_length', rewriteControl.bufferedBytes],
    ['aof_pending_bio_fsync', appendLog.pendingSyncs],
    ['aof_delayed_fsync', statistics.delayedSyncs],
  ];
}

/** How far a load is. */
export interface LoadingProgress {
  readonly startedAtMs: number;
  readonly totalBytes: number;
  readonly loadedBytes: number;
}

function loadingFields({ startedAtMs, totalBytes, loadedBytes }: LoadingProgress, nowMs: number): InfoFields {
  const elapsedSec = (nowMs - startedAtMs) / 1000;
  const share = totalBytes === 0 ? 1 : loadedBytes / totalBytes;
  const etaSec = share === 0 ? 1 : Math.max(0, Math.round(elapsedSec / share - elapsedSec));
  return [
    ['loading_start_time', Math.floor(startedAtMs / 1000)],
    ['loading_total_bytes', totalBytes],
    ['loading_rdb_used_mem', 0],
    ['loading_loaded_bytes', loadedBytes],
    ['loading_loaded_perc', (share * 100).toFixed(2)],
    ['loading_eta_seconds', etaSec],
  ];
}
