/** What a proxy has counted, as plain values. */
import type { Carrier } from '../carriers/carrier.js';
import { OUTCOMES, type SessionOutcome } from './session-record.js';

/** Bytes that sinks took, by how they went. */
export interface ProxyBytes {
  toUpstreams: number;
  toClients: number;
  /** Of both: moved by the kernel from socket to socket. */
  spliced: number;
}

export class Tally {
  /** How the clients that are gone came to their ends. */
  readonly outcomes = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<SessionOutcome, number>;
  /** Of the clients that are gone. */
  private readonly moved: ProxyBytes = { toUpstreams: 0, toClients: 0, spliced: 0 };

  add(outcome: SessionOutcome, carrier: Carrier | undefined): void {
    this.outcomes[outcome]++;
    if (carrier !== undefined) addBytes(this.moved, carrier);
  }

  /** @param running what those that are not gone have moved until now. */
  bytesWith(running: Iterable<Carrier>): ProxyBytes {
    const bytes = { ...this.moved };
    for (const carrier of running) addBytes(bytes, carrier);
    return bytes;
  }
}

function addBytes(sum: ProxyBytes, { bytesToUpstream, bytesToClient, splicedBytes }: Carrier): void {
  sum.toUpstreams += bytesToUpstream;
  sum.toClients += bytesToClient;
  sum.spliced += splicedBytes;
}
