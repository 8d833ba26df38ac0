/** A line for each response, in the forms that tools for logs know, to a file or to whatever takes lines. */
import type { Address } from '../../index.js';
import { oneOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { LINE_SINK, openSink, type LineSink } from './line-sink.js';

/** A request, as far as lines tell of it. */
export interface LoggedRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly minorVersion: number;
  readonly remoteAddress: Address | undefined;
  readonly elapsedMs: number;
  /** @param name in lower case. */
  get(name: string): string | undefined;
}

/** A response, as far as lines tell of it. */
export interface LoggedResponse {
  readonly status: number;
  readonly bodyBytes: number;
}

/** Where and how responses are logged. */
export interface AccessLogOptions {
  /**
   * 'common' and 'combined' are those of Apache; 'json' has also how long it took, in milliseconds. Default 'combined'.
   */
  readonly format?: 'common' | 'combined' | 'json';
  /** A file, appended to by the package `sonic-boom`, which has to be installed; or what takes the lines. */
  readonly to: string | LineSink;
}

export const ACCESS_LOG_OPTIONS = {
  format: oneOf(['common', 'combined', 'json'], 'combined'),
  to: LINE_SINK,
} satisfies OptionTable<AccessLogOptions>;

export type AccessLogValues = OptionValues<typeof ACCESS_LOG_OPTIONS>;

/** Opens a log. @throws Error sonic-boom is not installed; what opening the file throws. */
export async function openAccessLog({ format, to }: AccessLogValues): Promise<AccessLog> {
  const lines = format === 'json' ? jsonLine : format === 'common' ? commonLine : combinedLine;
  return new AccessLog(await openSink(to), lines);
}

/** The log of one server. */
export class AccessLog {
  constructor(
    readonly sink: LineSink,
    private readonly lineOf: (request: LoggedRequest, response: LoggedResponse) => string,
  ) {}

  write(request: LoggedRequest, response: LoggedResponse): void {
    this.sink.write(this.lineOf(request, response));
  }

  reopen(): void {
    this.sink.reopen?.();
  }

  close(): void {
    this.sink.end?.();
  }
}

function commonLine(request: LoggedRequest, { status, bodyBytes }: LoggedResponse): string {
  const line = `${request.method} ${quoted(request.target)} HTTP/1.${request.minorVersion}`;
  return `${clientOf(request.remoteAddress)} - - [${clfDate()}] "${line}" ${status} ${bodyBytes}\n`;
}

function combinedLine(request: LoggedRequest, response: LoggedResponse): string {
  const referer = quoted(request.get('referer') ?? '-');
  const agent = quoted(request.get('user-agent') ?? '-');
  return `${commonLine(request, response).slice(0, -1)} "${referer}" "${agent}"\n`;
}

function jsonLine(request: LoggedRequest, { status, bodyBytes }: LoggedResponse): string {
  const { method, target, host, minorVersion } = request;
  return `${JSON.stringify({
    time: new Date().toISOString(),
    client: clientOf(request.remoteAddress),
    method,
    host,
    target,
    version: `1.${minorVersion}`,
    status,
    bytes: bodyBytes,
    ms: Math.round(request.elapsedMs * 1000) / 1000,
    referer: request.get('referer'),
    agent: request.get('user-agent'),
  })}\n`;
}

/** What a client sends must not look like the end of a field, or of a line. */
function quoted(text: string): string {
  return text.replace(/[^ !#-[\]-~]/g, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function clientOf(address: Address | undefined): string {
  return address === undefined || address.family === 'unix' ? '-' : address.address;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
let second = NaN;
let date = '';

/** '30/Nov/2026:15:04:05 +0000', made once a second. */
function clfDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now === second) return date;
  second = now;
  const iso = new Date(now * 1000).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  return (date = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`);
}
