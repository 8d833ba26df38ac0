/**
 * The life of an operation (idle, waiting, finished, told) under random schedules: whatever is cancelled, removed, failed
 * or thrown, and from wherever, nothing is told that was taken off, and everything else is told once.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { openBackend } from '../../../src/backends/registry.js';
import { ERROR } from '../../../src/backends/contract.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import {
  AGAIN,
  DONE,
  FINISHED,
  Operation,
  WAIT,
  type Descriptor,
  type Outcome,
} from '../../../src/core/operations/operation.js';
import { ReadinessDriver } from '../../../src/core/driver/readiness-driver.js';
import { REACTOR_MODES, type ReactorMode } from '../../../src/core/driver/mode.js';
import { EIO } from '../../../src/sys/ffi/errno.js';
import { close } from '../../../src/sys/file/io.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { builtInBackends } from '../../backends/built-in-backends.js';
import { propertyRuns } from '../../property-runs.js';
import { sendSome } from '../scripted-operations.js';

const DESCRIPTORS = 3;
const OPERATIONS = 8;

/** What a callback does to others, or to itself. */
type Deed = { readonly do: 'cancel' | 'submit' | 'start' | 'remove' | 'throw'; readonly which: number };

const deed = fc.record({
  do: fc.constantFrom<Deed['do']>('cancel', 'submit', 'start', 'remove', 'throw'),
  which: fc.nat(OPERATIONS - 1),
});
const step = fc.oneof(
  { weight: 3, arbitrary: deed },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const), which: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), which: fc.nat(DESCRIPTORS - 1) }) },
);
type Step = Deed | { readonly do: 'turn' | 'fail'; readonly which: number };

class Probe extends Operation {
  readonly direction;
  tries: Outcome[] = [];
  /** Submitted and neither told nor taken off. */
  isDue = false;
  readonly violations: string[] = [];

  constructor(
    readonly index: number,
    readonly script: readonly Outcome[],
    readonly onAttempt: () => void,
    readonly onTold: () => void,
  ) {
    super();
    this.direction = index % 2 === 0 ? ('read' as const) : ('write' as const);
  }

  attempt(): Outcome {
    const outcome = this.tries.shift() ?? DONE;
    this.onAttempt();
    return outcome;
  }

  complete(): void {
    if (!this.isDue) this.violations.push(`${this.index} was told`);
    this.isDue = false;
    this.onTold();
  }

  override cancelled(): void {
    if (!this.isDue) this.violations.push(`${this.index} was taken off twice`);
    this.isDue = false;
  }

  fail(): void {
    if (!this.isDue) this.violations.push(`${this.index} was failed`);
  }
}

class Schedule {
  readonly driver: ReadinessDriver;
  private readonly peers: number[] = [];
  private readonly descriptors: (Descriptor | undefined)[] = [];
  readonly probes: Probe[];
  /** Callbacks that still do something: two that submit each other would never end. */
  private deeds = 40;

  constructor(name: string, mode: ReactorMode, scripts: readonly Outcome[][], attempts: Deed[], tellings: Deed[]) {
    this.driver = new ReadinessDriver(openBackend(name), mode);
    for (let count = 0; count < DESCRIPTORS; count++) {
      const [fd, peer] = socketpair();
      sendSome(peer, 1);
      this.descriptors.push(this.driver.add(fd, REACTOR_SCOPE));
      this.peers.push(peer);
    }
    this.probes = scripts.map(
      (script, index) =>
        new Probe(
          index,
          script,
          () => this.nested(attempts[index]),
          () => this.nested(tellings[index]),
        ),
    );
  }

  do({ do: what, which }: Step): void {
    const probe = this.probes[which];
    const place = which % DESCRIPTORS;
    const descriptor = this.descriptors[place];
    if (what === 'turn') {
      this.turn();
    } else if (what === 'throw') {
      throw new Error('of a callback');
    } else if (what === 'cancel') {
      this.driver.cancel(probe);
      probe.isDue = false;
    } else if (descriptor === undefined) {
      // It was removed.
    } else if (what === 'remove') {
      this.descriptors[place] = undefined;
      this.driver.remove(descriptor);
      close(descriptor.fd);
    } else if (what === 'fail') {
      // As if the kernel had refused to watch it.
      const { events } = this.driver.backend;
      for (let index = 0; index < events.count; index++) {
        if (events.tokens[index] !== descriptor.token) continue;
        events.readiness[index] = ERROR;
        events.errors[index] = EIO;
      }
    } else if (!probe.isWaiting) {
      if (probe.state === FINISHED) probe.isDue = false;
      probe.tries = [...probe.script];
      if (what === 'start') this.driver.start(descriptor, this.due(probe));
      else this.submit(descriptor, probe);
    }
  }

  /** Turns until nothing is left to do by itself. */
  settle(): void {
    for (let count = 0; count < 60; count++) this.turn();
  }

  end(): void {
    for (const descriptor of this.descriptors) {
      if (descriptor === undefined) continue;
      this.driver.remove(descriptor);
      close(descriptor.fd);
    }
    this.driver.close();
    for (const peer of this.peers) close(peer);
  }

  private submit(descriptor: Descriptor, probe: Probe): void {
    // An attempt within `submit` that throws takes it off; one that is over at once is not told.
    this.due(probe);
    try {
      if (this.driver.submit(descriptor, probe)) probe.isDue = false;
    } catch (error) {
      probe.isDue = false;
      throw error;
    }
  }

  private due(probe: Probe): Probe {
    probe.isDue = true;
    return probe;
  }

  private turn(): void {
    try {
      this.driver.wait(0);
      this.driver.dispatch();
    } catch (error) {
      if ((error as Error).message !== 'of a callback') throw error;
    }
  }

  private nested(given: Deed): void {
    if (this.deeds-- > 0) this.do(given);
  }
}

for (const name of builtInBackends()) {
  for (const mode of REACTOR_MODES) {
    describe(`core: the life of an operation (${name}, ${mode})`, () => {
      it('nothing is told that was cancelled or removed, in any state and from anywhere', () => {
        const outcomes = fc.array(fc.constantFrom<Outcome>(WAIT, AGAIN, DONE), { maxLength: 3 });
        const forAll = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: OPERATIONS, maxLength: OPERATIONS });
        const property = fc.property(
          forAll(outcomes),
          forAll(deed),
          forAll(deed),
          fc.array(step, { maxLength: 25 }),
          (scripts, attempts, tellings, steps) => {
            const schedule = new Schedule(name, mode, scripts, attempts, tellings);
            try {
              for (const each of steps) {
                try {
                  schedule.do(each);
                } catch (error) {
                  if ((error as Error).message !== 'of a callback') throw error;
                }
              }
              schedule.settle();
              const { probes } = schedule;
              expect(probes.flatMap(({ violations }) => violations)).to.deep.equal([]);
              // Told or still waiting: none is lost.
              expect(
                probes.filter(({ isDue, isWaiting }) => isDue && !isWaiting).map(({ index }) => index),
              ).to.deep.equal([]);
            } finally {
              schedule.end();
            }
          },
        );
        fc.assert(property, { ...propertyRuns(100), endOnFailure: true });
      });
    });
  }
}
