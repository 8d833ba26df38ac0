/** A request as handlers see it. */
import { monotonicMs } from '../../base/runtime-functions.js';
import type { Address, BufferList } from '../../index.js';
import type { MessageHead } from './message-head.js';
import type { RequestBody } from './request-body.js';
import type { Destination } from './request-rules.js';

/** A request. Its fields are those that were received; nothing is decoded but where it says so. */
export class HttpRequest {
  /** The host that is asked for, in lower case and without a port; '' if none is. */
  readonly host: string;
  /** The path as it was sent, with its percent signs, without the query. */
  readonly path: string;
  /** The query as it was sent, without its question mark; '' for none. */
  readonly query: string;

  private readonly begunMs = monotonicMs();

  /** @internal Made by an HttpConnection. */
  constructor(
    private readonly head: MessageHead,
    { host, path }: Destination,
    /** What follows the head: see `RequestBody`. */
    readonly body: RequestBody,
    private readonly peer: { readonly remoteAddress: Address | undefined },
  ) {
    const end = path.indexOf('?');
    this.host = host;
    this.path = end < 0 ? path : path.slice(0, end);
    this.query = end < 0 ? '' : path.slice(end + 1);
  }

  /** 'GET' */
  get method(): string {
    return this.head.method;
  }

  /** The target as it was sent: '/a?b'. */
  get target(): string {
    return this.head.target;
  }

  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  get minorVersion(): number {
    return this.head.minor;
  }

  /** Where the client is; undefined if it has gone. */
  get remoteAddress(): Address | undefined {
    return this.peer.remoteAddress;
  }

  /** Milliseconds since its head was whole. */
  get elapsedMs(): number {
    return monotonicMs() - this.begunMs;
  }

  /** Whether the client lets the connection go on. */
  get keepAlive(): boolean {
    return this.head.keepAlive;
  }

  /**
   * The value of a field, of several with that name all of them behind commas.
   * @param name in lower case: 'accept-encoding'.
   */
  get(name: string): string | undefined {
    return this.head.get(name);
  }

  /** @internal Whether it may ask for less than the whole. */
  get isConditional(): boolean {
    return this.head.isConditional;
  }

  /** Names as they were sent, and values, in their order. */
  get fields(): Iterable<[name: string, value: string]> {
    return this.head;
  }

  /** `for await (const chunk of request)` reads the body. */
  [Symbol.asyncIterator](): AsyncIterator<BufferList> {
    return this.body[Symbol.asyncIterator]();
  }
}
