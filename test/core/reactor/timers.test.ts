import { expect } from 'chai';
import fc from 'fast-check';
import { NO_TIMER, Timers, type Timer, type TimerOwner } from '../../../src/core/reactor/timers.js';
import { propertyRuns } from '../../property-runs.js';

const DAY_MS = 24 * 3600 * 1000;

/** Notes the tags of the timers that ran, in order. */
class Recorder implements TimerOwner {
  readonly tags: number[] = [];

  onTimer(tag: number): void {
    this.tags.push(tag);
  }
}

function owner(onTimer: (tag: number) => void): TimerOwner {
  return { onTimer };
}

describe('core: timers', () => {
  describe('delays', () => {
    it('runs a timer once, when its time has come', () => {
      const timers = new Timers(100);
      const recorder = new Recorder();
      timers.arm(recorder, 7, 10);
      expect(timers.run(109.9)).to.equal(0);
      expect(timers.run(110)).to.equal(1);
      expect(timers.run(5000)).to.equal(0);
      expect(recorder.tags).to.deep.equal([7]);
    });

    it('counts a delay from the last run', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      timers.run(1000);
      timers.arm(recorder, 1, 5);
      expect(timers.run(1004)).to.equal(0);
      expect(timers.run(1005)).to.equal(1);
    });

    it('tells how long nothing has to be done', () => {
      const timers = new Timers(50);
      expect(timers.timeoutMs(50)).to.equal(-1);
      const timer = timers.arm(new Recorder(), 0, 20);
      expect(timers.timeoutMs(50)).to.be.within(0.001, 20);
      expect(timers.timeoutMs(1000)).to.equal(0);
      timers.cancel(timer);
      expect(timers.timeoutMs(50)).to.equal(-1);
    });

    it('sleeps through a long delay in a few steps', () => {
      const timers = new Timers(0);
      timers.arm(new Recorder(), 0, 30 * DAY_MS);
      let wakes = 0;
      let now = 0;
      while (timers.size > 0) {
        now += timers.timeoutMs(now);
        timers.run(now);
        wakes++;
      }
      expect(now).to.equal(30 * DAY_MS);
      expect(wakes).to.be.below(20);
    });

    for (const delayMs of [-1, -0.001, NaN, Infinity, -Infinity]) {
      it(`refuses a delay of ${delayMs}`, () => {
        const timers = new Timers(0);
        expect(() => timers.arm(new Recorder(), 0, delayMs)).to.throw(
          RangeError,
          `delayMs: ${delayMs}; allowed: milliseconds from 0`,
        );
        const timer = timers.arm(new Recorder(), 0, 1);
        expect(() => timers.postpone(timer, delayMs)).to.throw(RangeError, 'delayMs');
        expect(timers.size).to.equal(1);
      });
    }

    it('never runs the clock backwards', () => {
      const timers = new Timers(1000);
      const recorder = new Recorder();
      timers.run(2000);
      timers.arm(recorder, 1, 10);
      timers.run(500);
      expect(recorder.tags).to.deep.equal([]);
      expect(timers.run(2010)).to.equal(1);
    });
  });

  describe('order', () => {
    it('is that of the deadlines, whatever the order of arming', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const delays = [5000, 3, 70, 1, 64, 63, 65, 4096, 4095, 300_000, 2];
      for (const delayMs of delays) timers.arm(recorder, delayMs, delayMs);
      timers.run(DAY_MS);
      expect(recorder.tags).to.deep.equal([...delays].sort((a, b) => a - b));
    });

    it('is that of arming within a millisecond, also between timers that were filed on different levels', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      timers.arm(recorder, 1, 8200);
      timers.arm(recorder, 2, 8200);
      timers.run(8000);
      timers.arm(recorder, 3, 200);
      timers.run(8150);
      timers.arm(recorder, 4, 50);
      timers.run(8200);
      expect(recorder.tags).to.deep.equal([1, 2, 3, 4]);
    });

    it('is exact for whole milliseconds, whatever is armed when', () => {
      // Few deadlines for many timers, so that most of them meet; at the borders of the levels.
      const deadline = fc.constantFrom(63, 64, 65, 100, 4095, 4096, 4100, 8192, 262_143, 262_144, 262_207, 17_000_000);
      const turn = fc.tuple(fc.array(deadline, { maxLength: 5 }), fc.constantFrom(1, 37, 63, 64, 4000, 4096, 258_048));
      fc.assert(
        fc.property(fc.array(turn, { maxLength: 40 }), turns => {
          const timers = new Timers(0);
          const recorder = new Recorder();
          const dueAt: number[] = [];
          let now = 0;
          for (const [deadlines, advanceMs] of turns) {
            for (const dueMs of deadlines.filter(each => each > now)) {
              timers.arm(recorder, dueAt.length, dueMs - now);
              dueAt.push(dueMs);
            }
            now += advanceMs;
            timers.run(now);
          }
          timers.run(20_000_000);
          const expected = dueAt.map((_, tag) => tag).sort((a, b) => dueAt[a] - dueAt[b] || a - b);
          expect(recorder.tags).to.deep.equal(expected);
        }),
        propertyRuns(300),
      );
    });
  });

  describe('callbacks that change timers', () => {
    it('arm: comes later, not within the same run', () => {
      const timers = new Timers(0);
      const ran: number[] = [];
      const again = owner(tag => {
        ran.push(tag);
        timers.arm(again, tag + 1, 0);
      });
      timers.arm(again, 0, 0);
      for (let now = 1; now <= 5; now++) expect(timers.run(now)).to.equal(1);
      expect(ran).to.deep.equal([0, 1, 2, 3, 4]);
    });

    it('a chain of 0 ms does not hold a run, even after a jump of an hour', () => {
      const timers = new Timers(0);
      const again = owner(() => void timers.arm(again, 0, 0));
      timers.arm(again, 0, 0);
      expect(timers.run(3_600_000)).to.equal(1);
      expect(timers.run(3_600_001)).to.equal(1);
    });

    it('cancel: another that is due in the same run does not run', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      let victim: Timer = NO_TIMER;
      let cancelled: boolean | undefined;
      timers.arm(
        owner(() => {
          cancelled = timers.cancel(victim);
        }),
        0,
        10,
      );
      victim = timers.arm(recorder, 1, 10);
      const bystander = timers.arm(recorder, 2, 10);
      timers.run(10);
      expect(cancelled).to.equal(true);
      expect(recorder.tags).to.deep.equal([2]);
      expect(timers.cancel(bystander)).to.equal(false);
    });

    it('cancel: itself is over already', () => {
      const timers = new Timers(0);
      let answer: boolean | undefined;
      const timer: Timer = timers.arm(
        owner(() => {
          answer = timers.cancel(timer);
        }),
        0,
        1,
      );
      timers.run(1);
      expect(answer).to.equal(false);
      expect(timers.size).to.equal(0);
    });

    it('postpone: another that is due in the same run comes later', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      let victim: Timer = NO_TIMER;
      timers.arm(
        owner(() => {
          timers.postpone(victim, 50);
        }),
        0,
        10,
      );
      victim = timers.arm(recorder, 1, 10);
      timers.run(20);
      expect(recorder.tags).to.deep.equal([]);
      timers.run(69);
      expect(recorder.tags).to.deep.equal([]);
      timers.run(70);
      expect(recorder.tags).to.deep.equal([1]);
    });
  });

  describe('postponing', () => {
    it('takes later and earlier deadlines', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const timer = timers.arm(recorder, 1, 100);
      timers.postpone(timer, 5000);
      timers.run(4999);
      expect(recorder.tags).to.deep.equal([]);
      timers.postpone(timer, 1);
      timers.run(5000);
      expect(recorder.tags).to.deep.equal([1]);
    });

    it('on every byte, a thousand times, costs no run of its own', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const timer = timers.arm(recorder, 1, 100);
      for (let now = 1; now <= 1000; now++) {
        timers.run(now);
        timers.postpone(timer, 100);
      }
      expect(recorder.tags).to.deep.equal([]);
      timers.run(1100);
      expect(recorder.tags).to.deep.equal([1]);
    });

    it('does nothing to a timer that ran', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const timer = timers.arm(recorder, 1, 1);
      timers.run(1);
      timers.postpone(timer, 1);
      expect(timers.size).to.equal(0);
      expect(timers.run(10)).to.equal(0);
    });
  });

  describe('stale names', () => {
    it('name nothing, also when the slot has a new owner', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const old = timers.arm(recorder, 1, 10);
      expect(timers.cancel(old)).to.equal(true);
      expect(timers.cancel(old)).to.equal(false);
      const young = timers.arm(recorder, 2, 10);
      expect(young).to.not.equal(old);
      timers.postpone(old, 5000);
      expect(timers.cancel(old)).to.equal(false);
      timers.run(10);
      expect(recorder.tags).to.deep.equal([2]);
    });

    for (const name of [NO_TIMER, NaN, 12345, 2 ** 52]) {
      it(`${name} names nothing`, () => {
        const timers = new Timers(0);
        timers.arm(new Recorder(), 0, 1);
        expect(timers.cancel(name)).to.equal(false);
        timers.postpone(name, 1);
        expect(timers.size).to.equal(1);
      });
    }
  });

  describe('a callback that throws', () => {
    it('lets the error out, and the next run goes on with the others', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      timers.arm(recorder, 1, 10);
      timers.arm(
        owner(() => {
          throw new Error('from a timer');
        }),
        0,
        10,
      );
      timers.arm(recorder, 2, 10);
      timers.arm(recorder, 3, 20);
      expect(() => timers.run(30)).to.throw('from a timer');
      expect(recorder.tags).to.deep.equal([1]);
      expect(timers.timeoutMs(30)).to.equal(0);
      expect(timers.run(30)).to.equal(2);
      expect(recorder.tags).to.deep.equal([1, 2, 3]);
      expect(timers.size).to.equal(0);
    });

    it('throwing every time, ten times, loses none of the others', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      const thrower = owner(() => {
        throw new Error('again');
      });
      for (let tag = 0; tag < 10; tag++) {
        timers.arm(thrower, 0, 10 + tag * 30);
        timers.arm(recorder, tag, 10 + tag * 30);
      }
      let thrown = 0;
      while (timers.size > 0) {
        try {
          timers.run(1000);
        } catch {
          thrown++;
        }
      }
      expect(thrown).to.equal(10);
      expect(recorder.tags).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('leaves what is armed and cancelled before the next run in order', () => {
      const timers = new Timers(0);
      const recorder = new Recorder();
      timers.arm(
        owner(() => {
          throw new Error('first');
        }),
        0,
        5,
      );
      const cancelled = timers.arm(recorder, 1, 5);
      timers.arm(recorder, 2, 5);
      expect(() => timers.run(500)).to.throw('first');
      timers.cancel(cancelled);
      timers.arm(recorder, 3, 64);
      timers.arm(recorder, 4, 1);
      timers.run(500);
      expect(recorder.tags).to.deep.equal([2]);
      timers.run(501);
      timers.run(564);
      expect(recorder.tags).to.deep.equal([2, 4, 3]);
    });
  });

  it('takes and frees 100,000 timers, and names stay within that table', () => {
    const timers = new Timers(0);
    const recorder = new Recorder();
    const names: Timer[] = [];
    for (let index = 0; index < 100_000; index++) names.push(timers.arm(recorder, index, (index * 7919) % 1_000_000));
    expect(names.filter(name => !timers.cancel(name)).length).to.equal(0);
    expect(timers.size).to.equal(0);
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 100_000; index++) names[index] = timers.arm(recorder, index, index);
      for (const name of names) timers.cancel(name);
    }
    expect(slotIndex(timers.arm(recorder, 0, 1000))).to.be.below(100_000);
    expect(timers.run(DAY_MS)).to.equal(1);
  });

  it('does what a naive list of deadlines does', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.array(step, { maxLength: 120 }), (startMs, steps) => {
        const model = new Model(startMs / 7);
        for (const [kind, which, amount] of steps) model.take(kind, which, amount);
        model.finish();
      }),
      propertyRuns(300),
    );
  });
});

/** The index in a timer's name: its low 21 bits. */
function slotIndex(timer: Timer): number {
  return timer % 2 ** 21;
}

const delay = fc.oneof(
  fc.constantFrom(0, 0.25, 1, 63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1),
  fc.double({ min: 0, max: 200, noNaN: true }),
  fc.integer({ min: 0, max: 40 * DAY_MS }),
);
const advance = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 0.5, 1, 64, 4096, 262_144, 12 * DAY_MS, 13 * DAY_MS) },
  { weight: 5, arbitrary: fc.double({ min: 0, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5 * DAY_MS }) },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('arm' as const), fc.constantFrom(0, 1, 2, 3, 4), delay) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('postpone' as const), fc.nat({ max: 200 }), delay) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('cancel' as const), fc.nat({ max: 200 }), delay) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('advance' as const), fc.constant(0), advance) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('step' as const), fc.constant(0), advance) },
);

interface Expected {
  name: Timer;
  /** When it may run at the earliest, in milliseconds. */
  dueMs: number;
  /** What its callback does besides. */
  behaviour: number;
}

/** The wheel and a list of deadlines side by side. */
class Model implements TimerOwner {
  private readonly timers: Timers;
  private readonly expected: Expected[] = [];
  private readonly alive = new Set<number>();
  private lastDueMs = -Infinity;
  /** Timers that were armed or postponed in the run under way: not before the next one. */
  private readonly fresh = new Set<number>();

  constructor(private nowMs: number) {
    this.timers = new Timers(nowMs);
  }

  take(kind: 'arm' | 'postpone' | 'cancel' | 'advance' | 'step', which: number, amount: number): void {
    if (kind === 'arm') this.arm(which, amount);
    else if (kind === 'postpone') this.postpone(which, amount);
    else if (kind === 'cancel') this.cancel(which);
    else if (kind === 'advance') this.run(this.nowMs + amount);
    else this.sleep();
  }

  /** Runs until nothing is left, sleeping as long as it is told to. */
  finish(): void {
    for (let steps = 0; this.alive.size > 0; steps++) {
      expect(steps, 'sleeps until everything ran').to.be.below(20_000);
      this.sleep();
    }
    expect(this.timers.timeoutMs(this.nowMs)).to.equal(-1);
  }

  onTimer(tag: number): void {
    const timer = this.expected[tag];
    expect(this.alive.delete(tag), `timer ${tag} is alive`).to.equal(true);
    expect(this.fresh.has(tag), `timer ${tag} was armed in an earlier run`).to.equal(false);
    expect(this.nowMs, `timer ${tag} is not early`).to.be.at.least(timer.dueMs - 1e-6);
    // The wheel knows whole milliseconds: within one the order is open.
    expect(timer.dueMs, `timer ${tag} in order`).to.be.above(this.lastDueMs - 1.001);
    this.lastDueMs = Math.max(this.lastDueMs, timer.dueMs);
    if (this.expected.length > 400) return;
    if (timer.behaviour === 1) this.arm(0, tag % 100);
    if (timer.behaviour === 2) this.cancel(tag + 1);
    if (timer.behaviour === 3) this.postpone(tag + 1, tag * 10);
    if (timer.behaviour === 4) this.postpone(tag, 10);
  }

  private arm(behaviour: number, delayMs: number): void {
    const tag = this.expected.length;
    this.expected.push({ name: this.timers.arm(this, tag, delayMs), dueMs: this.nowMs + delayMs, behaviour });
    this.alive.add(tag);
    this.fresh.add(tag);
    expect(this.timers.size).to.equal(this.alive.size);
  }

  private postpone(which: number, delayMs: number): void {
    if (this.expected.length === 0) return;
    const tag = which % this.expected.length;
    this.timers.postpone(this.expected[tag].name, delayMs);
    if (!this.alive.has(tag)) return;
    this.expected[tag].dueMs = this.nowMs + delayMs;
    this.fresh.add(tag);
  }

  private cancel(which: number): void {
    if (this.expected.length === 0) return;
    const tag = which % this.expected.length;
    expect(this.timers.cancel(this.expected[tag].name)).to.equal(this.alive.delete(tag));
    expect(this.timers.size).to.equal(this.alive.size);
  }

  private sleep(): void {
    const timeoutMs = this.timers.timeoutMs(this.nowMs);
    if (timeoutMs < 0) {
      expect(this.alive.size).to.equal(0);
      return;
    }
    this.run(this.nowMs + Math.ceil(timeoutMs));
  }

  private run(nowMs: number): void {
    this.nowMs = nowMs;
    this.lastDueMs = -Infinity;
    this.fresh.clear();
    this.timers.run(nowMs);
    for (const tag of this.alive) {
      if (this.fresh.has(tag)) continue;
      expect(nowMs, `timer ${tag} is not late`).to.be.below(this.expected[tag].dueMs + 1.001);
    }
  }
}
