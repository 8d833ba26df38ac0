/** Another thread, as this one sees it: where messages, requests and scheduled calls go. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import type { MailboxAddress } from '../mailbox/address.js';
import type { Link } from '../mailbox/link.js';
import { Outgoing } from '../mailbox/outgoing.js';
import { followingFree } from '../../base/sequence.js';
import { REQUESTS_PER_PEER } from '../../core/limits.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import type { Destination, Move } from '../../api/departure.js';
import { MoveToThread } from '../move.js';
import { settling, type Settling } from '../../api/settling.js';
import { signalOf } from '../../api/waiting.js';
import { CALL, REQUEST } from './channel.js';
import { checkName } from '../messages/checks.js';
import { encode, type Encoded } from '../messages/message.js';
import type {
  AnswerOf,
  Argument,
  Declaration,
  DeclaredName,
  MessageTypes,
  QuestionOf,
  Sendable,
  UndeclaredName,
} from '../messages/message-types.js';
import { Offer } from './offer.js';
import { PeerLane, type Undelivered } from './peer-lane.js';
import type { QueueSender } from '../messages/queue-sender.js';
import { Ticket } from '../messages/ticket.js';

/** Options of `peer.request`. */
export interface RequestOptions {
  /**
   * Gives up waiting. A question that waits for room is not asked then; to another the thread answers, and nobody hears
   * it.
   */
  readonly signal?: AbortSignal;
}

/** A request under way. */
export interface Asked {
  readonly number: number;
  readonly outgoing: Outgoing;
  readonly waiting: Settling<unknown>;
  /** It failed here, without an answer: the thread has gone, or the peer was closed. */
  isRefused: boolean;
}

interface AskOptions {
  /** Default: among the messages. */
  readonly via?: PeerLane;
  readonly revocable?: boolean;
}

/** What a peer needs of its endpoint. */
export interface PeerOwner {
  readonly threadId: number;
  onRequests(by: 1 | -1): void;
  onPeerGone(peer: Peer): void;
  onPeerClosed(peer: Peer): void;
}

/**
 * The way to send to another thread.
 *
 * @typeParam Messages what the other thread takes and answers, if it is declared.
 */
export class Peer<Messages extends MessageTypes = MessageTypes> implements Destination {
  /**
   * Called once when the thread has ended or closed its endpoint; `forEachUndelivered` then tells what it did not get.
   */
  onGone: ((peer: Peer) => void) | undefined = undefined;
  /**
   * A scheduled call could not run there: nobody defined its name, or the function threw. Without it that is thrown.
   */
  onFailure: ((failure: Error) => void) | undefined = undefined;

  /** @internal */
  readonly messages: PeerLane;
  /** @internal What the runtime has to say: nothing that is sent as a message comes before it. */
  readonly control: PeerLane;
  private readonly scope = new AsyncScope('POLLUX_PEER');
  private readonly requests = new Map<number, Asked>();
  private lastNumber = 0;
  private isClosed = false;

  /** @internal Made by `endpoint.peer`. */
  constructor(
    private readonly owner: PeerOwner,
    private readonly link: Link,
  ) {
    const { threadId: to } = link.address;
    this.messages = new PeerLane(link.messages, owner.threadId, to);
    this.control = new PeerLane(link.control, owner.threadId, to);
    link.onGone = () => {
      this.refuseRequests(this.goneError());
      owner.onPeerGone(this);
      try {
        if (this.onGone !== undefined) this.scope.run(this.onGone, this, this);
      } finally {
        this.close();
      }
    };
    try {
      this.messages.introduce();
    } catch (error) {
      link.close();
      throw error;
    }
  }

  get threadId(): number {
    return this.link.address.threadId;
  }

  get address(): MailboxAddress {
    return this.link.address;
  }

  /** Whether the thread has ended or takes no more messages. */
  get isGone(): boolean {
    return this.link.isGone;
  }

  /** The longest payload. */
  get maxBytes(): number {
    return this.link.maxBytes;
  }

  /** What `moveTo` asks of a destination: see `Destination`. */
  prepareMove(state: unknown): Move {
    return new MoveToThread(this, state);
  }

  /** @internal What its mailbox holds: a message may take half of it. */
  get mailboxBytes(): number {
    return 2 * this.link.maxBytes;
  }

  /** The sending end of one of its queues. Messages sent before it opens the queue are kept for it. */
  sender<Name extends DeclaredName<Messages, 'queues'>>(name: Name): QueueSender<Declaration<Messages, 'queues', Name>>;
  sender<T = unknown>(name: UndeclaredName<Messages, 'queues'>): QueueSender<T>;
  sender(name: string): QueueSender {
    checkName(name);
    return this.messages.sender(name);
  }

  /**
   * Asks for an answer.
   *
   * @param name one that the thread gave to `endpoint.answer`.
   * @returns (by the promise) the answer.
   * @throws TypeError (by the promise, as all) a question that can't be cloned.
   * @throws RangeError longer than `maxBytes`.
   * @throws IoError EPIPE: the thread has ended, before or meanwhile; ENOBUFS: too much waits for it already.
   * @throws IoError ENOENT: nobody answers to that name.
   * @throws what the other thread threw: an error with its name, message, stack, cause,
   *   `errors` and `code`, of its class if that is one of the language or IoError, otherwise of the nearest such; any
   *   other value as it is. Beyond 16 KiB stacks stay behind, then causes and `errors`.
   * @throws AbortError `signal`'s reason.
   */
  request<Name extends DeclaredName<Messages, 'requests'>>(
    name: Name,
    question: Sendable<QuestionOf<Messages, Name>>,
    options?: RequestOptions,
  ): Promise<AnswerOf<Messages, Name>>;
  request<A = unknown>(
    name: UndeclaredName<Messages, 'requests'>,
    question: unknown,
    options?: RequestOptions,
  ): Promise<A>;
  async request(name: string, question: unknown, options?: RequestOptions): Promise<unknown> {
    checkName(name);
    const signal = signalOf(options);
    const { number, waiting, outgoing } = this.ask(REQUEST, name, question);
    return await unlessAborted(waiting.promise, signal, () => {
      this.messages.lane.revoke(outgoing);
      return this.endRequest(number) !== undefined;
    });
  }

  /**
   * Runs a function there that the thread gave to `endpoint.define`, as soon as it gets to it, in the order of asking.
   *
   * @param argument cloned.
   * @throws TypeError, RangeError, IoError as `request`.
   */
  schedule<Name extends DeclaredName<Messages, 'functions'>>(
    name: Name,
    ...argument: Argument<Declaration<Messages, 'functions', Name>>
  ): Ticket;
  schedule(name: UndeclaredName<Messages, 'functions'>, argument?: unknown): Ticket;
  schedule(name: string, argument?: unknown): Ticket {
    checkName(name);
    const { payload, isValue } = encode(argument);
    const { lane } = this.messages;
    const outgoing = new Outgoing(payload, this.messages.channel(CALL, name, isValue), 0, false, true, undefined);
    lane.submit(outgoing);
    return new Ticket(outgoing, lane);
  }

  /**
   * Tells what was sent from here to a thread that has ended and that it was not handed, oldest first. The message in
   * whose handler it died counts as handed. What waited for room is told too, except messages whose `send` has failed,
   * and what was published, which the topic counts as dropped. A call that was told can't be cancelled any more. After
   * `close`, of a thread that lives: what waited for room, since what is in its mailbox it may read yet.
   *
   * @throws IoError EBUSY: it lives, and the peer is open.
   */
  forEachUndelivered(visit: (undelivered: Undelivered) => void): void {
    if (!this.isGone && !this.isClosed) {
      throw wrongState(
        'EBUSY',
        'forEachUndelivered',
        `thread ${this.threadId} lives; what it has not read it may read yet`,
      );
    }
    this.messages.forEachUndelivered(visit);
  }

  /** Lets go of the thread: what waits for room and for answers is refused. */
  close(): void {
    this.isClosed = true;
    this.refuseRequests(new IoError('ECANCELED', 'request', `thread ${this.threadId}`, 'the peer was closed here'));
    this.link.close();
    this.owner.onPeerClosed(this);
  }

  // For the endpoint

  /** @internal */
  ask(kind: number, name: string, payload: unknown, options?: AskOptions): Asked {
    return this.askEncoded(kind, name, encode(payload), options);
  }

  /** @internal As `ask`, of what is encoded already. */
  askEncoded(
    kind: number,
    name: string,
    encoded: Encoded,
    { via = this.messages, revocable = false }: AskOptions = {},
  ): Asked {
    if (this.requests.size >= REQUESTS_PER_PEER) {
      throw new RangeError(`request: ${REQUESTS_PER_PEER} wait for answers of thread ${this.threadId} already`);
    }
    const number = followingFree(this.lastNumber, used => this.requests.has(used));
    const waiting = settling<unknown>();
    const channel = via.channel(kind, name, encoded.isValue);
    const outgoing = new Outgoing(encoded.payload, channel, number, false, revocable, undefined);
    via.lane.submit(outgoing);
    this.lastNumber = number;
    const asked: Asked = { number, outgoing, waiting, isRefused: false };
    this.requests.set(number, asked);
    this.owner.onRequests(1);
    return asked;
  }

  /**
   * @internal Takes a revocable request back, or what is left of one that was refused.
   *
   * @returns true: the other thread has not begun with it, and never will.
   */
  takeBack({ number, outgoing }: Asked): boolean {
    if (!this.messages.lane.revoke(outgoing)) return false;
    this.endRequest(number);
    return true;
  }

  /** @internal A request that the runtime makes. */
  async askControl(name: string, question: unknown): Promise<unknown> {
    return await this.ask(REQUEST, name, question, { via: this.control }).waiting.promise;
  }

  /**
   * @internal A request by which the other thread gets what it then has.
   * @throws TypeError, RangeError, IoError as `request`.
   */
  offer(name: string, payload: unknown): Offer {
    const { waiting, outgoing } = this.ask(REQUEST, name, payload, { revocable: true });
    return new Offer(waiting.promise, this.messages.lane, outgoing);
  }

  /** @internal An answer came, or a failure. */
  answer(number: number, failure: (() => unknown) | undefined, value: (() => unknown) | undefined): void {
    const waiting = this.endRequest(number);
    if (failure !== undefined) waiting?.reject(failure() as Error);
    else waiting?.resolve(value!());
  }

  /** @internal A scheduled call failed. */
  fail(failure: Error): void {
    if (this.onFailure === undefined) throw failure;
    this.scope.run(this.onFailure, this, failure);
  }

  /** @returns who waits for the answer; undefined if it came, or was given up before. */
  private endRequest(number: number): Settling<unknown> | undefined {
    const asked = this.requests.get(number);
    if (asked === undefined) return undefined;
    this.requests.delete(number);
    this.owner.onRequests(-1);
    return asked.waiting;
  }

  private refuseRequests(failure: Error): void {
    for (const asked of [...this.requests.values()]) {
      asked.isRefused = true;
      this.answer(asked.number, () => failure, undefined);
    }
  }

  private goneError(): IoError {
    return new IoError('EPIPE', 'request', `thread ${this.threadId}`, 'the thread has ended or takes no more messages');
  }

  static {
    describeBy('Peer', Peer.prototype, ({ threadId, isGone, requests }) => ({
      state: isGone ? 'gone' : 'open',
      thread: threadId,
      requests: requests.size,
    }));
  }
}
shareAmongCopies({ Peer });
