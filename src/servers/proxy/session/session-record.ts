/** What became of one client. */

/**
 * How a client's connection came to its end. `completed`: both sides ended. `refused`: its address may not connect, or
 * has as many as it may, or no pool is for it. `invalid`: its header, hello or handshake made no sense. `unreachable`:
 * no upstream could be connected to. `timed-out`: by one of the timeouts. `client-broke`, `upstream-broke`: that side
 * was reset or failed. `stopped`: the proxy closed it.
 */
export const OUTCOMES = [
  'completed',
  'refused',
  'invalid',
  'unreachable',
  'timed-out',
  'client-broke',
  'upstream-broke',
  'stopped',
] as const;

/** Why a client was refused: by a list, since its address has as many as it may, or since no pool is for it. */
export const REFUSALS = ['list', 'source-limit', 'no-pool'] as const;

/** Why a client was refused: see `REFUSALS`. */
export type RefusalReason = (typeof REFUSALS)[number];

/** How a client's connection came to its end: see `OUTCOMES`. */
export type SessionOutcome = (typeof OUTCOMES)[number];

/** What became of one client, for a log. */
export interface SessionRecord {
  readonly outcome: SessionOutcome;
  /** Its address, if something asked for it: a list, a limit, a hash. Otherwise empty. */
  readonly source: string;
  /** Empty if it was connected to none. */
  readonly upstream: string;
  readonly pool: string;
  /** Bytes that the upstream took of the client, and the client of the upstream. */
  readonly bytesToUpstream: number;
  readonly bytesToClient: number;
  readonly durationMs: number;
  /** What it failed with. */
  readonly failure: Error | undefined;
}
