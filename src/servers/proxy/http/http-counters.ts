/** What a proxy counts of the HTTP that it speaks. */

/** What a client or an upstream was late for: see `HttpProxyTimeouts`. */
export type HttpProxyPhase = 'idle' | 'head' | 'body' | 'write' | 'send' | 'response' | 'responseBody';

/** What a proxy has counted of the HTTP that it speaks. */
export interface HttpProxyCounters {
  readonly requests: number;
  /** Responses by the first digit of their status, those of upstreams and its own. */
  readonly responses: readonly number[];
  /** Of those, its own: no upstream answered. */
  readonly ownResponses: number;
  /** What was no request that is passed on. */
  readonly refused: number;
  /** Responses that broke: the client or the upstream went away. */
  readonly broken: number;
  /** Requests that went over a connection that was kept, and over one that was made. */
  readonly reused: number;
  readonly dialled: number;
  /** Requests that were sent again, since an upstream closed before it said a word. */
  readonly retried: number;
  /** Connections to upstreams that are kept now. */
  readonly idle: number;
  /** Clients that changed to another protocol. */
  readonly upgraded: number;
  /** Bytes of bodies of responses, by the way that they went: from socket to socket in the kernel, or by buffers. */
  readonly bodyBytes: { readonly spliced: number; readonly buffers: number };
  readonly late: Readonly<Record<HttpProxyPhase, number>>;
}

export class HttpCounts {
  requests = 0;
  readonly responses = [0, 0, 0, 0, 0, 0];
  ownResponses = 0;
  refused = 0;
  broken = 0;
  reused = 0;
  dialled = 0;
  retried = 0;
  upgraded = 0;
  readonly bodyBytes = { spliced: 0, buffers: 0 };
  readonly late: Record<HttpProxyPhase, number> = {
    idle: 0,
    head: 0,
    body: 0,
    write: 0,
    send: 0,
    response: 0,
    responseBody: 0,
  };

  snapshot(idle: number): HttpProxyCounters {
    const { responses, bodyBytes, late } = this;
    const { requests, ownResponses, refused, broken, reused, dialled, retried, upgraded } = this;
    return {
      requests,
      responses: [...responses],
      ownResponses,
      refused,
      broken,
      reused,
      dialled,
      retried,
      idle,
      upgraded,
      bodyBytes: { ...bodyBytes },
      late: { ...late },
    };
  }
}
