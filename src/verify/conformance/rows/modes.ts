/** Lifetime times trigger, in both directions: when a condition is reported, and when it is not reported again. */
import {
  READABLE,
  WRITABLE,
  type Interest,
  type Lifetime,
  type Readiness,
  type Trigger,
} from '../../../backends/contract.js';
import { expectAtLeast, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';
import { WOULD_BLOCK } from '../world.js';

/** A descriptor whose one direction can be made ready and exhausted at will. */
interface Gauge {
  readonly fd: number;
  readonly interest: Interest;
  /** Makes the condition hold. */
  raise(): void;
  /** Reads or writes until the call would block: the condition holds no longer. */
  exhaust(): void;
}

function readGauge(t: Trial): Gauge {
  const [fd, peer] = t.socketPair();
  return { fd, interest: READABLE, raise: () => void t.world.write(peer), exhaust: () => void t.world.drain(fd) };
}

/** Starts full, so that it is not ready. */
function writeGauge(t: Trial): Gauge {
  const [fd, peer] = t.socketPair();
  t.world.fill(fd);
  return { fd, interest: WRITABLE, raise: () => void t.world.drain(peer), exhaust: () => void t.world.fill(fd) };
}

const gauges = [
  { name: 'reading', open: readGauge },
  { name: 'writing', open: writeGauge },
] as const;

interface Mode {
  readonly lifetime: Lifetime;
  readonly trigger: Trigger;
  readonly name: string;
  readonly why: string;
  check(t: Trial, gauge: Gauge): void;
}

const modes: readonly Mode[] = [
  {
    lifetime: 'persistent',
    trigger: 'level',
    name: 'persistent level repeats until exhausted, and comes back',
    why: 'A handler that takes less than there is relies on being called again.',
    check(t, gauge) {
      const token = t.register(gauge.fd, gauge.interest);
      t.expectQuiet('before the condition holds');
      gauge.raise();
      for (let repeat = 0; repeat < 3; repeat++) t.waitFor(token, gauge.interest);
      gauge.exhaust();
      t.expectQuiet('once exhausted');
      gauge.raise();
      t.waitFor(token, gauge.interest);
    },
  },
  {
    lifetime: 'persistent',
    trigger: 'edge',
    name: 'persistent edge reports once, and again after would-block',
    why: 'A second report of the same bytes is a wasted turn; a missing one is a connection that hangs.',
    check(t, gauge) {
      const token = t.register(gauge.fd, gauge.interest, 'persistent', 'edge');
      t.expectQuiet('before the condition holds');
      for (let round = 0; round < 3; round++) {
        gauge.raise();
        t.waitFor(token, gauge.interest);
        t.expectQuiet(`round ${round}, after the report`);
        gauge.exhaust();
        t.backend.wouldBlock(token, gauge.interest);
        t.expectQuiet(`round ${round}, once exhausted`);
      }
    },
  },
  {
    lifetime: 'oneshot',
    trigger: 'level',
    name: 'oneshot level reports once, and again after modify while the condition holds',
    why: 'Whoever works on an event elsewhere must not see it a second time before he has asked for it.',
    check: checkOneshot,
  },
  {
    lifetime: 'oneshot',
    trigger: 'edge',
    name: 'oneshot edge reports once, and again after modify while the condition holds',
    why: 'Armed again by modify, it must not wait for a change that has happened already.',
    check: checkOneshot,
  },
];

function checkOneshot(this: Mode, t: Trial, gauge: Gauge): void {
  const token = t.register(gauge.fd, gauge.interest, 'oneshot', this.trigger);
  t.expectQuiet('before the condition holds');
  gauge.raise();
  t.waitFor(token, gauge.interest);
  t.expectQuiet('after the one report, with the condition still holding');
  t.modify(token, gauge.interest);
  t.waitFor(token, gauge.interest);
  gauge.exhaust();
  t.modify(token, gauge.interest);
  t.expectQuiet('armed, once exhausted');
  gauge.raise();
  t.waitFor(token, gauge.interest);
  t.expectQuiet('after the third report');
}

const matrix: readonly Row[] = modes.flatMap(mode =>
  gauges.map(({ name, open }) => ({
    name: `${name}: ${mode.name}`,
    why: mode.why,
    needs: { trigger: mode.trigger },
    run: (t: Trial) => mode.check(t, open(t)),
  })),
);

/** Registers for both directions of a socket with room to write. */
function bothWays(t: Trial, lifetime: Lifetime, trigger: Trigger) {
  const [fd, peer] = t.socketPair();
  const token = t.register(fd, READABLE | WRITABLE, lifetime, trigger);
  return { fd, peer, token };
}

export const modeRows: readonly Row[] = [
  ...matrix,
  {
    name: 'the first event of a oneshot registration disarms all its directions',
    why: 'The owner of an event works on the descriptor alone until he arms it again.',
    run(t) {
      const { peer, token } = bothWays(t, 'oneshot', 'level');
      t.waitFor(token, WRITABLE);
      t.world.write(peer);
      t.expectQuiet('the sibling direction');
      t.modify(token, READABLE | WRITABLE);
      let seen: Readiness = t.waitFor(token, READABLE | WRITABLE);
      // Two filters of one descriptor may come in two waits where the kernel keeps them apart.
      if (seen !== (READABLE | WRITABLE)) {
        t.modify(token, (READABLE | WRITABLE) & ~seen);
        seen |= t.waitFor(token, (READABLE | WRITABLE) & ~seen);
      }
      expectEqual(seen & (READABLE | WRITABLE), READABLE | WRITABLE, 'both directions, after modify');
    },
  },
  {
    name: 'a oneshot registration can be armed for the other direction only',
    why: 'regression of pollers that arm again with the interest of the first time and strand the sibling.',
    run(t) {
      const { fd, peer, token } = bothWays(t, 'oneshot', 'level');
      t.waitFor(token, WRITABLE);
      t.modify(token, READABLE);
      t.expectQuiet('armed for reading, with nothing to read');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      expectAtLeast(t.world.drain(fd), 1, 'bytes read');
    },
  },
  {
    name: 'edges of the two directions come apart',
    why: 'Bytes that wait to be read must not keep a writer from learning of room.',
    needs: { trigger: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.fill(fd);
      const token = t.register(fd, READABLE | WRITABLE, 'persistent', 'edge');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.expectQuiet('after the edge of reading');
      t.world.drain(peer);
      t.waitFor(token, WRITABLE);
    },
  },
  {
    name: 'edge reports a condition that held before register',
    why: 'An accepted connection often has bytes already, and no further edge to come.',
    needs: { trigger: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.write(peer);
      const token = t.register(fd, READABLE, 'persistent', 'edge');
      t.waitFor(token, READABLE);
      t.expectQuiet('after the first report');
    },
  },
  {
    name: 'an arrival between the call that would block and wouldBlock is not lost',
    why: 'It is the race that every reader by edges runs at each of his turns.',
    needs: { trigger: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE, 'persistent', 'edge');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.world.drain(fd);
      expectEqual(t.world.read(fd), WOULD_BLOCK, 'the read that would block');
      t.world.write(peer);
      t.backend.wouldBlock(token, READABLE);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'modify reports a condition that holds in a direction newly asked for, for edge too',
    why: 'Whoever resumes reading after a pause has to be told of what came meanwhile.',
    needs: { trigger: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE, 'persistent', 'edge');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.expectQuiet('after the edge');
      t.modify(token, 0);
      t.expectQuiet('without interest');
      t.modify(token, READABLE);
      t.waitFor(token, READABLE);
      t.modify(token, READABLE | WRITABLE);
      t.waitFor(token, WRITABLE);
    },
  },
  {
    name: 'a trigger that traits lacks is refused with ENOTSUP',
    why: 'Level in place of edge, silently, would double every event of a program made for edges.',
    run(t) {
      const lacking = (['level', 'edge'] as const).filter(trigger => !t.backend.traits.triggers.includes(trigger));
      if (lacking.length === 0) t.skip('it has every trigger');
      const [reader] = t.pipe();
      for (const trigger of lacking) {
        let code = 'no error';
        try {
          t.backend.register(reader, READABLE, 'persistent', trigger);
        } catch (error) {
          code = (error as { code?: string }).code ?? String(error);
        }
        expectEqual(code, 'ENOTSUP', `register with trigger '${trigger}'`);
      }
      expectEqual(t.register(reader, READABLE) >= 0, true, 'register with a trigger that it has');
    },
  },
  {
    name: 'regression 7: a new lifetime and trigger by unregister and register lose no event',
    why: 'kqueue keeps the old flags when a descriptor is merely added again.',
    run(t) {
      const [fd, peer] = t.socketPair();
      let token = t.register(fd, READABLE, 'oneshot');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.unregister(token);
      token = t.register(fd, READABLE, 'persistent');
      for (let repeat = 0; repeat < 3; repeat++) t.waitFor(token, READABLE);
      t.unregister(token);
      token = t.register(fd, READABLE, 'oneshot');
      t.waitFor(token, READABLE);
      t.expectQuiet('oneshot again, after its report');
    },
  },
];
