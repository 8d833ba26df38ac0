/** What HTTP runs on: a Connection, or one with TLS. */
import type { BufferList, Sendable } from '../../index.js';

/** The part of `Connection` and `SecureConnection` that the two have in common. */
export interface ByteStream {
  onData: ((chunk: BufferList) => void) | undefined;
  onEnd: (() => void) | undefined;
  onDrain: (() => void) | undefined;
  onClose: ((failure: Error | undefined) => void) | undefined;
  readonly isClosed: boolean;
  readonly queuedBytes: number;
  readonly bytesSent: number;
  send(data: Sendable): boolean;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
  destroy(failure?: Error): void;
}
