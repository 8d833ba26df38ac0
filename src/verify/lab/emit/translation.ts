/** The steps of a program as statements of C: what a backend that is right would ask of the kernel for them. */
import { READABLE, WRITABLE, type Interest, type RegistrationMode } from '../../../backends/contract.js';
import type { ChannelKind, Program, Step } from '../program.js';
import { SPARE_ROUNDS } from '../line.js';
import { isOneshot } from '../../../backends/kit/modes.js';
import { isNetwork, type Dialect, type Features } from './dialect.js';

interface Registration {
  interest: Interest;
  readonly mode: RegistrationMode;
  /** What the kernel was told last; undefined: nothing yet. */
  told: Interest | undefined;
  /** Whether a change waits for the next wait. */
  dirty: boolean;
}

/** In C, what opens a channel of each kind. */
const OPENERS: Readonly<Record<ChannelKind, string>> = {
  unix: 'unix_pair',
  pipe: 'pipe_pair',
  tcp: 'tcp_pair',
  listener: 'listener',
};

export class Translation {
  readonly statements: string[] = [];
  /** The most registrations at one time, and all that there have been. */
  mostAlive = 0;
  registered = 0;

  private readonly isOpen: boolean[];
  private readonly copies = new Set<number>();
  private readonly ended = new Set<number>();
  private readonly alive = new Map<number, Registration>();
  private readonly running: number[] = [];
  private lastDead: number | undefined;
  private timers = 0;
  private load = false;

  constructor(
    private readonly program: Program,
    private readonly dialect: Dialect,
    private readonly features: Features,
    private readonly unbatched: boolean,
    /** Whether it is what has been removed that comes again, so that each removal is made sure of. */
    private readonly doubtsRemovals: boolean,
  ) {
    this.isOpen = program.channels.flatMap(kind => [true, kind !== 'listener']);
  }

  run(): this {
    this.program.channels.forEach((kind, channel) => this.say(`${OPENERS[kind]}(${channel});`));
    for (const step of this.program.steps) {
      this.perform(step);
      if (this.unbatched) this.wait(0);
    }
    this.join();
    const rounds = Math.ceil((this.alive.size + this.running.length) / this.program.maxEvents) + SPARE_ROUNDS;
    this.flush();
    this.say(
      `for (int times = 0; times < ${rounds}; times++) WAIT(${this.dialect.timeout(0)}); /* all that is ready */`,
    );
    for (const timer of this.running) {
      if (this.doubtsRemovals) this.stop(timer);
      else this.say(`line = __LINE__, settle(${this.features.channelEnds + timer});`);
    }
    if (this.running.length > 0) this.say(`WAIT(${this.dialect.timeout(0)});`);
    return this;
  }

  private stop(timer: number): void {
    this.say(this.dialect.stopTimer(timer, this.features, this.doubtsRemovals));
  }

  private say(statement: string | undefined): void {
    if (statement !== undefined) this.statements.push(statement);
  }

  private perform(step: Step): void {
    switch (step.op) {
      case 'wait':
        return this.wait(step.timeoutMs);
      case 'wake':
        return this.say(this.dialect.wake);
      case 'timer':
        this.running.push(this.timers);
        this.noteAlive();
        return this.say(this.dialect.startTimer(this.timers++, step.delayMs, this.features));
      case 'stop-timer': {
        const timer = this.running.pop();
        return timer === undefined ? undefined : this.stop(timer);
      }
      case 'modify-dead':
      case 'unregister-dead':
        return this.refused(step.op === 'modify-dead' ? 'modify' : 'unregister');
      case 'reopen':
        for (const end of [2 * step.channel, 2 * step.channel + 1]) {
          this.unregister(end);
          this.close(end);
          this.closeCopy(end);
        }
        return this.open(step.channel, `${OPENERS[this.program.channels[step.channel]]}(${step.channel});`);
      case 'replace':
        this.unregister(2 * step.channel);
        this.unregister(2 * step.channel + 1);
        this.join();
        return this.open(step.channel, `replace(${step.channel}, ${OPENERS[this.program.channels[step.channel]]});`);
      case 'burst':
        return this.say(`burst(${step.lengthBytes});`);
      case 'fork':
        this.join();
        this.load = true;
        return this.say(`load(${step.lengthBytes});`);
      case 'change-mode':
        if (!this.alive.has(step.end)) return;
        this.unregister(step.end);
        return this.register(step.end, step.interest, step.mode);
      case 'register':
        return this.register(step.end, step.interest, step.mode);
      case 'modify':
        return this.modify(step.end, step.interest);
      default:
        return this.performOnEnd(step);
    }
  }

  private performOnEnd(step: Extract<Step, { end: number }>): void {
    const { op, end } = step;
    const kind = this.program.channels[end >> 1];
    const isListener = kind === 'listener' && end % 2 === 0;
    const canRead = this.isOpen[end] && (kind === 'pipe' ? end % 2 === 0 : !isListener);
    const canWrite = this.isOpen[end] && (kind === 'pipe' ? end % 2 === 1 : !isListener);
    switch (op) {
      case 'write':
        return canWrite ? this.say(`put(${end}, ${step.lengthBytes});`) : undefined;
      case 'read':
        return canRead ? this.say(`get(${end}, ${step.lengthBytes});`) : undefined;
      case 'drain':
        if (isListener && this.isOpen[end]) return this.exhaust(end, `take_all(${end});`, READABLE);
        return canRead ? this.exhaust(end, `drain(${end});`, READABLE) : undefined;
      case 'fill':
        if (!canWrite) return;
        return this.exhaust(end, `fill(${end});`, WRITABLE);
      case 'half-close':
        if (kind === 'pipe' || isListener || !this.isOpen[end]) return;
        this.join();
        this.say(`shutdown(fd_of(${end}), SHUT_WR);`);
        this.ended.add(end);
        return this.say(this.dialect.noteEnded([end], true));
      case 'unregister':
        return this.unregister(end);
      case 'connect':
        if (kind !== 'listener') return;
        this.unregister(end | 1);
        this.join();
        this.isOpen[end | 1] = true;
        return this.say(`dial(${end >> 1}, 0);`);
      case 'accept':
        if (kind !== 'listener' || !this.isOpen[end & ~1]) return;
        this.join();
        return this.say(`take_one(${end & ~1});`);
      case 'reset':
        this.unregister(end);
        return this.close(end, isNetwork(kind) && !isListener ? 'reset' : 'shut_down');
      case 'close':
        this.unregister(end);
        return this.close(end);
      case 'close-early':
        if (!this.alive.has(end) || this.copies.has(end)) return;
        // The kernel's entry goes with the descriptor: what is reported from now on is reported of the dead.
        this.alive.delete(end);
        this.close(end);
        return this.say(`end[${end}].asked = 0, end[${end}].id = 0;`);
      case 'dup':
        if (!this.isOpen[end] || this.copies.has(end)) return;
        this.join();
        this.copies.add(end);
        return this.say(`end[${end}].copy = must(dup(end[${end}].fd), "dup");`);
      case 'close-dup':
        return this.closeCopy(end);
      case 'register-twice':
        // Without interest the kernel has no entry.
        return this.alive.get(end)?.told ? this.say(this.dialect.refused('register twice', end)) : undefined;
      default:
        throw new TypeError(`op: '${op}' has no C`);
    }
  }

  private wait(timeoutMs: number): void {
    this.flush();
    this.say(`WAIT(${this.dialect.timeout(timeoutMs)});`);
  }

  private register(end: number, interest: Interest, mode: RegistrationMode): void {
    if (!this.isOpen[end] || this.alive.has(end)) return;
    const registration: Registration = { interest, mode, told: undefined, dirty: true };
    this.alive.set(end, registration);
    this.noteAlive();
    if (this.dialect.registersAtOnce) this.tell(end, registration);
  }

  private noteAlive(): void {
    this.registered++;
    this.mostAlive = Math.max(this.mostAlive, this.alive.size + this.running.length);
  }

  private modify(end: number, interest: Interest): void {
    const registration = this.alive.get(end);
    if (registration === undefined) return;
    registration.interest = interest;
    registration.dirty = true;
  }

  private unregister(end: number): void {
    const registration = this.alive.get(end);
    if (registration === undefined) return;
    this.say(this.dialect.remove(end, registration.told));
    this.alive.delete(end);
    this.lastDead = end;
  }

  /** Changes between two waits cancel out. A oneshot may have fired, so it is armed again whatever it was. */
  private flush(): void {
    for (const [end, registration] of this.alive) {
      if (!registration.dirty) continue;
      if (registration.interest !== registration.told || isOneshot(registration.mode)) this.tell(end, registration);
      registration.dirty = false;
    }
  }

  private tell(end: number, registration: Registration): void {
    const { interest, mode, told } = registration;
    const change = this.dialect.change(end, interest, mode, told);
    this.say(change);
    if (change !== undefined) this.registered++;
    registration.told = interest;
    registration.dirty = false;
  }

  private refused(change: 'modify' | 'unregister'): void {
    const { lastDead } = this;
    if (lastDead === undefined || this.alive.get(lastDead)?.told) return;
    this.say(this.dialect.refused(change, this.isOpen[lastDead] ? lastDead : -1));
  }

  private exhaust(end: number, statement: string, direction: Interest): void {
    const registration = this.alive.get(end);
    this.say(statement);
    if (registration?.mode === 'edge') this.say(`would_block(${end}, ${this.dialect.bit(direction)});`);
  }

  private open(channel: number, statement: string): void {
    this.isOpen[2 * channel] = true;
    this.isOpen[2 * channel + 1] = this.program.channels[channel] !== 'listener';
    this.say(statement);
    const anew = [2 * channel, 2 * channel + 1].filter(end => this.ended.delete(end));
    if (anew.length > 0) this.say(this.dialect.noteEnded(anew, false));
  }

  private close(end: number, how = 'shut_down'): void {
    this.join();
    if (this.isOpen[end]) this.say(`${how}(${end});`);
    this.isOpen[end] = false;
  }

  private closeCopy(end: number): void {
    if (!this.copies.delete(end)) return;
    this.join();
    this.say(`close(end[${end}].copy), acts[${end >> 1}]++;`);
  }

  private join(): void {
    if (this.load) this.say('join();');
    this.load = false;
  }
}
