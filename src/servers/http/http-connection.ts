/** One connection of an HTTP/1 server: requests in order, one response after the other, timeouts and ceilings. */
import { BufferList, IoError, type Address, type OpenFile, type Sendable } from '../../index.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import type { ByteStream } from './byte-stream.js';
import type { HttpCeilingValues } from './http-options.js';
import { HttpRequest } from './http-request.js';
import { HttpResponse, type FileBody, type ResponseSink } from './http-response.js';
import { REQUESTS } from './llhttp.js';
import type { MessageHead } from './message-head.js';
import { MessageParser, type Refusal } from './message-parser.js';
import type { Phase, Phased, Phases } from './phases.js';
import { RequestBody, type BodySource } from './request-body.js';
import { destinationOf, refusalOf } from './request-rules.js';
import { httpDate, statusLine } from './response-head.js';
import { sendFileBody } from './send-file-body.js';
import { Waiter } from './waiter.js';

/** What a connection needs of its server. */
export interface HttpOwner {
  readonly ceilings: HttpCeilingValues;
  readonly phases: Phases;
  /** Whether connections end behind the response that is under way. */
  readonly isDraining: boolean;
  /** Answers a request, now or later. Throws nothing. */
  onRequest(request: HttpRequest, response: HttpResponse): void;
  /** A response has been sent to its end, or broke. */
  onFinished(request: HttpRequest, response: HttpResponse, isBroken: boolean): void;
  /** What came is no request that is answered: it is refused with a status, and the connection ends. */
  onRefused(refusal: Refusal): void;
  onLate(phase: Phase): void;
  onClosed(connection: HttpConnection, failure: Error | undefined): void;
}

/** Where the client of a stream is. */
export interface Peer {
  readonly remoteAddress: Address | undefined;
}

/**
 * - 'between': the next head is awaited.
 * - 'serving': a request is answered, or the rest of its body is thrown away.
 * - 'closing': nothing is read any more.
 */
type Mode = 'between' | 'serving' | 'closing';

/** A body is received no further while this much of it waits to be read. */
const BODY_AHEAD_BYTES = 64 * 1024;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const NO_BODY = new RequestBody(undefined);

export class HttpConnection implements Phased, BodySource, ResponseSink {
  phase: Phase | undefined = undefined;
  sinceMs = 0;
  queuedMs = 0;
  earlier: Phased | undefined = undefined;
  later: Phased | undefined = undefined;

  private readonly parser: MessageParser;
  private mode: Mode = 'between';
  private request: HttpRequest | undefined = undefined;
  private response: HttpResponse | undefined = undefined;
  private requests = 0;
  private isBodyOver = true;
  private expectsContinue = false;
  private isRunning = false;
  private isSending = false;
  private isPaused = false;
  private hasPeerEnded = false;
  private isClosed = false;
  /** What was received and is not parsed. */
  private readonly waiting = new BufferList();
  private draining: Waiter | undefined = undefined;
  private sentBefore = 0;

  constructor(
    readonly stream: ByteStream,
    private readonly peer: Peer,
    private readonly owner: HttpOwner,
  ) {
    this.parser = new MessageParser(REQUESTS, owner.ceilings);
    stream.onClose = failure => this.onClosed(failure);
    stream.onEnd = () => this.onEnd();
    stream.onData = chunk => this.onData(chunk);
    owner.phases.enter(this, 'idle');
  }

  /** Ends it if no request is under way; otherwise it ends behind the response. */
  drain(): void {
    if (this.mode === 'between' && !this.parser.isWithinHead) this.close();
  }

  // Receiving

  private onData(chunk: BufferList): void {
    if (this.mode === 'closing') return;
    const { waiting } = this;
    this.run(waiting.length > 0 ? waiting.append(chunk) : chunk);
    // What is left of it; nothing, if it was moved there before.
    waiting.append(chunk);
    this.holdBack();
  }

  private onEnd(): void {
    this.hasPeerEnded = true;
    if (this.mode === 'serving' && !this.isBodyOver) {
      this.isBodyOver = true;
      this.request!.body.fail(new IoError('ECONNRESET', 'read', undefined, 'the body was cut short'));
      if (this.response!.isOver) this.close();
      else if (!this.response!.hasBegun) this.refuse({ status: 400, why: 'the body was cut short' });
    } else if (this.mode === 'between') this.close();
  }

  private onClosed(failure: Error | undefined): void {
    const { request, response } = this;
    this.mode = 'closing';
    this.isClosed = true;
    this.owner.phases.enter(this, undefined);
    this.parser.close();
    this.waiting.release();
    const reason = failure ?? wentAway();
    if (request !== undefined && !this.isBodyOver) request.body.fail(reason);
    this.draining?.reject(reason);
    if (response !== undefined && !response.isOver) response.breakOff(reason);
    this.owner.onClosed(this, failure);
  }

  /** Parses and serves as long as there is something to do. */
  private run(input: BufferList): void {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.isReady() && (this.mode === 'serving' ? this.takeBody(input) : this.takeHead(input)));
    } finally {
      this.isRunning = false;
    }
    if (this.hasPeerEnded && this.mode === 'between') this.close();
    this.updatePhase();
  }

  /** Whether what comes next may be parsed. */
  private isReady(): boolean {
    if (this.mode === 'closing') return false;
    if (this.mode === 'between') return !this.isSending;
    if (this.isBodyOver) return false;
    return this.response!.isOver || this.request!.body.queuedBytes < BODY_AHEAD_BYTES;
  }

  /** @returns whether there may be more to do. */
  private takeHead(input: BufferList): boolean {
    const step = this.parser.parse(input);
    if (step === 'more') return false;
    if (step === 'bad') this.refuse(this.parser.refusal!);
    else this.begin(this.parser.head!, step === 'whole');
    return true;
  }

  private begin(head: MessageHead, isWhole: boolean): void {
    const refusal = refusalOf(head) ?? this.bodyRefusal(head);
    if (refusal !== undefined) return this.refuse(refusal);
    const destination = destinationOf(head);
    if (destination === undefined) return this.refuse({ status: 400, why: 'a target in a form that is not served' });
    this.requests++;
    this.mode = 'serving';
    this.isBodyOver = isWhole;
    this.expectsContinue = !isWhole && head.minor > 0 && head.get('expect') !== undefined;
    const request = new HttpRequest(head, destination, isWhole ? NO_BODY : new RequestBody(this), this.peer);
    const response = new HttpResponse(request, this);
    this.request = request;
    this.response = response;
    if (this.requests >= this.owner.ceilings.maxRequests) response.closeAfter();
    this.owner.onRequest(request, response);
  }

  private bodyRefusal(head: MessageHead): Refusal | undefined {
    const { maxBodyBytes } = this.owner.ceilings;
    if ((head.contentLength ?? 0) <= maxBodyBytes) return undefined;
    return { status: 413, why: `a body of more than ${maxBodyBytes} bytes` };
  }

  private takeBody(input: BufferList): boolean {
    const { parser, response } = this;
    const { body } = this.request!;
    const step = parser.parse(input);
    const tooLong = parser.bodyBytes > this.owner.ceilings.maxBodyBytes;
    if (step === 'bad' || tooLong) {
      const refusal = tooLong
        ? { status: 413, why: `a body of more than ${this.owner.ceilings.maxBodyBytes} bytes` }
        : parser.refusal!;
      this.refuseBody(refusal);
      return false;
    }
    if (parser.body.length > 0) body.receive(parser.body);
    if (step === 'more') return false;
    this.isBodyOver = true;
    body.end();
    if (response!.isOver) this.mode = 'between';
    return true;
  }

  private refuseBody(refusal: Refusal): void {
    const { response, request } = this;
    this.isBodyOver = true;
    request!.body.fail(new IoError('EPROTO', 'read', undefined, refusal.why));
    // Its handler may have answered the failure already.
    if (this.mode === 'closing') return;
    if (!response!.hasBegun) return this.refuse(refusal);
    this.owner.onRefused(refusal);
    if (response!.isOver) this.close();
    else response!.breakOff(new IoError('EPROTO', 'read', undefined, refusal.why));
  }

  /** Answers what is no request, and ends. */
  private refuse(refusal: Refusal): void {
    const { status, why } = refusal;
    this.owner.onRefused(refusal);
    if (this.response?.isOver !== false) {
      const body = `${status} ${why}\n`;
      const fields = `Date: ${httpDate()}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n`;
      this.stream.send(`${statusLine(1, status)}${fields}Connection: close\r\n\r\n${body}`);
      this.close();
    } else {
      this.response.closeAfter();
      this.response.send(status, { 'Content-Type': 'text/plain' }, `${status} ${why}\n`);
    }
  }

  /** What came while nothing can be parsed is enough: the rest stays with the kernel. */
  private holdBack(): void {
    const isHeld = this.mode !== 'closing' && this.waiting.length > 0;
    if (isHeld === this.isPaused) return;
    this.isPaused = isHeld;
    if (isHeld) this.stream.pause();
    else this.stream.resume();
  }

  // For the body of the request

  onBodyWanted(): void {
    if (this.expectsContinue) {
      this.expectsContinue = false;
      if (!this.response!.hasBegun) this.stream.send(CONTINUE);
    }
    this.goOn();
  }

  /** Goes on with what waits, after something that was in its way. */
  private goOn(): void {
    if (this.isRunning || this.mode === 'closing') return;
    this.run(this.waiting);
    this.holdBack();
  }

  // For the response

  get mayGoOn(): boolean {
    return !this.owner.isDraining && !this.expectsContinue;
  }

  send(data: Sendable): boolean {
    if (this.stream.isClosed) return false;
    if (this.stream.send(data)) return true;
    this.isSending = true;
    this.stream.onDrain = () => this.onDrain();
    return false;
  }

  drained(): Promise<void> {
    // A stream that broke tells so at the end of the turn, and by then the response is over.
    if (this.isClosed) return Promise.reject(wentAway());
    this.draining ??= new Waiter();
    this.updatePhase();
    return this.draining.promise;
  }

  private onDrain(): void {
    this.isSending = false;
    this.draining?.resolve();
    this.draining = undefined;
    this.goOn();
  }

  async sendFile(file: OpenFile, range: FileBody): Promise<void> {
    this.isSending = true;
    this.updatePhase();
    try {
      this.response!.fileBytes += await sendFileBody(this.stream, file, range, this);
    } finally {
      this.isSending = this.draining !== undefined;
      this.updatePhase();
    }
  }

  onOver(): void {
    const { request, response } = this;
    this.owner.onFinished(request!, response!, false);
    if (!response!.keepAlive) return this.close();
    if (this.isBodyOver) this.mode = 'between';
    else request!.body.abandon();
    this.goOn();
  }

  breakOff(failure: Error): void {
    this.owner.onFinished(this.request!, this.response!, true);
    this.stream.destroy(failure);
  }

  private close(): void {
    this.mode = 'closing';
    this.updatePhase();
    // onClose tells of what went wrong.
    this.stream.close().catch(() => {});
  }

  // Timeouts

  private updatePhase(): void {
    const { phases } = this.owner;
    const phase = this.currentPhase();
    // A head has one delay, however many parts it comes in.
    if (phase !== 'head' || this.phase !== 'head') phases.enter(this, phase);
    if (phase === 'write') this.sentBefore = this.stream.bytesSent;
  }

  private currentPhase(): Phase | undefined {
    if (this.mode === 'closing') return undefined;
    if (this.isSending) return 'write';
    if (this.mode === 'between') return this.parser.isWithinHead ? 'head' : 'idle';
    return !this.isBodyOver && (this.response!.isOver || this.request!.body.isAwaited) ? 'body' : undefined;
  }

  onLate(phase: Phase): void {
    if (phase === 'write' && this.stream.bytesSent !== this.sentBefore) {
      this.sentBefore = this.stream.bytesSent;
      this.sinceMs = monotonicMs();
      return;
    }
    this.owner.onLate(phase);
    if (phase === 'idle') return this.close();
    if (phase === 'head') return this.refuse({ status: 408, why: 'the head took too long' });
    if (phase === 'body') return this.refuseBody({ status: 408, why: 'the body took too long' });
    this.stream.destroy(new IoError('ETIMEDOUT', 'send', undefined, 'the peer took no byte for too long'));
  }
}

function wentAway(): IoError {
  return new IoError('ECONNRESET', 'send', undefined, 'the connection was closed');
}
