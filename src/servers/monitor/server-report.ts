/** What a server in one thread is and has done, as plain data: what its metrics and its status page are made of. */
import type { HistogramCounts, ThreadSnapshot } from '../../observe.js';
import type { UpstreamSnapshot } from '../proxy/upstreams/upstream.js';

/**
 * The ways that bytes went out: by sendfile(2), from socket to socket within the kernel, encrypted or decrypted in
 * this process, or through its memory.
 */
export const BYTE_PATHS = ['sendfile', 'splice', 'buffers', 'tls'] as const;

/** How bytes went out: see `BYTE_PATHS`. */
export type BytePath = (typeof BYTE_PATHS)[number];

/** What a server has answered. */
export interface RequestCounts {
  readonly received: number;
  /** Responses by the first digit of their status: `responses[2]` is that of 200, 206 and the like. */
  readonly responses: readonly number[];
  /** Responses that broke: the client went, or what was sent did. */
  readonly broken: number;
}

/** What a server in one thread is and has done since it was made. It can be cloned, posted and made JSON of. */
export interface ServerReport {
  readonly kind: 'static' | 'proxy';
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Undefined of a server that carries bytes and knows no requests. */
  readonly requests: RequestCounts | undefined;
  /** Connections and requests that were not served, by the reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** How connections came to their ends, if the server tells. */
  readonly ended: Readonly<Record<string, number>>;
  /** Bytes by the way that they took. Of a static server those of bodies, of a proxy both ways together. */
  readonly bytes: Readonly<Record<BytePath, number>>;
  /**
   * In milliseconds, since this was asked for the first time. Of a static server from the head of a request to the end
   * of its response, of a proxy from a client's acceptance to its upstream.
   */
  readonly latencyMs: HistogramCounts;
  /** Upstreams by the name of their pool. */
  readonly pools: Readonly<Record<string, readonly UpstreamSnapshot[]>>;
  /** The thread that it runs in. */
  readonly thread: ThreadSnapshot;
}

/** The report of one thread, or why there is none. */
export interface ThreadReport {
  /** 'main', or the name of a worker. */
  readonly name: string;
  /** `hung`: it has not answered in time. */
  readonly state: 'starting' | 'running' | 'paused' | 'hung' | 'ended';
  readonly report: ServerReport | undefined;
}
