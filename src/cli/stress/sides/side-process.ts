/** One child process, seen from the coordinator: orders go in, reports come out, and its death is an answer too. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from '../messages.js';
import { NO_PROGRESS, type ProcessProgress } from '../tally.js';

type Awaited<K extends Report['report']> = Extract<Report, { report: K }>;

interface Waiter {
  readonly report: Report['report'];
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * How long a process may say nothing at all while it is waited for. It says how far it is four times a second once its
 * threads run, and tells of each thread that has begun to run: a busy machine is slow, and not silent.
 */
const SILENCE_MS = 60_000;

const entry = fileURLToPath(new URL('./child.js', import.meta.url));

export class SideProcess {
  progress: ProcessProgress = NO_PROGRESS;
  private readonly child: ChildProcess;
  private readonly early: Report[] = [];
  private waiter: Waiter | undefined;
  private failure: Error | undefined;
  private hasFinished = false;
  /** Called once, with what it failed of. */
  onFailure: (failure: Error) => void = () => {};

  /** @param name for messages: 'server', 'client 2 of 3' */
  constructor(readonly name: string) {
    // Its standard output is our standard error: what we print on ours is one report and nothing else.
    this.child = fork(entry, [], { stdio: ['ignore', 2, 2, 'ipc'] });
    this.child.on('message', (report: Report) => this.receive(report));
    this.child.on('error', error => this.fail(error));
    // Not 'exit': what it said last may still be on its way then.
    this.child.on('close', (code, signal) => {
      if (!this.hasFinished) this.fail(new Error(`the ${name} ended early (${signal ?? `exit ${code}`})`));
    });
  }

  order(order: Order): void {
    // A child that is gone has said so, or will: the caller that waits for it is told.
    if (this.child.connected) this.child.send(order, () => {});
  }

  /**
   * The next report of that kind, however long it takes.
   *
   * @throws Error the process failed, ended, or was silent for a minute.
   */
  next<K extends Report['report']>(report: K): Promise<Awaited<K>> {
    const index = this.early.findIndex(candidate => candidate.report === report);
    if (index >= 0) return Promise.resolve(this.early.splice(index, 1)[0] as Awaited<K>);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(new Error(`the ${this.name} said nothing for ${SILENCE_MS / 1000} s`));
      }, SILENCE_MS);
      this.waiter = { report, resolve: resolve as Waiter['resolve'], reject, timer };
    });
  }

  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
  }

  private receive(report: Report): void {
    this.waiter?.timer.refresh();
    if (report.report === 'starting') return;
    if (report.report === 'progress') {
      this.progress = report.progress;
      return;
    }
    if (report.report === 'failed') {
      this.fail(new Error(report.message));
      return;
    }
    // Its last word.
    if (report.report === 'result') this.hasFinished = true;
    const { waiter } = this;
    if (waiter?.report !== report.report) {
      this.early.push(report);
      return;
    }
    this.settle(waiter);
    waiter.resolve(report);
  }

  private fail(failure: Error): void {
    if (this.failure === undefined) {
      this.failure = failure;
      this.onFailure(failure);
    }
    const { waiter } = this;
    if (waiter === undefined) return;
    this.settle(waiter);
    waiter.reject(this.failure);
  }

  private settle(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.waiter = undefined;
  }
}
