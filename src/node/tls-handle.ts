/**
 * What lies below a TLS socket of Node: memory to decrypt into, and the descriptor. Node has both, and does not show
 * them.
 */
import type { TLSSocket } from 'node:tls';

/** Node decrypts a record at a time, and one has 16 KiB at most. */
const RECORD_BYTES = 16 * 1024;

/** One for all connections of the thread: a record is handed on before the next is decrypted. */
const record = Buffer.allocUnsafeSlow(RECORD_BYTES);

/**
 * What `net.Socket` does with its option `onread`, which Node passes on for TLS sockets that it connects by itself
 * only.
 */
interface Handle {
  useUserBuffer?(memory: Uint8Array): void;
  /** The one below. */
  readonly _parent?: { readonly fd?: number; readonly writeQueueSize?: number };
}

interface Innards {
  readonly _handle: Handle | null;
}

function handleOf(socket: TLSSocket): Handle | null {
  return (socket as unknown as Innards)._handle;
}

/** The kernel's number; -1 once closed. */
export function descriptorOf(socket: TLSSocket): number {
  return handleOf(socket)?._parent?.fd ?? -1;
}

/** What the system says of the descriptor; undefined once it is closed, or where it says nothing. */
export function askOf<Answer>(socket: TLSSocket, ask: (fd: number) => Answer): Answer | undefined {
  const fd = descriptorOf(socket);
  if (fd < 0) return undefined;
  try {
    return ask(fd);
  } catch {
    return undefined;
  }
}

/** Whether it is Node's own: what it is given to write while nothing waits is encrypted within the call. */
export function encryptsAtOnce(socket: TLSSocket): boolean {
  return typeof handleOf(socket)?.useUserBuffer === 'function';
}

/**
 * Has Node decrypt into memory that is used again and again, in place of an ArrayBuffer for each record: those make V8
 * collect garbage for a third of the time of a long transfer.
 *
 * @param onRecord given the bytes, which hold during the call only.
 * @returns false: this runtime can't, and the socket emits 'data' as ever.
 */
export function decryptInto(socket: TLSSocket, onRecord: (bytes: Uint8Array) => void): boolean {
  const handle = handleOf(socket);
  const [memoryKey, callbackKey] = ['kBuffer', 'kBufferCb'].map(name => keyOf(socket, name));
  if (typeof handle?.useUserBuffer !== 'function' || memoryKey === undefined || callbackKey === undefined) return false;
  const onRead = (lengthBytes: number): void => onRecord(record.subarray(0, lengthBytes));
  Object.assign(socket, { [memoryKey]: record, [callbackKey]: onRead });
  handle.useUserBuffer(record);
  return true;
}

function keyOf(socket: TLSSocket, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find(({ description }) => description === name);
}
