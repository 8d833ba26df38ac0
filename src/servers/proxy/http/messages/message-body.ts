/** The body of a message on its way through: where it ends, and how the other side is told. */
import type { BufferList } from '../../../../index.js';
import type { MessageParser, Step } from '../../../http/message-parser.js';
import { trailerLines } from './field-kinds.js';

/**
 * How the end of a body is told: 'none', there is no body; 'length', it was declared; 'chunked'; 'close', by the end of
 * the connection.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** A body that is being received. Only one in chunks meets the parser. */
export class IncomingBody {
  /** What is missing of one that was declared. */
  leftBytes: number;
  /** Bytes that have come. */
  takenBytes = 0;

  constructor(
    readonly framing: Framing,
    private readonly parser: MessageParser,
    lengthBytes = 0,
  ) {
    this.leftBytes = framing === 'length' ? lengthBytes : 0;
  }

  /** Whether there is nothing to wait for. */
  get isEmpty(): boolean {
    return this.framing === 'none' || (this.framing === 'length' && this.leftBytes === 0);
  }

  /**
   * Moves from the front of `input` what belongs to the body.
   * @returns 'more', 'end', or 'bad': `parser.refusal` says why.
   */
  take(input: BufferList, into: OutgoingBody): Step {
    const { framing } = this;
    if (framing === 'chunked') return this.takeChunks(input, into);
    const { length } = input;
    if (framing === 'close') return this.pass(input, into);
    if (length <= this.leftBytes) {
      this.leftBytes -= length;
      this.pass(input, into);
    } else {
      using part = input.split(this.leftBytes);
      this.leftBytes = 0;
      this.pass(part, into);
    }
    return this.leftBytes === 0 ? 'end' : 'more';
  }

  private pass(bytes: BufferList, into: OutgoingBody): Step {
    this.takenBytes += bytes.length;
    into.write(bytes);
    return 'more';
  }

  private takeChunks(input: BufferList, into: OutgoingBody): Step {
    const { parser } = this;
    const step = parser.parse(input);
    if (step !== 'bad' && parser.body.length > 0) this.pass(parser.body, into);
    return step;
  }
}

/** A body that is being sent, behind its head: both are gathered, so that little is sent at a time. */
export class OutgoingBody {
  /** Bytes of the body, without its framing. */
  bodyBytes = 0;

  constructor(
    readonly framing: Framing,
    private readonly out: BufferList,
  ) {}

  write(bytes: BufferList): void {
    const { length } = bytes;
    if (length === 0) return;
    this.bodyBytes += length;
    if (this.framing === 'none') return bytes.release();
    if (this.framing !== 'chunked') {
      this.out.append(bytes);
      return;
    }
    this.out
      .append(`${length.toString(16)}\r\n`)
      .append(bytes)
      .append('\r\n');
  }

  /** @param trailers what came behind it. */
  end(trailers: readonly [name: string, value: string][]): void {
    if (this.framing !== 'chunked') return;
    const lines = trailers.length === 0 ? '' : trailerLines(trailers);
    this.out.append(Buffer.from(`0\r\n${lines}\r\n`, 'latin1'));
  }
}
