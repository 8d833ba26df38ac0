// The exports of pollux. Made by scripts/api-report.js.

export type AbortedWrite = Error & {
    readonly movedBytes: number;
    readonly underWayBytes: number;
};
export type Address = InternetAddress | UnixAddress;
export type Advice = keyof typeof ADVICE;
export declare class BufferList implements Iterable<Uint8Array> {
    epoch: number;
    static from(...parts: Part[]): BufferList;
    get length(): number;
    get segmentCount(): number;
    append(part: Part): this;
    prepend(part: Part): this;
    appendLease(lease: Lease, start: number, end: number): void;
    appendCopy(bytes: Uint8Array): this;
    consume(lengthBytes: number): this;
    split(lengthBytes: number): BufferList;
    slice(start?: number, end?: number): BufferList;
    take(): BufferList;
    copy(): BufferList;
    copyTo(target: Uint8Array, targetOffset?: number, start?: number, end?: number): number;
    toBytes(): Uint8Array;
    toString(encoding?: BufferEncoding): string;
    byteAt(index: number): number;
    indexOf(sought: number | string | Uint8Array, from?: number): number;
    equals(other: Uint8Array | BufferList): boolean;
    [Symbol.iterator](): Iterator<Uint8Array>;
    release(): void;
    [Symbol.dispose](): void;
    lend(): this;
    expire(): void;
    get isValid(): boolean;
    get firstAddress(): number;
    get firstLength(): number;
    fillIovecs(table: IovecTable, most?: number): number;
    checkValid(): void;
}
export interface ConnectOptions extends SocketOptions, Partial<QueueLimits> {
    readonly port?: number;
    readonly host?: string;
    readonly path?: string;
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}
export declare class Connection extends SendingSocket implements TimerOwner, Deferred {
    onEnd: (() => void) | undefined;
    onClose: ((failure: Error | undefined) => void) | undefined;
    constructor(reactor: Reactor, descriptor: Descriptor, limits: QueueLimits, state?: ConnectionState);
    get isClosed(): boolean;
    get localAddress(): Address | undefined;
    get remoteAddress(): Address | undefined;
    end(data?: Sendable): void;
    close(options?: EndOptions): Promise<void>;
    destroy(failure?: Error): void;
    get closed(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    setTimeouts(timeouts: TimeoutOptions): void;
    set onTimeout(handler: ((kind: TimeoutKind) => void) | undefined);
    moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
    park(): void;
    set keeper(keeper: ConnectionKeeper);
    onTimer(): void;
    onDeferred(): void;
    get hasPeerEnded(): boolean;
    get hasEnded(): boolean;
    get heedsEnd(): boolean;
    onHangUp(failure: Error | undefined): void;
    onEndIgnored(): void;
    onUnreadAtEnd(): void;
    protected onLateEnd(): void;
    protected get hasMoved(): boolean;
    protected get isDelivering(): boolean;
    protected get isDiscarding(): boolean;
    protected get failure(): Error | undefined;
    protected get canSend(): boolean;
    protected onBlocked(): void;
    protected onWriteProgress(): void;
    protected onFlushed(): void;
    protected onArrival(): void;
    protected onPeerEnd(): void;
    protected fail(failure: Error | undefined): void;
    detach(what?: string): Detached<ConnectionDetails>;
}
export interface CopyOptions {
    readonly from?: number;
    readonly to?: number;
    readonly length?: number;
    readonly bytesPerSecond?: number;
    readonly signal?: AbortSignal;
}
export interface CopyStreamOptions {
    readonly length?: number;
    readonly bytesPerSecond?: number;
    readonly signal?: AbortSignal;
}
export interface DatagramCounters {
    received: number;
    truncated: number;
    dropped: number | undefined;
}
export interface DatagramLimits {
    readonly maxDatagramBytes: number;
    readonly maxQueuedBytes: number;
    readonly closeTimeoutMs: number;
}
export interface DatagramOptions extends LocalEnd, Pick<SocketOptions, 'sendBufferBytes' | 'receiveBufferBytes'>, Partial<DatagramLimits> {
    readonly onDatagram?: (bytes: BufferList, from: Address) => void;
}
export declare abstract class DatagramReceiver extends Socket implements ReceiveDatagramsOwner, AsyncIterable<ReceivedDatagram> {
    onError: ((failure: Error) => void) | undefined;
    constructor(reactor: Reactor, descriptor: Descriptor, maxDatagramBytes: number);
    set onDatagram(handler: ((bytes: BufferList, from: Address) => void) | undefined);
    get onDatagram(): ((bytes: BufferList, from: Address) => void) | undefined;
    receive(options?: WaitOptions): Promise<ReceivedDatagram>;
    [Symbol.asyncIterator](): AsyncIterator<ReceivedDatagram>;
    pause(): void;
    resume(): void;
    get counters(): Readonly<DatagramCounters>;
    onReceived(bytes: BufferList, from: Address): void;
    onTruncated(): void;
    onRefused(code: number): void;
    onStarved(): void;
    onReceiveEnd(failure: Error): void;
    protected releaseDescriptor(): void;
    protected detachDescriptor(): number;
    protected updateReceiving(): void;
    protected report(failure: Error): void;
    protected endReceiving(failure: Error | undefined): void;
    protected get title(): string;
    protected get isReceiving(): boolean;
    protected abstract get isOpen(): boolean;
    protected abstract readonly hasMoved: boolean;
    protected abstract get failure(): Error | undefined;
    protected abstract checkOpen(what: string): void;
    protected abstract refusal(code: number): Error;
    protected abstract fail(failure: Error): void;
}
export declare class DatagramSocket extends DatagramReceiver implements OutboxOwner, TimerOwner, Deferred {
    onDrain: (() => void) | undefined;
    protected hasMoved: boolean;
    constructor(reactor: Reactor, descriptor: Descriptor, details: DatagramDetails);
    get address(): Address;
    get port(): number;
    get reusePort(): boolean;
    get remoteAddress(): Address | undefined;
    get isClosed(): boolean;
    get sent(): number;
    get queuedBytes(): number;
    trySend(data: Sendable, to?: DatagramTarget): boolean;
    send(data: Sendable, to?: DatagramTarget, options?: WaitOptions): Promise<void>;
    connect(to: DatagramTarget & LookUpBounds): Promise<void>;
    close(options?: EndOptions): Promise<void>;
    destroy(): void;
    [Symbol.asyncDispose](): Promise<void>;
    moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
    putQueued(waited: readonly QueuedDatagram[]): void;
    onRoom(): void;
    onFlushed(): void;
    onBroken(failure: Error): void;
    onTimer(): void;
    onDeferred(): void;
    protected get isOpen(): boolean;
    protected get failure(): Error | undefined;
    protected refusal(code: number): Error;
    protected fail(failure: Error): void;
    protected checkOpen(what: string): void;
}
export type DatagramTarget = Address | {
    readonly host: string;
    readonly port: number;
} | {
    readonly path: string;
};
export type DeferAccept = 'off' | 'data' | 'http';
export interface Destination {
    prepareMove(state: unknown): Move;
}
export interface DirectionLimits {
    readonly maxBytes: number;
    readonly bytesPerSecond: number;
}
export declare class Directory {
    readonly path: string;
    constructor(descriptor: OpenDescriptor, path: string);
    get fd(): number;
    get isClosed(): boolean;
    close(options?: EndOptions): Promise<void>;
    during<T>(work: (folder: Beneath) => Promise<T>): Promise<T>;
    [Symbol.asyncDispose](): Promise<void>;
}
export declare class DiskFile {
    readonly descriptor: OpenDescriptor;
    readonly statAtOpen: FileStat;
    constructor(descriptor: OpenDescriptor, statAtOpen: FileStat);
    get fd(): number;
    get path(): string;
    get alignmentBytes(): number;
    get direct(): boolean;
    get isClosed(): boolean;
    get counters(): {
        readonly nowCalls: number;
        readonly poolCalls: number;
    };
    read(lengthBytes: number, offset: number, options?: WaitOptions): Promise<BufferList>;
    read(list: BufferList, offset: number, options?: WaitOptions): Promise<number>;
    readInto(bytes: Uint8Array, offset: number, options?: WaitOptions): Promise<number>;
    write(data: Sendable, offset: number, options?: WaitOptions): Promise<number>;
    sync(options?: WaitOptions): Promise<void>;
    datasync(options?: WaitOptions): Promise<void>;
    truncate(lengthBytes: number, options?: WaitOptions): Promise<void>;
    allocate(offset: number, lengthBytes: number, options?: WaitOptions): Promise<void>;
    stat(options?: WaitOptions): Promise<FileStat>;
    advise(advice: Advice, offset?: number, lengthBytes?: number, options?: WaitOptions): Promise<void>;
    lease(lengthBytes: number): Uint8Array;
    close(options?: EndOptions): Promise<void>;
    moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
export interface DriverCounters {
    systemCalls: number;
    bytesReceived: number;
    bytesSent: number;
    fruitlessEvents: number;
    spinsStopped: number;
}
export interface EndOptions {
    readonly signal?: AbortSignal;
}
export declare abstract class EventWatch<T> implements Watcher, AsyncIterable<T> {
    protected readonly reactor: Reactor;
    onError: ((failure: IoError) => void) | undefined;
    constructor(reactor: Reactor, title: string, handler: ((event: T) => void) | undefined);
    get isClosed(): boolean;
    next(options?: WaitOptions): Promise<T | null>;
    [Symbol.asyncIterator](): AsyncIterator<T>;
    close(): void;
    [Symbol.dispose](): void;
    ref(): this;
    unref(): this;
    onReady(_readiness: number, data: number, errno: number): void;
    protected begin(source: Source | undefined): void;
    protected abstract onTaken(taken: number): void;
    protected abstract merge(earlier: T, later: T): T;
    protected onClosed(): void;
    protected tell(event: T): void;
    protected tellLast(event: T): void;
    describe(): Description;
}
export type FileChange = keyof typeof BITS;
export type FileFailure = IoError & {
    readonly movedBytes: number;
};
export type FileKind = 'file' | 'directory' | 'fifo' | 'socket' | 'character device' | 'block device' | 'symbolic link';
export interface FileStat {
    readonly kind: FileKind;
    readonly sizeBytes: number;
    readonly allocatedBytes: number;
    readonly blockBytes: number;
    readonly mode: number;
    readonly device: number;
    readonly inode: number | bigint;
    readonly links: number;
    readonly userId: number;
    readonly groupId: number;
    readonly accessedMs: number;
    readonly modifiedMs: number;
    readonly changedMs: number;
}
export declare class FileWatch extends EventWatch<ReadonlySet<FileChange>> {
    constructor(reactor: Reactor, file: string | number, changes: FileChanges, onChange: ((changes: ReadonlySet<FileChange>) => void) | undefined);
    protected onTaken(bits: FileChanges): void;
    protected merge(earlier: ReadonlySet<FileChange>, later: ReadonlySet<FileChange>): ReadonlySet<FileChange>;
}
export interface FileWatchOptions {
    readonly changes?: readonly FileChange[];
}
export interface InternetAddress {
    readonly family: 'ipv4' | 'ipv6';
    readonly address: string;
    readonly port: number;
}
export declare class IoError extends Error {
    static [Symbol.hasInstance](value: unknown): boolean;
    readonly name = "IoError";
    readonly code: string;
    readonly errno: number;
    readonly syscall: string;
    readonly target: string | undefined;
    constructor(errno: number | string, syscall: string, target?: string, explanation?: string);
}
export interface JoinOptions {
    readonly idleTimeoutMs?: number;
    readonly halfCloseTimeoutMs?: number;
    readonly limits?: {
        readonly aToB?: Partial<DirectionLimits>;
        readonly bToA?: Partial<DirectionLimits>;
    };
    readonly bytesPerSecond?: number;
    readonly onBytes?: (direction: TunnelDirection, lengthBytes: number) => void;
    readonly signal?: AbortSignal;
}
export interface KeepAliveOptions {
    readonly idleSeconds?: number;
    readonly intervalSeconds?: number;
    readonly probes?: number;
}
export interface ListenOptions extends ListeningOptions {
    readonly onConnection?: (connection: Connection) => void;
}
export declare class Listener extends Socket implements AcceptOwner, TimerOwner, Deferred, AsyncIterable<Connection> {
    onError: ((failure: IoError) => void) | undefined;
    readonly counters: ListenerCounters;
    constructor(reactor: Reactor, descriptor: Descriptor, details: ListenerDetails);
    get address(): Address;
    get port(): number;
    get reusePort(): boolean;
    get deferAccept(): DeferAccept;
    set onConnection(handler: ((connection: Connection) => void) | undefined);
    get onConnection(): ((connection: Connection) => void) | undefined;
    get isClosed(): boolean;
    divert(toOwner: ((fd: number) => void) | undefined): void;
    [Symbol.asyncIterator](): AsyncIterator<Connection>;
    close(options?: EndOptions): Promise<void>;
    drain(options?: EndOptions): Promise<void>;
    moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    onAccepted(fd: number): void;
    onExhausted(error: IoError): void;
    onTimer(tag: number): void;
    onAcceptEnd(failure: Error): void;
    onDeferred(): void;
}
export interface ListenerCounters {
    accepted: number;
    exhausted: number;
    shed: number;
}
export interface ListeningOptions extends LocalEnd, SocketOptions, Partial<QueueLimits> {
    readonly backlog?: number;
    readonly deferAccept?: DeferAccept;
}
export interface LocalEnd extends WaitOptions {
    readonly port?: number;
    readonly host?: string;
    readonly ipv6Only?: boolean;
    readonly path?: string;
    readonly reusePort?: PortSharing;
}
export interface LookUpBounds {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}
export interface OpenFile {
    readonly fd: number;
}
export type OpenFlags = keyof typeof FLAGS;
export interface OpenOptions {
    readonly flags?: OpenFlags;
    readonly mode?: number;
    readonly beneath?: string | URL | Directory;
    readonly direct?: boolean;
    readonly signal?: AbortSignal;
}
export type PortSharing = 'off' | 'prefer' | 'require';
export interface ProcessEnd {
    readonly exitCode: number | undefined;
    readonly signal: string | undefined;
    readonly status: number | undefined;
}
export declare class ProcessWatch extends EventWatch<ProcessEnd> {
    readonly pid: number;
    constructor(reactor: Reactor, pid: number, onEnd: ((end: ProcessEnd) => void) | undefined);
    protected onTaken(status: number): void;
    protected merge(earlier: ProcessEnd): ProcessEnd;
}
export interface QueueLimits {
    readonly highWaterBytes: number;
    readonly lowWaterBytes: number;
    readonly maxQueuedBytes: number;
    readonly lingerMs: number;
    readonly closeTimeoutMs: number;
}
export declare class Reactor {
    readonly driver: Driver;
    readonly reason: string;
    readonly mode: RegistrationMode;
    readonly slab: Slab;
    readonly receiveBuffer: ReceiveBuffer;
    readonly counters: ReactorCounters;
    constructor(options?: ReactorOptions);
    enter(referenced: boolean): void;
    leave(referenced: boolean): void;
    reference(by: 1 | -1): void;
    defer(deferred: Deferred): void;
    arm(owner: TimerOwner, tag: number, delayMs: number): Timer;
    postpone(timer: Timer, delayMs: number): void;
    disarm(timer: Timer): void;
    attach(inbox: Inbox): void;
    detach(inbox: Inbox): void;
    get isClosed(): boolean;
    get isUnused(): boolean;
    get isPaused(): boolean;
    utilization(earlier?: Utilization): Utilization;
    utilization(later: Utilization, earlier: Utilization): Utilization;
    pause(): void;
    resume(): void;
    close(): void;
}
export interface ReactorCounters {
    turns: number;
    sleeps: number;
}
export interface ReactorOptions {
    readonly backend?: string;
    readonly mode?: RegistrationMode;
    readonly maxBufferBytes?: number;
    readonly maxEvents?: number;
}
export interface ReceivedDatagram {
    readonly bytes: BufferList;
    readonly from: Address;
}
export declare abstract class ReceivingSocket extends PeerWatchingSocket implements ReceiveOwner, ReaderSource, ReadSide, AsyncIterable<BufferList> {
    bytesReceived: number;
    unreadPolicy: UnreadPolicy;
    set onData(handler: ((chunk: BufferList) => void) | undefined);
    get onData(): ((chunk: BufferList) => void) | undefined;
    read(options?: WaitOptions): Promise<BufferList | null>;
    readInto(bytes: Uint8Array, options?: WaitOptions): Promise<number>;
    [Symbol.asyncIterator](): AsyncIterator<BufferList>;
    unread(bytes: BufferList): void;
    pause(): void;
    resume(): void;
    borrowReads(turn: ReadTurn): Descriptor;
    restReads(turn: ReadTurn): void;
    resumeReads(turn: ReadTurn): void;
    takeUnread(mostBytes: number): BufferList | undefined;
    returnReads(turn: ReadTurn): void;
    onTurnArrival(lengthBytes: number): void;
    onTurnEnd(failure: Error | undefined): void;
    onReceived(chunk: BufferList): void;
    onStarved(): void;
    onReceiveEnd(failure: Error | undefined): void;
    startReceiving(): void;
    stopReceiving(): void;
    get hasReader(): boolean;
    get hasUnread(): boolean;
    protected takeOut(mostBytes?: number): BufferList | undefined;
    protected checkOneReader(method: string): void;
    protected checkNothingLost(): void;
    updateReceiving(): void;
    protected get wantsReceiving(): boolean;
    protected get mayKeep(): boolean;
    protected keepUnread(): void;
    protected get isBorrowed(): boolean;
    protected tellEnd(): void;
    protected tellClosed(failure: Error | undefined): void;
    abstract breakTurn(failure: Error): void;
    protected abstract onLateEnd(): void;
    protected abstract get isDiscarding(): boolean;
    protected abstract onArrival(): void;
    protected abstract onPeerEnd(): void;
}
export type RegistrationMode = 'level' | 'edge' | 'oneshot';
export declare class RelayAccount extends TransferAccount {
    splicedBytes: number;
    constructor();
}
export interface SendFileOptions {
    readonly offset?: number;
    readonly length?: number;
    readonly before?: Sendable | readonly Sendable[];
    readonly after?: Sendable | readonly Sendable[];
    readonly bytesPerSecond?: number;
    readonly signal?: AbortSignal;
}
export type Sendable = string | Uint8Array | BufferList;
export declare abstract class SendingSocket extends ReceivingSocket implements SendOwner, WriteSide {
    readonly limits: QueueLimits;
    onDrain: (() => void) | undefined;
    constructor(reactor: Reactor, descriptor: Descriptor, limits: QueueLimits);
    get queuedBytes(): number;
    get bytesSent(): number;
    send(data: Sendable): boolean;
    write(data: Sendable, options?: WaitOptions): Promise<void>;
    checkTurn(name: string, queuedBytes: number): void;
    takeTurn(turn: WriteTurn): void;
    endTurn(turn: WriteTurn, rest?: BufferList): void;
    onTurnProgress(): void;
    breakTurn(failure: Error): void;
    reset(failure?: Error): void;
    onSendProgress(): void;
    onSendEnd(failure: Error | undefined): void;
    protected get isFlushed(): boolean;
    protected get waitsForPeer(): boolean;
    protected takeQueued(): Uint8Array;
    protected get hasTurns(): boolean;
    protected tellWritersClosing(): void;
    protected tellWritersClosed(): void;
    protected abstract onBlocked(): void;
    protected abstract onWriteProgress(): void;
    protected abstract onFlushed(): void;
}
export declare class SignalWatch extends EventWatch<number> implements Deferred {
    constructor(reactor: Reactor, signal: NodeJS.Signals, number: number, onSignal: ((deliveries: number) => void) | undefined);
    onDeferred(): void;
    protected onTaken(deliveries: number): void;
    protected onClosed(): void;
    protected merge(earlier: number, later: number): number;
}
export declare abstract class Socket {
    readonly reactor: Reactor;
    protected readonly descriptor: Descriptor;
    constructor(reactor: Reactor, descriptor: Descriptor);
    protected get scope(): AsyncScope;
    abstract get isClosed(): boolean;
    get fd(): number;
    get ownFd(): number;
    get isSocket(): boolean;
    setNoDelay(enable?: boolean): void;
    setKeepAlive(enable?: boolean, keepAlive?: KeepAliveOptions): void;
    setBufferBytes(direction: 'send' | 'receive', lengthBytes: number): void;
    setLinger(seconds: number | undefined): void;
    setOption(level: number, name: number, value: number | Uint8Array): void;
    getOption(level: number, name: number): Uint8Array;
    ref(): this;
    unref(): this;
    protected releaseDescriptor(): void;
    protected detachDescriptor(): number;
}
export interface SocketOptions {
    readonly noDelay?: boolean;
    readonly keepAlive?: boolean;
    readonly sendBufferBytes?: number;
    readonly receiveBufferBytes?: number;
}
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';
export type TimeoutKind = (typeof TIMEOUT_KINDS)[number];
export interface TimeoutOptions {
    readonly idleMs?: number;
    readonly readMs?: number;
    readonly writeMs?: number;
}
export interface TimerOptions {
    readonly after?: number;
    readonly every?: number;
    readonly at?: number | Date;
    readonly unit?: TimeUnit;
}
export declare class TimerWatch extends EventWatch<number> {
    constructor(reactor: Reactor, spec: TimerSpec, onExpired: ((expirations: number) => void) | undefined);
    protected onClosed(): void;
    protected onTaken(expirations: number): void;
    protected merge(earlier: number, later: number): number;
}
export declare class Transfer<Account extends object = TransferAccount> implements PromiseLike<Account> {
    constructor(engine: TransferEngine<Account>, options?: TransferOptions, names?: OptionNames<TransferOptions>);
    get account(): Account;
    get bytesPerSecond(): number;
    set bytesPerSecond(bytesPerSecond: number);
    pause(): void;
    resume(): void;
    cancel(reason?: unknown): void;
    then<Fulfilled = Account, Rejected = never>(onFulfilled?: ((account: Account) => Fulfilled | PromiseLike<Fulfilled>) | null, onRejected?: ((failure: TransferFailure<Account>) => Rejected | PromiseLike<Rejected>) | null): Promise<Fulfilled | Rejected>;
    catch<Rejected = never>(onRejected: (failure: TransferFailure<Account>) => Rejected | PromiseLike<Rejected>): Promise<Account | Rejected>;
    finally(onSettled: () => void): Promise<Account>;
}
export declare class TransferAccount {
    path: TransferPath;
    bytesIn: number;
    bytesOut: number;
    calls: number;
    fallback: string | undefined;
    residueBytes: number;
    constructor(path: TransferPath);
    get bytes(): number;
}
export type TransferFailure<Account extends object = TransferAccount> = Error & {
    transfer?: Account;
};
export type TransferPath = 'sendfile' | 'splice' | 'so_splice' | 'copy_file_range' | 'reflink' | 'buffers' | 'none';
export declare class TunnelAccount {
    readonly aToB: RelayAccount;
    readonly bToA: RelayAccount;
    brokenEnd: 'a' | 'b' | undefined;
}
export type TunnelDirection = 'aToB' | 'bToA';
export interface UnixAddress {
    readonly family: 'unix';
    readonly path: string;
}
export interface UserHandle {
    readonly kind: 'eventfd' | 'pipe' | 'kqueue';
    readonly fd: number;
    readonly ident: number;
    readonly low: number;
    readonly high: number;
    readonly table: number;
    readonly loan: number;
}
export declare class UserWatch extends EventWatch<true> {
    readonly handle: UserHandle;
    constructor(reactor: Reactor, onTriggered: (() => void) | undefined);
    trigger(): void;
    protected onTaken(): void;
    protected merge(): true;
}
export interface Utilization {
    readonly idle: number;
    readonly active: number;
    readonly utilization: number;
}
export interface WaitOptions {
    readonly signal?: AbortSignal;
}
export declare class Watch implements Watcher {
    readonly reactor: Reactor;
    readonly fd: number;
    constructor(reactor: Reactor, fd: number, interest: Interest, handler: (ready: WatchReadiness) => void, options: WatchOptions);
    modify(interest: WatchInterest): void;
    wouldBlock(interest: WatchInterest): void;
    close(): void;
    [Symbol.dispose](): void;
    ref(): this;
    unref(): this;
    onReady(bits: number, data: number, errno: number): void;
}
export interface WatchInterest {
    readonly readable?: boolean;
    readonly writable?: boolean;
    readonly priority?: boolean;
}
export interface WatchOptions {
    readonly lifetime?: Lifetime;
    readonly trigger?: Trigger;
}
export interface WatchReadiness {
    readonly readable: boolean;
    readonly writable: boolean;
    readonly priority: boolean;
    readonly bits: number;
    readonly data: number;
    readonly failure: IoError | undefined;
}
export declare function adopt(from: number | NodeSocket, limits?: Partial<QueueLimits>): Connection;
export declare function bindDatagram(options?: DatagramOptions): Promise<DatagramSocket>;
export declare function connect(to: ConnectOptions | Address): Promise<Connection>;
export declare function copy(source: Connection, target: Connection, options?: CopyOptions): Transfer<RelayAccount>;
export declare function copy(source: DiskFile | Connection, target: DiskFile | Connection, options?: CopyOptions): Transfer;
export declare function copyStream(source: Connection, target: Connection, options?: CopyStreamOptions): Transfer<RelayAccount>;
export declare function currentReactor(): Reactor;
export declare function join(a: Connection, b: Connection, options?: JoinOptions): Transfer<TunnelAccount>;
export declare function listen(options?: ListenOptions): Promise<Listener>;
export declare function open(given: string | URL, options?: OpenOptions): Promise<DiskFile>;
export declare function openDirectory(given: string | URL, options?: WaitOptions): Promise<Directory>;
export declare function sendFile(connection: Connection, file: OpenFile, options?: SendFileOptions): Transfer;
export declare function startReactor(options?: ReactorOptions): Reactor;
export declare function triggerUser(handle: UserHandle): void;
export declare function watch(fd: number, interest: WatchInterest, onReady: (ready: WatchReadiness) => void, options?: WatchOptions): Watch;
export declare function watchFile(file: string | URL | number, options?: FileWatchOptions, onChange?: (changes: ReadonlySet<FileChange>) => void): FileWatch;
export declare function watchProcess(pid: number, onEnd?: (end: ProcessEnd) => void): ProcessWatch;
export declare function watchSignal(signal: NodeJS.Signals, onSignal?: (deliveries: number) => void): SignalWatch;
export declare function watchTimer(options: TimerOptions, onExpired?: (expirations: number) => void): TimerWatch;
export declare function watchUser(onTriggered?: () => void): UserWatch;
