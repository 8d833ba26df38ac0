/** What the sockets of all families have in common: two buffers, an error, and the filters that look at them. */
import type { Filter, Knote } from '../knote.js';
import { WatcherList } from '../watcher-list.js';
import { bsdErrno, Refusal } from '../refusal.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, type Pollable } from './readiness.js';

const NOTE_LOWAT = 1;

/** One direction of a socket. */
export class SocketBuffer {
  readonly watchers = new WatcherList();
  /** Nothing more comes in, or nothing more may go out. */
  isOver = false;

  constructor(public lowWater: number) {}
}

/** What connections, listeners and datagram sockets have in common. */
export abstract class Socket extends OpenFile {
  readonly receiving = new SocketBuffer(1);
  readonly sending = new SocketBuffer(2048);
  isConnected = false;
  /** An error that waits for the next call (SO_ERROR). */
  error: string | undefined = undefined;
  /** Whether it has to be connected before it can send. */
  readonly needsConnection: boolean = true;

  /** Bytes to read. */
  abstract get available(): number;
  /** Room to write. */
  abstract get room(): number;
  /** Bytes written and not gone yet. */
  abstract get unsent(): number;
  abstract shutdownReceiving(): void;
  abstract shutdownSending(): void;

  /** Connections that wait to be accepted; undefined unless it listens. */
  get backlog(): number | undefined {
    return undefined;
  }

  override get pollable(): Pollable {
    return {
      readiness: () => this.readiness,
      sources: [
        { list: this.receiving.watchers, about: EPOLLIN | EPOLLRDHUP },
        { list: this.sending.watchers, about: EPOLLOUT },
      ],
    };
  }

  /** The error that waits, which is taken by asking. */
  takeError(): string | undefined {
    const { error } = this;
    this.error = undefined;
    return error;
  }

  /** @throws Refusal EINVAL */
  filterFor(kind: DescriptorFilter): Filter {
    switch (kind) {
      case 'READ':
        return new ReadFilter(this);
      case 'WRITE':
        return new WriteFilter(this);
      case 'EMPTY':
        return new EmptyFilter(this);
      case 'EXCEPT':
        return new ExceptFilter(this);
      default:
        throw new Refusal('EINVAL');
    }
  }

  /** The peer sends no more. */
  endReceiving(): void {
    this.receiving.isOver = true;
    this.receiving.watchers.notify();
  }

  endSending(): void {
    this.sending.isOver = true;
    this.sending.watchers.notify();
  }

  private get readiness(): number {
    const { receiving, sending, error, backlog } = this;
    if (backlog !== undefined) return (backlog > 0 ? EPOLLIN : 0) | (error === undefined ? 0 : EPOLLERR | EPOLLIN);
    if (!this.isConnected && this.needsConnection && !receiving.isOver) return EPOLLOUT | EPOLLHUP;
    let bits = error === undefined ? 0 : EPOLLERR;
    if (receiving.isOver) bits |= EPOLLIN | EPOLLRDHUP;
    if (receiving.isOver && sending.isOver) bits |= EPOLLHUP;
    if (this.available >= receiving.lowWater) bits |= EPOLLIN;
    if (sending.isOver || this.room >= sending.lowWater) bits |= EPOLLOUT;
    return bits;
  }

  /** What read(2) says when there are no bytes. @throws Refusal */
  protected nothingToRead(): Uint8Array {
    const error = this.takeError();
    if (error !== undefined) throw new Refusal(error);
    if (this.receiving.isOver) return new Uint8Array(0);
    throw new Refusal(this.isConnected || !this.needsConnection ? 'EAGAIN' : 'ENOTCONN');
  }

  /** @throws Refusal EPIPE, the error that waits, ENOTCONN */
  protected checkWritable(): void {
    if (this.sending.isOver) throw new Refusal('EPIPE');
    const error = this.takeError();
    if (error !== undefined) throw new Refusal(error);
    if (!this.isConnected && this.needsConnection) throw new Refusal('ENOTCONN');
  }
}

abstract class SocketFilter implements Filter {
  readonly watchesDescriptor = true;

  constructor(
    protected readonly socket: Socket,
    private readonly buffer: SocketBuffer,
  ) {}

  abstract event(knote: Knote): boolean;

  attach(knote: Knote): void {
    this.buffer.watchers.add(knote);
  }

  detach(knote: Knote): void {
    knote.list?.remove(knote);
  }

  /** EV_EOF stays; the errno beside it is what waits at the moment. */
  protected over(knote: Knote): true {
    const { error } = this.socket;
    knote.flags |= knote.queue.profile.system.constants.EV_EOF;
    knote.fflags = error === undefined ? 0 : bsdErrno(error);
    return true;
  }
}

class ReadFilter extends SocketFilter {
  constructor(socket: Socket) {
    super(socket, socket.receiving);
  }

  event(knote: Knote): boolean {
    const { socket } = this;
    if (socket.backlog !== undefined) {
      knote.data = socket.backlog;
      return socket.error === undefined ? knote.data > 0 : this.over(knote);
    }
    knote.data = socket.available;
    if (socket.receiving.isOver) return this.over(knote);
    if (socket.error !== undefined) return true;
    return knote.data >= ((knote.askedFflags & NOTE_LOWAT) !== 0 ? knote.askedData : socket.receiving.lowWater);
  }
}

class WriteFilter extends SocketFilter {
  constructor(socket: Socket) {
    super(socket, socket.sending);
  }

  event(knote: Knote): boolean {
    const { socket } = this;
    if (socket.backlog !== undefined) return false;
    knote.data = socket.room;
    if (socket.sending.isOver) return this.over(knote);
    if (socket.error !== undefined) return true;
    if (!socket.isConnected && socket.needsConnection) return false;
    return knote.data >= ((knote.askedFflags & NOTE_LOWAT) !== 0 ? knote.askedData : socket.sending.lowWater);
  }
}

class EmptyFilter extends SocketFilter {
  constructor(socket: Socket) {
    super(socket, socket.sending);
  }

  event(knote: Knote): boolean {
    if (this.socket.backlog !== undefined) return true;
    knote.data = this.socket.unsent;
    return knote.data === 0;
  }
}

/** Out-of-band data, which nothing in the model sends. */
class ExceptFilter extends SocketFilter {
  constructor(socket: Socket) {
    super(socket, socket.receiving);
  }

  event(knote: Knote): boolean {
    return this.socket.receiving.isOver ? this.over(knote) : false;
  }
}
