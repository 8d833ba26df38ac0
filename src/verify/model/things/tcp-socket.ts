/**
 * TCP over the loopback. Segments arrive at once; what the model keeps of the network's time is the delay of the last
 * acknowledgement, because a sender has no room for bytes that are not acknowledged.
 */
import type { Alarm, VirtualClock } from '../clock.js';
import { Refusal } from '../refusal.js';
import { ByteQueue } from './byte-queue.js';
import { Socket } from './socket.js';

/** As recorded: what WRITE reports on a fresh connection, and before it is connected. */
const SEND_BYTES = 49_032;
const UNCONNECTED_SEND_BYTES = 32_768;
const RECEIVE_BYTES = 65_228;
/** MTU 16,384 of the loopback less headers. */
const SEGMENT_BYTES = 16_344;
/** net.inet.tcp.delacktime. */
const DELAYED_ACK_NS = 40e6;

export class TcpSocket extends Socket {
  /** SO_LINGER with 0 seconds: close resets. */
  resetsOnClose = false;
  private readonly received = new ByteQueue();
  private readonly waiting = new ByteQueue();
  private peer: TcpSocket | undefined = undefined;
  /** Sent and not acknowledged. */
  private inFlight = 0;
  /** Received and not acknowledged. */
  private unacknowledged = 0;
  private delayedAck: Alarm | undefined = undefined;
  private finSent = false;
  private finReceived = false;
  /** The user closed it; what is left to send still goes. */
  private isDetached = false;
  /** The connection was reset, from here or from there. */
  private isDead = false;
  private wasConnected = false;

  constructor(private readonly clock: VirtualClock) {
    super();
  }

  get available(): number {
    return this.received.length;
  }

  get room(): number {
    return (this.wasConnected ? SEND_BYTES : UNCONNECTED_SEND_BYTES) - this.unsent;
  }

  get unsent(): number {
    return this.waiting.length + this.inFlight;
  }

  /** Whether the connection was reset before somebody accepted it. */
  get wasAborted(): boolean {
    return this.isDead;
  }

  /** The handshake is over. */
  establish(peer: TcpSocket): void {
    this.peer = peer;
    this.isConnected = true;
    this.wasConnected = true;
    this.receiving.watchers.notify();
    this.sending.watchers.notify();
  }

  /** Nobody listens. */
  refuse(): void {
    this.error = 'ECONNREFUSED';
    this.disconnect();
  }

  read(mostBytes: number): Uint8Array {
    if (this.received.length === 0) return this.nothingToRead();
    const bytes = this.received.take(mostBytes);
    if (bytes.length >= 2 * SEGMENT_BYTES || (this.peer?.waiting.length ?? 0) > 0) this.acknowledge();
    this.peer?.transmit();
    return bytes;
  }

  write(bytes: Uint8Array): number {
    this.checkWritable();
    let written = 0;
    while (written < bytes.length) {
      const rest = bytes.length - written;
      const { room } = this;
      if (room < rest && room < this.sending.lowWater) break;
      const part = bytes.subarray(written, written + Math.min(room, rest));
      this.waiting.push(part);
      written += part.length;
      this.transmit();
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
    this.transmit();
  }

  closed(): void {
    this.isDetached = true;
    this.received.clear();
    if (this.resetsOnClose) {
      this.abort();
      return;
    }
    this.sending.isOver = true;
    this.transmit();
  }

  /** Sends a reset and forgets the connection. */
  abort(): void {
    const { peer } = this;
    this.isDead = true;
    this.peer = undefined;
    this.waiting.clear();
    this.clock.cancel(this.delayedAck);
    peer?.onReset();
  }

  /** Sends what the peer's window takes, and the FIN behind the last byte. */
  private transmit(): void {
    const { peer } = this;
    if (peer === undefined) return;
    while (this.waiting.length > 0) {
      const window = peer.isDetached ? Infinity : RECEIVE_BYTES - peer.received.length;
      if (window <= 0) return;
      const segment = this.waiting.take(Math.min(window, SEGMENT_BYTES));
      this.inFlight += segment.length;
      this.acknowledge();
      if (!peer.onSegment(segment)) return;
    }
    if (this.sending.isOver && !this.finSent) {
      this.finSent = true;
      this.acknowledge();
      peer.onFin();
    }
  }

  /** @returns false: it was answered by a reset. */
  private onSegment(bytes: Uint8Array): boolean {
    if (this.isDetached) {
      this.abort();
      return false;
    }
    const earlier = this.unacknowledged;
    this.unacknowledged = bytes.length;
    this.clock.cancel(this.delayedAck);
    this.delayedAck = this.clock.set(this.clock.nowNs + DELAYED_ACK_NS, () => this.acknowledge());
    // After our own shutdown nothing is kept, but each arrival is told.
    if (!this.receiving.isOver) this.received.push(bytes);
    this.receiving.watchers.notify();
    // The segment before this one is acknowledged by now; this one waits for company.
    if (earlier > 0) this.peer?.onAcknowledged(earlier);
    return true;
  }

  private onFin(): void {
    this.finReceived = true;
    this.acknowledge();
    this.endReceiving();
    // The peer that closed threw away what it had not read, and its FIN says so: its window is open again.
    this.transmit();
  }

  private acknowledge(): void {
    this.clock.cancel(this.delayedAck);
    this.delayedAck = undefined;
    const { unacknowledged } = this;
    this.unacknowledged = 0;
    if (unacknowledged > 0) this.peer?.onAcknowledged(unacknowledged);
  }

  private onAcknowledged(lengthBytes: number): void {
    this.inFlight -= lengthBytes;
    this.sending.watchers.notify();
    this.transmit();
  }

  private onReset(): void {
    this.peer = undefined;
    // Both said that they are done: there is nothing left to fail.
    if (!(this.finSent && this.finReceived)) this.error = 'ECONNRESET';
    this.disconnect();
  }

  private disconnect(): void {
    this.isDead = true;
    this.isConnected = false;
    this.clock.cancel(this.delayedAck);
    this.waiting.clear();
    this.inFlight = 0;
    this.endReceiving();
    this.endSending();
  }
}
