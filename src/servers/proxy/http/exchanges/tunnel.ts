/** A client and an upstream that have left HTTP: bytes go both ways until both have ended. */
import type { BufferList, Connection } from '../../../../index.js';
import { SecureConnection } from '../../../../node.js';
import type { Carrier, CarrierEnd, CarrierTimeouts } from '../../carriers/carrier.js';
import { Joined } from '../../carriers/joined.js';
import { Secured } from '../../carriers/secured.js';
import type { UpstreamLink } from '../links/upstream-link.js';

/** The two sides, and what has come of each that is of the new protocol. */
export interface TunnelPlan {
  readonly client: Connection | SecureConnection;
  readonly link: UpstreamLink;
  readonly fromClient: BufferList;
  readonly fromUpstream: BufferList;
}

export class Tunnel {
  private readonly carrier: Carrier;
  private readonly upstream: Connection;
  private readonly client: Connection | SecureConnection;
  private readonly aheadBytes: number;

  constructor(
    { client, link, fromClient, fromUpstream }: TunnelPlan,
    timeouts: CarrierTimeouts,
    private readonly onOver: (end: CarrierEnd, failure: Error | undefined) => void,
  ) {
    const { connection } = link;
    this.client = client;
    this.upstream = connection;
    this.aheadBytes = fromClient.length;
    link.goOn();
    link.abandon();
    client.onData = client.onEnd = client.onDrain = client.onClose = undefined;
    if (fromUpstream.length > 0) client.send(fromUpstream);
    if (fromClient.length > 0) connection.send(fromClient);
    this.carrier =
      client instanceof SecureConnection
        ? new Secured(client, connection, timeouts)
        : new Joined(client, connection, timeouts);
    this.carrier.onOver = (end, failure) => this.end(end, failure);
  }

  get bytesToUpstream(): number {
    return this.carrier.bytesToUpstream + this.aheadBytes;
  }

  get splicedBytes(): number {
    return this.carrier.splicedBytes;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.carrier.bytesPerSecond = bytesPerSecond;
  }

  /** Stops without a further word: what was taken of one side is queued for the other, and the upstream is closed. */
  release(): void {
    this.carrier.release();
    // Whether it takes its last bytes is known to the kernel alone by now.
    this.upstream.close().catch(() => {});
  }

  private end(end: CarrierEnd, failure: Error | undefined): void {
    if (end !== 'completed') {
      this.upstream.reset();
      this.client.reset();
    }
    this.onOver(end, failure);
  }
}
