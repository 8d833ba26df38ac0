/** What a proxy is and has done. */
import type { HttpProxyCounters } from './http/http-counters.js';
import type { ListenerSnapshot } from './listeners/entrance.js';
import type { RefusalReason, SessionOutcome } from './session/session-record.js';
import type { ProxyBytes } from './session/tally.js';
import type { UpstreamSnapshot } from './upstreams/upstream.js';

/** What a proxy is and has done, as plain values that can be cloned and printed. */
export interface ProxySnapshot {
  /** Clients so far. */
  readonly accepted: number;
  /** Clients that are not through. */
  readonly open: number;
  /** How the others came to their ends. */
  readonly outcomes: Readonly<Record<SessionOutcome, number>>;
  /** Why those were refused that were. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
  readonly bytes: Readonly<ProxyBytes>;
  readonly listeners: readonly ListenerSnapshot[];
  /** Upstreams by the name of their pool; that of `pool` is 'default'. */
  readonly pools: Readonly<Record<string, readonly UpstreamSnapshot[]>>;
  /** Of a proxy that speaks HTTP. */
  readonly http: HttpProxyCounters | undefined;
}
