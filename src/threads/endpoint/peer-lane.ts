/**
 * What this thread says in one lane of another's mailbox: under which numbers it has introduced itself and its names
 * there.
 */
import type { Lane } from '../mailbox/lane.js';
import { NOTHING, Outgoing, type Payload } from '../mailbox/outgoing.js';
import {
  CALL,
  channelOf,
  FAILURE,
  HELLO,
  isValue,
  kindOf,
  MAX_NAMES,
  MESSAGE,
  NAME,
  nameOf,
  PUBLISHED,
  REPLY,
  REQUEST,
} from './channel.js';
import { QueueSender } from '../messages/queue-sender.js';

/** What was sent to a thread that has ended, and it was not handed. */
export interface Undelivered {
  readonly kind: 'message' | 'request' | 'call' | 'published' | 'reply';
  /** Of the queue, the answer, the topic or the function; '' for a reply. */
  readonly name: string;
  /** Bytes where they lie, valid during the call. */
  readonly bytes: Uint8Array;
  readonly isValue: boolean;
}

export class PeerLane {
  private readonly names = new Map<string, number>();
  private isIntroduced = false;

  /** @param from this thread. @param to the other one, for errors. */
  constructor(
    readonly lane: Lane,
    private readonly from: number,
    private readonly to: number,
  ) {}

  /** The first thing that is said, and by itself before anything else. @throws IoError EPIPE, ENOBUFS. */
  introduce(): void {
    if (this.isIntroduced) return;
    this.lane.submit(new Outgoing(NOTHING, HELLO, this.from, false, false, undefined));
    this.isIntroduced = true;
  }

  sender(name: string): QueueSender {
    return new QueueSender(this.lane, this.channel(MESSAGE, name, false), this.channel(MESSAGE, name, true));
  }

  /** The channel of a name, which is introduced at its first use; '' needs none. @throws IoError as `submit`. */
  channel(kind: number, name: string, asValue: boolean): number {
    this.introduce();
    if (name === '') return channelOf(kind, 0, asValue);
    let number = this.names.get(name);
    if (number === undefined) {
      if (this.names.size >= MAX_NAMES) {
        throw new RangeError(`name: '${name}'; ${MAX_NAMES} names are in use towards thread ${this.to} already`);
      }
      number = this.names.size + 1;
      this.lane.submit(new Outgoing(Buffer.from(name), NAME, number, false, false, undefined));
      this.names.set(name, number);
    }
    return channelOf(kind, number, asValue);
  }

  /** @throws RangeError, IoError as the lane's. */
  submit(kind: number, name: string, payload: Payload, asValue: boolean, tag: number): void {
    this.lane.submit(new Outgoing(payload, this.channel(kind, name, asValue), tag, false, false, undefined));
  }

  /**
   * Says that something asked for has failed, however much waits already: there are no more of those than questions.
   */
  submitOwed(kind: number, name: string, payload: Payload, tag: number): void {
    this.lane.submit(new Outgoing(payload, this.channel(kind, name, true), tag, false, false, undefined), true);
  }

  /** Once the other thread has ended, or the lane is closed. */
  forEachUndelivered(visit: (undelivered: Undelivered) => void): void {
    const names = new Map([...this.names].map(([name, number]) => [number, name]));
    this.lane.forEachUnread((bytes, channel) => {
      const kind = KINDS.get(kindOf(channel));
      if (kind === undefined) return;
      visit({ kind, name: names.get(nameOf(channel)) ?? '', bytes, isValue: isValue(channel) });
    });
  }
}

/** What a user sent, by the kind of its record. Records of other kinds are Pollux's own. */
const KINDS: ReadonlyMap<number, Undelivered['kind']> = new Map([
  [MESSAGE, 'message'],
  [REQUEST, 'request'],
  [REPLY, 'reply'],
  [FAILURE, 'reply'],
  [PUBLISHED, 'published'],
  [CALL, 'call'],
]);
