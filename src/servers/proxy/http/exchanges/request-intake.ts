/** From the head of a request to what is to be done with it, or to why it is refused. */
import type { MessageHead } from '../../../http/message-head.js';
import type { MessageParser, Refusal } from '../../../http/message-parser.js';
import { destinationOf, refusalOf } from '../../../http/request-rules.js';
import type { Pool } from '../../upstreams/pool.js';
import type { HttpGateway } from '../http-gateway.js';
import { IncomingBody } from '../messages/message-body.js';
import type { RequestOrigin } from '../messages/request-lines.js';
import type { ExchangePlan } from './exchange-client.js';

/** The client of requests, and where they go. */
export interface HttpClientTerms {
  readonly origin: RequestOrigin;
  /** Where requests go that no route takes. */
  readonly pool: Pool | undefined;
  /** What connections to upstreams of a pool begin with. */
  readonly greetingFor: (pool: Pool) => Uint8Array | undefined;
}

/** @param parser that bodies in chunks are read by. */
export function understood(
  head: MessageHead,
  parser: MessageParser,
  gateway: HttpGateway,
  { pool: otherwise, greetingFor }: HttpClientTerms,
): ExchangePlan | Refusal {
  const refusal = refusalOf(head) ?? ownRefusal(head, gateway.plan.ceilings.maxBodyBytes);
  if (refusal !== undefined) return refusal;
  const destination = destinationOf(head);
  if (destination === undefined || destination.path.includes('#')) {
    return { status: 400, why: 'a target in a form that is not served' };
  }
  const pool = gateway.poolFor(destination.host, destination.path, otherwise);
  if (pool === 'above') return { status: 400, why: 'a path above the root' };
  if (pool === undefined) return { status: 404, why: 'Not Found' };
  const isChunked = head.count('transfer-encoding') > 0;
  const { contentLength } = head;
  const framing = isChunked ? 'chunked' : contentLength === undefined ? 'none' : 'length';
  const body = new IncomingBody(framing, parser, contentLength);
  return { head, destination, body, pool, greeting: greetingFor(pool) };
}

function ownRefusal(head: MessageHead, maxBodyBytes: number): Refusal | undefined {
  if ((head.contentLength ?? 0) > maxBodyBytes) return { status: 413, why: 'Content Too Large' };
  const isRefused = head.method === 'CONNECT' || head.method === 'TRACE';
  return isRefused ? { status: 405, why: 'Method Not Allowed' } : undefined;
}
