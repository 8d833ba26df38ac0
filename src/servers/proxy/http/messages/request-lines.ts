/** The head of a request as an upstream gets it: written anew, of what was understood, field by field. */
import type { MessageHead } from '../../../http/message-head.js';
import type { Destination } from '../../../http/request-rules.js';
import { listedNames, requestFields } from './field-kinds.js';

/** What all requests of a proxy have in common. */
export interface RequestTerms {
  readonly forwarded: boolean;
  readonly via: string;
  readonly upgrades: readonly string[];
}

/** The client of a request. */
export interface RequestOrigin {
  /** Its IP address; empty for one that has none. */
  readonly source: string;
  /** Whether it is a proxy whose word counts. */
  readonly isTrusted: boolean;
  readonly scheme: 'http' | 'https';
}

/** A request on its way. */
export interface PassingRequest {
  readonly head: MessageHead;
  readonly destination: Destination;
  readonly origin: RequestOrigin;
  /** What the client asks to change to, if it may; undefined: nothing. */
  readonly upgrade: string | undefined;
  /** The host that the upstream is asked for. */
  readonly host: string;
}

/** The protocol that a request may change to. One with a body may not: nobody could tell where that ends. */
export function upgradeOf(head: MessageHead, { upgrades }: RequestTerms): string | undefined {
  if (!head.upgrade || head.minor === 0 || head.hasBody) return undefined;
  const asked = head.get('upgrade')!;
  return upgrades.includes(asked.toLowerCase()) ? asked : undefined;
}

/** @returns Latin-1 text, with the empty line behind it. */
export function requestLines(request: PassingRequest, terms: RequestTerms): string {
  const { head, destination, origin, upgrade, host } = request;
  const listed = listedNames(head.get('connection'));
  let lines = `${head.method} ${destination.path} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (let index = 0, count = head.fieldCount; index < count; index++) {
    const name = head.nameAt(index);
    const kind = requestFields.kindOf(name);
    if (kind !== 'passed' && !(kind === 'forwarding' && origin.isTrusted)) continue;
    if (listed !== undefined && listed.has(name.toLowerCase())) continue;
    lines += `${name}: ${head.valueOf(index)}\r\n`;
  }
  lines += framingLine(head) + forwardingLines(request, terms);
  if (terms.via !== '') lines += `Via: ${before(head.get('via'))}1.${head.minor} ${terms.via}\r\n`;
  if (head.minor > 0 && head.get('expect') !== undefined) lines += 'Expect: 100-continue\r\n';
  return `${lines}${connectionLines(head, upgrade)}\r\n`;
}

/** Where the body ends, as it was understood and not as it was written. */
function framingLine(head: MessageHead): string {
  if (head.count('transfer-encoding') > 0) return 'Transfer-Encoding: chunked\r\n';
  const { contentLength } = head;
  return contentLength === undefined ? '' : `Content-Length: ${contentLength}\r\n`;
}

function forwardingLines({ head, destination, origin }: PassingRequest, { forwarded }: RequestTerms): string {
  const { source, isTrusted, scheme } = origin;
  const said = (name: string) => (isTrusted ? head.get(name) : undefined);
  let lines = '';
  const sources = source === '' ? said('x-forwarded-for') : before(said('x-forwarded-for')) + source;
  if (sources !== undefined) lines += `X-Forwarded-For: ${sources}\r\n`;
  lines += `X-Forwarded-Proto: ${said('x-forwarded-proto') ?? scheme}\r\n`;
  const host = said('x-forwarded-host') ?? destination.authority;
  if (host !== '') lines += `X-Forwarded-Host: ${host}\r\n`;
  if (!forwarded) {
    const earlier = said('forwarded');
    return earlier === undefined ? lines : `${lines}Forwarded: ${earlier}\r\n`;
  }
  const node = source === '' ? 'unknown' : source.includes(':') ? `"[${source}]"` : source;
  const asked = destination.authority === '' ? '' : `;host="${destination.authority}"`;
  return `${lines}Forwarded: ${before(said('forwarded'))}for=${node}${asked};proto=${scheme}\r\n`;
}

function connectionLines(head: MessageHead, upgrade: string | undefined): string {
  const te = head.get('te');
  const takesTrailers = te !== undefined && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(te);
  if (upgrade !== undefined) return `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  return takesTrailers ? 'TE: trailers\r\nConnection: TE\r\n' : '';
}

function before(earlier: string | undefined): string {
  return earlier === undefined || earlier === '' ? '' : `${earlier}, `;
}
