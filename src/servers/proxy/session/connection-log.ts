/** A line for each client of a proxy that is through: to a file, or to whatever takes lines. */
import { isDeepStrictEqual } from 'node:util';
import { oneOf, type OptionTable, type OptionValues } from '../../../base/options.js';
import { LINE_SINK, openSink, type LineSink } from '../../http/line-sink.js';
import type { SessionRecord } from './session-record.js';

/** Where and how a proxy logs its clients. */
export interface ConnectionLogOptions {
  /** 'text' is for people, 'json' for programs. Default 'text'. */
  readonly format?: 'text' | 'json';
  /** A file, appended to by the package `sonic-boom`, which has to be installed; or what takes the lines. */
  readonly to: string | LineSink;
}

export const CONNECTION_LOG_OPTIONS = {
  format: oneOf(['text', 'json'], 'text'),
  to: LINE_SINK,
} satisfies OptionTable<ConnectionLogOptions>;

type ConnectionLogValues = OptionValues<typeof CONNECTION_LOG_OPTIONS>;

interface LoggingPlan {
  readonly connectionLog: ConnectionLogValues | undefined;
}

export class ConnectionLog {
  private constructor(
    private readonly sink: LineSink,
    private readonly lineOf: (record: SessionRecord) => string,
  ) {}

  /** @throws Error sonic-boom is not installed; what opening the file throws. */
  static async open({ format, to }: ConnectionLogValues): Promise<ConnectionLog> {
    return new ConnectionLog(await openSink(to), format === 'json' ? jsonLine : textLine);
  }

  write(record: SessionRecord): void {
    try {
      this.sink.write(this.lineOf(record));
    } catch (failure) {
      // A sink that throws must not keep sockets open.
      process.emitWarning((failure as Error).message, 'PolluxConnectionLogWarning');
    }
  }

  reopen(): void {
    this.sink.reopen?.();
  }

  close(): void {
    this.sink.end?.();
  }
}

/** @throws TypeError another log than the one that is open. */
export function checkSameLog(next: LoggingPlan, now: LoggingPlan): void {
  if (isDeepStrictEqual(next.connectionLog, now.connectionLog)) return;
  throw new TypeError('connectionLog: another one than before; allowed: the same, for as long as the proxy runs');
}

/** '2026-11-30T19:40:00.123Z 192.0.2.7 default/10.0.0.1:5432 completed 1204ms in=512 out=20480' */
function textLine(record: SessionRecord): string {
  const { outcome, source, pool, upstream, bytesToUpstream, bytesToClient, durationMs, failure } = record;
  const moved = `${durationMs.toFixed(0)}ms in=${bytesToUpstream} out=${bytesToClient}`;
  const why = failure === undefined ? '' : ` ${JSON.stringify(failure.message)}`;
  const where = `${source || '-'} ${pool || '-'}/${upstream || '-'}`;
  return `${new Date().toISOString()} ${where} ${outcome} ${moved}${why}\n`;
}

function jsonLine(record: SessionRecord): string {
  const { outcome, source, pool, upstream, bytesToUpstream, bytesToClient, durationMs, failure } = record;
  const ms = Math.round(durationMs * 1000) / 1000;
  const time = new Date().toISOString();
  const line = { time, client: source, pool, upstream, outcome, bytesToUpstream, bytesToClient, ms };
  return `${JSON.stringify({ ...line, failure: failure?.message })}\n`;
}
