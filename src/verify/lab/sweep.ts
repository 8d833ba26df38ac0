/** What changes cost: so many changes between two waits, by batch size and mode. */
import { READABLE, WRITABLE, type Backend } from '../../backends/contract.js';
import type { Token } from '../../base/token.js';
import type { Subject } from '../conformance/subject.js';
import type { RegistrationMode } from '../../backends/contract.js';

export interface SweepPlan {
  readonly subject: Subject;
  readonly batch: number;
  readonly mode: RegistrationMode;
  /** A wait after every change: libiapp's one call a change. */
  readonly unbatched: boolean;
  readonly durationMs: number;
}

export interface SweepResult {
  readonly batch: number;
  readonly mode: RegistrationMode;
  readonly unbatched: boolean;
  readonly changes: number;
  readonly changesPerSecond: number;
  readonly systemCallsPerThousandChanges: number;
}

/**
 * Changes the interest of `batch` readable sockets between reading and both directions, all of them and then one
 * wait. A oneshot is armed again by that.
 *
 * @throws IoError EMFILE: it takes a descriptor for each of the batch, in pairs.
 */
export function sweepChanges({ subject, batch, mode, unbatched, durationMs }: SweepPlan): SweepResult {
  const { world, factory } = subject.enter();
  const fds: number[] = [];
  const backend = factory.open({ maxEvents: Math.max(batch, 1) });
  try {
    while (fds.length < batch) fds.push(...world.socketPair());
    for (const fd of fds) world.write(fd);
    const tokens = fds.slice(0, batch).map(fd => backend.register(fd, READABLE, mode));
    backend.wait(0);
    return { batch, mode, unbatched, ...measure(backend, tokens, unbatched, durationMs) };
  } finally {
    backend.close();
    for (const fd of fds) {
      world.drain(fd);
      world.close(fd);
    }
  }
}

function measure(
  backend: Backend,
  tokens: readonly Token[],
  unbatched: boolean,
  durationMs: number,
): Pick<SweepResult, 'changes' | 'changesPerSecond' | 'systemCallsPerThousandChanges'> {
  const callsBefore = backend.counters.systemCalls;
  const start = performance.now();
  let changes = 0;
  let elapsedMs = 0;
  for (let round = 0; elapsedMs < durationMs; round++) {
    const interest = round % 2 === 0 ? READABLE | WRITABLE : READABLE;
    for (const token of tokens) {
      backend.modify(token, interest);
      if (unbatched) backend.wait(0);
    }
    if (!unbatched) backend.wait(0);
    changes += tokens.length;
    elapsedMs = performance.now() - start;
  }
  const calls = backend.counters.systemCalls - callsBefore;
  return {
    changes,
    changesPerSecond: Math.round((changes / elapsedMs) * 1000),
    systemCallsPerThousandChanges: Math.round((calls / changes) * 1000),
  };
}
