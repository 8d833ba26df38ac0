/** The client of an exchange, as the exchange and its parts see it. */
import type { Address, BufferList, Connection } from '../../../../index.js';
import type { SecureConnection } from '../../../../node.js';
import type { MessageHead } from '../../../http/message-head.js';
import type { Refusal } from '../../../http/message-parser.js';
import type { Destination } from '../../../http/request-rules.js';
import type { Pool } from '../../upstreams/pool.js';
import type { HttpGateway } from '../http-gateway.js';
import type { LinkFinder } from '../links/link-finder.js';
import type { UpstreamLink } from '../links/upstream-link.js';
import type { IncomingBody } from '../messages/message-body.js';
import type { RequestOrigin } from '../messages/request-lines.js';
import type { Splice } from './splice.js';

/** The client of an exchange, as its splices see it. */
export interface SplicingClient {
  readonly gateway: HttpGateway;
  readonly stream: Connection | SecureConnection;
  /** Why what came is no request. */
  readonly refusal: Refusal | undefined;
  readonly bytesPerSecond: number;
  /** Sends what was gathered. */
  flush(): void;
  /** Leaves what is to be received to a transfer, until `listen`. */
  leave(): void;
  listen(): void;
  onSpliced(direction: 'toClient' | 'toUpstream', splice: Splice): void;
}

/** The client of an exchange, as the exchange sees it. */
export interface ExchangeClient extends SplicingClient {
  readonly origin: RequestOrigin;
  readonly remoteAddress: Address | undefined;
  /** What is to be sent to it. */
  readonly out: BufferList;
  /** Whether another request may follow. */
  readonly mayGoOn: boolean;
  /** Fields behind the last chunk of the request. */
  readonly trailers: readonly [name: string, value: string][];
  /** Bytes went to an upstream. */
  countToUpstream(lengthBytes: number): void;
  /** More of the request may be taken. */
  goOn(): void;
  onExchangeMoved(): void;
  /** The response has been sent. */
  onExchangeOver(keepAlive: boolean): void;
  /** Both sides leave HTTP. What is left of `input` is of the new protocol. */
  onUpgraded(link: UpstreamLink, input: BufferList, finder: LinkFinder): void;
  /** The response can't be sent to its end. */
  breakOff(failure: Error): void;
}

/** What a request is, once it has been understood. */
export interface ExchangePlan {
  readonly head: MessageHead;
  readonly destination: Destination;
  readonly body: IncomingBody;
  readonly pool: Pool;
  readonly greeting: Uint8Array | undefined;
}
