/** Receiving datagrams, continuously: each goes to the owner with its sender, within a budget a turn. */
import { MSG_DONTWAIT, MSG_TRUNC } from '../../sys/ffi/constants.js';
import { EAGAIN, EINTR, errnoNumber } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { NativeBlock } from '../../sys/ffi/memory.js';
import { SenderAddresses } from '../../sys/socket/sender-addresses.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { MessageHeader, recvmsg } from '../../sys/socket/socket.js';
import type { BufferList } from '../memory/buffer-list.js';
import { IovecTable } from '../memory/iovec-table.js';
import { DATAGRAMS_PER_TURN } from '../limits.js';
import { AGAIN, DONE, Operation, WAIT, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface ReceiveDatagramsOwner {
  readonly reactor: Reactor;
  /** A whole datagram. The bytes hold during the call only, unless they are taken out of the list; `from` is frozen. */
  onReceived(bytes: BufferList, from: Address): void;
  /** A datagram was longer than allowed, and is gone. */
  onTruncated(): void;
  /** The network's word on a datagram that was sent earlier; receiving goes on. */
  onRefused(code: number): void;
  /** Its user keeps too much of the memory: stop, and start again when some is released. */
  onStarved(): void;
  /** The socket itself broke. */
  onReceiveEnd(failure: Error): void;
}

/** What ICMP reports of datagrams that were sent: the socket is none the worse for it. */
const OF_A_DATAGRAM = new Set(
  ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EMSGSIZE', 'EPROTO']
    .concat('ENOPROTOOPT', 'EACCES', 'EPERM')
    .map(errnoNumber),
);

/** One of each a thread: they are used within one call. */
const iovecs = new IovecTable(2);
const senders = new SenderAddresses();
const header = new MessageHeader(iovecs.address, senders.block);
/** Where the end of a datagram goes for which the chunk at hand has no more room. */
let overflow = new NativeBlock(8);

export class ReceiveDatagrams extends Operation {
  private failure: Error | undefined = undefined;

  constructor(
    private readonly owner: ReceiveDatagramsOwner,
    private readonly maxBytes: number,
  ) {
    super();
  }

  get direction() {
    return 'read' as const;
  }

  attempt(fd: number): Outcome {
    const { owner } = this;
    const { receiveBuffer: buffer, driver } = owner.reactor;
    for (let calls = 0; calls < DATAGRAMS_PER_TURN; calls++) {
      if (!buffer.reserve(owner)) {
        owner.onStarved();
        return WAIT;
      }
      const roomBytes = Math.min(buffer.roomBytes, this.maxBytes);
      this.offer(buffer.address, roomBytes);
      driver.counters.receives++;
      const received = recvmsg(fd, header.address, MSG_DONTWAIT);
      if (received < 0) {
        const code = errno();
        if (code === EAGAIN) return calls === 0 ? WAIT : AGAIN;
        if (code === EINTR) continue;
        if (!OF_A_DATAGRAM.has(code)) {
          this.failure = new IoError(code, 'recvmsg', `descriptor ${fd}`);
          return DONE;
        }
        owner.onRefused(code);
      } else {
        driver.counters.bytesReceived += received;
        if ((header.flags & MSG_TRUNC) !== 0) {
          owner.onTruncated();
        } else {
          header.takeName();
          const inChunk = Math.min(received, roomBytes);
          try {
            const list = buffer.fill(inChunk);
            if (received > inChunk) list.appendCopy(overflow.bytes.subarray(0, received - inChunk));
            owner.onReceived(list, senders.current());
          } finally {
            // Also after an exception: the next call must not write over what was taken.
            buffer.settle(inChunk, owner);
          }
        }
      }
      if (this.descriptor === undefined) return AGAIN;
    }
    return AGAIN;
  }

  complete(): void {
    this.owner.onReceiveEnd(this.failure!);
  }

  fail(error: Error): void {
    this.failure = error;
  }

  /** The room for the next datagram: a longer one would be cut, and its rest lost. */
  private offer(address: number, roomBytes: number): void {
    const restBytes = this.maxBytes - roomBytes;
    iovecs.clear();
    iovecs.add(address, roomBytes);
    if (restBytes > 0) {
      if (overflow.lengthBytes < restBytes) overflow = new NativeBlock(restBytes);
      iovecs.add(overflow.address, restBytes);
    }
    header.setCount(iovecs.count);
    senders.block.reset();
    header.giveName();
  }
}
