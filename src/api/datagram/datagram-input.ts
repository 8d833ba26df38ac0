/** What a user receives datagrams by. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import type { WaitOptions } from '../waiting.js';

/** What is called with each datagram. The bytes hold during the call only. */
export type DatagramHandler = (bytes: BufferList, from: Address) => void;

/** A datagram, and where it came from. */
export interface ReceivedDatagram {
  /** Yours, for as long as you keep it. */
  readonly bytes: BufferList;
  /** The address of the sender, to which one can send. Frozen, and mostly the same object for the same sender. */
  readonly from: Address;
}

/** What a datagram socket has received, sent and dropped so far. */
export interface DatagramCounters {
  received: number;
  /** Datagrams that were longer than `maxDatagramBytes`: dropped, since a part of one is worth less than none. */
  truncated: number;
  /**
   * Datagrams that the kernel has dropped since the socket was opened, since nobody received them in time and its
   * buffer was full (`receiveBufferBytes`), or since their checksum was wrong. As of the moment that `counters` is
   * read. Linux from 4.12 on; undefined elsewhere: no other system tells.
   */
  dropped: number | undefined;
}

/** The inbound direction of a datagram socket. */
export interface DatagramInput extends AsyncIterable<ReceivedDatagram> {
  /** What became of the datagrams that came. */
  readonly counters: Readonly<DatagramCounters>;
  /**
   * What to do with a datagram: the path without promises. Setting it starts receiving. The list and its bytes hold
   * during the call only, and use after that throws; what is to last is taken out (`bytes.take()`), sent on
   * (`other.trySend(bytes)`) or copied (`bytes.copy()`). An empty list is a datagram without bytes.
   *
   * While nobody receives, and if the handler is slower than the senders, datagrams stay in the kernel's buffer
   * (`receiveBufferBytes`). When that is full the kernel drops those of UDP, and holds back the senders of Unix
   * sockets.
   *
   * @throws TypeError no function. @throws IoError EBUSY: a `receive` is under way; EBADF: the socket was moved to
   *   another thread.
   */
  get onDatagram(): DatagramHandler | undefined;
  set onDatagram(handler: DatagramHandler | undefined);
  /**
   * Something went wrong that no call can be blamed for: what the network answered to an earlier datagram
   * (ECONNREFUSED), which the socket survives, or what ended it. Without a handler a waiting `receive` fails with it,
   * or else a warning is emitted.
   *
   * @throws TypeError no function.
   */
  get onError(): ((failure: Error) => void) | undefined;
  set onError(handler: ((failure: Error) => void) | undefined);
  /**
   * The next datagram.
   *
   *     const { bytes, from } = await socket.receive({ signal: AbortSignal.timeout(1_000) });
   *
   * @param options aborting its `signal` takes no datagram: what comes later is for the next `receive`.
   * @throws IoError (by the promise, as all) EBUSY: two ways of receiving at once; EBADF: it is closed; ECANCELED: it
   *   is closed here meanwhile; ECONNREFUSED and its like: see `onError`.
   */
  receive(options?: WaitOptions): Promise<ReceivedDatagram>;
  /**
   * `for await (const { bytes, from } of socket)`: `receive` until the socket is closed. Leaving the loop only stops
   * receiving: what was not received yet stays for the next reader.
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedDatagram>;
  /** Holds `onDatagram` back: what comes stays in the kernel's buffer. */
  pause(): void;
  /** Receives again. */
  resume(): void;
}
