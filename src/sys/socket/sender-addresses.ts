/** The senders of datagrams: addresses that were seen lately are not decoded again, and are the same objects. */
import { SockaddrBlock, type Address } from './sockaddr.js';

/** A power of two. Beyond it senders that come in turns take each other's places, and are decoded again. */
const REMEMBERED = 256;

interface Sender {
  readonly bytes: Uint8Array;
  readonly address: Address;
}

export class SenderAddresses {
  /** What recvmsg fills. */
  readonly block = new SockaddrBlock();
  private readonly seen = new Array<Sender | undefined>(REMEMBERED).fill(undefined);

  /** The address that the block holds, frozen. */
  current(): Address {
    const { block, seen } = this;
    const place = block.hash & (REMEMBERED - 1);
    const sender = seen[place];
    if (sender !== undefined && block.equals(sender.bytes)) return sender.address;
    const address = block.decodeForAnswer();
    seen[place] = { bytes: block.toBytes(), address };
    return address;
  }
}
