/** A bound UDP socket: there is always room, and nobody sends to it. */
import { Refusal } from '../refusal.js';
import { Socket } from './socket.js';

/** net.inet.udp.maxdgram. */
const SEND_BYTES = 9216;

export class UdpSocket extends Socket {
  override readonly needsConnection = false;

  get available(): number {
    return 0;
  }

  get room(): number {
    return SEND_BYTES;
  }

  get unsent(): number {
    return 0;
  }

  read(): Uint8Array {
    return this.nothingToRead();
  }

  write(): number {
    throw new Refusal('EDESTADDRREQ');
  }

  shutdownReceiving(): void {
    this.endReceiving();
  }

  shutdownSending(): void {
    this.endSending();
  }

  closed(): void {
    // Nobody is told.
  }
}
