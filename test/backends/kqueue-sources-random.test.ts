/** Random programs of sources on a model's clock: what was told, added up, is what happened. */
import { expect } from 'chai';
import fc from 'fast-check';
import { NO_TOKEN, type Token } from '../../src/base/token.js';
import { KqueueBackend } from '../../src/backends/kqueue/backend.js';
import { QueueSources } from '../../src/backends/sources/queue-sources.js';
import { NOTHING, type EventSources, type Source } from '../../src/backends/sources/contract.js';
import { ModelKernel } from '../../src/verify/model/kernel.js';
import { ModelKqueueCalls } from '../../src/verify/model/kqueue-calls.js';
import type { ModelProcess } from '../../src/verify/model/processes.js';
import { profiles, type Profile } from '../../src/verify/model/profile.js';
import { propertyRuns } from '../property-runs.js';

const MS = 1e6;
const SIGNALS = [30, 31];

type Command =
  | { do: 'timer'; periodMs: number }
  | { do: 'process' }
  | { do: 'watch again'; which: number }
  | { do: 'signal'; which: number }
  | { do: 'close'; which: number }
  | { do: 'exit'; which: number; status: number }
  | { do: 'raise'; which: number }
  | { do: 'sleep'; durationMs: number }
  | { do: 'wait' };

const which = fc.nat(50);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('timer' as const), periodMs: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant('process' as const) }),
  fc.record({ do: fc.constant('watch again' as const), which }),
  fc.record({ do: fc.constant('signal' as const), which }),
  fc.record({ do: fc.constant('close' as const), which }),
  fc.record({ do: fc.constant('exit' as const), which, status: fc.nat(65_535) }),
  fc.record({ do: fc.constant('raise' as const), which }),
  fc.record({ do: fc.constant('sleep' as const), durationMs: fc.nat(30) }),
  fc.record({ do: fc.constant('wait' as const) }),
);

/** A source, what it has told, and what it ought to have told by now. */
interface Watched {
  readonly source: Source;
  told: number;
  due(): number;
}

class Run {
  private readonly kernel: ModelKernel;
  private readonly backend: KqueueBackend;
  private readonly sources: EventSources;
  private readonly watched: Watched[] = [];
  private readonly processes: ModelProcess[] = [];
  private readonly raised = new Map(SIGNALS.map(signal => [signal, 0]));

  constructor(profile: Profile, native: boolean, maxEvents: number) {
    this.kernel = new ModelKernel(profile);
    const calls = new ModelKqueueCalls(this.kernel);
    this.backend = new KqueueBackend({ maxEvents }, calls);
    this.sources = native ? this.backend.sources : new QueueSources(this.backend, calls);
  }

  step(next: Command): void {
    switch (next.do) {
      case 'timer': {
        const startNs = this.kernel.clock.nowNs;
        const periodNs = next.periodMs * MS;
        const source = this.sources.timer({ kind: 'every', amount: next.periodMs, unit: 'ms' });
        this.watch(source, () => Math.floor((this.kernel.clock.nowNs - startNs) / periodNs));
        break;
      }
      case 'process':
        this.processes.push(this.kernel.spawn());
        this.watchProcess(this.processes.at(-1)!);
        break;
      case 'watch again':
        if (this.processes.length > 0) this.watchProcess(this.processes[next.which % this.processes.length]);
        break;
      case 'signal': {
        const signal = SIGNALS[next.which % SIGNALS.length];
        const before = this.raised.get(signal)!;
        this.watch(this.sources.signal!(signal), () => this.raised.get(signal)! - before);
        break;
      }
      case 'close':
        if (this.watched.length > 0) this.watched.splice(next.which % this.watched.length, 1)[0].source.close();
        break;
      case 'exit':
        if (this.processes.length > 0) this.processes[next.which % this.processes.length].exit(next.status);
        break;
      case 'raise': {
        const signal = SIGNALS[next.which % SIGNALS.length];
        this.raised.set(signal, this.raised.get(signal)! + 1);
        this.kernel.signal(signal);
        break;
      }
      case 'sleep':
        this.kernel.sleep(next.durationMs * MS);
        break;
      case 'wait':
        this.wait();
    }
  }

  /** Takes what is left, and compares. */
  finish(): void {
    this.kernel.sleep(0);
    while (this.wait() > 0);
    expect(this.watched.map(({ told }) => told)).to.deep.equal(this.watched.map(({ due }) => due()));
    for (const { source } of this.watched) source.close();
    this.kernel.sleep(100 * MS);
    expect(this.backend.wait(0), 'events of the dead').to.equal(0);
  }

  private watchProcess(process: ModelProcess): void {
    // One more than its status, so that 0 is something too.
    this.watch(this.sources.process(process.pid), () => (process.hasExited ? process.waitStatus + 1 : 0), 1);
  }

  private watch(source: Source, due: () => number, more = 0): void {
    const take = source.take.bind(source);
    source.take = data => {
      const taken = take(data);
      return taken === NOTHING ? NOTHING : taken + more;
    };
    this.watched.push({ source, told: 0, due });
  }

  private wait(): number {
    const { events } = this.backend;
    const count = this.backend.wait(0);
    const seen = new Set<Token>();
    for (let index = 0; index < count; index++) {
      const token = events.tokens[index];
      expect(token).to.not.equal(NO_TOKEN);
      expect(seen.has(token), 'twice in one batch').to.equal(false);
      seen.add(token);
      const watched = this.watched.find(({ source }) => source.token === token);
      expect(watched, 'an event of the dead').to.not.equal(undefined);
      const taken = watched!.source.take(events.data[index]);
      if (taken !== NOTHING) watched!.told += taken;
    }
    return count;
  }
}

describe('kqueue sources: random programs', () => {
  for (const profile of Object.values(profiles)) {
    for (const native of [true, false]) {
      it(`${profile.name}, ${native ? "in the backend's queue" : 'in queues of their own'}: nothing lost, doubled or late`, () => {
        fc.assert(
          fc.property(fc.array(command, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (commands, maxEvents) => {
            const run = new Run(profile, native, maxEvents);
            for (const next of commands) run.step(next);
            run.finish();
          }),
          propertyRuns(400),
        );
      });
    }
  }
});
