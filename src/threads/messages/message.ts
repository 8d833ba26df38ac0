/** What is sent, and what comes: bytes as they are, everything else as v8 serialises it. */
import { describeBy } from '../../base/inspection.js';
import { isUint8Array } from '../../base/kinds.js';
import { deserialize, serialize } from 'node:v8';
import { otherVersionOf } from '../../base/thread-state.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import type { Payload } from '../mailbox/outgoing.js';
import { kindOf } from '../../base/arguments.js';

/**
 * A message as its receiver sees it. It holds during the call that it is given to, and throws after; that of a request
 * lasts.
 */
export interface Message<T = unknown> {
  /** The thread that sent it. */
  readonly from: number;
  /** The payload where it lies, without a copy: valid during the call only. */
  readonly bytes: Uint8Array;
  /**
   * The payload as it was sent, for good: a copy of bytes, or the value. It may be made anew each time that it is read.
   */
  readonly value: T;
}

/** A payload ready for a ring. */
export interface Encoded {
  readonly payload: Payload;
  readonly isValue: boolean;
}

/** @throws TypeError a value that can't be cloned: a function, a symbol, or something that holds one. */
export function encode(payload: unknown): Encoded {
  if (isUint8Array(payload) || payload instanceof BufferList) return { payload, isValue: false };
  if (typeof payload === 'object' && payload !== null && otherVersionOf(payload) !== undefined) {
    throw new TypeError(`payload: ${kindOf(payload)}; allowed: what can be cloned, or a BufferList of this version`);
  }
  try {
    return { payload: serialize(payload), isValue: true };
  } catch (error) {
    throw new TypeError(`payload: it can't be cloned: ${(error as Error).message}`, { cause: error });
  }
}

/** A message in the ring. One object serves for all that are handed on as they come, and throws between them. */
export class Arrival implements Message {
  tag = 0;
  isValue = false;
  private sender = 0;
  private buffer: ArrayBufferLike | undefined = undefined;
  private start = 0;
  private end = 0;

  /** @param buffer kept as such, since a view of it is made in half of the time that a part of another view takes. */
  set(from: number, buffer: ArrayBufferLike, start: number, end: number): void {
    this.sender = from;
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  /** The call is over: code that kept the message would see the next one in its place. */
  expire(): void {
    this.buffer = undefined;
  }

  get from(): number {
    if (this.buffer === undefined) throw expired();
    return this.sender;
  }

  get bytes(): Uint8Array {
    if (this.buffer === undefined) throw expired();
    return new Uint8Array(this.buffer, this.start, this.end - this.start);
  }

  get lengthBytes(): number {
    return this.end - this.start;
  }

  get value(): unknown {
    // A copy that is not shared, so what v8 makes of it may point into it.
    const own = this.bytes.slice();
    return this.isValue ? (deserialize(own) as unknown) : own;
  }

  text(): string {
    return Buffer.from(this.bytes.slice()).toString();
  }

  /** One that lasts. */
  keep(): KeptMessage {
    return new KeptMessage(this.from, this.bytes.slice(), this.isValue);
  }

  static {
    describeBy('Message', Arrival.prototype, ({ buffer, sender, lengthBytes }) =>
      buffer === undefined ? { state: 'over' } : { from: sender, lengthBytes },
    );
  }
}

/** A message with bytes of its own. */
export class KeptMessage implements Message {
  constructor(
    readonly from: number,
    readonly bytes: Uint8Array,
    private readonly isValue: boolean,
  ) {}

  get value(): unknown {
    return this.isValue ? (deserialize(this.bytes) as unknown) : this.bytes;
  }

  static {
    describeBy('Message', KeptMessage.prototype, ({ from, bytes }) => ({ from, lengthBytes: bytes.length }));
  }
}

function expired(): TypeError {
  return new TypeError('the message was valid during the call only; read its value there');
}
