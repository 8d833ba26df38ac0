/** One request and its response: from a client to an upstream, and back. */
import { IoError, type BufferList } from '../../../../index.js';
import type { MessageHead } from '../../../http/message-head.js';
import type { Refusal } from '../../../http/message-parser.js';
import type { HttpProxyPhase } from '../http-counters.js';
import { LinkFinder, type LinkSeeker } from '../links/link-finder.js';
import { keptMs, mayReuse } from '../links/reuse.js';
import type { LinkUser, UpstreamLink } from '../links/upstream-link.js';
import { IncomingBody, OutgoingBody } from '../messages/message-body.js';
import { ownResponse } from '../messages/own-responses.js';
import { requestLines, upgradeOf } from '../messages/request-lines.js';
import { interimLines, responseFraming, responseLines } from '../messages/response-lines.js';
import type { ExchangeClient, ExchangePlan } from './exchange-client.js';
import { ExchangeRecord } from './exchange-record.js';
import { ExchangeSplices } from './exchange-splices.js';

/**
 * - 'finding': a link to an upstream is awaited.
 * - 'asked': the request is on its way; no final response has come.
 * - 'answering': the body of the response is on its way.
 * - 'ending': all of it has come.
 */
type State = 'finding' | 'asked' | 'answering' | 'ending' | 'over';

/** Requests that have the same effect if they are made twice. RFC 9110, 9.2.2 */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** Responses before the response. */
const MOST_INTERIM = 100;

export class Exchange implements LinkUser, LinkSeeker {
  readonly body: IncomingBody;
  /** Whether all of the request has come. */
  isRequestOver: boolean;

  private readonly record: ExchangeRecord;
  private readonly head: MessageHead;
  private readonly finder: LinkFinder;
  private readonly upgrade: string | undefined;
  private readonly splices: ExchangeSplices;
  private state: State = 'finding';
  private link: UpstreamLink | undefined = undefined;
  /** The request, as it goes out. */
  private request: OutgoingBody | undefined = undefined;
  /** The response, as it comes and as it goes out. */
  private incoming: IncomingBody | undefined = undefined;
  private response: OutgoingBody | undefined = undefined;
  private responseHead: MessageHead | undefined = undefined;
  private keepAlive = false;
  private interims = 0;

  constructor(
    private readonly client: ExchangeClient,
    private readonly plan: ExchangePlan,
  ) {
    const { head, body, pool, greeting, destination } = plan;
    const { gateway, origin } = client;
    this.head = head;
    this.record = new ExchangeRecord(head, destination.host, client.remoteAddress);
    this.body = body;
    this.isRequestOver = body.isEmpty;
    this.upgrade = upgradeOf(head, gateway.plan);
    this.finder = new LinkFinder(this, gateway, { pool, source: origin.source, greeting });
    this.splices = new ExchangeSplices(client);
  }

  // For the client

  begin(): void {
    this.finder.find();
  }

  get isSplicing(): boolean {
    return this.splices.isBusy;
  }

  /** What it waits for. */
  get phase(): HttpProxyPhase | undefined {
    if (this.state === 'finding') return undefined;
    if (!this.isRequestOver) return this.link?.isBlocked === true ? 'send' : 'body';
    return this.state === 'asked' ? 'response' : 'responseBody';
  }

  /** Bytes that have moved either way, as far as somebody waits for them. */
  get movedBytes(): number {
    return (this.link?.connection.bytesSent ?? 0) + this.splices.movedBytes;
  }

  /** Of the request: bytes that went from socket to socket. */
  get requestSplicedBytes(): number {
    return this.splices.requestBytes;
  }

  setRate(bytesPerSecond: number): void {
    this.splices.setRate(bytesPerSecond);
  }

  get wantsRequest(): boolean {
    const { link } = this;
    return link !== undefined && !link.isBlocked && !this.isRequestOver && !this.splices.hasRequest;
  }

  /** @returns whether there may be more to take. */
  takeRequest(input: BufferList): boolean {
    const { body, client, request } = this;
    const step = body.take(input, request!);
    const { maxBodyBytes } = client.gateway.plan.ceilings;
    if (step === 'bad') this.refuse(client.refusal!);
    else if (body.takenBytes > maxBodyBytes) this.refuse({ status: 413, why: 'Content Too Large' });
    else if (step === 'end') {
      request!.end(client.trailers);
      this.isRequestOver = true;
      return true;
    }
    return false;
  }

  /** Sends what was gathered for the upstream. */
  flushRequest(): void {
    const { link, client, body, splices } = this;
    if (link === undefined) return;
    client.countToUpstream(link.out.length);
    link.flush();
    if (!this.wantsRequest || !splices.isWorth(body)) return;
    splices.request(body, link, failure => {
      if (failure !== undefined && link.isClosed) return;
      if (body.leftBytes > 0) return this.refuse({ status: 400, why: 'the body was cut short' });
      this.isRequestOver = true;
      client.goOn();
    });
  }

  /** The client takes no more for a while. */
  hold(): void {
    this.link?.hold();
  }

  onClientDrain(): void {
    if (!this.splices.hasResponse) this.link?.goOn();
  }

  /** The client has gone. */
  abandon(): void {
    if (this.state === 'over') return;
    this.leave();
    this.tell(true);
  }

  /** What comes is no request any more, or it is too late: the client is told, if it can be. */
  refuse({ status, why }: Refusal): void {
    if (this.state === 'finding' || this.state === 'asked') this.respond(status, why, false);
    else if (this.state === 'answering') this.breakOff(new IoError('EPROTO', 'read', undefined, why));
  }

  onLate(phase: HttpProxyPhase): void {
    const late = new IoError('ETIMEDOUT', 'proxy', phase, 'it took too long');
    if (phase === 'responseBody' || this.state === 'answering') return this.breakOff(late);
    if (phase === 'body') return this.respond(408, 'the body took too long', false);
    this.finder.onFailed(late);
    this.respond(504, 'Gateway Timeout', this.isRequestOver);
  }

  // For the finder

  onLink(link: UpstreamLink): void {
    const { client, plan, head } = this;
    const { gateway, origin } = client;
    const { destination } = plan;
    this.state = 'asked';
    this.link = link;
    link.user = this;
    link.requests++;
    link.parser.skipsBody = head.method === 'HEAD';
    const isOwnName = gateway.plan.host === 'upstream' || destination.authority === '';
    const host = isOwnName ? link.upstream.hostName : destination.authority;
    const passing = { head, destination, origin, upgrade: this.upgrade, host };
    link.out.append(Buffer.from(requestLines(passing, gateway.plan), 'latin1'));
    this.request = new OutgoingBody(this.body.framing, link.out);
    client.goOn();
  }

  onNoLink(status: number, why: string): void {
    this.respond(status, why, this.isRequestOver);
  }

  // For the link

  onLinkData(input: BufferList): void {
    const { client } = this;
    while (this.state === 'asked' && this.takeHead(input));
    if (this.state === 'answering') this.takeBody(input);
    if (this.state === 'ending') return this.finish(input.length > 0);
    if (this.state === 'over') return;
    client.flush();
    client.onExchangeMoved();
    if (this.state === 'answering' && this.splices.isWorth(this.incoming!)) this.spliceResponse();
  }

  onLinkEnd(): void {
    if (this.splices.hasResponse) return;
    if (this.state === 'answering' && this.incoming!.framing === 'close') {
      this.response!.end([]);
      this.finish(false);
    } else this.onLinkGone(new IoError('ECONNRESET', 'read', undefined, 'the upstream ended within its response'));
  }

  onLinkDrain(): void {
    this.client.goOn();
  }

  onLinkClosed(failure: Error | undefined): void {
    if (!this.splices.hasResponse) this.onLinkGone(failure ?? cutShort());
  }

  private onLinkGone(failure: Error): void {
    const { finder, link, client } = this;
    if (this.state === 'answering') return this.breakOff(failure);
    if (this.state !== 'asked') return;
    const isSilent = this.interims === 0 && !link!.parser.isWithinHead;
    const mayRepeat = isSilent && this.body.isEmpty && this.body.takenBytes === 0 && IDEMPOTENT.has(this.head.method);
    this.dropLink();
    if (!mayRepeat) {
      if (!finder.isReused) finder.onFailed(failure);
      return this.respond(502, 'Bad Gateway', this.isRequestOver);
    }
    this.state = 'finding';
    client.gateway.counts.retried++;
    finder.findAgain(failure);
  }

  /** @returns whether there is more of the kind. */
  private takeHead(input: BufferList): boolean {
    const { link, client } = this;
    const { parser } = link!;
    if (input.length === 0) return false;
    const step = parser.parse(input);
    if (step === 'more') return false;
    const head = parser.head;
    if (step === 'bad' || head === undefined || head.major !== 1) return this.distrust();
    if (head.status < 100 || head.status > 599) return this.distrust();
    if (head.status < 200) return this.takeInterim(head, input);
    const framing = responseFraming(head, this.head.method === 'HEAD');
    if (framing === undefined) return this.distrust();
    this.finder.onAnswered();
    const { minor } = this.head;
    const isTold = framing === 'none' || framing === 'length';
    const told = isTold ? framing : minor > 0 ? 'chunked' : 'close';
    this.keepAlive = client.mayGoOn && this.head.keepAlive && told !== 'close' && !this.isExpectant;
    this.record.status = head.status;
    this.responseHead = head;
    this.incoming = new IncomingBody(framing, parser, head.contentLength);
    this.response = new OutgoingBody(told, client.out);
    const { via } = client.gateway.plan;
    const lines = responseLines({ head, minor, framing: told, keepAlive: this.keepAlive, via });
    client.out.append(Buffer.from(lines, 'latin1'));
    this.state = this.incoming.isEmpty ? 'ending' : 'answering';
    return false;
  }

  /** Whether the client waits for a word before it sends the body: it may send it or not. */
  private get isExpectant(): boolean {
    if (this.isRequestOver || this.interims > 0 || this.body.takenBytes > 0) return false;
    return this.head.minor > 0 && this.head.get('expect') !== undefined;
  }

  private takeInterim(head: MessageHead, input: BufferList): boolean {
    const { client, link, finder } = this;
    const { via } = client.gateway.plan;
    const isChange = head.status === 101;
    if (++this.interims > MOST_INTERIM || (isChange && this.upgrade === undefined)) return this.distrust();
    if (this.head.minor > 0) client.out.append(Buffer.from(interimLines(head, via), 'latin1'));
    if (!isChange) return true;
    finder.onAnswered();
    this.state = 'over';
    this.record.status = 101;
    client.flush();
    this.link = undefined;
    this.tell(false);
    client.onUpgraded(link!, input, finder);
    return false;
  }

  private takeBody(input: BufferList): void {
    const { incoming, link, response } = this;
    const step = incoming!.take(input, response!);
    if (step === 'bad') return this.breakOff(new IoError('EPROTO', 'read', undefined, 'a body that makes no sense'));
    if (step !== 'end') return;
    response!.end(link!.parser.trailers);
    this.state = 'ending';
  }

  private spliceResponse(): void {
    const { splices, incoming, response, link } = this;
    splices.response(incoming!, link!, (bytes, failure) => {
      response!.bodyBytes += bytes;
      if (incoming!.leftBytes > 0) this.breakOff(failure ?? cutShort());
      else this.finish(false);
    });
  }

  /** The upstream says what two could read in two ways, or nothing that can be passed on. */
  private distrust(): boolean {
    this.dropLink();
    this.respond(502, 'Bad Gateway', this.isRequestOver);
    return false;
  }

  /** @param hasSurplus whether bytes came that belong to nothing. */
  private finish(hasSurplus: boolean): void {
    const { client, link, responseHead, plan } = this;
    const isWhole = this.isRequestOver && !hasSurplus && this.incoming!.framing !== 'close';
    const isKept = isWhole && mayReuse(responseHead!) && plan.greeting === undefined;
    this.state = 'over';
    client.flush();
    if (isKept && link !== undefined) {
      this.link = undefined;
      link.user = undefined;
      link.goOn();
      client.gateway.idle.give(link, keptMs(responseHead!));
    }
    this.leave();
    client.gateway.counts.bodyBytes.buffers += this.response!.bodyBytes - this.splices.responseBytes;
    this.tell(false);
    client.onExchangeOver(this.keepAlive);
  }

  /** Answers in the place of an upstream. */
  private respond(status: number, why: string, keepAlive: boolean): void {
    const { client, head } = this;
    const { counts } = client.gateway;
    const mayKeep = keepAlive && client.mayGoOn && head.keepAlive;
    this.leave();
    this.record.status = status;
    counts.ownResponses++;
    const terms = { minor: head.minor, isToHead: head.method === 'HEAD', keepAlive: mayKeep };
    client.out.append(ownResponse(status, why, terms));
    client.flush();
    this.tell(false);
    client.onExchangeOver(mayKeep);
  }

  private breakOff(failure: Error): void {
    this.leave();
    this.tell(true);
    this.client.breakOff(failure);
  }

  private tell(isBroken: boolean): void {
    const { record, response, client } = this;
    if (response !== undefined) record.bodyBytes = response.bodyBytes;
    client.gateway.onExchangeOver(record, isBroken);
  }

  private leave(): void {
    this.state = 'over';
    this.splices.cancel();
    this.dropLink();
    this.finder.end();
  }

  private dropLink(): void {
    this.link?.destroy();
    this.link = undefined;
  }
}

function cutShort(): IoError {
  return new IoError('ECONNRESET', 'read', undefined, 'the upstream ended within its response');
}
