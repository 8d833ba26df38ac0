/**
 * The process of one part: it runs the checks, and is killed when one of them does not end. A thread would not do: it
 * can't be ended while it waits in a system call.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runtimeName } from '../../sys/ffi/platform.js';
import type { PartMessage, PartOrder } from './check.js';
import type { CheckReport } from './report.js';

/** So many processes of a part may end before their last check; then what is left of the part is not run. */
const MOST_ENDED_EARLY = 3;
/** Of what a process wrote last, so much is told when it ends early. */
const LAST_WORDS_CHARACTERS = 1_000;
/** A busy machine takes long over the start of a process, however little time its checks have. */
const START_LIMIT_MS = 60_000;
const STARTS = 'the process of the part starts and ends';

const entry = fileURLToPath(new URL('self-test-part.js', import.meta.url));

export interface PartPlan extends Omit<PartOrder, 'from'> {
  /** How long one check may take. */
  readonly limitMs: number;
  /** Whether the first check that fails is the last one. */
  readonly bails: boolean;
}

/** Runs all checks of a part. One that fails or does not end ends its process, and the next begins in a new one. */
export async function runPart({ limitMs, bails, ...order }: PartPlan): Promise<readonly CheckReport[]> {
  const reports: CheckReport[] = [];
  for (let endedEarly = 0; ;) {
    const run = new PartProcess({ ...order, from: reports.length }, limitMs);
    const failure = await run.ended();
    reports.push(...run.reports);
    if (failure !== undefined) {
      reports.push({ name: run.current ?? STARTS, status: 'fail', reason: failure, durationMs: run.currentMs });
      // Nothing else can be asked of it.
      if (run.current === undefined) return reports;
      endedEarly++;
    }
    if (bails && reports.at(-1)?.status === 'fail') return reports;
    const left = run.names.slice(reports.length);
    if (endedEarly === MOST_ENDED_EARLY) return [...reports, ...left.map(name => notRun(name))];
    if (left.length === 0) return reports;
  }
}

function notRun(name: string): CheckReport {
  const reason = `not run: ${MOST_ENDED_EARLY} checks before it did not end`;
  return { name, status: 'skip', reason, durationMs: 0 };
}

class PartProcess {
  names: readonly string[] = [];
  /** Those of this process. */
  readonly reports: CheckReport[] = [];
  private readonly child: ChildProcess;
  private timer: NodeJS.Timeout;
  private begunMs = performance.now();
  private index: number | undefined = undefined;
  private lastWords = '';
  private isLate = false;

  constructor(
    order: PartOrder,
    private readonly limitMs: number,
  ) {
    this.child = spawn(process.execPath, [...preload(order.module), entry, JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // Threads take it from there.
      env: order.backend === null ? process.env : { ...process.env, POLLUX_BACKEND: order.backend },
    });
    this.timer = setTimeout(() => this.late(), Math.max(limitMs, START_LIMIT_MS));
  }

  /** The name of the check that is running, if one is. */
  get current(): string | undefined {
    return this.index === undefined ? undefined : this.names[this.index];
  }

  get currentMs(): number {
    return performance.now() - this.begunMs;
  }

  /** Resolves when the process has ended: to undefined if it ran all checks, or to what came between. */
  ended(): Promise<string | undefined> {
    const { child } = this;
    for (const output of [child.stdout!, child.stderr!]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        this.lastWords = (this.lastWords + text).slice(-LAST_WORDS_CHARACTERS);
      });
    }
    const channel = createInterface({ input: child.stdio[3] as Readable });
    channel.on('line', line => this.hear(JSON.parse(line) as PartMessage));
    return new Promise(resolve => {
      child.once('error', error => this.settle(`it could not be started: ${error.message}`, resolve));
      child.once('close', (code, signal) => this.settle(this.failureOf(code, signal), resolve));
    });
  }

  private late(): void {
    this.isLate = true;
    this.child.kill('SIGKILL');
  }

  private settle(failure: string | undefined, resolve: (failure: string | undefined) => void): void {
    clearTimeout(this.timer);
    resolve(failure);
  }

  private hear(message: PartMessage): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.late(), this.limitMs);
    switch (message.say) {
      case 'checks':
        this.names = message.names;
        return;
      case 'begin':
        this.index = message.index;
        this.begunMs = performance.now();
        return;
      case 'end': {
        const { index, status, reason, durationMs } = message;
        this.reports.push({ name: this.names[index], status, reason, durationMs });
        this.index = undefined;
      }
    }
  }

  private failureOf(code: number | null, signal: string | null): string | undefined {
    const words = this.lastWords.trim();
    const last = words === '' ? '' : `\n${words}`;
    if (this.isLate) {
      const limitMs = this.index === undefined ? Math.max(this.limitMs, START_LIMIT_MS) : this.limitMs;
      return `it did not end within ${limitMs / 1000} s${last}`;
    }
    if (code === 0) return undefined;
    return `its process ended with ${signal ?? `exit code ${code}`}${last}`;
  }
}

/** The module is loaded in the threads of the process too, if the runtime does so. */
function preload(module: string | null): readonly string[] {
  if (module === null) return [];
  return [runtimeName === 'bun' ? '--preload' : '--import', runtimeName === 'bun' ? fileURLToPath(module) : module];
}
