/**
 * The health of an upstream as one table. Two things speak of it: connections of clients, which fail or do not
 * (passive), and connections that the proxy makes to find out (active checks).
 */

export const HEALTH_STATES = [
  /** It gets connections. */
  'up',
  /** Connections failed several times in a row: it gets none for a while. */
  'resting',
  /** The rest is over, and the next connection is the test. */
  'ready',
  /** That connection is being made. It gets no other until then. */
  'trying',
  /** Checks failed several times in a row: only checks bring it back. */
  'down',
] as const;

/** The health of an upstream: `up` and `ready` ones get connections. */
export type HealthState = (typeof HEALTH_STATES)[number];

export type HealthEvent =
  /** A connection was made. */
  | 'connected'
  /** Connections failed as often in a row as is borne. */
  | 'worn'
  /** A connection failed. */
  | 'failed'
  /** It is chosen for a connection. */
  | 'chosen'
  /** The connection that it was chosen for was given up, which says nothing of it. */
  | 'spared'
  | 'rested'
  /** As many checks in a row passed, or failed, as are asked for. */
  | 'rose'
  | 'fell';

export const HEALTH_TRANSITIONS: Readonly<Record<HealthState, Partial<Record<HealthEvent, HealthState>>>> = {
  up: { worn: 'resting', fell: 'down' },
  resting: { connected: 'up', rested: 'ready', rose: 'up', fell: 'down' },
  ready: { connected: 'up', chosen: 'trying', rose: 'up', fell: 'down' },
  trying: { connected: 'up', failed: 'resting', spared: 'ready', rose: 'up', fell: 'down' },
  down: { rose: 'up' },
};
