/** A connection as a stream of Node. */
import { wrongState } from '../sys/ffi/io-error.js';
import { Duplex } from 'node:stream';
import type { BufferList } from '../core/memory/buffer-list.js';
import { hasEnded } from '../api/stream/parts/connection-states.js';
import { boolean, integer, valuesOf, type OptionTable } from '../base/options.js';
import type { Connection } from '../api/stream/connection.js';
import { checkUnused } from './unused-connection.js';
import { Outflow, PIECE_BYTES } from './outflow.js';

/** Options of `toDuplex`. */
export interface DuplexOptions {
  /**
   * Whether the stream stays open for writing after the peer's FIN. false, the default, as in `node:net`: after 'end'
   * the stream ends its write side by itself, once what was written has gone out. true: you call `end()`.
   */
  readonly allowHalfOpen?: boolean;
  /** Bytes received and not read at which receiving pauses. Default 64 KiB. */
  readonly readableHighWaterMark?: number;
  /** Bytes written and not sent at which `write` returns false. Default 64 KiB. */
  readonly writableHighWaterMark?: number;
}

const HIGH_WATER_BYTES = 64 * 1024;

const DUPLEX_OPTIONS = {
  allowHalfOpen: boolean(false),
  readableHighWaterMark: integer(1, Number.MAX_SAFE_INTEGER, HIGH_WATER_BYTES),
  writableHighWaterMark: integer(1, Number.MAX_SAFE_INTEGER, HIGH_WATER_BYTES),
} satisfies OptionTable<DuplexOptions>;

type Callback = (error?: Error | null) => void;

/**
 * Makes a `node:stream` Duplex of a connection, which belongs to the stream from then on: don't read from it, send on
 * it or set its handlers.
 *
 *     await pipeline(createReadStream('notes.txt'), createGzip(), toDuplex(connection));
 *
 * - Chunks are Buffers with bytes of their own: keep them as long as you like. `setEncoding` works.
 * - Back-pressure: when nobody reads, nothing is received, and the peer is held back. `write` returns false and calls
 *   its callback when the kernel has taken the bytes.
 * - 'end' is the peer's FIN. `end()` sends FIN after what was written; 'finish' follows when the kernel has taken all.
 * - What the connection breaks with destroys the stream: one 'error', then 'close'. `destroy(error)` closes the
 *   connection at once, and drops what was not sent.
 * - 'close' comes when the descriptor is closed.
 *
 * Faster still, where a `net.Socket` is wanted: `release(connection)`.
 *
 * @throws TypeError no connection; an option that there is not. RangeError a high-water mark that is no positive
 *   number.
 * @throws IoError EBUSY: the connection is being read, or a transfer has it; EBADF: it is closed.
 */
export function toDuplex(connection: Connection, options: DuplexOptions = {}): Duplex {
  const values = valuesOf(DUPLEX_OPTIONS, options);
  checkUnused('toDuplex', connection);
  return new ConnectionDuplex(connection, values);
}

class ConnectionDuplex extends Duplex {
  private readonly outflow: Outflow;
  private isReceiving = false;
  private hasReadEnd = false;
  /** Waits for the descriptor to be closed. */
  private onDestroyed: Callback | undefined = undefined;

  constructor(
    private readonly connection: Connection,
    options: Required<DuplexOptions>,
  ) {
    const streamOptions = { ...options, writable: !hasEnded(connection.state) };
    super(streamOptions);
    this.outflow = new Outflow(connection);
    connection.pause();
    connection.onData = chunk => this.receive(chunk);
    connection.onEnd = () => this.endReading();
    connection.onClose = failure => this.onConnectionClosed(failure);
    if (connection.inbound.hasPeerEnded && !connection.inbound.hasUnread) this.endReading();
  }

  override _read(): void {
    if (this.isReceiving) return;
    this.isReceiving = true;
    this.connection.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.outflow.give([chunk], callback);
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: Callback): void {
    this.outflow.give(joined(chunks), callback);
  }

  override _final(callback: Callback): void {
    this.outflow.end(callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const { connection } = this;
    this.outflow.breakOff(error ?? wrongState('ECANCELED', 'write', 'the stream was destroyed'));
    if (connection.isClosed) return callback(error);
    this.onDestroyed = failure => callback(error ?? failure);
    // What has come to its end on both sides is closed by the connection itself, after its FIN.
    if (error !== null || !this.writableFinished || !this.hasReadEnd) connection.destroy();
  }

  private receive(chunk: BufferList): void {
    const bytes = Buffer.allocUnsafe(chunk.length);
    chunk.copyTo(bytes);
    if (this.push(bytes)) return;
    this.isReceiving = false;
    this.connection.pause();
  }

  private endReading(): void {
    this.hasReadEnd = true;
    this.push(null);
  }

  private onConnectionClosed(failure: Error | undefined): void {
    if (this.onDestroyed !== undefined) this.onDestroyed(failure ?? null);
    // At the end of both directions the reader may have to go on with what the stream holds: it destroys itself then.
    else if (failure !== undefined || !this.hasReadEnd || !this.writableFinished) this.destroy(failure);
  }
}

/** What waits together, in few pieces. */
function joined(chunks: readonly { chunk: Uint8Array }[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let groupBytes = 0;
  for (const { chunk } of chunks) {
    if (groupBytes + chunk.length > PIECE_BYTES && group.length > 0) {
      pieces.push(Buffer.concat(group));
      group = [];
      groupBytes = 0;
    }
    group.push(chunk);
    groupBytes += chunk.length;
  }
  pieces.push(group.length === 1 ? group[0] : Buffer.concat(group));
  return pieces;
}
