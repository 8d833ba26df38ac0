/** Backends with one bug each that the lab must find and shrink. */
import { isEdge, isOneshot } from '../../../src/backends/kit/modes.js';
import type { Token } from '../../../src/base/token.js';
import { READABLE, type Backend, type Interest, type RegistrationMode } from '../../../src/backends/contract.js';
import { eventSourcesOf } from '../../../src/backends/sources/choice.js';
import type { EventSources, Source, TimerSpec } from '../../../src/backends/sources/contract.js';
import type { Subject } from '../../../src/verify/conformance/subject.js';
import type { Step } from '../../../src/verify/lab/program.js';
import type { Rule } from '../../../src/verify/lab/violation.js';
import { ForwardingBackend } from '../conformance/forwarding-backend.js';

/** After a change that was refused, the next one is forgotten. */
class DropsChangeAfterBadOne extends ForwardingBackend {
  private afterBad = false;

  override modify(token: Token, interest: Interest): void {
    if (this.afterBad && this.has(token)) {
      this.afterBad = false;
      return;
    }
    this.watchRefusal(() => super.modify(token, interest));
  }

  override unregister(token: Token): void {
    this.watchRefusal(() => super.unregister(token));
  }

  private watchRefusal(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.afterBad = true;
      throw error;
    }
  }
}

/** Events of a descriptor that was registered before carry its first token. */
class DeliversStaleToken extends ForwardingBackend {
  private readonly firstTokens = new Map<number, Token>();
  private readonly stale = new Map<Token, Token>();

  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    const token = super.register(fd, interest, mode);
    const first = this.firstTokens.get(fd);
    if (first === undefined) this.firstTokens.set(fd, token);
    else this.stale.set(token, first);
    return token;
  }

  override wait(timeoutNs: number): number {
    const count = super.wait(timeoutNs);
    const { tokens } = this.events;
    for (let index = 0; index < count; index++) tokens[index] = this.stale.get(tokens[index]) ?? tokens[index];
    return count;
  }
}

/** Arms a oneshot again by itself. */
class DeliversOneshotTwice extends ForwardingBackend {
  private readonly oneshots = new Map<Token, Interest>();

  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    const token = super.register(fd, interest, mode);
    if (isOneshot(mode)) this.oneshots.set(token, interest);
    return token;
  }

  override wait(timeoutNs: number): number {
    const count = super.wait(timeoutNs);
    for (const token of this.events.tokens.slice(0, count)) {
      const interest = this.oneshots.get(token);
      if (interest !== undefined) this.inner.modify(token, interest);
      this.oneshots.delete(token);
    }
    return count;
  }
}

/** Takes it that whoever asks an edge for the same again has seen what there is. */
class LosesEdgeOnRearm extends ForwardingBackend {
  private readonly edges = new Set<Token>();

  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    const token = super.register(fd, interest, mode);
    if (isEdge(mode)) this.edges.add(token);
    return token;
  }

  override modify(token: Token, interest: Interest): void {
    if (!this.edges.has(token) || !this.has(token)) super.modify(token, interest);
  }
}

/** Forgets a wake where a wake has come before it. */
class SwallowsWakes extends ForwardingBackend {
  private calls = 0;

  override wake(): void {
    if (++this.calls % 2 === 1) super.wake();
  }
}

/** Serves two registrations of a batch and forgets the rest. */
class ServesTheFirst extends ForwardingBackend {
  override wait(timeoutNs: number): number {
    const before = this.counters.events;
    const count = Math.min(super.wait(timeoutNs), 2);
    this.events.count = count;
    this.counters.events = before + count;
    return count;
  }
}

/** A backend whose timers pass through here. */
abstract class ChangesTimers extends ForwardingBackend {
  private readonly original = eventSourcesOf(this.inner);
  private readonly changed: EventSources = {
    means: this.original.means,
    timer: spec => this.startTimer(spec, this.original),
    process: pid => this.original.process(pid),
    file: (file, changes) => this.original.file(file, changes),
    user: () => this.original.user(),
  };

  override get sources(): EventSources {
    return this.changed;
  }

  protected abstract startTimer(spec: TimerSpec, sources: EventSources): Source;
}

/** Takes every time for now. */
class HurriesTimers extends ChangesTimers {
  protected override startTimer(spec: TimerSpec, sources: EventSources): Source {
    return sources.timer({ ...spec, amount: 0 });
  }
}

/** Reports each timer in the wait after its own as well. */
class RepeatsTimers extends ChangesTimers {
  private readonly timers = new Set<Token>();

  override wait(timeoutNs: number): number {
    const again = this.events.tokens.slice(0, this.events.count).filter(token => this.timers.has(token));
    const count = super.wait(timeoutNs);
    const { events, counters } = this;
    if (again.length === 0 || count >= events.tokens.length || !this.has(again[0])) return count;
    events.tokens[count] = again[0];
    events.readiness[count] = READABLE;
    counters.events++;
    return ++events.count;
  }

  protected override startTimer(spec: TimerSpec, sources: EventSources): Source {
    const source = sources.timer(spec);
    this.timers.add(source.token);
    return source;
  }
}

/** Lets nobody hear of a timer. */
class LosesTimers extends ChangesTimers {
  protected override startTimer(spec: TimerSpec, sources: EventSources): Source {
    return sources.timer({ ...spec, unit: 's', amount: 3_600 });
  }
}

/** Stops no timer. */
class GoesOnWithTimers extends ChangesTimers {
  private readonly stopped: Source[] = [];

  override close(): void {
    for (const source of this.stopped) source.close();
    super.close();
  }

  protected override startTimer(spec: TimerSpec, sources: EventSources): Source {
    const source = sources.timer(spec);
    return { token: source.token, take: data => source.take(data), close: () => this.stopped.push(source) };
  }
}

/** Looks on for something else where a timer is the only event of a batch. */
export class PutsTimersLast extends ChangesTimers {
  private readonly timers = new Set<Token>();

  override wait(timeoutNs: number): number {
    const { counters, events } = this;
    let count = super.wait(timeoutNs);
    for (let looks = this.timers.size; looks > 0 && count === 1 && this.timers.has(events.tokens[0]); looks--) {
      counters.waits--;
      counters.events--;
      count = super.wait(0);
    }
    return count;
  }

  protected override startTimer(spec: TimerSpec, sources: EventSources): Source {
    const source = sources.timer(spec);
    this.timers.add(source.token);
    return source;
  }
}

export interface SeededBug {
  readonly bug: string;
  readonly rules: readonly Rule[];
  breakIt(inner: Backend): Backend;
}

export const seededBugs: readonly SeededBug[] = [
  {
    bug: 'drops the change after a bad one',
    rules: ['lost', 'starved', 'unasked', 'phantom', 'oneshot'],
    breakIt: inner => new DropsChangeAfterBadOne(inner),
  },
  { bug: 'delivers a stale token', rules: ['dead'], breakIt: inner => new DeliversStaleToken(inner) },
  {
    bug: 'delivers a oneshot twice',
    rules: ['oneshot', 'counters'],
    breakIt: inner => new DeliversOneshotTwice(inner),
  },
  {
    bug: 'loses an edge when it is armed again',
    rules: ['lost', 'unasked', 'counters'],
    breakIt: inner => new LosesEdgeOnRearm(inner),
  },
  { bug: 'swallows a wake', rules: ['wake'], breakIt: inner => new SwallowsWakes(inner) },
  { bug: 'serves the first of many', rules: ['lost', 'starved', 'wake'], breakIt: inner => new ServesTheFirst(inner) },
];

/** What a program with a timer or two shows of each, however long the kernel takes. */
export const seededTimerBugs: readonly (SeededBug & { readonly steps: readonly Step[] })[] = [
  {
    bug: 'lets timers come at once',
    rules: ['early'],
    breakIt: inner => new HurriesTimers(inner),
    steps: [{ op: 'timer', delayMs: 60_000 }],
  },
  {
    bug: 'reports a timer twice',
    rules: ['oneshot'],
    breakIt: inner => new RepeatsTimers(inner),
    steps: [
      { op: 'timer', delayMs: 1 },
      { op: 'wait', timeoutMs: 5_000 },
      { op: 'wait', timeoutMs: 0 },
    ],
  },
  {
    bug: 'loses a timer',
    rules: ['lost'],
    breakIt: inner => new LosesTimers(inner),
    steps: [{ op: 'timer', delayMs: 1 }],
  },
  {
    bug: 'goes on with a timer that was stopped',
    rules: ['dead'],
    breakIt: inner => new GoesOnWithTimers(inner),
    steps: [{ op: 'timer', delayMs: 1 }, { op: 'stop-timer' }, { op: 'wait', timeoutMs: 5_000 }],
  },
];

/** A subject whose backend has a bug. */
export function broken(subject: Subject, breakIt: (backend: Backend) => Backend): Subject {
  return {
    name: subject.name,
    enter() {
      const { world, factory } = subject.enter();
      return { world, factory: { ...factory, open: options => breakIt(factory.open(options)) } };
    },
  };
}

/** All that could be the kernel's as well. */
export const allSeededBugs: readonly Pick<SeededBug, 'bug' | 'breakIt'>[] = [
  ...seededBugs,
  ...seededTimerBugs,
  { bug: 'puts timers last', breakIt: inner => new PutsTimersLast(inner) },
];
