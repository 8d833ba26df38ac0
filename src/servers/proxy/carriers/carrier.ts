/** What moves the bytes of a client and its upstream, once both are connected. */

/** How a carrier came to its end. `late`: by a timeout. */
export type CarrierEnd = 'completed' | 'late' | 'client-broke' | 'upstream-broke';

export interface Carrier {
  /** Bytes that the upstream took, and that the client took. */
  readonly bytesToUpstream: number;
  readonly bytesToClient: number;
  /** Of both: moved by the kernel from socket to socket. */
  readonly splicedBytes: number;
  /** Of both: encrypted or decrypted in this process. */
  readonly tlsBytes: number;
  /** Set once, before anything can end. */
  onOver: (end: CarrierEnd, failure: Error | undefined) => void;
  /** Bytes a second, both ways together; Infinity is no bound. */
  bytesPerSecond: number;
  /** Whether a client is owed something, though no byte moves. */
  readonly isBusy: boolean;
  /** No more is begun: what is under way comes to its end. */
  drain?(): void;
  /** Stops without a further word. What was taken of one side is queued for the other, and both stay open. */
  release(): void;
}

/** When a carrier ends what does not end by itself. In milliseconds; 0 is never. */
export interface CarrierTimeouts {
  readonly idleMs: number;
  readonly halfCloseMs: number;
}
