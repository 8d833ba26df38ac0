// The exports of pollux/backends. Made by scripts/api-report.js.

export interface Backend {
    readonly name: string;
    readonly traits: BackendTraits;
    readonly counters: BackendCounters;
    readonly events: ReadyEvents;
    readonly wakeHandle: WakeHandle;
    readonly sources?: EventSources;
    register(fd: number, interest: Interest, lifetime: Lifetime, trigger: Trigger): Token;
    registerExclusive?(fd: number): Token;
    modify(token: Token, interest: Interest): void;
    unregister(token: Token): void;
    forget?(token: Token): void;
    wouldBlock(token: Token, interest: Interest): void;
    wait(timeoutNs: number): number;
    wake(): void;
    has(token: Token): boolean;
    close(): void;
}
export interface BackendChoice {
    readonly backend: Backend;
    readonly reason: string;
}
export interface BackendCounters {
    systemCalls: number;
    waits: number;
    changesAsked: number;
    changesSent: number;
    events: number;
    staleEvents: number;
    wakes: number;
}
export interface BackendFactory {
    readonly name: string;
    readonly preference: number;
    probe(): BackendProbe;
    open(options?: BackendOptions): Backend;
}
export interface BackendOptions {
    readonly maxEvents?: number;
}
export interface BackendProbe {
    readonly available: boolean;
    readonly reason: string;
    readonly fix?: string;
}
export interface BackendTraits {
    readonly triggers: readonly Trigger[];
    readonly edge: 'kernel' | 'emulated' | 'none';
    readonly changes: 'batched' | 'single' | 'free';
    readonly waitCost: 'ready' | 'registered';
    readonly refuses: readonly DescriptorKind[];
    readonly reportsData: boolean;
    readonly timeoutStepNs: number;
    readonly maxRegistrations: number;
}
export declare const CHANGED_ATTRIBUTES = 8;
export declare const CHANGED_CLOSE = 256;
export declare const CHANGED_CLOSE_WRITE = 512;
export declare const CHANGED_DELETE = 1;
export declare const CHANGED_EXTEND = 4;
export declare const CHANGED_LINK = 16;
export declare const CHANGED_OPEN = 128;
export declare const CHANGED_READ = 1024;
export declare const CHANGED_RENAME = 32;
export declare const CHANGED_REVOKE = 64;
export declare const CHANGED_WRITE = 2;
export type DescriptorKind = 'file' | 'directory' | 'device';
export declare const EDGE = 2;
export declare const END = 8;
export declare const ERROR = 32;
export declare class EventBatch implements ReadyEvents {
    readonly capacity: number;
    count: number;
    readonly tokens: Float64Array;
    readonly readiness: Uint8Array;
    readonly data: Float64Array;
    readonly errors: Int32Array;
    constructor(capacity: number, registrations: Registrations);
    clear(): void;
    add(slot: number, bits: number, data: number, errno: number): void;
    blank(slot: number): void;
}
export interface EventSources {
    readonly means: string;
    timer(spec: TimerSpec): Source;
    process(pid: number): Source;
    file(file: string | number, changes: FileChanges): Source;
    user(): UserSource;
    readonly signal?: (signal: number) => Source;
}
export type FileChanges = number;
export declare const HANGUP = 16;
export type Interest = number;
export declare class IoError extends Error {
    static [Symbol.hasInstance](value: unknown): boolean;
    readonly name = "IoError";
    readonly code: string;
    readonly errno: number;
    readonly syscall: string;
    readonly target: string | undefined;
    constructor(errno: number | string, syscall: string, target?: string, explanation?: string);
}
export type Lifetime = 'oneshot' | 'persistent';
export declare const NOTHING = -1;
export declare const NO_TOKEN: Token;
export declare const ONESHOT = 1;
export declare const PRIORITY = 4;
export interface ProbedBackend {
    readonly name: string;
    readonly preference: number;
    readonly probe: BackendProbe;
}
export declare const READABLE = 1;
export type Readiness = number;
export interface ReadyEvents {
    count: number;
    readonly tokens: Float64Array;
    readonly readiness: Uint8Array;
    readonly data: Float64Array;
    readonly errors: Int32Array;
}
export declare class Registrations {
    fd: Int32Array<ArrayBuffer>;
    generation: Uint32Array<ArrayBuffer>;
    wanted: Uint8Array<ArrayBuffer>;
    applied: Uint8Array<ArrayBuffer>;
    mode: Uint8Array<ArrayBuffer>;
    place: Int32Array<ArrayBuffer>;
    eventIndex: Int32Array<ArrayBuffer>;
    dirtySlots: Int32Array<ArrayBuffer>;
    dirtyCount: number;
    size: number;
    constructor(backend: string, isOpenHere?: (fd: number) => boolean);
    add(fd: number, interest: Interest, lifetime: Lifetime, trigger: Trigger): Token;
    addSource(): Token;
    isSource(slot: number): boolean;
    checkInterest(interest: Interest): void;
    remove(slot: number): void;
    has(token: Token): boolean;
    slot(token: Token, syscall: string): number;
    token(slot: number): Token;
    isAlive(slot: number, generation: number): boolean;
    markDirty(slot: number): void;
    takeDirty(index: number): number;
    dropDirty(count: number): void;
}
export declare const STATUS_UNKNOWN = -2;
export interface Source {
    readonly token: Token;
    readonly share?: (watcher: SourceWatcher) => SourceWatcher;
    take(data: number): number;
    close(): void;
}
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';
export interface TimerSpec {
    readonly kind: 'after' | 'every' | 'at';
    readonly amount: number;
    readonly unit: TimeUnit;
}
export type Token = number;
export type Trigger = 'level' | 'edge';
export interface UserHandle {
    readonly kind: 'eventfd' | 'pipe' | 'kqueue';
    readonly fd: number;
    readonly ident: number;
    readonly low: number;
    readonly high: number;
    readonly table: number;
    readonly loan: number;
}
export interface UserSource extends Source {
    readonly handle: UserHandle;
}
export declare const WRITABLE = 2;
export interface WakeHandle {
    readonly kind: 'eventfd' | 'pipe' | 'kqueue';
    readonly fd: number;
    readonly ident: number;
}
export declare class Waker {
    readonly handle: WakeHandle;
    readonly fd: number;
    readonly loan: number;
    constructor();
    drain(): void;
    close(): void;
}
export declare function backendFactory(name: string): BackendFactory;
export declare function backendNames(): string[];
export declare function chooseBackend(name?: string, options?: BackendOptions): BackendChoice;
export declare function eventSourcesOf(backend: Backend): EventSources;
export declare function generationOf(token: Token): number;
export declare function newCounters(): BackendCounters;
export declare function openBackend(name?: string, options?: BackendOptions): Backend;
export declare function probeBackends(): ProbedBackend[];
export declare function registerBackend(factory: BackendFactory): void;
export declare function slotOf(token: Token): number;
export declare function tokenOf(slot: number, generation: number): Token;
export declare function triggerUserEvent(handle: UserHandle): void;
export declare function waitMs(timeoutNs: number): number;
export declare function wakeBackend(handle: WakeHandle): void;
