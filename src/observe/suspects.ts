/**
 * An object whose callbacks may have taken long: what it is, which callbacks it has, and what the kernel says of its
 * descriptor.
 */
import { unreadBytes } from '../sys/socket/unread-bytes.js';
import { tcpState } from '../sys/socket/tcp-handshake.js';
import { unsentBytes } from '../sys/socket/unsent-bytes.js';

/** What the kernel says of a descriptor, and who owns it. */
export interface DescriptorState {
  readonly fd: number;
  /** Bytes that the kernel holds and nobody has received: SIOCINQ. */
  readonly unreadBytes: number | undefined;
  /** Bytes that the kernel holds and the peer has not taken: SIOCOUTQ. */
  readonly unsentBytes: number;
  /** 'established', 'close-wait', …; undefined of what is no TCP, and where the system does not tell. */
  readonly tcpState: string | undefined;
}

/** A callback that ran in a slow turn. */
export interface Suspect {
  /** 'onData serve of Connection 127.0.0.1:4711'. */
  readonly title: string;
  /** The callbacks that are set: their property and name, or the beginning of their source. */
  readonly callbacks: readonly string[];
  /** What the object shows of itself. */
  readonly object: unknown;
  /** undefined: it is closed by now. */
  readonly descriptor: DescriptorState | undefined;
}

/** Those that run for events. */
const CALLBACKS = ['onData', 'onConnection', 'onDatagram', 'handler'] as const;
const SOURCE_LENGTH = 40;

/** @param fd where it is known. */
export function describeSuspect(owner: object, fd = (owner as { ownFd?: number }).ownFd ?? -1): Suspect {
  const object = (owner as { toJSON?(): Record<string, unknown> }).toJSON?.() ?? {};
  const callbacks = CALLBACKS.flatMap(name => {
    const callback = (owner as Record<string, unknown>)[name];
    return typeof callback === 'function' ? [`${name} ${nameOf(callback)}`] : [];
  });
  const kind = typeof object.type === 'string' ? object.type : owner.constructor.name;
  const where = [object.remote, object.address, object.fd].find(
    value => (typeof value === 'string' && value !== '') || typeof value === 'number',
  );
  const title =
    `${callbacks.length === 0 ? '' : `${callbacks.join(', ')} of `}${kind} ${(where as string | number | undefined) ?? ''}`.trim();
  return { title, callbacks, object, descriptor: fd < 0 ? undefined : stateOf(fd) };
}

function stateOf(fd: number): DescriptorState {
  return { fd, unreadBytes: unreadBytes(fd), unsentBytes: unsentBytes(fd), tcpState: tcpState(fd) };
}

/** Arrow functions that are set as a property have no name. */
function nameOf(callback: { readonly name?: string }): string {
  if (callback.name) return callback.name;
  const source = Function.prototype.toString.call(callback).replace(/\s+/g, ' ');
  return source.length > SOURCE_LENGTH ? `(${source.slice(0, SOURCE_LENGTH)}…)` : `(${source})`;
}
