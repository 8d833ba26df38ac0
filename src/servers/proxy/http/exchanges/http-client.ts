/** One client that speaks HTTP: its requests in order, each answered before the next is sent on. */
import { BufferList, IoError, type Address, type Connection } from '../../../../index.js';
import { SecureConnection } from '../../../../node.js';
import { REQUESTS } from '../../../http/llhttp.js';
import type { MessageHead } from '../../../http/message-head.js';
import { MessageParser, type Refusal } from '../../../http/message-parser.js';
import type { Carrier, CarrierEnd } from '../../carriers/carrier.js';
import { Throttle } from '../../carriers/throttle.js';
import { Exchange } from './exchange.js';
import { ClientClock, type TimedClient } from './client-clock.js';
import type { ExchangeClient } from './exchange-client.js';
import { understood, type HttpClientTerms } from './request-intake.js';
import type { HttpProxyPhase } from '../http-counters.js';
import type { HttpGateway } from '../http-gateway.js';
import type { LinkFinder } from '../links/link-finder.js';
import { OutgoingBody, type IncomingBody } from '../messages/message-body.js';
import { ownResponse } from '../messages/own-responses.js';
import type { RequestOrigin } from '../messages/request-lines.js';
import type { Splice } from './splice.js';
import { Tunnel } from './tunnel.js';
import type { UpstreamLink } from '../links/upstream-link.js';

/**
 * - 'between': the next head is awaited.
 * - 'serving': a request is answered.
 * - 'discarding': it was answered before it had come to its end.
 * - 'closing': nothing is read any more.
 */
type Mode = 'between' | 'serving' | 'discarding' | 'closing' | 'tunnel';

/** A longer rest of a body is not waited for. */
const DISCARD_BYTES = 1024 * 1024;

export class HttpClient implements Carrier, TimedClient, ExchangeClient {
  onOver: (end: CarrierEnd, failure: Error | undefined) => void = () => {};
  readonly out = new BufferList();
  private readonly parser: MessageParser;
  private readonly throttle = new Throttle(() => this.onReleased());
  private readonly clock: ClientClock;
  private mode: Mode = 'between';
  private exchange: Exchange | undefined = undefined;
  /** The body of a request that was answered. */
  private rest: IncomingBody | undefined = undefined;
  private tunnel: Tunnel | undefined = undefined;
  private ending: CarrierEnd | undefined = undefined;
  private requests = 0;
  private toUpstreamBytes = 0;
  private spliced = 0;
  private isRunning = false;
  private isBlocked = false;
  private isPaused = false;
  private isLeft = false;
  private hasPeerEnded = false;
  private isOver = false;
  /** What was received and is not parsed. */
  private readonly waiting = new BufferList();

  constructor(
    readonly stream: Connection | SecureConnection,
    readonly gateway: HttpGateway,
    private readonly terms: HttpClientTerms,
  ) {
    this.parser = new MessageParser(REQUESTS, gateway.plan.ceilings, { leavesBody: true, keepsTrailers: true });
    stream.onClose = failure => this.onClosed(failure);
    stream.onEnd = () => this.onEnd();
    stream.onDrain = () => this.onDrain();
    this.listen();
    this.clock = new ClientClock(this, gateway);
    gateway.onClient();
  }

  // As a carrier

  get bytesToUpstream(): number {
    return this.toUpstreamBytes + (this.exchange?.requestSplicedBytes ?? 0) + (this.tunnel?.bytesToUpstream ?? 0);
  }

  get bytesToClient(): number {
    return this.stream.bytesSent;
  }

  get splicedBytes(): number {
    return this.spliced + (this.tunnel?.splicedBytes ?? 0);
  }

  get tlsBytes(): number {
    const { stream } = this;
    return stream instanceof SecureConnection ? stream.bytesReceived + stream.bytesSent : 0;
  }

  get bytesPerSecond(): number {
    return this.throttle.bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.throttle.bytesPerSecond = bytesPerSecond;
    this.exchange?.setRate(bytesPerSecond);
    if (this.tunnel !== undefined) this.tunnel.bytesPerSecond = bytesPerSecond;
  }

  /** Whether an answer is owed, or the last of one. */
  get isBusy(): boolean {
    return this.mode === 'between' ? this.parser.isWithinHead : this.mode !== 'tunnel';
  }

  release(): void {
    this.onOver = () => {};
    this.end();
    this.tunnel?.release();
    this.exchange?.abandon();
    const { stream } = this;
    stream.onData = stream.onEnd = stream.onClose = stream.onDrain = undefined;
  }

  /** Ends it if no request is under way; otherwise it ends behind the response. */
  drain(): void {
    if (this.mode === 'between' && !this.parser.isWithinHead && this.waiting.length === 0) this.close();
  }

  // Receiving

  listen(): void {
    this.isLeft = false;
    if (!this.stream.isClosed) this.stream.onData = chunk => this.onData(chunk);
  }

  leave(): void {
    this.isLeft = true;
    this.stream.onData = undefined;
  }

  private onData(chunk: BufferList): void {
    if (this.mode === 'closing') return;
    this.throttle.spend(chunk.length);
    const { waiting } = this;
    this.run(waiting.length > 0 ? waiting.append(chunk) : chunk);
    // What is left of it; nothing, if it was moved there before.
    waiting.append(chunk);
    this.holdBack();
  }

  private onEnd(): void {
    this.hasPeerEnded = true;
    const { exchange } = this;
    if (this.mode === 'between' || this.mode === 'discarding') return this.close();
    if (exchange !== undefined && !exchange.isRequestOver && !this.isLeft) {
      exchange.refuse({ status: 400, why: 'the body was cut short' });
    }
  }

  private onClosed(failure: Error | undefined): void {
    const { exchange } = this;
    this.end();
    this.exchange = undefined;
    exchange?.abandon();
    this.onOver(this.ending ?? (failure === undefined ? 'completed' : 'client-broke'), failure);
  }

  /** Nothing is received or parsed any more. */
  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.mode = 'closing';
    this.gateway.onClientOver();
    this.clock.stop();
    this.throttle.end();
    this.parser.close();
    this.waiting.release();
    this.out.release();
  }

  /** Parses and passes on as long as there is something to do. */
  private run(input: BufferList): void {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.isReady && this.step(input));
    } finally {
      this.isRunning = false;
    }
    this.exchange?.flushRequest();
    if (this.hasPeerEnded && this.mode === 'between') this.close();
    this.onExchangeMoved();
  }

  /** Whether what comes next may be parsed. */
  private get isReady(): boolean {
    if (this.mode === 'between') return !this.isBlocked;
    if (this.mode === 'serving') return this.exchange!.wantsRequest;
    return this.mode === 'discarding';
  }

  /** @returns whether there may be more to do. */
  private step(input: BufferList): boolean {
    if (this.mode === 'between') return this.takeHead(input);
    if (this.mode === 'serving') return this.exchange!.takeRequest(input);
    return this.discard(input);
  }

  private takeHead(input: BufferList): boolean {
    const step = this.parser.parse(input);
    if (step === 'more') return false;
    if (step === 'bad') this.refuse(this.parser.refusal!);
    else this.begin(this.parser.head!);
    return true;
  }

  private begin(head: MessageHead): void {
    const { gateway, parser, terms } = this;
    const plan = understood(head, parser, gateway, terms);
    if ('why' in plan) return this.refuse(plan, head);
    this.requests++;
    gateway.counts.requests++;
    this.mode = 'serving';
    this.exchange = new Exchange(this, plan);
    this.exchange.begin();
  }

  /** Answers what is not passed on, and ends. */
  private refuse({ status, why }: Refusal, head?: MessageHead): void {
    this.gateway.counts.refused++;
    const terms = { minor: head?.minor === 0 ? 0 : 1, isToHead: head?.method === 'HEAD', keepAlive: false };
    this.out.append(Buffer.from(ownResponse(status, why, terms), 'latin1'));
    this.flush();
    this.close();
  }

  private discard(input: BufferList): boolean {
    const rest = this.rest!;
    const step = rest.take(input, new OutgoingBody('none', this.out));
    if (step === 'bad' || rest.takenBytes > DISCARD_BYTES) this.close();
    else if (step === 'end') {
      this.rest = undefined;
      this.mode = 'between';
      return true;
    }
    return false;
  }

  /** What came while nothing can be parsed is enough: the rest stays with the kernel. */
  private holdBack(): void {
    const isHeld = (this.mode !== 'closing' && this.waiting.length > 0) || this.throttle.isHeld;
    if (isHeld === this.isPaused || this.mode === 'tunnel') return;
    this.isPaused = isHeld;
    if (isHeld) this.stream.pause();
    else this.stream.resume();
  }

  private onReleased(): void {
    if (this.mode === 'closing') return;
    if (!this.isBlocked) this.exchange?.onClientDrain();
    this.goOn();
  }

  // For the exchange

  get origin(): RequestOrigin {
    return this.terms.origin;
  }

  get remoteAddress(): Address | undefined {
    const { source } = this.terms.origin;
    return source === '' ? undefined : { family: source.includes(':') ? 'ipv6' : 'ipv4', address: source, port: 0 };
  }

  get mayGoOn(): boolean {
    return !this.gateway.isDraining && !this.hasPeerEnded && this.requests < this.gateway.plan.ceilings.maxRequests;
  }

  get trailers(): readonly [name: string, value: string][] {
    return this.parser.trailers;
  }

  get refusal(): Refusal | undefined {
    return this.parser.refusal;
  }

  countToUpstream(lengthBytes: number): void {
    this.toUpstreamBytes += lengthBytes;
  }

  onSpliced(direction: 'toClient' | 'toUpstream', splice: Splice): void {
    this.spliced += splice.splicedBytes;
    if (direction === 'toUpstream') this.toUpstreamBytes += splice.bytes;
  }

  flush(): void {
    const { stream, out } = this;
    if (out.length === 0) return;
    if (stream.isClosed) return out.release();
    this.throttle.spend(out.length);
    if (!stream.send(out)) this.isBlocked = true;
    if (this.isBlocked || this.throttle.isHeld) this.exchange?.hold();
  }

  /** Goes on with what waits, after something that was in its way. */
  goOn(): void {
    if (this.isRunning || this.mode === 'closing' || this.mode === 'tunnel') return;
    this.run(this.waiting);
    this.holdBack();
  }

  onExchangeMoved(): void {
    this.clock.update();
  }

  onExchangeOver(keepAlive: boolean): void {
    const { exchange } = this;
    this.exchange = undefined;
    if (this.mode === 'closing') return;
    if (!keepAlive || exchange === undefined) return this.close();
    this.mode = 'between';
    if (!exchange.isRequestOver) {
      if (exchange.body.leftBytes > DISCARD_BYTES) return this.close();
      this.mode = 'discarding';
      this.rest = exchange.body;
    }
    this.goOn();
  }

  onUpgraded(link: UpstreamLink, input: BufferList, finder: LinkFinder): void {
    const { gateway, stream, waiting } = this;
    this.mode = 'tunnel';
    this.exchange = undefined;
    gateway.counts.upgraded++;
    this.clock.stop();
    this.throttle.end();
    if (this.isPaused) stream.resume();
    const plan = { client: stream, link, fromUpstream: input, fromClient: waiting };
    this.tunnel = new Tunnel(plan, gateway.terms.tunnelTimeouts, (end, failure) => {
      finder.end();
      this.end();
      this.onOver(end, failure);
    });
    this.tunnel.bytesPerSecond = this.bytesPerSecond;
  }

  breakOff(failure: Error): void {
    this.exchange = undefined;
    // It is told at the end of the turn that it is closed: until then nothing is parsed or awaited.
    this.mode = 'closing';
    this.clock.stop();
    this.ending ??= 'upstream-broke';
    this.stream.reset(failure);
  }

  private close(): void {
    if (this.mode === 'closing') return;
    this.mode = 'closing';
    this.clock.stop();
    // onClose tells of what went wrong.
    this.stream.close().catch(() => {});
  }

  // Timeouts

  get movedBytes(): number {
    return this.stream.bytesSent + (this.exchange?.movedBytes ?? 0);
  }

  get currentPhase(): HttpProxyPhase | undefined {
    const { mode, exchange } = this;
    if (mode === 'closing' || mode === 'tunnel') return undefined;
    if (this.isBlocked) return 'write';
    if (mode === 'serving') return exchange!.phase;
    if (mode === 'discarding') return 'body';
    return this.parser.isWithinHead ? 'head' : 'idle';
  }

  get isSplicing(): boolean {
    return this.exchange?.isSplicing === true;
  }

  onLate(phase: HttpProxyPhase): void {
    const { exchange } = this;
    if (phase === 'idle' || this.mode === 'discarding') return this.close();
    if (phase === 'head') return this.refuse({ status: 408, why: 'the head took too long' });
    this.ending = 'late';
    if (phase !== 'write' && exchange !== undefined) return exchange.onLate(phase);
    this.stream.reset(new IoError('ETIMEDOUT', 'send', undefined, 'the client took no byte for too long'));
  }

  private onDrain(): void {
    this.isBlocked = false;
    if (!this.throttle.isHeld) this.exchange?.onClientDrain();
    this.goOn();
  }
}
