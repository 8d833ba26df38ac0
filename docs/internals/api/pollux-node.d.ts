// The exports of pollux/node. Made by scripts/api-report.js.

export interface DuplexOptions {
    readonly allowHalfOpen?: boolean;
    readonly readableHighWaterMark?: number;
    readonly writableHighWaterMark?: number;
}
export declare class HttpService {
    readonly server: NodeServer;
    readonly listener: Listener | undefined;
    constructor(server: NodeServer, listener: Listener | undefined);
    accept(connection: Connection): void;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
export interface ReleaseOptions {
    readonly allowHalfOpen?: boolean;
}
export declare function release(connection: Connection, options?: ReleaseOptions): NodeSocket;
export declare function serveHttp(server: NodeServer, listener?: Listener): HttpService;
export declare function toDuplex(connection: Connection, options?: DuplexOptions): Duplex;
