/** The head of a response of Node's HTTP server, right before a body that Node does not send. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL } from '../sys/ffi/constants.js';
import { NativeBlock } from '../sys/ffi/memory.js';
import { send } from '../sys/socket/socket.js';

/** What Node's responses have, and do not show. */
interface Innards {
  readonly _header: unknown;
  _headerSent: boolean;
  readonly outputSize: number;
}

/** A longer one goes by Node. */
const MAX_BYTES = 16 * 1024;
/** Made for the first head. */
let memory: { readonly text: Buffer; readonly address: number } | undefined;

/**
 * Sends a head that is written and has not gone, in the packet of the body where the system can (MSG_MORE). What the
 * socket does not take at once goes by Node, as all of it does where something else has to go first.
 */
export function sendHead(response: ServerResponse, socket: Socket): void {
  const innards = response as unknown as Innards;
  const { _header: head, outputSize } = innards;
  if (typeof head !== 'string' || innards._headerSent || outputSize > 0) return response.flushHeaders();
  innards._headerSent = true;
  const sent = socket.writableLength > 0 || head.length > MAX_BYTES ? 0 : sendNow(head, socket);
  // Node finds out what a failure was.
  if (sent < head.length) socket.write(head.slice(sent), 'latin1');
}

/** @returns bytes that the kernel took. */
function sendNow(head: string, socket: Socket): number {
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const { text, address } = (memory ??= headMemory());
  const lengthBytes = text.write(head, 'latin1');
  return Math.max(0, send(fd, address, lengthBytes, MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL));
}

function headMemory() {
  const { bytes, address } = new NativeBlock(MAX_BYTES);
  return { text: Buffer.from(bytes.buffer), address };
}
