/** The head of a response as the client gets it: written anew, of what was understood, field by field. */
import { STATUS_CODES } from 'node:http';
import type { MessageHead } from '../../../http/message-head.js';
import { connectionLine, httpDate, mayHaveBody } from '../../../http/response-head.js';
import { listedNames, responseFields } from './field-kinds.js';
import type { Framing } from './message-body.js';

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d{1,15}$/;

/** How a response says where its body ends; undefined: in several ways, or in none that is known. RFC 9112, 6.3 */
export function responseFraming(head: MessageHead, isToHead: boolean): Framing | undefined {
  const codings = head.count('transfer-encoding');
  const lengths = head.count('content-length');
  if (lengths > 1 || (lengths === 1 && !DIGITS.test(head.get('content-length')!))) return undefined;
  if (isToHead || !mayHaveBody(head.status)) return 'none';
  if (codings === 0) return lengths === 0 ? 'close' : 'length';
  if (lengths > 0 || head.minor === 0) return undefined;
  return codings === 1 && head.get('transfer-encoding')!.toLowerCase() === 'chunked' ? 'chunked' : undefined;
}

/** How a response goes to a client. */
export interface PassingResponse {
  readonly head: MessageHead;
  /** Of the version that the client speaks. */
  readonly minor: number;
  /** How the client is told where the body ends. */
  readonly framing: Framing;
  readonly keepAlive: boolean;
  readonly via: string;
}

/** @returns Latin-1 text, with the empty line behind it. */
export function responseLines({ head, minor, framing, keepAlive, via }: PassingResponse): string {
  let lines = startLine(head, minor) + passedLines(head);
  if (framing === 'chunked') lines += 'Transfer-Encoding: chunked\r\n';
  else if (head.contentLength !== undefined && head.status !== 204)
    lines += `Content-Length: ${head.contentLength}\r\n`;
  if (head.count('date') === 0) lines += `Date: ${httpDate()}\r\n`;
  return `${lines}${viaLine(head, via)}${connectionLine(minor, keepAlive)}\r\n`;
}

/** Of a response before the response, 100 to 199. */
export function interimLines(head: MessageHead, via: string): string {
  const change = head.status === 101 ? `Connection: Upgrade\r\nUpgrade: ${head.get('upgrade') ?? ''}\r\n` : '';
  return `${startLine(head, 1)}${passedLines(head)}${viaLine(head, via)}${change}\r\n`;
}

function startLine({ target, status }: MessageHead, minor: number): string {
  return `HTTP/1.${minor} ${status} ${target !== '' && REASON.test(target) ? target : (STATUS_CODES[status] ?? '')}\r\n`;
}

function passedLines(head: MessageHead): string {
  const listed = listedNames(head.get('connection'));
  let lines = '';
  for (let index = 0, count = head.fieldCount; index < count; index++) {
    const name = head.nameAt(index);
    const kind = responseFields.kindOf(name);
    if (kind === 'dropped' || kind === 'own') continue;
    if (listed !== undefined && listed.has(name.toLowerCase())) continue;
    lines += `${name}: ${head.valueOf(index)}\r\n`;
  }
  return lines;
}

function viaLine(head: MessageHead, via: string): string {
  if (via === '') return '';
  const earlier = head.get('via');
  return `Via: ${earlier === undefined ? '' : `${earlier}, `}1.${head.minor} ${via}\r\n`;
}
