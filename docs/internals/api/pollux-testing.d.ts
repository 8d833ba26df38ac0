// The exports of pollux/testing. Made by scripts/api-report.js.

export interface BackendGate extends Gate {
    readonly row: string;
}
export type ChannelKind = 'unix' | 'pipe' | 'tcp' | 'listener';
export interface ConformanceOptions extends RowOptions {
    readonly only?: string;
    readonly onResult?: (result: RowResult) => void;
}
export interface ConformanceReport {
    readonly backend: string;
    readonly kernel: string;
    readonly runtime: string;
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
    readonly rows: readonly RowResult[];
}
export type EndOperation = 'unregister' | 'drain' | 'fill' | 'half-close' | 'reset' | 'close' | 'close-early' | 'connect' | 'accept' | 'dup' | 'close-dup' | 'register-twice';
export interface ExecutionOptions {
    readonly unbatched?: boolean;
}
export interface Gate {
    readonly platform?: Platform;
    readonly backend?: string;
    readonly reason: string;
}
export interface Needs {
    readonly trigger?: Trigger;
    readonly data?: boolean;
    readonly registrations?: number;
    readonly registrationsAtMost?: number;
    readonly refuses?: DescriptorKind;
    readonly platforms?: readonly Platform[];
}
export type Observation = readonly (readonly [
    end: number,
    readiness: Readiness
])[];
export interface Outcome {
    readonly violation: {
        readonly rule: Rule;
        readonly message: string;
        readonly step: number;
    } | undefined;
    readonly waits: readonly Observation[];
}
export interface Program {
    readonly maxEvents: number;
    readonly channels: readonly ChannelKind[];
    readonly steps: readonly Step[];
}
export type RegistrationMode = 'level' | 'edge' | 'oneshot' | 'oneshot-edge';
export interface Row {
    readonly name: string;
    readonly why: string;
    readonly needs?: Needs;
    readonly gates?: readonly Gate[];
    run(t: Trial): void;
}
export interface RowOptions {
    readonly gates?: readonly BackendGate[];
    readonly deadlineMs?: number;
    readonly world?: World;
}
export interface RowResult {
    readonly name: string;
    readonly theme: Theme;
    readonly status: 'pass' | 'fail' | 'skip';
    readonly reason?: string;
    readonly durationMs: number;
}
export type Rule = 'dead' | 'duplicate' | 'oneshot' | 'lost' | 'starved' | 'unasked' | 'phantom' | 'no cause' | 'early' | 'wake' | 'counters' | 'refusal';
export type Step = {
    readonly op: 'register';
    readonly end: number;
    readonly interest: Interest;
    readonly mode: RegistrationMode;
} | {
    readonly op: 'change-mode';
    readonly end: number;
    readonly interest: Interest;
    readonly mode: RegistrationMode;
} | {
    readonly op: 'modify';
    readonly end: number;
    readonly interest: Interest;
} | {
    readonly op: 'write';
    readonly end: number;
    readonly lengthBytes: number;
} | {
    readonly op: 'read';
    readonly end: number;
    readonly lengthBytes: number;
} | {
    readonly op: EndOperation;
    readonly end: number;
} | {
    readonly op: 'reopen';
    readonly channel: number;
} | {
    readonly op: 'replace';
    readonly channel: number;
} | {
    readonly op: 'burst';
    readonly lengthBytes: number;
} | {
    readonly op: 'fork';
    readonly lengthBytes: number;
} | {
    readonly op: 'modify-dead' | 'unregister-dead';
} | {
    readonly op: 'wake';
} | {
    readonly op: 'timer';
    readonly delayMs: number;
} | {
    readonly op: 'stop-timer';
} | {
    readonly op: 'wait';
    readonly timeoutMs: number;
};
export interface Subject {
    readonly name: string;
    enter(): {
        readonly world: World;
        readonly factory: BackendFactory;
    };
}
export type Theme = 'registration' | 'modes' | 'pending' | 'identity' | 'end of stream' | 'errors' | 'kinds' | 'wake' | 'time' | 'batching' | 'capacity' | 'limits' | 'sources';
export interface ThemedRow extends Row {
    readonly theme: Theme;
}
export declare class Trial {
    readonly deadlineMs: number;
    readonly world: World;
    readonly backend: Backend;
    constructor(factory: BackendFactory, deadlineMs: number, world: World);
    clockMs(): number;
    open(options?: BackendOptions): Backend;
    skip(reason: string): never;
    afterwards(cleanup: () => void): void;
    own(fd: number): number;
    disown(fd: number): void;
    close(fd: number): void;
    socketPair(): [
        number,
        number
    ];
    pipe(): [
        number,
        number
    ];
    tcpPair(): [
        number,
        number
    ];
    listener(): {
        fd: number;
        address: InternetAddress;
    };
    dup(fd: number): number;
    register(fd: number, interest: Interest, lifetime?: Lifetime, trigger?: Trigger, backend?: Backend): Token;
    modify(token: Token, interest: Interest, backend?: Backend): void;
    unregister(token: Token, backend?: Backend): void;
    wait(timeoutMs: number, backend?: Backend): number;
    get sources(): EventSources;
    follow<S extends Source>(source: S): S;
    readinessOf(token: Token, backend?: Backend): Readiness;
    indexOf(token: Token, backend?: Backend): number;
    waitFor(token: Token, bits: Readiness, backend?: Backend): Readiness;
    waitForAll(tokens: Iterable<Token>, bits: Readiness, backend?: Backend): number;
    expectQuiet(what: string, backend?: Backend): void;
    reopen(wanted: number): [
        number,
        number
    ];
    end(): void;
}
export interface World {
    readonly name: string;
    readonly isReal: boolean;
    nowNs(): number;
    countOpen(): number | undefined;
    wake(handle: WakeHandle): void;
    trigger(handle: UserHandle): void;
    spawn(): {
        pid: number;
        kill(): void;
    };
    changingFile(): {
        fd: number;
        changeMode(): void;
        remove(): void;
    };
    signal(): number;
    socketPair(): [
        number,
        number
    ];
    pipe(): [
        number,
        number
    ];
    tcpPair(): [
        number,
        number
    ];
    listener(): {
        fd: number;
        address: InternetAddress;
    };
    bound(): {
        fd: number;
        address: InternetAddress;
    };
    startConnect(address: InternetAddress): {
        fd: number;
        errno: number;
    };
    accept(listener: number): number;
    file(): number;
    directory(): number;
    nullDevice(): number;
    terminal(): number | undefined;
    fifo(): [
        number,
        number
    ];
    read(fd: number, mostBytes?: number): number;
    write(fd: number, lengthBytes?: number): number;
    drain(fd: number): number;
    fill(fd: number): number;
    fillForGood(fd: number): void;
    startLoad(fds: readonly number[], lengthBytes: number): Load;
    sendUrgent(fd: number): boolean;
    endWriting(fd: number): void;
    reset(fd: number): void;
    takeError(fd: number): number;
    holds(fd: number): Readiness;
    dup(fd: number): number;
    dup2(fd: number, onto: number): void;
    close(fd: number): void;
}
export declare function realSubject(factory: BackendFactory): Subject;
export declare function runConformance(factory: BackendFactory, options?: ConformanceOptions): ConformanceReport;
export declare function runProgram(subject: Subject, program: Program, options?: ExecutionOptions): Outcome;
export declare function runRow(factory: BackendFactory, row: ThemedRow, options?: RowOptions): RowResult;
export declare function selectRows(only?: string): readonly ThemedRow[];
export declare function subjectNamed(name: string): Subject;
export declare function subjectNames(): string[];
