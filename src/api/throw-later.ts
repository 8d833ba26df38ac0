/** What a callback of the user's throws is the user's affair, and must not keep anybody else from what is due. */
import type { Reactor } from '../core/reactor/reactor.js';

/** Throws it in a step of the reactor's turn that nothing else depends on. */
export function throwLater(reactor: Reactor, error: unknown): void {
  reactor.defer({
    onDeferred() {
      throw error;
    },
  });
}
