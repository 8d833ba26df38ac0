/** What a server counts of itself. */
import { Histogram, type HistogramCounts } from '../../base/histogram.js';
import type { Phase } from '../http/phases.js';

/** What a static server has counted since it was made. */
export interface StaticServerCounters {
  /** Connections that were accepted, and of those the ones that are open now. */
  readonly accepted: number;
  readonly open: number;
  readonly requests: number;
  /** Bytes of bodies. */
  readonly bodyBytes: number;
  /** Of those, the ones that `sendFile` brought from a file to a connection without TLS. */
  readonly fileBytes: number;
  /** Responses by the first digit of their status: `responses[2]` is that of 200, 206 and the like. */
  readonly responses: readonly number[];
  /** What was no request that is answered: refused, and the connection ended. */
  readonly refused: number;
  /** The same by the status that they were answered with. */
  readonly refusals: Readonly<Record<number, number>>;
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
  fileBytes = 0;
  readonly responses = [0, 0, 0, 0, 0, 0];
  refused = 0;
  readonly refusals: Record<number, number> = {};
  broken = 0;
  readonly late: Record<Phase, number> = { idle: 0, head: 0, body: 0, write: 0 };
  failedHandshakes = 0;
  /** In milliseconds; nothing is measured before somebody has asked. */
  private latency: Histogram | undefined = undefined;

  get measures(): boolean {
    return this.latency !== undefined;
  }

  onRefused(status: number): void {
    this.refused++;
    this.refusals[status] = (this.refusals[status] ?? 0) + 1;
  }

  onMeasured(elapsedMs: number): void {
    this.latency?.record(elapsedMs);
  }

  /** From the head of a request to the end of its response, since this was asked for the first time. */
  latencyMs(): HistogramCounts {
    return (this.latency ??= new Histogram(1000)).snapshot();
  }

  /** As they are now. */
  snapshot(open: number): StaticServerCounters {
    const { accepted, requests, bodyBytes, fileBytes, responses, refused, refusals, broken, late, failedHandshakes } =
      this;
    return {
      accepted,
      open,
      requests,
      bodyBytes,
      fileBytes,
      responses: [...responses],
      refused,
      refusals: { ...refusals },
      broken,
      late: { ...late },
      failedHandshakes,
    };
  }
}
