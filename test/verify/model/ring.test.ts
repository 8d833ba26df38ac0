/** The model of the ring beside the ring of this kernel; and polls of the backend in rings that do things in other orders. */
import { expect } from 'chai';
import fc from 'fast-check';
import { ArmedPolls } from '../../../src/backends/uring/armed-polls.js';
import { uringFactory } from '../../../src/backends/uring/factory.js';
import { newCounters } from '../../../src/backends/kit/counters.js';
import { Random } from '../../../src/base/random.js';
import { Ring, type PollRing } from '../../../src/sys/uring/ring.js';
import { realWorld } from '../../../src/verify/conformance/real-world.js';
import { ModelKernel } from '../../../src/verify/model/kernel.js';
import { profiles } from '../../../src/verify/model/profile.js';
import { ModelRing } from '../../../src/verify/model/ring.js';
import { EPOLLIN, EPOLLOUT } from '../../../src/verify/model/things/readiness.js';
import { propertyRuns } from '../../property-runs.js';

const PAIRS = 3;
/** Small, so that submissions are handed over in between, and completions wait for room. */
const SIZE = { submissions: 4, completions: 4 };
const IGNORED = { low: 1000, high: 0 };
const profile = profiles['freebsd-14'];

/** Connected pairs, in this kernel or in the model. */
interface Sockets {
  readonly ends: readonly (readonly [number, number])[];
  write(fd: number): void;
  read(fd: number): void;
  end(fd: number): void;
}

const step = fc.record({
  pair: fc.nat(PAIRS - 1),
  act: fc.constantFrom('once', 'multishot', 'cancel', 'write', 'read', 'answer', 'take', 'end', 'enter', 'enter'),
  events: fc.constantFrom(EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** [user data, result, whether there is more] of all that completes by each `enter`. */
function completionsOf(ring: PollRing, sockets: Sockets, steps: readonly Step[]): number[][][] {
  const all: number[][][] = [];
  const last = new Array<number>(PAIRS).fill(-1);
  const unread = sockets.ends.map(() => [0, 0]);
  const ended = new Set<number>();
  steps.forEach(({ pair, act, events }, index) => {
    const [ours, theirs] = sockets.ends[pair];
    if (ring.prepared === ring.submissions) ring.enter(0, -1);
    if (act === 'once') ring.preparePoll(ours, events, (last[pair] = index), 7);
    else if (act === 'multishot') ring.prepareMultishotPoll(ours, events, (last[pair] = index), 7);
    else if (act === 'cancel') ring.prepareCancel(last[pair], 7, IGNORED);
    else if (act === 'write' && !ended.has(pair)) {
      sockets.write(theirs);
      unread[pair][0]++;
    } else if (act === 'read' && unread[pair][0] > 0) {
      sockets.read(ours);
      unread[pair][0]--;
    } else if (act === 'answer' && !ended.has(pair)) {
      sockets.write(ours);
      unread[pair][1]++;
    } else if (act === 'take' && unread[pair][1] > 0) {
      sockets.read(theirs);
      unread[pair][1]--;
    } else if (act === 'end' && !ended.has(pair)) {
      sockets.end(theirs);
      ended.add(pair);
    } else if (act === 'enter') {
      ring.enter(0, -1);
      const taken: number[][] = [];
      for (let at = 0; at < ring.count; at++) taken.push([ring.low(at), ring.result(at), Number(ring.hasMore(at))]);
      ring.seen(ring.count);
      all.push(taken);
    }
  });
  return all;
}

describe('the model of a ring', () => {
  it('completes what this kernel completes, in its order', function () {
    if (!uringFactory.probe().available) this.skip();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const kernel = new ModelKernel(profile);
        const modelled: Sockets = {
          ends: Array.from({ length: PAIRS }, () => kernel.socketpair('stream')),
          write: fd => void kernel.descriptors.at(fd).write(new Uint8Array(1)),
          read: fd => void kernel.descriptors.at(fd).read(1),
          end: fd => kernel.socketAt(fd).shutdownSending(),
        };
        const real: Sockets = {
          ends: Array.from({ length: PAIRS }, () => realWorld.socketPair()),
          write: fd => void realWorld.write(fd, 1),
          read: fd => void realWorld.read(fd, 1),
          end: fd => realWorld.endWriting(fd),
        };
        const ring = new Ring(SIZE);
        try {
          const expected = completionsOf(ring, real, steps);
          const model = new ModelRing(SIZE, fd => kernel.descriptors.at(fd));
          expect(completionsOf(model, modelled, steps)).to.deep.equal(expected);
        } finally {
          ring.close();
          for (const fd of real.ends.flat()) realWorld.close(fd);
        }
      }),
      propertyRuns(200),
    );
  });
});

describe('the work that one call does', () => {
  const MANY = 90;

  /** How many completions come with each call once many are ready. */
  function counts(ring: PollRing, fd: number, makeReady: () => void, minComplete: number): number[] {
    for (let low = 0; low < MANY; low++) {
      if (ring.prepared === ring.submissions) ring.enter(0, -1);
      ring.preparePoll(fd, EPOLLIN, low, 0);
    }
    ring.enter(0, -1);
    makeReady();
    const found: number[] = [];
    for (let calls = 0; calls < 10; calls++) {
      ring.enter(minComplete, 0);
      found.push(ring.count);
      ring.seen(ring.count);
    }
    return found;
  }

  for (const minComplete of [0, 1, 64]) {
    it(`is as much in the model as here, where it is asked for ${minComplete} completions`, function () {
      if (!uringFactory.probe().available) this.skip();
      const size = { submissions: 64, completions: 128 };
      const ring = new Ring(size);
      const [ours, theirs] = realWorld.socketPair();
      const kernel = new ModelKernel(profile);
      const [one, other] = kernel.socketpair('stream');
      const model = new ModelRing(size, fd => kernel.descriptors.at(fd));
      try {
        const here = counts(ring, ours, () => realWorld.write(theirs, 1), minComplete);
        const there = counts(model, one, () => void kernel.descriptors.at(other).write(new Uint8Array(1)), minComplete);
        expect(there).to.deep.equal(here);
        expect(Math.max(...here), 'what the backend relies on').to.equal(Math.max(20, minComplete));
      } finally {
        ring.close();
        realWorld.close(ours);
        realWorld.close(theirs);
      }
    });
  }
});

describe('polls of the backend, in a ring that does its work in any order', () => {
  const work = fc.record({
    slot: fc.nat(PAIRS - 1),
    act: fc.constantFrom('arm', 'cancel', 'write', 'read', 'turn', 'settle'),
    isMultishot: fc.boolean(),
  });

  it('what was cancelled is never reported, what holds is, and in the end nothing is held', () => {
    fc.assert(
      fc.property(fc.array(work, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const kernel = new ModelKernel(profile);
        const ends = Array.from({ length: PAIRS }, () => kernel.socketpair('stream'));
        const random = new Random(seed);
        const options = { choose: (count: number) => random.below(count) };
        const ring = new ModelRing({ submissions: 4, completions: 2 }, fd => kernel.descriptors.at(fd), options);
        /** By slot: whether a poll is armed, and whether it stays so. */
        const armed = new Map<number, boolean>();
        const reported = new Set<number>();
        const polls = new ArmedPolls(
          ring,
          {
            onPoll(slot, result, isOver) {
              expect(armed.has(slot), `a report of slot ${slot}, whose poll is armed`).to.equal(true);
              expect(result).to.equal(EPOLLIN);
              reported.add(slot);
              if (isOver) armed.delete(slot);
            },
            onStale() {},
            onWake() {},
            onOther() {},
          },
          newCounters(),
        );
        const cancel = (slot: number): void => {
          if (!polls.hasRoom) polls.submit();
          polls.cancel(slot);
          armed.delete(slot);
        };
        for (const { slot, act, isMultishot } of steps) {
          const [ours, theirs] = ends[slot];
          if (act === 'arm' && !armed.has(slot)) {
            if (!polls.hasRoom) polls.submit();
            polls.arm(slot, ours, EPOLLIN, isMultishot);
            armed.set(slot, isMultishot);
            reported.delete(slot);
          } else if (act === 'cancel' && armed.has(slot)) cancel(slot);
          else if (act === 'write') kernel.descriptors.at(theirs).write(new Uint8Array(1));
          else if (act === 'read' && kernel.socketAt(ours).available > 0) kernel.descriptors.at(ours).read(65_536);
          else if (act === 'turn') polls.turn(0);
          else if (act === 'settle') {
            polls.settle();
            expect(polls.cancelling).to.equal(0);
          }
        }
        polls.turn(0);
        for (const slot of armed.keys()) {
          const holds = kernel.socketAt(ends[slot][0]).available > 0;
          if (holds) expect(reported.has(slot), `slot ${slot} is readable and its poll armed`).to.equal(true);
        }
        for (const slot of [...armed.keys()]) cancel(slot);
        polls.settle();
        expect([polls.cancelling, ring.armed]).to.deep.equal([0, 0]);
      }),
      propertyRuns(500),
    );
  });
});
