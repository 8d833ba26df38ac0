/**
 * Living in a loop that can't be looked into (Bun, Deno). The wait is bounded instead: short at first, longer the
 * longer nothing happens, so the runtime's own timers are late by at most the bound and an idle process costs some tens
 * of wake-ups a second.
 */
import { setImmediate } from '../../base/runtime-functions.js';
import type { Host } from './host.js';

const FIRST_BOUND_MS = 1;
const LAST_BOUND_MS = 16;
/** Turns at each bound before it doubles. */
const TURNS_PER_BOUND = 32;

export class BoundedHost implements Host {
  readonly fd = -1;
  private scheduled: NodeJS.Immediate | undefined;

  sleepMs(quietTurns: number): number {
    if (quietTurns === 0) return 0;
    const doublings = Math.floor(quietTurns / TURNS_PER_BOUND);
    return Math.min(FIRST_BOUND_MS * 2 ** Math.min(doublings, 8), LAST_BOUND_MS);
  }

  othersAlive(): boolean {
    // Unknown here: a turn that does not keep the process alive runs as often as the runtime itself is awake.
    return false;
  }

  schedule(turn: () => void, keepAlive: boolean): void {
    this.scheduled = setImmediate(turn);
    if (!keepAlive) this.scheduled.unref();
  }

  keepAlive(): void {
    this.scheduled?.ref();
  }
}
