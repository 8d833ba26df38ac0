/** Lines of text, and how they are written. */
import { kindOf } from '../../base/arguments.js';
import { oneOf, valuesOf, type OptionTable } from '../../base/options.js';
import { checkSource, type FrameSource } from './chunks.js';
import { UNTERMINATED, type Unterminated } from './delimiter.js';
import { Frames } from './frames.js';
import { FRAME_OPTIONS, type FrameOptions } from './framing-options.js';
import { LineCutter, type LineEncoding } from './line-cutter.js';

/** Options of `lines`. */
export interface LineOptions extends FrameOptions {
  /** Default 'utf8'. What is no text in it becomes U+FFFD. For lines of bytes: `delimited(source, '\n')`. */
  readonly encoding?: LineEncoding;
  /** Text behind the last newline: a line as the others ('message', the default), or EBADMSG ('error'). */
  readonly unterminated?: Unterminated;
}

const LINE_OPTIONS = {
  ...FRAME_OPTIONS,
  encoding: oneOf(['utf8', 'latin1', 'ascii'], 'utf8'),
  unterminated: oneOf(UNTERMINATED, 'message'),
} satisfies OptionTable<LineOptions>;

/** How a line ends. */
export interface LineEnd {
  /** Default '\n'. */
  readonly newline?: '\n' | '\r\n';
}

const LINE_END = { newline: oneOf(['\n', '\r\n'], '\n') } satisfies OptionTable<LineEnd>;

/**
 * The lines of a connection, as strings without their ends, which are LF or CRLF. Short lines that you keep may hold up
 * to 8 KiB of their neighbours in memory.
 *
 *     const options = { maxBytes: 1024, timeoutMs: 10_000 };
 *     for await (const line of lines(connection, options)) await connection.write(`${line}\n`);
 *
 * The reading fails with IoError EMSGSIZE: a line longer than `maxBytes`, as soon as so much has arrived; ETIMEDOUT: a
 * line that takes longer than `timeoutMs`; EBADMSG: `unterminated: 'error'`, and the stream ends within a line.
 *
 * @throws TypeError, RangeError an argument that makes no sense.
 */
export function lines(source: FrameSource, options: LineOptions = {}): Frames<string> {
  checkSource(source);
  const { encoding, unterminated, maxBytes, timeoutMs, signal } = valuesOf(LINE_OPTIONS, options);
  return new Frames(source, new LineCutter({ encoding, unterminated, maxBytes }), { what: 'lines', timeoutMs, signal });
}

/**
 * A line as it goes over the wire.
 *
 *     await connection.write(encodeLine('HELO example.org', { newline: '\r\n' }));
 *
 * @throws TypeError no string, or one with a newline in it, which would be two lines to the peer.
 */
export function encodeLine(line: string, options: LineEnd = {}): string {
  const { newline } = valuesOf(LINE_END, options);
  if (typeof line !== 'string') throw new TypeError(`line: ${kindOf(line)}; allowed: a string`);
  if (line.includes('\n') || line.endsWith('\r')) {
    throw new TypeError('line: it has a newline; allowed: text of one line');
  }
  return line + newline;
}
