/**
 * When the log is rewritten: BGREWRITEAOF, growth, `appendonly` changed at run time, delays after failures, and what INFO and
 * the operator hear about it.
 *
 * Invariants: one rewrite runs at a time, and none beside a background save; while the log is `starting` a rewrite runs or is
 * scheduled; what is not the whole data set is never written.
 *
 * Source: Redis persistence docs; Redis aof.c and serverCron.
 */
import type { AofLayout, BaseFormat } from '@aof/aof-files';
import {
  type BaseOutput,
  type BaseWriter,
  databaseSizes,
  growthPercent,
  hasGrownEnough,
  MultiPartPlan,
  missingRoom,
  type PlanContext,
  RdbBaseWriter,
  RespBaseWriter,
  Rewrite,
  RewriteError,
  RewriteLimit,
  type RewritePlan,
  type RewriteResult,
  SinglePlan,
} from '@aof/aof-rewriter';
import type { RewriteAnswer } from '@aof/commands';
import { BackgroundSlices } from './background-slices.ts';
import { CopyingFigures } from './copying-figures.ts';
import type { Engine } from './engine.ts';
import { usedMemoryBytes } from './memory-use.ts';
import { findLog, makeFolder } from './start-log.ts';
import { temporaryId } from './temporary-files.ts';

const REFUSED: RewriteAnswer = {
  outcome: 'error',
  message: "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
};

interface Running {
  readonly rewrite: Rewrite;
  readonly plan: RewritePlan;
  readonly layout: AofLayout;
  readonly ended: Promise<void>;
}

export class RewriteControl {
  /** Of the copying: what INFO tells. */
  readonly figures: CopyingFigures;
  readonly #engine: Engine;
  readonly #slices: BackgroundSlices;
  readonly #limit = new RewriteLimit();
  #layout: AofLayout | undefined;
  #running: Running | undefined;
  #isScheduled = false;
  #count = 0;
  #lastStatus: 'ok' | 'err' = 'ok';

  constructor(engine: Engine) {
    this.#engine = engine;
    this.figures = new CopyingFigures(engine.clock);
    this.#slices = new BackgroundSlices(engine, () => this.#running?.rewrite);
    engine.config.onChange('appendonly', (isOn) => this.#setAppendOnly(isOn));
    engine.config.onChange('aof-disable-auto-gc', (keepsHistory) => {
      if (!keepsHistory) this.#deleteKeptHistory();
      return undefined;
    });
  }

  /** The files of the log, as the start has found them. */
  set layout(layout: AofLayout | undefined) {
    this.#layout = layout;
  }

  get layout(): AofLayout | undefined {
    return this.#layout;
  }

  // --- what others ask ---

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get isScheduled(): boolean {
    return this.#isScheduled;
  }

  /** Rewrites that were started. */
  get count(): number {
    return this.#count;
  }

  get consecutiveFailures(): number {
    return this.#limit.failures;
  }

  get lastStatus(): 'ok' | 'err' {
    return this.#lastStatus;
  }

  get bufferedBytes(): number {
    return this.#running?.rewrite.bufferedBytes ?? 0;
  }

  // --- who wants a rewrite ---

  /** BGREWRITEAOF. */
  request(): RewriteAnswer {
    if (this.#running !== undefined) return { outcome: 'in-progress' };
    const { executor, snapshotControl, backupControl } = this.#engine;
    if (executor.isInExec || snapshotControl.isRunning || backupControl.holdsRewrites) {
      this.#isScheduled = true;
      this.#limit.reset();
      return { outcome: 'scheduled' };
    }
    return this.#start() ? { outcome: 'started' } : REFUSED;
  }

  /** `hz` times a second. */
  cron(nowMs: number): void {
    if (this.#running !== undefined) return this.#reportProgress(this.#running, nowMs);
    const { appendLog, config, log, snapshotControl, executor, backupControl } = this.#engine;
    if (snapshotControl.isRunning || executor.state.isLoading || backupControl.holdsRewrites) return;
    if (!this.#isScheduled) {
      if (appendLog.state !== 'on') return;
      const options = {
        percentage: config.values['auto-aof-rewrite-percentage'],
        minSizeBytes: config.values['auto-aof-rewrite-min-size'],
      };
      if (!hasGrownEnough(appendLog.currentSize, appendLog.baseSize, options)) return;
    }
    const mayStart = this.#limit.mayStart(nowMs, (minutes) =>
      log(
        'warning',
        `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${minutes} minutes`,
      ),
    );
    if (!mayStart) return;
    if (!this.#isScheduled) {
      const growth = growthPercent(appendLog.currentSize, appendLog.baseSize);
      log('notice', `Starting automatic rewriting of AOF on ${growth}% growth`);
    }
    this.#start();
  }

  /** CONFIG SET appendonly: the text of the refusal, or undefined. */
  #setAppendOnly(isOn: boolean): string | undefined {
    const { appendLog, log, executor, snapshotControl } = this.#engine;
    if (isOn === (appendLog.state !== 'off')) return undefined;
    if (!isOn) {
      this.#turnOff();
      return undefined;
    }
    appendLog.startLater();
    if (executor.isInExec || this.#running !== undefined || snapshotControl.isRunning) {
      this.#isScheduled = true;
      const reason = executor.isInExec
        ? 'AOF was enabled during a transaction.'
        : 'AOF was enabled but there is already another background operation.';
      log('notice', `${reason} An AOF background was scheduled to start when possible.`);
      // What runs would write a base for a log that is off.
      this.#running?.rewrite.cancel('the log is being turned on, which needs a rewrite of its own');
      return undefined;
    }
    if (this.#start()) return undefined;
    appendLog.turnOff();
    this.#isScheduled = false;
    return 'Unable to turn on AOF. Check server logs.';
  }

  #turnOff(): void {
    const { appendLog, log } = this.#engine;
    if (this.#isScheduled) {
      this.#isScheduled = false;
      log('notice', 'AOF was disabled but there is a scheduled AOF background, cancel it.');
    }
    if (this.#running !== undefined) {
      log('notice', 'Killing running AOF rewrite: background rewrite');
      this.#running.rewrite.cancel('the log was turned off');
    }
    appendLog.turnOff();
    this.#engine.executor.state.logWriteError = undefined;
  }

  // --- the end of the server ---

  /** Why SHUTDOWN has to wait, or undefined. */
  get refusalOfShutdown(): string | undefined {
    const isStarting = this.#engine.appendLog.state === 'starting' && this.#running !== undefined;
    return isStarting ? "Writing initial AOF, can't exit." : undefined;
  }

  /** Gives up what runs; resolves when nothing of it is left. */
  async stop(reason: string): Promise<void> {
    this.#isScheduled = false;
    const running = this.#running;
    if (running === undefined) return;
    this.#engine.log('notice', `There is a background rewrite of the AOF. Killing it! (${reason})`);
    running.rewrite.cancel(reason);
    await running.ended;
  }

  // --- one rewrite ---

  /** @returns whether it has begun; if not, the log says why */
  #start(): boolean {
    const { log, clock, keyspace, config, hasWholeDataset } = this.#engine;
    try {
      if (!hasWholeDataset) {
        throw new RewriteError(
          'AOF_REWRITE_FAILED',
          'what is in memory is not the whole data set: loading it has failed',
        );
      }
      const layout = this.#findLayout();
      const context = this.planContext();
      const missing = missingRoom(this.#engine.disk, config.values.dir, keyspace);
      if (missing !== undefined) {
        throw new RewriteError(
          'AOF_REWRITE_NO_ROOM',
          `the disk has no room for a rewrite: about ${missing.neededBytes} bytes are needed, ${missing.freeBytes} are free`,
          { path: config.values.dir },
        );
      }
      const format = this.#baseFormat();
      const plan = this.#planOf(layout, context, format);
      const rewrite = new Rewrite({
        keyspace,
        plan,
        context,
        createBaseWriter: (output, nowMs) => this.#baseWriter(format, output, nowMs),
        syncsInSteps: config.values['aof-rewrite-incremental-fsync'],
        nowMs: () => clock.nowMs(),
        monotonicUs: () => clock.monotonicUs(),
        onWork: () => this.#slices.schedule(),
      });
      this.#slices.begin();
      const ended = rewrite.run().then(
        (result) => this.#succeeded(result),
        (error: unknown) => this.#failed(error),
      );
      this.#running = { rewrite, plan, layout, ended };
      this.figures.begin(rewrite);
    } catch (error) {
      // Its reasons are an operator's to know; a bug has no code and goes on its way.
      if (!(error instanceof Error && 'code' in error)) throw error;
      log('warning', `Can't rewrite append only file in background: ${error.message}`);
      this.#countFailure();
      return false;
    }
    this.#isScheduled = false;
    this.#count++;
    log('notice', 'Background append only file rewriting started by background rewrite');
    return true;
  }

  #findLayout(): AofLayout {
    makeFolder(this.#engine);
    if (this.#layout !== undefined) return this.#layout;
    const refusal = this.#engine.options.claims?.take('log');
    if (refusal !== undefined) throw refusal;
    this.#layout = findLog(this.#engine);
    return this.#layout;
  }

  /** What plans work with. */
  planContext(): PlanContext {
    const { disk, appendLog, clock, config, log, options } = this.#engine;
    return {
      disk,
      log: appendLog,
      vouch: (file) => appendLog.vouching.wrap(file),
      temporaryId: temporaryId(config.values.appendfilename),
      monotonicMs: () => clock.monotonicUs() / 1000,
      nextTurn: () => new Promise((resolve) => options.schedule(resolve)),
      report: (level, message) => log(level, message),
    };
  }

  #baseFormat(): BaseFormat {
    const { config, functionLibraries, log } = this.#engine;
    if (config.values['aof-use-rdb-preamble']) return 'rdb';
    if (functionLibraries.isEmpty) return 'aof';
    log(
      'notice',
      'The base will be an RDB file: it has function libraries to keep, which records could not bring back',
    );
    return 'rdb';
  }

  #planOf(layout: AofLayout, context: PlanContext, format: BaseFormat): RewritePlan {
    const { config, options } = this.#engine;
    if (layout.kind === 'single') {
      return new SinglePlan(context, layout, { bufferCeilingBytes: options.rewriteBufferCeilingBytes });
    }
    const { values } = config;
    return new MultiPartPlan(context, layout, { format, keepsHistory: () => values['aof-disable-auto-gc'] });
  }

  /** The form is that of the rewrite's start: a change of the option holds from the next one on. */
  #baseWriter(format: BaseFormat, output: BaseOutput, nowMs: number): BaseWriter {
    const { config, keyspace, functionLibraries } = this.#engine;
    const createdSec = Math.floor(nowMs / 1000);
    if (format === 'rdb') {
      return new RdbBaseWriter(output, {
        createdSec,
        compresses: config.values.rdbcompression,
        sums: config.values.rdbchecksum,
        thresholds: keyspace.thresholds,
        functions: functionLibraries.codes,
        usedMemoryBytes: usedMemoryBytes(),
        sizes: databaseSizes(keyspace),
      });
    }
    return new RespBaseWriter(output, {
      annotatedSec: config.values['aof-timestamp-enabled'] ? createdSec : undefined,
    });
  }

  #succeeded(result: RewriteResult): void {
    const running = this.#end();
    const { appendLog, log } = this.#engine;
    appendLog.rewritten(result, running.layout.kind === 'single');
    this.#limit.reset();
    this.#lastStatus = result.doubt === undefined ? 'ok' : 'err';
    if (result.doubt !== undefined) {
      log(
        'warning',
        `The rewritten AOF is in place, but a power cut may still bring back the old one: ${result.doubt}`,
      );
    }
    log('notice', 'Background AOF rewrite finished successfully');
    this.#deleteHistoryOf(running.plan);
  }

  #failed(error: unknown): void {
    this.#end();
    const { appendLog, log } = this.#engine;
    if (!(error instanceof RewriteError)) return this.#throwLater(error);
    const isCancelled = error.code === 'AOF_REWRITE_CANCELLED';
    log('warning', `Background AOF rewrite terminated ${isCancelled ? 'on purpose' : 'with error'}: ${error.message}`);
    if (!isCancelled) this.#countFailure();
    if (appendLog.state === 'starting') this.#isScheduled = true;
  }

  /** A bug must not end in a rejection that nobody sees. */
  #throwLater(error: unknown): void {
    this.#engine.options.schedule(() => {
      throw error;
    });
  }

  #end(): Running {
    const running = this.#running;
    if (running === undefined) throw new Error('bug: a rewrite ended that did not run');
    this.#running = undefined;
    this.figures.end();
    return running;
  }

  #countFailure(): void {
    this.#lastStatus = 'err';
    this.#limit.failed();
  }

  /** History that `aof-disable-auto-gc` has kept so far. */
  #deleteKeptHistory(): void {
    if (this.#layout === undefined || this.#running !== undefined) return;
    this.#deleteHistoryOf(this.#planOf(this.#layout, this.planContext(), 'aof'));
  }

  #deleteHistoryOf(plan: RewritePlan): void {
    plan.deleteHistory().catch((error: unknown) => this.#throwLater(error));
  }

  #reportProgress({ rewrite }: Running, nowMs: number): void {
    if (!this.figures.isLineDue(nowMs)) return;
    const { copiedKeys, keyCount, baseBytes } = rewrite;
    this.#engine.log('notice', `AOF rewrite: ${copiedKeys} of ${keyCount} keys copied, ${baseBytes} bytes written`);
  }
}
