/** What must be true as soon as `unregister` has returned. */
import type { Token } from '../../base/token.js';
import type { Backend } from '../../backends/contract.js';
import { Violation } from './violation.js';

/** @param who for people. @throws Violation the backend still knows the token, or its last batch names it. */
export function judgeDeparture(backend: Backend, token: Token, who: string): void {
  const { events } = backend;
  if (events.tokens.subarray(0, events.count).includes(token)) {
    throw new Violation('dead', `the batch at hand still names ${who} after unregister`);
  }
  if (backend.has(token)) throw new Violation('dead', `has() knows ${who} after unregister`);
}
