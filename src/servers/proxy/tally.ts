/** What a proxy has counted, as plain values. */
import type { TunnelAccount } from '../../index.js';
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

  add(outcome: SessionOutcome, account: TunnelAccount | undefined): void {
    this.outcomes[outcome]++;
    if (account !== undefined) addBytes(this.moved, account);
  }

  /** @param running what those that are not gone have moved until now. */
  bytesWith(running: Iterable<TunnelAccount>): ProxyBytes {
    const bytes = { ...this.moved };
    for (const account of running) addBytes(bytes, account);
    return bytes;
  }
}

function addBytes(sum: ProxyBytes, { aToB, bToA }: TunnelAccount): void {
  sum.toUpstreams += aToB.bytesOut;
  sum.toClients += bToA.bytesOut;
  sum.spliced += aToB.splicedBytes + bToA.splicedBytes;
}
