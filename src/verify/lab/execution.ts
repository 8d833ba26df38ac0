/** Runs a program on a backend, step by step, under the eyes of the oracle. */
import type { Token } from '../../base/token.js';
import { READABLE, WRITABLE, type Backend, type Interest } from '../../backends/contract.js';
import type { Subject } from '../conformance/subject.js';
import { EEXIST, EMFILE, ENFILE, ENOENT } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { Oracle, type Expectation, type Observation, type Tested } from './oracle.js';
import type { RegistrationMode } from '../../backends/contract.js';
import type { Program, Step } from './program.js';
import { Stage } from './stage.js';
import { TIMER_GRACE_MS } from './timers.js';
import { Violation, type Rule } from './violation.js';

/** How a program ended. */
export interface Outcome {
  /** Undefined where all went well. */
  readonly violation: { readonly rule: Rule; readonly message: string; readonly step: number } | undefined;
  /** What each wait reported, those after the last step included. */
  readonly waits: readonly Observation[];
}

/** Options of `runProgram`. */
export interface ExecutionOptions {
  /** A wait after each step, so that no two changes share one. */
  readonly unbatched?: boolean;
  /** How late a timer of a kernel may be; 1,000 by default. */
  readonly timerGraceMs?: number;
}

/**
 * Runs a program and closes everything that it opened.
 *
 * @throws Error what is not the backend's fault: no descriptors left, a backend that can't be opened.
 */
export function runProgram(subject: Subject, program: Program, options: ExecutionOptions = {}): Outcome {
  const { world, factory } = subject.enter();
  const stage = new Stage(program.channels, world);
  try {
    const backend = factory.open({ maxEvents: program.maxEvents });
    try {
      return new Execution({ backend, description: factory.description, world }, stage, program, options).run();
    } finally {
      backend.close();
    }
  } finally {
    stage.closeAll();
  }
}

class Execution {
  private readonly backend: Backend;
  private readonly oracle: Oracle;
  private readonly byEnd = new Map<number, Expectation>();
  private readonly waits: Observation[] = [];
  private lastDead: Token | undefined;
  private changes = 0;
  private blocks = 0;

  constructor(
    private readonly tested: Tested,
    private readonly stage: Stage,
    private readonly program: Program,
    private readonly options: ExecutionOptions,
  ) {
    this.backend = tested.backend;
    this.oracle = new Oracle(tested, stage, program.maxEvents, options.timerGraceMs ?? TIMER_GRACE_MS);
  }

  run(): Outcome {
    const { steps } = this.program;
    let index = 0;
    try {
      for (; index < steps.length; index++) {
        this.perform(steps[index]);
        if (this.options.unbatched === true) this.wait(0);
      }
      this.stage.joinLoad();
      for (let rounds = this.oracle.rounds(); rounds > 0; rounds--) this.wait(0);
      this.awaitTimers();
      while (this.stopTimer());
      this.judgeCounters();
      return { violation: undefined, waits: this.waits };
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { violation: { rule: error.rule, message: error.message, step: index }, waits: this.waits };
    } finally {
      this.oracle.timers.abandon();
    }
  }

  /**
   * The timers that are left must come beside all that is ready, each in its turn, and the last one must end a wait
   * that blocks, with nothing else to report.
   */
  private awaitTimers(): void {
    const { timers } = this.oracle;
    if (timers.pendingCount === 0) return;
    const deadlineNs = timers.allDueNs;
    const leftMs = () => Math.max(0, deadlineNs - this.tested.world.nowNs()) / 1e6;
    // The clock of a model stands still as long as something is ready. A kernel's runs on while this process is
    // stopped.
    for (let waits = 0; this.tested.world.isReal && timers.pendingCount > 1; waits++) {
      if (leftMs() === 0 && waits > this.oracle.rounds()) throw timers.missing('starved');
      this.wait(0);
    }
    for (const end of [...this.byEnd.keys()]) this.unregister(end);
    while (timers.pendingCount > 0) {
      const timeoutMs = leftMs();
      this.wait(timeoutMs);
      if (timeoutMs === 0 && timers.pendingCount > 0) throw timers.missing('lost');
    }
  }

  private perform(step: Step): void {
    switch (step.op) {
      case 'wait':
        return this.wait(step.timeoutMs);
      case 'wake':
        this.oracle.wakePending = true;
        return this.demand('wake', () => this.backend.wake());
      case 'timer':
        return this.startTimer(step);
      case 'stop-timer':
        this.stopTimer();
        return;
      case 'modify-dead':
        return this.refused(ENOENT, 'modify of a dead token', dead => this.backend.modify(dead, READABLE));
      case 'unregister-dead':
        return this.refused(ENOENT, 'unregister of a dead token', dead => this.backend.unregister(dead));
      case 'reopen':
        this.forgetOrphans();
        this.unregister(2 * step.channel);
        this.unregister(2 * step.channel + 1);
        return this.stage.reopen(step.channel);
      case 'replace':
        this.forgetOrphans();
        this.unregister(2 * step.channel);
        this.unregister(2 * step.channel + 1);
        return this.stage.replace(step.channel);
      case 'burst':
        return this.stage.burst(step.lengthBytes);
      case 'fork':
        return this.stage.startLoad(step.lengthBytes);
      case 'register':
        return this.register(step.end, step.interest, step.mode);
      case 'change-mode':
        if (!this.byEnd.has(step.end)) return;
        this.unregister(step.end);
        return this.register(step.end, step.interest, step.mode);
      case 'modify':
        return this.modify(step.end, step.interest);
      case 'write':
        return this.stage.write(step.end, step.lengthBytes);
      case 'read':
        return this.stage.read(step.end, step.lengthBytes);
      default:
        return this.performOnEnd(step.op, step.end);
    }
  }

  private performOnEnd(op: Extract<Step, { end: number }>['op'], end: number): void {
    const { stage } = this;
    switch (op) {
      case 'unregister':
        return this.unregister(end);
      case 'drain':
        if (stage.drain(end)) this.wouldBlock(end, READABLE);
        return;
      case 'fill':
        if (stage.fill(end)) this.wouldBlock(end, WRITABLE);
        return;
      case 'half-close':
        return stage.halfClose(end);
      case 'connect':
        if (stage.kind(end) !== 'listener') return;
        this.forgetOrphans();
        this.unregister(end | 1);
        return stage.connect(end);
      case 'accept':
        return stage.accept(end);
      case 'reset':
        this.unregister(end);
        return stage.reset(end);
      case 'close':
        this.unregister(end);
        return stage.close(end);
      case 'close-early':
        return this.closeEarly(end);
      case 'dup':
        // A number that is used again is no name for what was closed too early.
        this.forgetOrphans();
        return stage.dup(end);
      case 'close-dup':
        return stage.closeDup(end);
      case 'register-twice':
        if (this.living(end) === undefined) return;
        return this.refused(EEXIST, 'register of a descriptor that is registered', () =>
          this.backend.register(stage.fd(end), READABLE, 'level'),
        );
      default:
        throw new TypeError(`op: '${op}' is no step`);
    }
  }

  private wait(timeoutMs: number): void {
    this.waits.push(this.demand('wait', () => this.oracle.wait(timeoutMs)));
  }

  private register(end: number, interest: Interest, mode: RegistrationMode): void {
    const fd = this.stage.fd(end);
    if (fd < 0 || this.byEnd.has(end)) return;
    this.changes++;
    const token = this.demand('register', () => this.backend.register(fd, interest, mode));
    this.byEnd.set(end, this.oracle.registered(token, end, interest, mode));
  }

  private modify(end: number, interest: Interest): void {
    const expectation = this.living(end);
    if (expectation === undefined) return;
    this.changes++;
    this.demand('modify', () => this.backend.modify(expectation.token, interest));
    this.oracle.modified(expectation, interest);
  }

  private unregister(end: number): void {
    const expectation = this.byEnd.get(end);
    if (expectation === undefined) return;
    this.changes++;
    this.demand('unregister', () => this.backend.unregister(expectation.token));
    this.byEnd.delete(end);
    this.lastDead = expectation.token;
    this.oracle.unregistered(expectation);
  }

  private startTimer({ delayMs, unit }: Extract<Step, { op: 'timer' }>): void {
    // A timer that is a descriptor may get the number of what was closed too early.
    this.forgetOrphans();
    this.changes++;
    this.demand('timer', () => this.oracle.timers.start(delayMs, unit));
  }

  /** @returns whether there was one. */
  private stopTimer(): boolean {
    const stopped = this.demand('stop of a timer', () => this.oracle.timers.stopLast());
    if (stopped) this.changes++;
    return stopped;
  }

  private wouldBlock(end: number, interest: Interest): void {
    const expectation = this.living(end);
    if (expectation === undefined) return;
    this.blocks++;
    this.demand('wouldBlock', () => this.backend.wouldBlock(expectation.token, interest));
    expectation.owed |= interest;
  }

  /** A duplicate would keep epoll's entry alive, which nobody could remove then. */
  private closeEarly(end: number): void {
    const expectation = this.living(end);
    if (expectation === undefined || this.stage.hasDup(end)) return;
    this.stage.close(end);
    expectation.orphaned = true;
  }

  private forgetOrphans(): void {
    for (const [end, expectation] of [...this.byEnd]) if (expectation.orphaned) this.unregister(end);
  }

  /** The registration of an end, unless its descriptor was closed first. */
  private living(end: number): Expectation | undefined {
    const expectation = this.byEnd.get(end);
    return expectation?.orphaned === true ? undefined : expectation;
  }

  private demand<T>(name: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      const isOurs = error instanceof IoError && (error.errno === EMFILE || error.errno === ENFILE);
      if (error instanceof Violation || isOurs) throw error;
      throw new Violation('refusal', `${name} threw ${String(error)}`);
    }
  }

  private refused(errno: number, what: string, call: (dead: Token) => unknown): void {
    const dead = this.lastDead;
    if (errno === ENOENT && dead === undefined) return;
    this.changes++;
    try {
      call(dead!);
    } catch (error) {
      if (error instanceof IoError && error.errno === errno) return;
      throw new Violation('refusal', `${what} threw ${String(error)}`);
    }
    throw new Violation('refusal', `${what} was taken`);
  }

  private judgeCounters(): void {
    const { changesAsked, changesSent } = this.backend.counters;
    if (changesAsked > this.changes)
      throw new Violation('counters', `${this.changes} changes, ${changesAsked} counted`);
    // Where directions stand apart a report may take a change: one that disarms the other, or brings back what lapsed.
    const reports = this.tested.description.changes === 'batched' ? this.backend.counters.events : 0;
    if (changesSent > changesAsked + this.blocks + reports) {
      throw new Violation('counters', `${changesSent} changes were sent, ${changesAsked} asked for`);
    }
  }
}
