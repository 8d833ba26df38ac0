// The exports of pollux/threads. Made by scripts/api-report.js.

export type AcceptModel = 'reuseport' | 'exclusive' | 'acceptor' | 'combined';
export type Cancellation = 'cancelled' | 'too late';
export declare class CurrentWorker<Messages extends MessageTypes = MessageTypes> {
    readonly endpoint: Endpoint<Messages>;
    onStop: (() => void | Promise<void>) | undefined;
    readonly index: number;
    readonly name: string;
    readonly payload: unknown;
    readonly owner: Peer;
    constructor(setup: WorkerSetup, endpoint: Endpoint<Messages>);
    get peers(): ReadonlyMap<number, Peer<Messages>>;
    meet({ index, mailbox }: WorkerAddress): void;
    forget(threadId: number): void;
}
export type Distribute = (loads: readonly WorkerLoad[]) => number;
export declare class Endpoint<Messages extends MessageTypes = MessageTypes> implements DeliveryOwner, PeerOwner, SubscriptionOwner {
    readonly threadId: number;
    readonly control: Control;
    constructor(reactor: Reactor, options: MailboxSetup);
    get address(): MailboxAddress;
    get counters(): Readonly<MailboxCounters>;
    peer<Other extends MessageTypes = MessageTypes>(address: MailboxAddress): Peer<Other>;
    queue<Name extends DeclaredName<Messages, 'queues'>>(name: Name): Queue<Declaration<Messages, 'queues', Name>>;
    queue<T = unknown>(name: UndeclaredName<Messages, 'queues'>): Queue<T>;
    answer<Name extends DeclaredName<Messages, 'requests'>>(name: Name, answer: RequestHandler<QuestionOf<Messages, Name>, Sendable<AnswerOf<Messages, Name>>>): void;
    answer<Q = unknown, A = unknown>(name: UndeclaredName<Messages, 'requests'>, answer: RequestHandler<Q, A>): void;
    define<Name extends DeclaredName<Messages, 'functions'>>(name: Name, run: (argument: Declaration<Messages, 'functions', Name>) => void): void;
    define<A = unknown>(name: UndeclaredName<Messages, 'functions'>, run: (argument: A) => void): void;
    topic<Name extends DeclaredName<Messages, 'topics'>>(name: Name): Topic<Declaration<Messages, 'topics', Name>>;
    topic<T = unknown>(name: UndeclaredName<Messages, 'topics'>): Topic<T>;
    subscribe<Name extends DeclaredName<Messages, 'topics'>>(name: Name, onMessage?: (message: Message<Declaration<Messages, 'topics', Name>>) => void, options?: SubscribeOptions): Subscription<Declaration<Messages, 'topics', Name>>;
    subscribe<T = unknown>(name: UndeclaredName<Messages, 'topics'>, onMessage?: (message: Message<T>) => void, options?: SubscribeOptions): Subscription<T>;
    markEnded(threadId: number): void;
    endsTold(): Promise<void>;
    get isClosed(): boolean;
    isAnswering(name: string): boolean;
    hasEnded(threadId: number): boolean;
    watchDepartures(onDeparture: (threadId: number) => void): void;
    ref(): this;
    unref(): this;
    close(): void;
    queueFor(name: string | undefined): Queue | undefined;
    subscriptionTo(name: string): Subscription | undefined;
    addSubscriber(name: string, peer: Peer, whenSlow: SlowPolicy): void;
    removeSubscriber(name: string, peer: Peer): void;
    tellDeparture(threadId: number): void;
    onRequests(by: 1 | -1): void;
    onPeerGone(peer: Peer): void;
    onPeerClosed(peer: Peer): void;
    onReceiving(by: 1 | -1): void;
    onBacklog(beforeBytes: number, afterBytes: number): void;
    defer(run: () => void): void;
    onSubscriptionClosed(name: string): void;
}
export interface MailboxAddress {
    readonly threadId: number;
    readonly mailbox: number;
    readonly ring: SharedArrayBuffer;
    readonly control: SharedArrayBuffer;
    readonly wake: WakeHandle;
}
export interface MailboxCounters {
    received: number;
    sent: number;
    wakes: number;
}
export interface MailboxOptions {
    readonly ringBytes?: number;
    readonly senders?: number;
}
export interface Message<T = unknown> {
    readonly from: number;
    readonly bytes: Uint8Array;
    readonly value: T;
}
export interface MessageTypes {
    readonly queues?: object;
    readonly requests?: object;
    readonly topics?: object;
    readonly functions?: object;
}
export declare class Peer<Messages extends MessageTypes = MessageTypes> implements Destination {
    onGone: ((peer: Peer) => void) | undefined;
    onFailure: ((failure: Error) => void) | undefined;
    readonly messages: PeerLane;
    readonly control: PeerLane;
    constructor(owner: PeerOwner, link: Link);
    get threadId(): number;
    get address(): MailboxAddress;
    get isGone(): boolean;
    get maxBytes(): number;
    prepareMove(state: unknown): Move;
    get mailboxBytes(): number;
    sender<Name extends DeclaredName<Messages, 'queues'>>(name: Name): QueueSender<Declaration<Messages, 'queues', Name>>;
    sender<T = unknown>(name: UndeclaredName<Messages, 'queues'>): QueueSender<T>;
    request<Name extends DeclaredName<Messages, 'requests'>>(name: Name, question: Sendable<QuestionOf<Messages, Name>>, options?: RequestOptions): Promise<AnswerOf<Messages, Name>>;
    request<A = unknown>(name: UndeclaredName<Messages, 'requests'>, question: unknown, options?: RequestOptions): Promise<A>;
    schedule<Name extends DeclaredName<Messages, 'functions'>>(name: Name, ...argument: Argument<Declaration<Messages, 'functions', Name>>): Ticket;
    schedule(name: UndeclaredName<Messages, 'functions'>, argument?: unknown): Ticket;
    forEachUndelivered(visit: (undelivered: Undelivered) => void): void;
    close(): void;
    ask(kind: number, name: string, payload: unknown, { via, revocable }?: AskOptions): Asked;
    askControl(name: string, question: unknown): Promise<unknown>;
    offer(name: string, payload: unknown): Offer;
    answer(number: number, failure: (() => unknown) | undefined, value: (() => unknown) | undefined): void;
    fail(failure: Error): void;
}
export declare class Queue<T = unknown> implements AsyncIterable<T> {
    readonly name: string;
    protected scope: AsyncScope | undefined;
    constructor(owner: QueueOwner, name: string);
    open(): this;
    get length(): number;
    set onMessage(handler: ((message: Message<T>) => void) | undefined);
    get onMessage(): ((message: Message<T>) => void) | undefined;
    [Symbol.asyncIterator](): AsyncIterator<T>;
    receive(arrival: Arrival): void;
    end(failure?: Error): void;
}
export declare class QueueSender<T = unknown> {
    constructor(lane: Lane, bytesChannel: number, valueChannel: number);
    trySend(payload: Sendable<T>): boolean;
    send(payload: Sendable<T>, options?: WaitOptions): Promise<void>;
}
export type RequestHandler<Q = unknown, A = unknown> = (message: Message<Q>) => A | Promise<A>;
export interface RequestOptions {
    readonly signal?: AbortSignal;
}
export declare class Runtime<Messages extends MessageTypes = MessageTypes> implements RuntimeWorkerOwner, ServiceOwner {
    readonly workers: readonly RuntimeWorker<Messages>[];
    constructor(options: RuntimeOptions);
    get endpoint(): Endpoint<TopicsOf<Messages>>;
    start(deadlineMs?: number, options?: WaitOptions): Promise<void>;
    listen(options: ServiceOptions): Promise<Service>;
    pause(options?: WaitOptions): Promise<void>;
    resume(): void;
    get processors(): readonly number[];
    onServiceClosed(service: Service): void;
    stop(deadlineMs?: number, options?: EndOptions): Promise<RuntimeEnd>;
    finished(options?: WaitOptions): Promise<RuntimeEnd>;
    [Symbol.asyncDispose](): Promise<void>;
    onReady(worker: RuntimeWorker, { mailbox }: WorkerAddress): void;
    onRunning(worker: RuntimeWorker): void;
    onEnded(worker: RuntimeWorker, { threadId, failure }: WorkerEnd): void;
    onReleased(worker: RuntimeWorker, threadId: number): void;
}
export interface RuntimeEnd {
    readonly terminated: readonly string[];
}
export interface RuntimeOptions {
    readonly entry: URL;
    readonly workerUrl?: URL;
    readonly workers?: number;
    readonly names?: readonly string[];
    readonly affinity?: boolean;
    readonly payload?: unknown;
    readonly endpoint?: Endpoint;
    readonly reactor?: ReactorOptions;
    readonly restarts?: number;
    readonly drainOnSignalMs?: number;
    readonly onError?: (failure: Error, name: string) => void;
    readonly onRestart?: (name: string, restarts: number) => void;
}
export declare class RuntimeWorker<Messages extends MessageTypes = MessageTypes> {
    readonly index: number;
    readonly name: string;
    peer: Peer<Messages> | undefined;
    address: WorkerAddress | undefined;
    contact: Peer<Messages> | undefined;
    restarts: number;
    hasRun: boolean;
    isIntroduced: boolean;
    wasTerminated: boolean;
    constructor(index: number, name: string, owner: RuntimeWorkerOwner);
    get isAlive(): boolean;
    start(firstModule: URL, setup: Omit<WorkerSetup, 'index' | 'name' | 'loaded'>): void;
    tell(message: ToWorker): void;
    ask(request: AcceptRequest): Promise<void>;
    pause(options?: WaitOptions): Promise<void>;
    resume(): void;
    terminate(options?: EndOptions): Promise<void>;
}
export declare class Service {
    readonly address: Address;
    readonly model: AcceptModel;
    constructor(owner: ServiceOwner, address: Address, model: AcceptModel, loads: Loads, run: AcceptModelRun);
    get port(): number;
    spread(): WorkerLoad[];
    close(options?: ServiceCloseOptions): Promise<ServiceEnd>;
    [Symbol.asyncDispose](): Promise<void>;
    release(worker: ServingWorker): Promise<void>;
    begin(worker: ServingWorker): Promise<void>;
    onEnded(worker: ServingWorker, willReturn: boolean): void;
}
export interface ServiceCloseOptions {
    readonly deadlineMs?: number;
    readonly signal?: AbortSignal;
}
export interface ServiceEnd {
    readonly late: readonly string[];
}
export interface ServiceOptions extends Omit<ListeningOptions, 'reusePort'> {
    readonly accept: AcceptModel;
    readonly distribute?: 'round-robin' | 'least-connections' | Distribute;
    readonly idleMs?: number;
}
export type SlowPolicy = 'block' | 'drop oldest' | 'disconnect';
export interface SubscribeOptions {
    readonly whenSlow?: SlowPolicy;
}
export interface SubscriberCounters {
    readonly threadId: number;
    readonly policy: SlowPolicy;
    readonly published: number;
    readonly dropped: number;
    readonly waiting: number;
}
export declare class Subscription<T = unknown> extends Queue<T> {
    readonly whenSlow: SlowPolicy;
    dropped: number;
    onDisconnect: ((failure: Error) => void) | undefined;
    ready: Promise<void>;
    constructor(thread: SubscriptionOwner, name: string, whenSlow: SlowPolicy);
    close(): void;
    begin(publisher: number): void;
    receive(arrival: Arrival): void;
    disconnected(arrival: Arrival): void;
}
export declare class Ticket {
    constructor(outgoing: Outgoing, lane: Lane);
    cancel(): Cancellation;
}
export declare class Topic<T = unknown> {
    readonly name: string;
    constructor(name: string);
    get subscribers(): SubscriberCounters[];
    get counters(): TopicCounters;
    tryPublish(payload: Sendable<T>): boolean;
    publish(payload: Sendable<T>, options?: WaitOptions): Promise<void>;
    add(peer: Peer, policy: SlowPolicy): void;
    remove(peer: Peer): void;
    end(): void;
}
export interface TopicCounters {
    published: number;
    dropped: number;
    disconnected: number;
}
export interface Undelivered {
    readonly kind: 'message' | 'request' | 'call' | 'published' | 'reply';
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly isValue: boolean;
}
export interface WorkerLoad {
    readonly index: number;
    readonly name: string;
    readonly accepted: number;
    readonly awakened: number;
    readonly open: number;
}
export declare function currentWorker<Messages extends MessageTypes = MessageTypes>(): CurrentWorker<Messages>;
export declare function openEndpoint<Messages extends MessageTypes = MessageTypes>(options?: MailboxOptions): Endpoint<Messages>;
export declare function receiveConnections<S = unknown>(endpoint: Endpoint, onConnection: (connection: Connection, state: S) => void): void;
export declare function receiveDatagrams<S = unknown>(endpoint: Endpoint, onSocket: (socket: DatagramSocket, state: S) => void): void;
export declare function receiveFiles<S = unknown>(endpoint: Endpoint, onFile: (file: DiskFile, state: S) => void): void;
export declare function receiveListeners<S = unknown>(endpoint: Endpoint, onListener: (listener: Listener, state: S) => void): void;
