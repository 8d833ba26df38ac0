/** What a proxy answers itself, where no upstream does. */
import { connectionLine, httpDate, statusLine } from '../../../http/response-head.js';

/** What the client of an own response speaks. */
export interface OwnResponseTerms {
  readonly minor: number;
  readonly isToHead: boolean;
  readonly keepAlive: boolean;
}

/** Words for clients: what went wrong, and nothing of where. */
export function ownResponse(status: number, why: string, { minor, isToHead, keepAlive }: OwnResponseTerms): string {
  const body = `${status} ${why}\n`;
  const fields = `Date: ${httpDate()}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n`;
  return `${statusLine(minor, status)}${fields}${connectionLine(minor, keepAlive)}\r\n${isToHead ? '' : body}`;
}
