/** The answer to one request: whole, or head, parts and end. What it promised it sends, or the connection breaks. */
import { BufferList, IoError, type OpenFile, type Sendable } from '../../index.js';
import { checkInteger } from '../../base/arguments.js';
import { connectionLine, fieldLines, httpDate, mayHaveBody, statusLine, type Fields } from './response-head.js';
import type { HttpRequest } from './http-request.js';

/** What a response is sent by. */
export interface ResponseSink {
  /** Whether another request may follow this one. */
  readonly mayGoOn: boolean;
  /** @returns false once the queue is long. */
  send(data: Sendable): boolean;
  /** Resolves when the queue is short again. @throws what the connection broke with. */
  drained(): Promise<void>;
  /** Sends a range of a file, `before` it in the same packet. */
  sendFile(file: OpenFile, range: FileBody): Promise<void>;
  /** All is sent. */
  onOver(): void;
  /** What was promised can't be sent. */
  breakOff(failure: Error): void;
}

/** A range of a file, and what goes right before it. */
export interface FileBody {
  readonly offset: number;
  readonly length: number;
  readonly before?: Sendable;
}

/** Ranges of one file, and what goes behind the last. */
export interface FileParts {
  readonly parts: readonly FileBody[];
  readonly after: Sendable;
  readonly bodyBytes: number;
}

type State = 'new' | 'body' | 'over';
/** How the end of the body is told. */
type Framing =
  | { readonly by: 'length'; left: number }
  | { readonly by: 'chunks' }
  | { readonly by: 'close' }
  | { readonly by: 'nothing' };

const LAST_CHUNK = '0\r\n\r\n';

/** The answer to one request. */
export class HttpResponse {
  /** 0 before the head. */
  status = 0;
  /** Bytes of the body that were given to the kernel or the queue. */
  bodyBytes = 0;
  /** Of those, the ones that `sendFile` brought from a file to a connection without TLS. */
  fileBytes = 0;
  private state: State = 'new';
  private framing: Framing = { by: 'nothing' };
  private mayKeepAlive = true;

  /** @internal Made by an HttpConnection. */
  constructor(
    private readonly request: HttpRequest,
    private readonly sink: ResponseSink,
  ) {}

  /** Whether the head has gone. */
  get hasBegun(): boolean {
    return this.state !== 'new';
  }

  /** Whether all has gone. */
  get isOver(): boolean {
    return this.state === 'over';
  }

  /** Whether another request may follow on this connection. Settled when the head goes. */
  get keepAlive(): boolean {
    return this.mayKeepAlive && this.request.keepAlive && this.sink.mayGoOn;
  }

  /** Has the connection end behind this response. Before its head. */
  closeAfter(): void {
    this.mayKeepAlive = false;
  }

  /**
   * Sends all of it at once.
   *
   *     response.send(200, { 'Content-Type': 'text/plain' }, 'hello\n');
   *
   * @param status 200 to 599: what comes before the answer, such as 100 (Continue), is sent by the server.
   * @throws IoError EALREADY: a response has begun. RangeError: no such status. TypeError: fields that are none.
   */
  send(status: number, fields: Fields = {}, body: Sendable = ''): void {
    const lengthBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const head = this.headOf(status, fields, mayHaveBody(status) ? `Content-Length: ${lengthBytes}\r\n` : '');
    const hasBody = this.request.method !== 'HEAD' && mayHaveBody(status);
    this.sendWhole(status, hasBody ? BufferList.from(head, body) : head, hasBody ? lengthBytes : 0);
  }

  /**
   * Sends the head, and has the body follow by `write`, `sendFile` and `end`.
   *
   * @param lengthBytes how long the body will be, to the byte. Without it the body is sent in chunks, or in HTTP/1.0
   *   until the connection closes.
   * @throws as `send`.
   */
  begin(status: number, fields: Fields = {}, lengthBytes?: number): this {
    const isEmpty = this.request.method === 'HEAD' || !mayHaveBody(status);
    if (isEmpty) this.framing = { by: 'nothing' };
    else if (lengthBytes !== undefined) this.framing = { by: 'length', left: lengthBytes };
    else if (this.request.minorVersion > 0) this.framing = { by: 'chunks' };
    else {
      this.framing = { by: 'close' };
      this.closeAfter();
    }
    const isChunked = mayHaveBody(status) && lengthBytes === undefined && this.request.minorVersion > 0;
    const length = mayHaveBody(status) && lengthBytes !== undefined ? `Content-Length: ${lengthBytes}\r\n` : '';
    const head = this.headOf(status, fields, isChunked ? 'Transfer-Encoding: chunked\r\n' : length);
    this.status = status;
    this.state = 'body';
    this.sink.send(head);
    return this;
  }

  /**
   * Sends a part of the body. To HEAD nothing is sent.
   *
   * @returns a promise that resolves when more may be sent.
   * @throws (by the promise) IoError EPIPE: there is no head, or an end; RangeError: more than was declared; what the
   *   connection broke with.
   */
  async write(data: Sendable): Promise<void> {
    const lengthBytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    if (!this.promise('write', lengthBytes)) return;
    const isChunk = this.framing.by === 'chunks';
    const part = isChunk ? BufferList.from(`${lengthBytes.toString(16)}\r\n`, data, '\r\n') : data;
    if (!this.sink.send(part)) await this.sink.drained();
  }

  /**
   * Sends a range of an open file as a part of the body: by sendfile(2) where the connection has no TLS.
   * @throws as `write`.
   */
  async sendFile(file: OpenFile, range: FileBody): Promise<void> {
    if (!this.promise('sendFile', range.length)) return;
    const isChunk = this.framing.by === 'chunks';
    const before = isChunk ? `${range.length.toString(16)}\r\n` : range.before;
    await this.sink.sendFile(file, { ...range, before });
    if (isChunk) this.sink.send('\r\n');
  }

  /**
   * The body ends here. One that is shorter than was declared breaks the connection, since the client could not tell.
   *
   * @throws IoError EPIPE: there is no head, or it has ended. RangeError: less, or more, than was declared.
   */
  end(data: Sendable = ''): void {
    const lengthBytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    if (this.promise('end', lengthBytes)) {
      const { framing } = this;
      if (framing.by === 'chunks') this.sink.send(BufferList.from(`${lengthBytes.toString(16)}\r\n`, data, '\r\n'));
      else this.sink.send(data);
    }
    const { framing } = this;
    if (framing.by === 'length' && framing.left > 0) {
      const failure = new RangeError(`the body: ${framing.left} bytes short of its declared length`);
      this.breakOff(failure);
      throw failure;
    }
    if (framing.by === 'chunks') this.sink.send(LAST_CHUNK);
    this.finish();
  }

  /** Sends a message that was prepared with its head. @internal */
  sendWhole(status: number, message: Sendable, bodyBytes: number): void {
    this.checkNew();
    this.status = status;
    this.bodyBytes = bodyBytes;
    this.sink.send(message);
    this.finish();
  }

  /**
   * Sends a range of a file behind a head that was prepared. @internal
   *
   * @throws (by the promise) RangeError, IoError EBADF: the file is not what it was, and nothing was sent. All else
   *   broke the connection.
   */
  sendWholeFile(status: number, file: OpenFile, range: FileBody): Promise<void> {
    return this.sendWholeParts(status, file, { parts: [range], after: '', bodyBytes: range.length });
  }

  /** As `sendWholeFile`, of several ranges. @internal */
  async sendWholeParts(status: number, file: OpenFile, { parts, after, bodyBytes }: FileParts): Promise<void> {
    this.checkNew();
    this.status = status;
    this.state = 'body';
    for (const part of parts) {
      try {
        await this.sink.sendFile(file, part);
      } catch (error) {
        if (this.isOver) return;
        if (part === parts[0] && sentNothing(error)) this.state = 'new';
        else this.breakOff(error as Error);
        throw error;
      }
    }
    if (this.isOver) return;
    this.bodyBytes = bodyBytes;
    this.sink.send(after);
    this.finish();
  }

  /** Breaks the connection: the client learns that the response is not whole. */
  breakOff(failure: Error): void {
    if (this.isOver) return;
    this.state = 'over';
    this.sink.breakOff(failure);
  }

  private finish(): void {
    this.state = 'over';
    this.sink.onOver();
  }

  private headOf(status: number, fields: Fields, framing: string): string {
    this.checkNew();
    checkInteger('status', status, 200, 599);
    const { minorVersion } = this.request;
    const own = `Date: ${httpDate()}\r\n${framing}${connectionLine(minorVersion, this.keepAlive)}`;
    return `${statusLine(minorVersion, status)}${fieldLines(fields)}${own}\r\n`;
  }

  private checkNew(): void {
    if (this.state !== 'new') throw new IoError('EALREADY', 'respond', undefined, 'the response has begun already');
  }

  /** @returns whether there is anything to send. @throws it can't be sent. */
  private promise(call: string, lengthBytes: number): boolean {
    if (this.state !== 'body') {
      const why = this.state === 'new' ? 'begin() comes first' : 'the response is over';
      throw new IoError('EPIPE', call, undefined, why);
    }
    const { framing } = this;
    if (framing.by === 'nothing' || lengthBytes === 0) return false;
    if (framing.by === 'length') {
      if (lengthBytes > framing.left) {
        throw new RangeError(
          `data: ${lengthBytes} bytes; allowed: the ${framing.left} that are left of the declared length`,
        );
      }
      framing.left -= lengthBytes;
    }
    this.bodyBytes += lengthBytes;
    return true;
  }
}

/** What `sendFile` refuses before a byte has moved. */
function sentNothing(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof IoError && error.code === 'EBADF');
}
