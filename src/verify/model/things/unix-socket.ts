/** AF_UNIX: what is written lies at once in the peer's buffer, and the writer's room is the room that is left there. */
import type { Profile } from '../profile.js';
import { Refusal } from '../refusal.js';
import { ByteQueue } from './byte-queue.js';
import { Socket } from './socket.js';

/** net.local.stream.sendspace. */
const STREAM_BYTES = 8192;
/** net.local.dgram.recvspace and maxdgram. */
const DATAGRAM_QUEUE_BYTES = 16_384;
const DATAGRAM_BYTES = 8192;

export type UnixType = 'stream' | 'seqpacket' | 'dgram';

export class UnixSocket extends Socket {
  override readonly needsConnection: boolean;
  private readonly received = new ByteQueue();
  private peer: UnixSocket | undefined = undefined;

  constructor(
    readonly type: UnixType,
    private readonly profile: Profile,
  ) {
    super();
    this.needsConnection = type !== 'dgram';
  }

  /** A connected pair. */
  static pair(type: UnixType, profile: Profile): [UnixSocket, UnixSocket] {
    const a = new UnixSocket(type, profile);
    const b = new UnixSocket(type, profile);
    [a.peer, b.peer] = [b, a];
    [a.isConnected, b.isConnected] = [true, true];
    return [a, b];
  }

  get available(): number {
    return this.received.length;
  }

  /** All or nothing: a write that finds any room may overfill the peer's buffer. */
  get room(): number {
    if (this.type === 'dgram') return DATAGRAM_BYTES;
    return (this.peer?.received.length ?? 0) >= STREAM_BYTES ? 0 : STREAM_BYTES;
  }

  get unsent(): number {
    return 0;
  }

  read(mostBytes: number): Uint8Array {
    if (this.received.length === 0) return this.nothingToRead();
    const bytes = this.type === 'stream' ? this.received.take(mostBytes) : this.received.takePiece()!;
    this.peer?.sending.watchers.notify();
    // The rest of a record that is read in part is gone.
    return bytes.subarray(0, mostBytes);
  }

  write(bytes: Uint8Array): number {
    this.checkWritable();
    if (!this.profile.takesForDeafUnix && this.peer?.receiving.isOver === true) throw new Refusal('EPIPE');
    if (this.type === 'dgram') return this.writeDatagram(bytes);
    if (this.type === 'seqpacket' && bytes.length > STREAM_BYTES) throw new Refusal('EMSGSIZE');
    let written = 0;
    while (written < bytes.length) {
      const { room } = this;
      if (room === 0) break;
      const part = bytes.subarray(written, written + room);
      this.peer!.take(part);
      written += part.length;
    }
    if (written === 0 && bytes.length > 0) throw new Refusal('EAGAIN');
    return written;
  }

  shutdownReceiving(): void {
    if (!this.isConnected) throw new Refusal('ENOTCONN');
    this.received.clear();
    this.endReceiving();
  }

  shutdownSending(): void {
    if (!this.isConnected) throw new Refusal('ENOTCONN');
    this.endSending();
    this.peer?.endReceiving();
  }

  closed(): void {
    const { peer } = this;
    this.peer = undefined;
    this.received.clear();
    if (peer === undefined) return;
    peer.peer = undefined;
    peer.isConnected = false;
    if (this.type === 'dgram') {
      // The next call hears of it, and no event does.
      peer.error = 'ECONNRESET';
      return;
    }
    peer.endReceiving();
    if (this.profile.tellsUnixWriteEnd) peer.endSending();
    else peer.sending.isOver = true;
  }

  private writeDatagram(bytes: Uint8Array): number {
    if (this.peer === undefined) throw new Refusal('ENOTCONN');
    if (bytes.length > DATAGRAM_BYTES) throw new Refusal('EMSGSIZE');
    if (this.peer.received.length + bytes.length > DATAGRAM_QUEUE_BYTES) throw new Refusal('ENOBUFS');
    this.peer.take(bytes);
    return bytes.length;
  }

  private take(bytes: Uint8Array): void {
    this.received.push(bytes);
    this.receiving.watchers.notify();
  }
}
