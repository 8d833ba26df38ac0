/** Status line and fields of a response, as text that is ready to be sent. */
import { STATUS_CODES } from 'node:http';

/** Fields of a message: a list is several fields of one name. */
export type Fields = Readonly<Record<string, string | number | readonly string[]>>;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** All but control characters, of Latin-1: the end of a line would begin another field. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Fields that only the server writes, since it keeps the framing. */
const OWN = new Set(['connection', 'transfer-encoding', 'keep-alive', 'date', 'content-length', 'upgrade', 'trailer']);

/** 'HTTP/1.1 200 OK\r\n' @param minor of the version. */
export function statusLine(minor: number, status: number): string {
  return `HTTP/1.${minor} ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
}

/**
 * 'ETag: "1"\r\n' for each.
 * @throws TypeError a name or a value that would end the line, or a field of the server's own.
 */
export function fieldLines(fields: Fields): string {
  let lines = '';
  for (const [name, value] of Object.entries(fields)) {
    if (!NAME.test(name)) throw new TypeError(`fields: '${name}' is no name of a field`);
    if (OWN.has(name.toLowerCase())) throw new TypeError(`fields: ${name} is written by the server`);
    if (Array.isArray(value)) for (const one of value as readonly string[]) lines += fieldLine(name, one);
    else lines += fieldLine(name, value as string | number);
  }
  return lines;
}

function fieldLine(name: string, value: string | number): string {
  const text = String(value);
  if (!VALUE.test(text))
    throw new TypeError(`fields: the value of ${name} has a control character, or one beyond Latin-1`);
  return `${name}: ${text}\r\n`;
}

/** What says whether the connection goes on, in the version that was asked in. */
export function connectionLine(minor: number, keepAlive: boolean): string {
  if (keepAlive) return minor === 0 ? 'Connection: keep-alive\r\n' : '';
  return 'Connection: close\r\n';
}

let second = NaN;
let date = '';

/** The time of now as the field Date has it: made once a second. Always 29 characters. */
export function httpDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}

/** Whether a response of this status has a body at all. RFC 9110, 6.4.1 */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}
