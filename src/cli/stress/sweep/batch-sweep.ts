/** What a change costs, against how many of them there are between two waits. */
import { READABLE, WRITABLE, type BackendFactory, type RegistrationMode } from '../../../backends/contract.js';
import { poke, withBench } from './bench-backend.js';
import { cpuNanosecondsOf } from './cpu.js';
import type { Curve } from './table.js';

/**
 * Changes the interest of readable sockets between reading and both directions, so many of them and then one wait. A
 * oneshot is armed again by that.
 */
export function batchCurve(
  factory: BackendFactory,
  mode: RegistrationMode,
  batches: readonly number[],
  durationMs: number,
): Curve {
  const points = batches.map(batch => ({ x: batch, y: costOf(factory, mode, batch, durationMs) }));
  return { name: `${factory.name}, ${mode}`, points };
}

function costOf(factory: BackendFactory, mode: RegistrationMode, batch: number, durationMs: number): number {
  return withBench(factory, batch, ({ backend, fds, peers }) => {
    peers.forEach(poke);
    const tokens = fds.map(fd => backend.register(fd, READABLE, mode));
    let round = 0;
    return cpuNanosecondsOf(() => {
      const interest = round++ % 2 === 0 ? READABLE | WRITABLE : READABLE;
      for (const token of tokens) backend.modify(token, interest);
      backend.wait(0);
      return batch;
    }, durationMs);
  });
}
