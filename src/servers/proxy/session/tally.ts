/** What a proxy has counted, as plain values. */
import { Histogram, type HistogramCounts } from '../../../base/histogram.js';
import type { Carrier } from '../carriers/carrier.js';
import { OUTCOMES, REFUSALS, type RefusalReason, type SessionOutcome } from './session-record.js';

/** Bytes that sinks took, by how they went. */
export interface ProxyBytes {
  toUpstreams: number;
  toClients: number;
  /** Of both: moved by the kernel from socket to socket. */
  spliced: number;
  /** Of both: encrypted or decrypted in this process. */
  tls: number;
}

export class Tally {
  /** Clients so far. */
  accepted = 0;
  /** Why those were refused that were. */
  readonly refused = Object.fromEntries(REFUSALS.map(reason => [reason, 0])) as Record<RefusalReason, number>;
  /** How the clients that are gone came to their ends. */
  readonly outcomes = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<SessionOutcome, number>;
  /** Of the clients that are gone. */
  private readonly moved: ProxyBytes = { toUpstreams: 0, toClients: 0, spliced: 0, tls: 0 };
  /** In milliseconds; nothing is measured before somebody has asked. */
  private connecting: Histogram | undefined = undefined;

  add(outcome: SessionOutcome, carrier: Carrier | undefined): void {
    this.outcomes[outcome]++;
    if (carrier !== undefined) addBytes(this.moved, carrier);
  }

  get measures(): boolean {
    return this.connecting !== undefined;
  }

  /** @param elapsedMs from a client's acceptance to its upstream. */
  onConnected(elapsedMs: number): void {
    this.connecting?.record(elapsedMs);
  }

  /** Since this was asked for the first time. */
  connectingMs(): HistogramCounts {
    return (this.connecting ??= new Histogram(1000)).snapshot();
  }

  /** @param running what those that are not gone have moved until now. */
  bytesWith(running: Iterable<Carrier>): ProxyBytes {
    const bytes = { ...this.moved };
    for (const carrier of running) addBytes(bytes, carrier);
    return bytes;
  }
}

function addBytes(sum: ProxyBytes, { bytesToUpstream, bytesToClient, splicedBytes, tlsBytes }: Carrier): void {
  sum.toUpstreams += bytesToUpstream;
  sum.toClients += bytesToClient;
  sum.spliced += splicedBytes;
  sum.tls += tlsBytes;
}
