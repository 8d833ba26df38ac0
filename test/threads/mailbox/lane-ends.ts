/** A lane with both of its ends in one thread, so that every step can be looked at. */
import { expect } from 'chai';
import type { Backend } from '../../../src/backends/contract.js';
import { createRing, UNIT_BYTES } from '../../../src/threads/ring/layout.js';
import { RingReader } from '../../../src/threads/ring/reader.js';
import { Lane } from '../../../src/threads/mailbox/lane.js';
import { Outgoing } from '../../../src/threads/mailbox/outgoing.js';
import type { IoError } from '../../../src/sys/ffi/io-error.js';

const UNITS = 8;
export const SENDER = 0;

export interface MessageOptions {
  readonly units?: number;
  readonly mayHold?: boolean;
  readonly revocable?: boolean;
  /** Nobody is told how it ended. */
  readonly quiet?: boolean;
}

/** Both ends: who sends, and who receives with thread number 7. */
export class Ends {
  readonly ring: SharedArrayBuffer;
  readonly lane: Lane;
  readonly reader: RingReader;
  readonly counters = { sent: 0, wakes: 0 };
  waiting = 0;
  /** Names of what was settled, with the code of what was refused. */
  readonly settled: string[] = [];

  constructor(sending: Backend, receiving: Backend, ringBytes = UNITS * UNIT_BYTES) {
    this.ring = createRing(ringBytes, 1);
    const { ring, counters } = this;
    const addressOf = (threadId: number, backend: Backend) => {
      return { threadId, mailbox: 1, ring, control: ring, wake: backend.wakeHandle };
    };
    const onWaiting = (by: number) => {
      this.waiting += by;
    };
    this.lane = new Lane({ address: addressOf(0, sending), counters, onWaiting }, addressOf(7, receiving), ring);
    this.reader = new RingReader(ring);
  }

  message(
    name: string,
    { units = 1, mayHold = false, revocable = false, quiet = false }: MessageOptions = {},
  ): Outgoing {
    const onSettled = (failure: Error | undefined) => {
      this.settled.push(failure === undefined ? name : `${name} ${(failure as IoError).code}`);
    };
    const bytes = Buffer.from(name.padEnd(units * UNIT_BYTES));
    return new Outgoing(bytes, 3, 5, mayHold, revocable, quiet ? undefined : onSettled);
  }

  submit(name: string, options?: MessageOptions): boolean {
    return this.lane.submit(this.message(name, options));
  }

  fill(): void {
    for (let count = 0; count < 4; count++) expect(this.submit('filler', { units: 2 })).to.equal(true);
  }

  read(): string[] {
    const { reader } = this;
    const names: string[] = [];
    while (reader.next()) names.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString().trimEnd());
    return names;
  }

  /** As a receiver at the end of its turn. @returns whether the sender is to be woken */
  release(): boolean {
    this.reader.release();
    return this.reader.takeRoomWanted() && this.reader.takeWaiting(SENDER);
  }
}
