/** What a thread of the sweep over queues is told, and what it tells. */
export interface QueueOrder {
  /** The kernel's queue, which may be that of all threads. */
  readonly queue: number;
  /** Descriptors that stay readable, which this thread arms at first. */
  readonly fds: readonly number[];
  readonly durationMs: number;
  /** One number: 0 until all may begin. */
  readonly start: SharedArrayBuffer;
}

export type QueueReport = 'ready' | { readonly events: number };
