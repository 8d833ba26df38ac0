/** Ceilings and timeouts of an HTTP server. */
import { bytesAtMost, integer, milliseconds, type OptionTable, type OptionValues } from '../../base/options.js';

/** What a client may send at most. */
export interface HttpCeilings {
  /** Of the target of a request: 414 beyond. Default 8 KiB. */
  readonly maxTargetBytes?: number;
  /** Of target and fields together: 431 beyond. Default 16 KiB. */
  readonly maxHeadBytes?: number;
  /** How many fields a request may have: 431 beyond. Default 100. */
  readonly maxFields?: number;
  /** Of the body of a request: 413 beyond. Default 1 MiB; Infinity for no bound. */
  readonly maxBodyBytes?: number;
  /** Requests of one connection, which is closed after the last. Default 10,000. */
  readonly maxRequests?: number;
}

/** How long a client may take, in milliseconds; 0 is for ever. A connection that takes longer is closed. */
export interface HttpTimeouts {
  /** Between two requests. Default 60 s. */
  readonly idleMs?: number;
  /** From the first byte of a head to its last, however many come: 408. Default 10 s. */
  readonly headMs?: number;
  /** Between two parts of a body that is awaited. Default 30 s. */
  readonly bodyMs?: number;
  /** Without taking a byte of what is sent. Default 30 s. */
  readonly writeMs?: number;
}

export const HTTP_CEILINGS = {
  maxTargetBytes: integer(16, 1 << 20, 8 * 1024),
  maxHeadBytes: integer(64, 1 << 20, 16 * 1024),
  maxFields: integer(1, 10_000, 100),
  maxBodyBytes: bytesAtMost('no limit', 1024 * 1024),
  maxRequests: integer(1, Number.MAX_SAFE_INTEGER, 10_000),
} satisfies OptionTable<HttpCeilings>;

export const HTTP_TIMEOUTS = {
  idleMs: milliseconds(60_000),
  headMs: milliseconds(10_000),
  bodyMs: milliseconds(30_000),
  writeMs: milliseconds(30_000),
} satisfies OptionTable<HttpTimeouts>;

export type HttpCeilingValues = OptionValues<typeof HTTP_CEILINGS>;
export type HttpTimeoutValues = OptionValues<typeof HTTP_TIMEOUTS>;
