/** A connection as two streams of the web. */
import { wrongState } from '../sys/ffi/io-error.js';
import {
  ReadableStream,
  WritableStream,
  type ReadableByteStreamController,
  type UnderlyingByteSource,
  type WritableStreamDefaultController,
} from 'node:stream/web';
import type { Connection } from '../api/stream/connection.js';
import { kindOf } from '../base/arguments.js';
import { isError, isUint8Array } from '../base/kinds.js';
import { checkUnused } from './unused-connection.js';
import { Outflow } from './outflow.js';

/** Bytes written and not sent at which `writer.ready` waits. */
const HIGH_WATER_BYTES = 64 * 1024;

/** What `toWeb` returns: both directions of a connection as web streams. */
export interface WebStreams {
  /** A byte stream: it can be read with memory of your own (`getReader({ mode: 'byob' })`). */
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Makes streams of the web of a connection, which belongs to them from then on.
 *
 *     const { readable, writable } = toWeb(connection);
 *     await readable.pipeThrough(new CompressionStream('gzip')).pipeTo(writable);
 *
 * - Nothing is received before it is asked for; with a BYOB reader it is received straight into your memory. The peer's
 *   FIN closes `readable`.
 * - A write is over when the kernel has taken its bytes. Closing `writable` sends FIN, and reading goes on.
 * - Cancelling `readable` closes the connection (`destroy`). Aborting `writable` resets it. What the connection breaks
 *   with is the error of both.
 *
 * @throws TypeError no connection. @throws IoError EBUSY: it is being read, or a transfer has it; EBADF: it is closed.
 */
export function toWeb(connection: Connection): WebStreams {
  checkUnused('toWeb', connection);
  const outflow = new Outflow(connection);
  let reading!: ReadableByteStreamController;
  let writing!: WritableStreamDefaultController;
  const source: UnderlyingByteSource = {
    type: 'bytes',
    start: controller => void (reading = controller),
    pull: controller => receive(connection, controller),
    cancel: () => connection.destroy(),
  };
  const readable: ReadableStream<Uint8Array> = new ReadableStream(source);
  const writable = new WritableStream<Uint8Array>(
    {
      start: controller => void (writing = controller),
      write: chunk => settled(told => outflow.give([checkedChunk(chunk)], told)),
      close: () => settled(told => outflow.end(told)),
      abort: reason => connection.reset(isError(reason) ? reason : undefined),
    },
    // What is no bytes is refused in its turn.
    { highWaterMark: HIGH_WATER_BYTES, size: (chunk?: unknown) => (isUint8Array(chunk) ? chunk.byteLength : 0) },
  );
  connection.onClose = failure => {
    outflow.breakOff(failure ?? wrongState('ECANCELED', 'write', 'the connection was closed'));
    if (failure === undefined) return;
    // Nothing, if they are closed already.
    reading.error(failure);
    writing.error(failure);
  };
  return { readable, writable };
}

/** Receives once: into the reader's memory, if it gave some. */
async function receive(connection: Connection, controller: ReadableByteStreamController): Promise<void> {
  const request = controller.byobRequest;
  if (request === null) {
    const chunk = await connection.read();
    if (chunk === null) controller.close();
    // In memory of its own, since the stream takes the whole ArrayBuffer away.
    else controller.enqueue(chunk.toBytes());
    return;
  }
  const { buffer, byteOffset, byteLength } = request.view!;
  const receivedBytes = await connection.readInto(new Uint8Array(buffer, byteOffset, byteLength));
  if (receivedBytes === 0) controller.close();
  request.respond(receivedBytes);
}

function checkedChunk(chunk: unknown): Uint8Array {
  if (isUint8Array(chunk)) return chunk;
  throw new TypeError(`chunk: ${kindOf(chunk)}; allowed: a Uint8Array. TextEncoderStream makes some of text`);
}

function settled(begin: (told: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => begin(error => (error === undefined ? resolve() : reject(error))));
}
