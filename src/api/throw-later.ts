/**
 * What a user's callback throws is thrown later, where nothing depends on it: other callbacks that are due still run.
 */
import type { Reactor } from '../core/reactor/reactor.js';

/** Throws it in a step of the reactor's turn that nothing else depends on. */
export function throwLater(reactor: Reactor, error: unknown): void {
  reactor.defer({
    onDeferred() {
      throw error;
    },
  });
}
