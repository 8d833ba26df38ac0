/** Every mode, in both directions: when a condition is reported, and when it is not reported again. */
import {
  READABLE,
  WRITABLE,
  type Interest,
  type RegistrationMode,
  type Readiness,
} from '../../../backends/contract.js';
import { REGISTRATION_MODES } from '../../../backends/kit/modes.js';
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

interface ModeCheck {
  readonly mode: RegistrationMode;
  readonly name: string;
  readonly why: string;
  check(t: Trial, gauge: Gauge): void;
}

const modes: readonly ModeCheck[] = [
  {
    mode: 'level',
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
    mode: 'edge',
    name: 'persistent edge reports once, and again after would-block',
    why: 'A second report of the same bytes is a wasted turn; a missing one is a connection that hangs.',
    check(t, gauge) {
      const token = t.register(gauge.fd, gauge.interest, 'edge');
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
    mode: 'oneshot',
    name: 'oneshot level reports once, and again after modify while the condition holds',
    why: 'Whoever works on an event elsewhere must not see it a second time before he has asked for it.',
    check: checkOneshot,
  },
  {
    mode: 'oneshot-edge',
    name: 'oneshot edge reports once, and again after modify while the condition holds',
    why: 'Armed again by modify, it must not wait for a change that has happened already.',
    check: checkOneshot,
  },
];

function checkOneshot(this: ModeCheck, t: Trial, gauge: Gauge): void {
  const token = t.register(gauge.fd, gauge.interest, this.mode);
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

const matrix: readonly Row[] = modes.flatMap(check =>
  gauges.map(({ name, open }) => ({
    name: `${name}: ${check.name}`,
    why: check.why,
    needs: { mode: check.mode },
    run: (t: Trial) => check.check(t, open(t)),
  })),
);

/** Registers for both directions of a socket with room to write. */
function bothWays(t: Trial, mode: RegistrationMode) {
  const [fd, peer] = t.socketPair();
  const token = t.register(fd, READABLE | WRITABLE, mode);
  return { fd, peer, token };
}

export const modeRows: readonly Row[] = [
  ...matrix,
  {
    name: 'the first event of a oneshot registration disarms all its directions',
    why: 'The owner of an event works on the descriptor alone until he arms it again.',
    run(t) {
      const { peer, token } = bothWays(t, 'oneshot');
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
      const { fd, peer, token } = bothWays(t, 'oneshot');
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
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.fill(fd);
      const token = t.register(fd, READABLE | WRITABLE, 'edge');
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
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.write(peer);
      const token = t.register(fd, READABLE, 'edge');
      t.waitFor(token, READABLE);
      t.expectQuiet('after the first report');
    },
  },
  {
    name: 'an arrival between the call that would block and wouldBlock is not lost',
    why: 'It is the race that every reader by edges runs at each of his turns.',
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE, 'edge');
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
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE, 'edge');
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
    name: 'a mode that the backend lacks is refused with ENOTSUP',
    why: 'Level in place of edge, silently, would double every event of a program made for edges.',
    run(t) {
      const lacking = REGISTRATION_MODES.filter(mode => !t.backend.modes.includes(mode));
      if (lacking.length === 0) t.skip('it has every mode');
      const [reader] = t.pipe();
      for (const mode of lacking) {
        let code = 'no error';
        try {
          t.backend.register(reader, READABLE, mode);
        } catch (error) {
          code = (error as { code?: string }).code ?? String(error);
        }
        expectEqual(code, 'ENOTSUP', `register with mode '${mode}'`);
      }
      expectEqual(t.register(reader, READABLE) >= 0, true, 'register with a mode that it has');
    },
  },
  {
    name: 'regression 7: a new mode by unregister and register loses no event',
    why: 'kqueue keeps the old flags when a descriptor is merely added again.',
    run(t) {
      const [fd, peer] = t.socketPair();
      let token = t.register(fd, READABLE, 'oneshot');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.unregister(token);
      token = t.register(fd, READABLE, 'level');
      for (let repeat = 0; repeat < 3; repeat++) t.waitFor(token, READABLE);
      t.unregister(token);
      token = t.register(fd, READABLE, 'oneshot');
      t.waitFor(token, READABLE);
      t.expectQuiet('oneshot again, after its report');
    },
  },
];
