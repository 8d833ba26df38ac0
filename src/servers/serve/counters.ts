/** What a server counts of itself. */
import type { Phase } from '../http/phases.js';

/** What a static server has counted since it was made. */
export interface StaticServerCounters {
  /** Connections that were accepted, and of those the ones that are open now. */
  readonly accepted: number;
  readonly open: number;
  readonly requests: number;
  /** Bytes of bodies. */
  readonly bodyBytes: number;
  /** Responses by the first digit of their status: `responses[2]` is that of 200, 206 and the like. */
  readonly responses: readonly number[];
  /** What was no request that is answered: refused, and the connection ended. */
  readonly refused: number;
  /** Responses that broke: the client went, or the file did. */
  readonly broken: number;
  /** Clients that took too long, by what they were late for. */
  readonly late: Readonly<Record<Phase, number>>;
  /** Handshakes of TLS that failed. */
  readonly failedHandshakes: number;
}

/** The counters of one server. */
export class Counters {
  accepted = 0;
  requests = 0;
  bodyBytes = 0;
  readonly responses = [0, 0, 0, 0, 0, 0];
  refused = 0;
  broken = 0;
  readonly late: Record<Phase, number> = { idle: 0, head: 0, body: 0, write: 0 };
  failedHandshakes = 0;

  /** As they are now. */
  snapshot(open: number): StaticServerCounters {
    const { accepted, requests, bodyBytes, responses, refused, broken, late, failedHandshakes } = this;
    return {
      accepted,
      open,
      requests,
      bodyBytes,
      responses: [...responses],
      refused,
      broken,
      late: { ...late },
      failedHandshakes,
    };
  }
}
