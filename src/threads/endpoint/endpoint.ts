/** This thread's end of all messages between threads: its queues, answers, functions, topics, and the way to others. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { threadId } from 'node:worker_threads';
import { shareAmongCopies } from '../../base/thread-state.js';
import { isSameMailbox, type MailboxAddress } from '../mailbox/address.js';
import { Mailbox, type MailboxCounters, type MailboxSetup } from '../mailbox/mailbox.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { checkCallback, checkFunction, checkInteger } from '../../base/arguments.js';
import { valuesOf } from '../../base/options.js';
import type { QueueDepth } from '../../core/reactor/inbox.js';
import { Backlog, longestOf } from './backlog.js';
import { checkAddress, checkName } from '../messages/checks.js';
import { ByName } from './by-name.js';
import { Control } from './control.js';
import { Deliveries } from '../messages/deliveries.js';
import type { Message } from '../messages/message.js';
import type {
  AnswerOf,
  Declaration,
  DeclaredName,
  MessageTypes,
  QuestionOf,
  Sendable,
  UndeclaredName,
} from '../messages/message-types.js';
import { PeerBook } from './peer-book.js';
import { Peer } from './peer.js';
import { Queue } from '../messages/queue.js';
import { RecentThreads } from './recent-threads.js';
import { RequestHandlers, type RequestHandler } from '../messages/request-handlers.js';
import type { SlowPolicy } from '../messages/subscriber.js';
import { SUBSCRIBE_OPTIONS, type Subscription, type SubscribeOptions } from '../messages/subscription.js';
import { Subscriptions } from './subscriptions.js';
import { Topic } from '../messages/topic.js';

/**
 * A thread's own end of all messages. `openEndpoint` opens one.
 *
 * @typeParam Messages what this thread takes and answers, if it is declared.
 */
export class Endpoint<Messages extends MessageTypes = MessageTypes> {
  readonly threadId = threadId;
  private readonly mailbox: Mailbox;
  private readonly peers = new PeerBook();
  /** @internal */
  readonly control = new Control(this.peers);
  private readonly handlers = new RequestHandlers(this.peers);
  private readonly queues = new ByName(
    name => new Queue(this, name),
    () => this.isClosed,
  );
  private readonly workQueues: (QueueDepth & { close(): void })[] = [];
  private readonly topics = new ByName(
    name => new Topic(name),
    () => this.isClosed,
  );
  private readonly subscriptions = new Subscriptions(this, this.peers);
  private readonly backlog = new Backlog(overfull => {
    if (!this.mailbox.isClosed) this.mailbox.hold(overfull);
  });
  private readonly ended = new RecentThreads();
  private readonly departureWatchers: ((threadId: number) => void)[] = [];
  /** What keeps the thread alive: somebody receives, or waits for an answer. */
  private reasons = 0;
  private referenced = true;

  /** @internal Made by `openEndpoint`. */
  constructor(
    private readonly reactor: Reactor,
    options: MailboxSetup,
  ) {
    const deliveries = new Deliveries(this, this.peers, this.handlers);
    this.mailbox = new Mailbox(reactor, deliveries, options, this.control.deliveries);
    this.mailbox.queueDepths = () => longestOf([...this.queues.all(), ...this.workQueues]);
  }

  /** How other threads reach this one. Plain data: post it to them, who give it to `endpoint.peer`. */
  get address(): MailboxAddress {
    return this.mailbox.address;
  }

  get counters(): Readonly<MailboxCounters> {
    return this.mailbox.counters;
  }

  /**
   * Another thread; the same object for the same address.
   *
   * @typeParam Other what that thread takes and answers, if it is declared.
   * @throws TypeError it is this thread's own address, or none.
   * @throws IoError EPIPE: the thread has ended.
   * @throws IoError ENOSPC: it has no slot for one more sender; EBADF: this endpoint is closed.
   */
  peer<Other extends MessageTypes = MessageTypes>(address: MailboxAddress): Peer<Other> {
    this.checkOpen('peer');
    checkAddress(address);
    const known = this.peers.get(address.threadId);
    if (known !== undefined && isSameMailbox(known.address, address)) return known;
    const peer = new Peer(this, this.mailbox.link(address));
    this.subscriptions.announceTo(peer);
    this.peers.add(peer);
    return peer;
  }

  /** The queue of that name, of which this thread is the receiver. */
  queue<Name extends DeclaredName<Messages, 'queues'>>(name: Name): Queue<Declaration<Messages, 'queues', Name>>;
  queue<T = unknown>(name: UndeclaredName<Messages, 'queues'>): Queue<T>;
  queue(name: string): Queue {
    return this.queues.of(name).open();
  }

  /**
   * Answers requests of that name.
   * @throws TypeError no function.
   * @throws IoError EALREADY: it is taken; EBADF: closed.
   */
  answer<Name extends DeclaredName<Messages, 'requests'>>(
    name: Name,
    answer: RequestHandler<QuestionOf<Messages, Name>, Sendable<AnswerOf<Messages, Name>>>,
  ): void;
  answer<Q = unknown, A = unknown>(name: UndeclaredName<Messages, 'requests'>, answer: RequestHandler<Q, A>): void;
  answer(name: string, answer: RequestHandler<never>): void {
    checkName(name);
    checkFunction('answer', answer);
    this.checkOpen('answer');
    this.handlers.addAnswer(name, answer as RequestHandler);
    this.onReceiving(1);
  }

  /** @internal As `answer`, but that alone does not keep the thread alive. */
  serve(name: string, answer: RequestHandler<never>): void {
    this.checkOpen('answer');
    this.handlers.addAnswer(name, answer as RequestHandler);
  }

  /** Makes a function known that other threads may schedule here. @throws TypeError, IoError as `answer`. */
  define<Name extends DeclaredName<Messages, 'functions'>>(
    name: Name,
    run: (argument: Declaration<Messages, 'functions', Name>) => void,
  ): void;
  define<A = unknown>(name: UndeclaredName<Messages, 'functions'>, run: (argument: A) => void): void;
  define(name: string, run: (argument: never) => void): void {
    checkName(name);
    checkFunction('run', run);
    this.checkOpen('define');
    this.handlers.addFunction(name, run);
    this.onReceiving(1);
  }

  /** The topic of that name, to publish to. */
  topic<Name extends DeclaredName<Messages, 'topics'>>(name: Name): Topic<Declaration<Messages, 'topics', Name>>;
  topic<T = unknown>(name: UndeclaredName<Messages, 'topics'>): Topic<T>;
  topic(name: string): Topic {
    return this.topics.of(name);
  }

  /**
   * Receives what other threads publish to a topic, those included that become known later.
   *
   * @throws IoError EALREADY: this thread has subscribed to it; EBADF: the endpoint is closed.
   * @throws TypeError no function, an unknown policy or option.
   */
  subscribe<Name extends DeclaredName<Messages, 'topics'>>(
    name: Name,
    onMessage?: (message: Message<Declaration<Messages, 'topics', Name>>) => void,
    options?: SubscribeOptions,
  ): Subscription<Declaration<Messages, 'topics', Name>>;
  subscribe<T = unknown>(
    name: UndeclaredName<Messages, 'topics'>,
    onMessage?: (message: Message<T>) => void,
    options?: SubscribeOptions,
  ): Subscription<T>;
  subscribe(name: string, onMessage?: (message: Message<never>) => void, options: SubscribeOptions = {}): Subscription {
    checkName(name);
    checkCallback('onMessage', onMessage);
    this.checkOpen('subscribe');
    const { whenSlow } = valuesOf(SUBSCRIBE_OPTIONS, options);
    const subscription = this.subscriptions.add(name, whenSlow);
    if (onMessage !== undefined) subscription.onMessage = onMessage as (message: Message) => void;
    return subscription;
  }

  /**
   * Tells all threads known here that one has ended which could not say so itself. For code that learns of a worker's
   * end ('exit'), before the descriptors of that thread are closed.
   *
   * @throws RangeError not the number of a thread, or that of this one.
   */
  markEnded(threadId: number): void {
    checkInteger('threadId', threadId, 0, 0x7fffffff);
    if (threadId === this.threadId) throw new RangeError(`threadId: ${threadId} is this thread; allowed: another's`);
    this.ended.add(threadId);
    this.peers.depart(threadId);
    this.mailbox.markEnded(threadId);
    this.tellDeparture(threadId);
  }

  /** @internal Resolves when all have been told of the threads that were marked as ended before. */
  async endsTold(): Promise<void> {
    // A turn looks after the links first, and tells of an end when it has handed on what that thread had sent.
    do await new Promise<void>(resolve => this.reactor.defer({ onDeferred: resolve }));
    while (this.mailbox.isTakingLeave);
  }

  /** @internal */
  get isClosed(): boolean {
    return this.mailbox.isClosed;
  }

  /** @internal Whether somebody here answers requests of that name. */
  isAnswering(name: string): boolean {
    return this.handlers.hasAnswer(name);
  }

  /** @internal Whether the thread has ended for certain: its descriptors may be others' by now. */
  hasEnded(threadId: number): boolean {
    return this.ended.has(threadId);
  }

  /**
   * @internal Tells of threads that have ended, let go of this one, or begin anew: what they had begun is not finished.
   */
  watchDepartures(onDeparture: (threadId: number) => void): void {
    this.departureWatchers.push(onDeparture);
  }

  /** @internal It is looked at with the queues of messages, and closed at last, when nothing is under way any more. */
  addWorkQueue(queue: QueueDepth & { close(): void }): void {
    this.workQueues.push(queue);
  }

  /** @internal Does something with a thread that has sent something here, once its address is known. */
  withPeer(threadId: number, run: (peer: Peer) => void): void {
    this.peers.withPeer(threadId, run);
  }

  /**
   * Keeps the thread alive for what may come (the default), as long as somebody here receives or waits for an answer.
   */
  ref(): this {
    this.referenced = true;
    this.updateKeepAlive();
    return this;
  }

  unref(): this {
    this.referenced = false;
    this.updateKeepAlive();
    return this;
  }

  /** Ends everything: senders learn of it, and calls that wait here are refused. */
  close(): void {
    if (this.mailbox.isClosed) return;
    for (const peer of this.peers.all()) peer.close();
    for (const each of [...this.queues.all(), ...this.subscriptions.all(), ...this.topics.all()]) each.end();
    this.mailbox.close();
    for (const queue of this.workQueues) queue.close();
  }

  // For what comes

  /** @internal */
  queueFor(name: string | undefined): Queue | undefined {
    return name === undefined || name === '' ? undefined : this.queues.of(name);
  }

  /** @internal */
  subscriptionTo(name: string): Subscription | undefined {
    return this.subscriptions.get(name);
  }

  /** @internal */
  addSubscriber(name: string, peer: Peer, whenSlow: SlowPolicy): void {
    this.topics.of(name).add(peer, whenSlow);
  }

  /** @internal */
  removeSubscriber(name: string, peer: Peer): void {
    this.topics.get(name)?.remove(peer);
  }

  /** @internal */
  tellDeparture(threadId: number): void {
    for (const onDeparture of this.departureWatchers) onDeparture(threadId);
  }

  // For peers, queues and subscriptions

  /** @internal */
  onRequests(by: 1 | -1): void {
    this.onReceiving(by);
  }

  /** @internal */
  onPeerGone(peer: Peer): void {
    for (const topic of this.topics.all()) topic.remove(peer);
  }

  /** @internal */
  onPeerClosed(peer: Peer): void {
    this.onPeerGone(peer);
    this.peers.remove(peer);
    this.tellDeparture(peer.threadId);
  }

  /** @internal */
  onReceiving(by: 1 | -1): void {
    this.reasons += by;
    this.updateKeepAlive();
  }

  /** @internal */
  onBacklog(beforeBytes: number, afterBytes: number): void {
    this.backlog.onChange(beforeBytes, afterBytes);
  }

  /** @internal */
  defer(run: () => void): void {
    this.reactor.defer({ onDeferred: run });
  }

  /** @internal */
  onSubscriptionClosed(name: string): void {
    this.subscriptions.onClosed(name);
  }

  private checkOpen(call: string): void {
    if (this.isClosed) throw wrongState('EBADF', call, 'the endpoint is closed');
  }

  private updateKeepAlive(): void {
    this.mailbox.keepAlive(this.referenced && this.reasons > 0);
  }

  static {
    describeBy('Endpoint', Endpoint.prototype, endpoint => ({
      state: endpoint.isClosed ? 'closed' : 'open',
      thread: endpoint.threadId,
      peers: endpoint.peers.all().length,
      queues: endpoint.queues.size,
      topics: endpoint.topics.size,
      subscriptions: endpoint.subscriptions.size,
    }));
  }
}
shareAmongCopies({ Endpoint });
