/** A file as the body of a response of Node's HTTP server. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { OutgoingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { open } from '../api/file/open.js';
import { openFileSending, type OpenFile } from '../api/transfer/send-file.js';
import { startTransfer, TRANSFER_OPTIONS } from '../api/transfer/transfer.js';
import { kindOf } from '../base/arguments.js';
import { abortSignal, anything, integer, valuesOf, type OptionTable, type OptionValues } from '../base/options.js';
import type { FileRange } from '../core/operations/send-file.js';
import { TransferAccount } from '../core/transfers/account.js';
import { FileToSocket } from '../core/transfers/files/file-to-socket.js';
import { IoError, wrongState } from '../sys/ffi/io-error.js';
import { LentSocket } from './lent-socket.js';
import { sendHead } from './response-head.js';
import { ResponseHold } from './response-hold.js';

/** Which part of a file to send. */
export interface ResponseFileOptions {
  /** Where in the file to begin, in bytes. Default 0. */
  readonly offset?: number;
  /** How many bytes. Default: up to where the file ends now. */
  readonly length?: number;
  /** Ends the transfer; the connection is closed then, unless nothing had been sent. */
  readonly signal?: AbortSignal;
}

const RESPONSE_FILE_OPTIONS = {
  offset: integer(0, Number.MAX_SAFE_INTEGER, 0),
  // Its bound depends on where the part begins.
  length: anything<number>(),
  signal: abortSignal(),
} satisfies OptionTable<ResponseFileOptions>;

/**
 * Sends a file, or a part of it, as the body of a response, and ends the response.
 *
 *     const { path, fallback } = await sendFile(response, 'public/movie.mp4');   // 'sendfile', undefined
 *
 * The headers are Node's: set them before. Content-Length is set unless you have set it. The body goes by sendfile(2),
 * on the descriptor of the response's socket: once Node has sent everything that comes before, Pollux has the write
 * side until the file has gone, and Node goes on from there. So keep-alive, pipelining, timeouts and clients that go
 * away work as ever. Until the promise is settled, `write` and an `end` with data throw EBUSY.
 *
 * By buffers, through the response's own streams, where the kernel can't: over TLS and HTTP/2, where `response.write`
 * was replaced (compressing middleware), with chunked encoding. `path` and `fallback` of the result say so. After HEAD,
 * 204 and 304 no body is sent, and `path` is 'none'.
 *
 * For a part of it answer 206 yourself:
 *
 *     response.writeHead(206, { 'content-range': `bytes ${offset}-${offset + length - 1}/${size}` });
 *     await sendFile(response, file, { offset, length });
 *
 * @param response of `node:http`, or of what stands on it, that has not ended.
 * @param file its path, or a file that is open for reading, which stays yours.
 * @throws (by the promise, as all) TypeError, RangeError: an argument that makes no sense, a range beyond the end of
 *   the file; IoError ENOENT, EACCES, EISDIR: the file can't be sent. Nothing has been sent in these cases, and you can
 *   answer 404.
 * @throws IoError ECONNRESET, EPIPE: the client went away; EIO: the disk failed or the file was cut short, and the
 *   connection is closed. The error's `transfer` counts what was sent.
 */
export async function sendFile(
  response: ServerResponse | Http2ServerResponse,
  file: string | OpenFile,
  options: ResponseFileOptions = {},
): Promise<TransferAccount> {
  const values = valuesOf(RESPONSE_FILE_OPTIONS, options);
  values.signal?.throwIfAborted();
  checkResponse(response);
  // What is done with one of HTTP/2 is what both have.
  const common = response as ServerResponse;
  if (typeof file !== 'string') return sendOpenFile(common, file, values);
  const opened = await open(file);
  try {
    return await sendOpenFile(common, opened, values);
  } finally {
    await opened.close();
  }
}

async function sendOpenFile(
  response: ServerResponse,
  file: OpenFile,
  { signal, ...part }: OptionValues<typeof RESPONSE_FILE_OPTIONS>,
): Promise<TransferAccount> {
  // It may have been ended while the file was opened.
  checkResponse(response);
  const sending = openFileSending(file, part);
  let isLeft = true;
  const replaced = replacementOf(response);
  const hold = new ResponseHold(response);
  try {
    const range = await sending.range;
    announce(response, range);
    const reason = replaced ?? obstacleTo(response, range);
    if (isBodiless(response)) return end(response, hold, new TransferAccount('none'));
    if (reason !== undefined) {
      return end(response, hold, await sendByBuffers({ response, body: hold.body(), range, reason, signal }));
    }
    const socket = await socketFor(response);
    signal?.throwIfAborted();
    isLeft = false;
    const transfer = startTransfer({
      engine: new FileToSocket({ writes: new LentSocket(socket) }, { sinkName: 'response' }),
      table: TRANSFER_OPTIONS,
      options: { signal },
      prepare: () => ({ ...sending, range }),
    });
    const account = await transfer.catch(failure => {
      socket.destroy();
      throw failure;
    });
    // Node has not seen these bytes, and would miss them.
    response.strictContentLength = false;
    return end(response, hold, account);
  } finally {
    hold.release();
    if (isLeft) sending.releaseFile?.();
  }
}

function checkResponse(response: ServerResponse | Http2ServerResponse): void {
  if (typeof response?.writeHead !== 'function' || typeof response.end !== 'function') {
    throw new TypeError(`response: ${kindOf(response)}; allowed: a ServerResponse of node:http or http2`);
  }
  if (response.writableEnded) throw wrongState('EPIPE', 'sendFile', 'the response was ended');
}

/** Says how long the body is, unless the user has. */
function announce(response: ServerResponse, { lengthBytes }: FileRange): void {
  if (response.headersSent || response.hasHeader('content-length') || lengthBytes === Infinity) return;
  if (!response.hasHeader('transfer-encoding')) response.setHeader('content-length', lengthBytes);
}

/** Whether the answer has a head only. */
function isBodiless({ req, statusCode }: ServerResponse): boolean {
  return req.method === 'HEAD' || statusCode === 204 || statusCode === 304;
}

/** Why the kernel can't send it, as far as the response itself says. */
function replacementOf(response: ServerResponse): string | undefined {
  if (!(response instanceof ServerResponse)) return 'the response is not of HTTP/1';
  return response.write === OutgoingMessage.prototype.write
    ? undefined
    : 'response.write was replaced, as by compression';
}

/** Why the kernel can't send it. */
function obstacleTo(response: ServerResponse, { lengthBytes }: FileRange): string | undefined {
  const { socket } = response.req as { socket: Socket & { encrypted?: boolean; _handle?: { fd?: number } | null } };
  if (socket.encrypted === true) return 'the connection is of TLS';
  if (!(socket instanceof Socket) || !((socket._handle?.fd ?? -1) >= 0)) return 'the socket has no descriptor';
  if (lengthBytes === Infinity) return 'the file is made up as it is read';
  if (!response.headersSent) response.writeHead(response.statusCode);
  return response.chunkedEncoding ? 'the body is sent in chunks' : undefined;
}

/**
 * Sends what comes before the body.
 * @returns the socket, with nothing to write, once the response has its turn on it.
 */
async function socketFor(response: ServerResponse): Promise<Socket> {
  const { socket } = response.req;
  // Answers to requests that came before go first.
  if (response.socket === null) await nextOf(response, 'socket', socket);
  if (!socket.destroyed) sendHead(response, socket);
  while (socket.writableLength > 0 && !socket.destroyed) {
    await new Promise<void>(resolve => socket.write('', () => resolve()));
  }
  if (socket.destroyed) throw goneAway();
  return socket;
}

/** Waits for an event of the response, unless its socket closes before. */
async function nextOf(response: ServerResponse, event: string, socket: Socket): Promise<void> {
  if (socket.destroyed) throw goneAway();
  const closed = new AbortController();
  const onClose = () => closed.abort();
  socket.once('close', onClose);
  try {
    await once(response, event, { signal: closed.signal });
  } catch (error) {
    throw closed.signal.aborted ? goneAway(error) : error;
  } finally {
    socket.off('close', onClose);
  }
}

interface BufferedBody {
  readonly response: ServerResponse;
  readonly body: Writable;
  readonly range: FileRange;
  readonly reason: string;
  readonly signal: AbortSignal | undefined;
}

async function sendByBuffers({ response, body, range, reason, signal }: BufferedBody): Promise<TransferAccount> {
  const account = new TransferAccount('buffers');
  account.fallback = reason;
  const { fd, offset, lengthBytes } = range;
  if (lengthBytes === 0) return account;
  // Its end is included.
  const reading = createReadStream('', { fd, autoClose: false, start: offset, end: offset + lengthBytes - 1 });
  try {
    await pipeline(reading, body, { signal });
  } catch (error) {
    const isGone = response.destroyed;
    response.destroy();
    throw isGone ? goneAway(error) : error;
  }
  account.bytesIn = account.bytesOut = reading.bytesRead;
  return account;
}

function goneAway(cause?: unknown): IoError {
  const failure = new IoError('ECONNRESET', 'sendfile', 'response', 'the client closed the connection');
  failure.cause = cause;
  return failure;
}

function end(response: ServerResponse, hold: ResponseHold, account: TransferAccount): TransferAccount {
  hold.release();
  response.end();
  return account;
}
