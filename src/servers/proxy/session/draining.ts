/**
 * The last phase of a proxy: clients come to their ends by themselves, those that are idle are closed, and at a
 * deadline the others.
 */
import { clearTimeout, setTimeout } from '../../../base/runtime-functions.js';
import { milliseconds, valuesOf, type OptionTable } from '../../../base/options.js';
import type { Sessions } from './sessions.js';

/** How long a proxy waits for its clients when it stops. */
export interface ProxyDrainOptions {
  /** How long clients are given to come to their ends. Then they are reset. Default 30 s. */
  readonly deadlineMs?: number;
  /** A client with no byte either way for so long is closed before the deadline. Default 1 s. */
  readonly idleMs?: number;
}

/** What a drain had to end. */
export interface ProxyDrainResult {
  /** Clients that were idle and were closed in order. */
  readonly closedIdle: number;
  /** Clients that were reset at the deadline. */
  readonly reset: number;
}

const DRAIN_OPTIONS = {
  deadlineMs: milliseconds(30_000),
  idleMs: milliseconds(1_000),
} satisfies OptionTable<ProxyDrainOptions>;

/** @throws TypeError, RangeError an option that makes no sense, named. */
export function drainPlan(options: ProxyDrainOptions): Required<ProxyDrainOptions> {
  return valuesOf(DRAIN_OPTIONS, options);
}

/** @param nobodyComes resolves when all who waited in a backlog have been let in: they are given their time as well. */
export async function drainSessions(
  sessions: Sessions,
  { deadlineMs, idleMs }: Required<ProxyDrainOptions>,
  nobodyComes: Promise<unknown>,
): Promise<ProxyDrainResult> {
  let closedIdle = 0;
  let reset = 0;
  for (const session of sessions) {
    session.bytesSeen = session.bytesMoved;
    session.drain();
  }
  let sweepTimer: NodeJS.Timeout;
  const sweep = () => {
    for (const session of sessions) {
      const { bytesMoved } = session;
      if (session.bytesSeen === bytesMoved && !session.isBusy) {
        closedIdle++;
        session.close();
      } else {
        session.bytesSeen = bytesMoved;
      }
    }
    sweepTimer = setTimeout(sweep, idleMs);
  };
  sweepTimer = setTimeout(sweep, idleMs);
  const deadline = setTimeout(() => {
    for (const session of sessions) {
      reset++;
      session.reset('stopped');
    }
  }, deadlineMs);
  try {
    await nobodyComes;
    await sessions.emptied();
  } finally {
    clearTimeout(sweepTimer);
    clearTimeout(deadline);
  }
  return { closedIdle, reset };
}
