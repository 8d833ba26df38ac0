import { expect } from 'chai';
import {
  ASLEEP,
  createRing,
  HEAD,
  OWNER_WAKE,
  READ,
  RingMemory,
  STATE,
  TAIL,
  UNIT_BYTES,
  WAITING,
  WAKING,
} from '../../../src/threads/ring/layout.js';
import { RingReader } from '../../../src/threads/ring/reader.js';
import { claimSlot, forEachUnread, releaseSenders, releaseSlot } from '../../../src/threads/ring/senders.js';
import { FULL, FULL_ASLEEP, RingWriter } from '../../../src/threads/ring/writer.js';

/** A ring of `units` with one receiver, whose senders all belong to thread `owner`. */
function ringOf(units: number, { senders = 1, owner = 0, beginsAt = 0 } = {}) {
  const buffer = createRing(units * UNIT_BYTES, senders, beginsAt);
  const memory = new RingMemory(buffer);
  const writers = Array.from({ length: senders }, () => new RingWriter(buffer, claimSlot(memory, owner)));
  return { buffer, memory, reader: new RingReader(buffer), writer: writers[0], writers };
}

/** Commits a record of so many units, or says why not. @returns whether the receiver is to be woken */
function put(writer: RingWriter, units = 1, { tag = 0, revocable = false } = {}): boolean | number {
  const offset = writer.reserve(units * UNIT_BYTES);
  return offset < 0 ? offset : writer.commit(0, tag, revocable);
}

function drain(reader: RingReader): number[] {
  const tags: number[] = [];
  while (reader.next()) tags.push(reader.tag);
  return tags;
}

describe('ring: who is told of room', () => {
  it('tells nobody who did not ask', () => {
    const { reader, writer } = ringOf(8);
    put(writer);
    drain(reader);
    reader.release();
    expect([reader.takeRoomWanted(), reader.takeWaiting(0), writer.wantsRoom]).to.deep.equal([false, false, false]);
  });

  it('tells who asked once half of the ring is free, not before, and once', () => {
    const { reader, writer } = ringOf(8);
    for (let tag = 0; tag < 8; tag++) put(writer, 1, { tag });
    expect(put(writer)).to.equal(FULL);
    writer.wantRoom();
    for (let count = 0; count < 3; count++) reader.next();
    reader.release();
    expect(reader.takeRoomWanted(), 'three of eight are free').to.equal(false);
    expect(writer.wantsRoom).to.equal(true);
    reader.next();
    reader.release();
    expect(reader.takeRoomWanted(), 'four of eight').to.equal(true);
    expect(reader.takeRoomWanted(), 'it has taken it').to.equal(false);
    expect([reader.takeWaiting(0), reader.takeWaiting(0), writer.wantsRoom]).to.deep.equal([true, false, false]);
  });

  it('asks only the sender that waits, and none that has thought better of it', () => {
    const { reader, writers } = ringOf(8, { senders: 3 });
    writers[1].wantRoom();
    writers[2].wantRoom();
    writers[2].forgetRoom();
    expect(writers.map(writer => writer.wantsRoom)).to.deep.equal([false, true, false]);
    expect(reader.takeRoomWanted()).to.equal(true);
    expect([0, 1, 2].map(sender => reader.takeWaiting(sender))).to.deep.equal([false, true, false]);
  });

  it('keeps who waits for the end of holding until that comes, and no other', () => {
    const { reader, writers } = ringOf(8, { senders: 2 });
    reader.hold(true);
    writers[0].wantRoom(true);
    writers[1].wantRoom(false);
    expect([reader.takeWaiting(0), reader.takeWaiting(1)]).to.deep.equal([false, true]);
    reader.hold(false);
    expect([reader.takeWaiting(0), writers[0].wantsRoom]).to.deep.equal([true, false]);
  });

  it('is not kept from telling by a TAIL of long ago', () => {
    const { memory, reader, writer } = ringOf(8);
    writer.wantRoom();
    memory.words[TAIL] = 9;
    expect(reader.takeRoomWanted()).to.equal(true);
  });

  it('tells a writer that the receiver has closed', () => {
    const { reader, writer } = ringOf(8);
    expect(writer.isClosed).to.equal(false);
    reader.close();
    expect(writer.isClosed).to.equal(true);
  });
});

describe('ring: the mark of a receiver that sleeps', () => {
  it('goes from the end of the ring over the padding to the record that is to wake', () => {
    const { reader, writer } = ringOf(8);
    put(writer, 4);
    put(writer, 2);
    drain(reader);
    reader.release();
    expect(reader.beginSleep()).to.equal(true);
    // Two units are left to the end.
    expect(put(writer, 4, { tag: 1 }), 'the record behind the padding').to.equal(true);
    expect(put(writer, 1, { tag: 2 }), 'the next one').to.equal(false);
    expect(drain(reader)).to.deep.equal([1, 2]);
  });

  it('is told to who has padded over it and then found no room', () => {
    const { reader, writers } = ringOf(8, { senders: 2 });
    put(writers[0], 4);
    put(writers[0], 2);
    drain(reader);
    // Nothing is released: six units are taken, and only the padding fits.
    expect(reader.beginSleep()).to.equal(true);
    expect(put(writers[1], 4)).to.equal(FULL_ASLEEP);
    expect(put(writers[1], 4), 'who comes after it').to.equal(FULL);
    expect(reader.isReady, 'the padding is work').to.equal(true);
  });

  it('is not found by a writer who finds no room elsewhere', () => {
    const { reader, writer } = ringOf(8);
    for (let count = 0; count < 8; count++) put(writer);
    drain(reader);
    expect(reader.beginSleep(), 'all is read and nothing released').to.equal(true);
    expect(put(writer)).to.equal(FULL);
  });

  it('is gone when the receiver has woken by itself', () => {
    const { memory, reader, writer } = ringOf(8);
    put(writer);
    drain(reader);
    expect(reader.beginSleep()).to.equal(true);
    expect(memory.words[memory.head(1) + STATE] & ASLEEP).to.equal(ASLEEP);
    reader.endSleep();
    expect(put(writer)).to.equal(false);
    expect(drain(reader)).to.have.lengthOf(1);
  });

  it('survives that its finder gives the record up', () => {
    const { reader, writer } = ringOf(8);
    expect(reader.beginSleep()).to.equal(true);
    writer.reserve(1);
    expect(writer.abandon()).to.equal(true);
    expect([reader.next(), reader.abandoned]).to.deep.equal([false, 1]);
  });

  it('keeps a receiver awake for what is committed, not for what is free or reserved', () => {
    const { reader, writer } = ringOf(8);
    const ready = () => [reader.mayBeReady, reader.isReady];
    expect(ready()).to.deep.equal([false, false]);
    writer.reserve(1);
    expect(ready(), 'reserved').to.deep.equal([false, false]);
    expect(reader.beginSleep(), 'reserved').to.equal(true);
    expect(writer.commit(0, 0), 'it was asleep').to.equal(true);
    expect(ready(), 'committed').to.deep.equal([true, true]);
    expect(reader.beginSleep(), 'committed').to.equal(false);
    drain(reader);
    expect(ready(), 'read').to.deep.equal([false, false]);
  });

  it('does not take records of the lap before, read and not released, for new ones', () => {
    const { reader, writer } = ringOf(4);
    for (let count = 0; count < 4; count++) put(writer);
    drain(reader);
    expect([reader.next(), reader.mayBeReady, reader.isReady]).to.deep.equal([false, false, false]);
    expect(reader.unreleasedUnits).to.equal(4);
    reader.release();
    expect(reader.unreleasedUnits).to.equal(0);
  });
});

describe('ring: records that are taken back', () => {
  it('is taken from when the receiver has it until its room is given back', () => {
    const { reader, writer } = ringOf(8);
    put(writer, 1, { revocable: true });
    const mark = writer.last;
    expect(writer.isTaken(mark)).to.equal(false);
    reader.next();
    expect(writer.isTaken(mark)).to.equal(true);
    reader.release();
    expect(writer.isTaken(mark)).to.equal(false);
  });

  it('gives a record that was taken back to nobody, and counts it', () => {
    const { reader, writer } = ringOf(8);
    const marks = [1, 2, 3].map(tag => {
      put(writer, 1, { tag, revocable: true });
      return writer.last;
    });
    expect(writer.revoke(marks[1])).to.equal(true);
    expect(drain(reader)).to.deep.equal([1, 3]);
    expect(reader.abandoned).to.equal(1);
  });

  it('refuses to settle what was not reserved', () => {
    const { writer } = ringOf(8);
    expect(() => writer.commit(0, 0)).to.throw('nothing is reserved');
    put(writer);
    expect(() => writer.abandon()).to.throw('nothing is reserved');
  });
});

describe('ring: several senders', () => {
  it('finds its place behind what others have sent, and leaves it for the next one', () => {
    const { memory, reader, writers } = ringOf(16, { senders: 3 });
    for (let tag = 0; tag < 5; tag++) put(writers[0], 1, { tag });
    expect(memory.words[TAIL], 'one who passed nobody').to.equal(0);
    put(writers[1], 2, { tag: 5 });
    expect(memory.words[TAIL], 'one who passed five').to.equal(7);
    put(writers[2], 1, { tag: 6 });
    expect(drain(reader)).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
  });

  it('goes on from what was read, when what it knew was freed long ago', () => {
    const { memory, reader, writers } = ringOf(8, { senders: 2 });
    put(writers[0], 1, { tag: 1 });
    for (let tag = 2; tag < 30; tag++) {
      put(writers[1], 3, { tag });
      expect(drain(reader)).to.include(tag);
      reader.release();
    }
    memory.words[TAIL] = 0;
    expect(put(writers[0], 3, { tag: 30 })).to.equal(false);
    expect(put(writers[1], 3, { tag: 31 })).to.equal(false);
    expect(drain(reader)).to.deep.equal([30, 31]);
  });

  it('passes a record that is still being filled, and the padding of another', () => {
    const { reader, writers } = ringOf(8, { senders: 2 });
    writers[0].reserve(3 * UNIT_BYTES);
    put(writers[1], 2, { tag: 1 });
    expect(reader.next(), 'the first is not committed').to.equal(false);
    writers[0].commit(0, 0);
    expect(drain(reader)).to.deep.equal([0, 1]);
    reader.release();
    // Three are left to the end: the first sender pads them, the second passes the padding and the record.
    put(writers[0], 4, { tag: 2 });
    put(writers[1], 1, { tag: 3 });
    expect(drain(reader)).to.deep.equal([2, 3]);
  });

  it('fills a ring to its last unit', () => {
    const { reader, writers } = ringOf(8, { senders: 2 });
    for (let tag = 0; tag < 4; tag++) expect(put(writers[tag & 1], 2, { tag })).to.equal(false);
    expect(writers.map(writer => put(writer))).to.deep.equal([FULL, FULL]);
    expect(drain(reader)).to.deep.equal([0, 1, 2, 3]);
    reader.release();
    for (let tag = 0; tag < 4; tag++) expect(put(writers[tag & 1], 2, { tag })).to.equal(false);
    expect(drain(reader)).to.deep.equal([0, 1, 2, 3]);
  });

  it('begins a record exactly at the end of the ring without padding', () => {
    const { memory, reader, writer } = ringOf(8);
    put(writer, 4, { tag: 1 });
    put(writer, 4, { tag: 2 });
    drain(reader);
    reader.release();
    expect(memory.words[HEAD]).to.equal(8);
  });
});

describe('ring: the end of a sender', () => {
  const wakeWords = (memory: RingMemory, sender: number) =>
    [WAITING, WAKING, OWNER_WAKE].map(word => memory.words[memory.slot(sender) + word]);

  it('leaves nothing of it in its slot, and nothing of others is touched', () => {
    const { memory } = ringOf(8, { senders: 2, owner: 7 });
    for (const sender of [0, 1])
      for (const word of [WAITING, WAKING, OWNER_WAKE]) memory.words[memory.slot(sender) + word] = 9;
    releaseSlot(memory, 1, 7);
    expect([wakeWords(memory, 0), wakeWords(memory, 1)]).to.deep.equal([
      [9, 9, 9],
      [0, 0, 0],
    ]);
    expect(claimSlot(memory, 3)).to.equal(1);
  });

  it('is the matter of its own thread, once', () => {
    const { memory } = ringOf(8, { owner: 7 });
    let cleared = 0;
    releaseSlot(memory, 0, 6, () => cleared++);
    expect([cleared, claimSlot(memory, 3)]).to.deep.equal([0, -1]);
    releaseSlot(memory, 0, 7, () => cleared++);
    releaseSlot(memory, 0, 7, () => cleared++);
    expect([cleared, claimSlot(memory, 3)]).to.deep.equal([1, 0]);
  });

  it('abandons a record that the receiver sleeps at', () => {
    const { memory, reader, writer } = ringOf(8, { owner: 7 });
    reader.beginSleep();
    writer.reserve(2 * UNIT_BYTES);
    expect(releaseSenders(memory, 7)).to.equal(1);
    expect([reader.next(), reader.abandoned, reader.unreleasedUnits]).to.deep.equal([false, 1, 2]);
  });

  it('leaves alone what others have at the place of its last record', () => {
    const { memory, reader, writers } = ringOf(4, { senders: 2, owner: 7 });
    put(writers[0], 1, { tag: 1 });
    releaseSenders(memory, 7);
    expect(drain(reader), 'committed is committed').to.deep.equal([1]);
    expect(reader.abandoned).to.equal(0);
  });

  it('tells its unread records with their numbers, also behind those of others and those taken back', () => {
    const { memory, writers } = ringOf(16, { senders: 2, owner: 7 });
    put(writers[0], 1, { tag: 1 });
    put(writers[1], 3, { tag: 2 });
    put(writers[0], 1, { tag: 3, revocable: true });
    writers[0].revoke(writers[0].last);
    writers[0].reserve(5);
    writers[0].commit(9, 4);
    const told: number[][] = [];
    forEachUnread(memory, writers[0].sender, writers[0].first!, (start, lengthBytes, channel, tag) =>
      told.push([start - memory.offset(0), lengthBytes, channel, tag]),
    );
    expect(told).to.deep.equal([
      [0, UNIT_BYTES, 0, 1],
      [5 * UNIT_BYTES, 5, 9, 4],
    ]);
  });
});

describe('ring: its memory', () => {
  it('begins where a test wants it to', () => {
    const { memory, reader, writer } = ringOf(8, { beginsAt: -4 });
    expect([TAIL, HEAD, READ].map(word => memory.words[word])).to.deep.equal([-4, -4, -4]);
    put(writer, 4, { tag: 1 });
    put(writer, 4, { tag: 2 });
    expect(drain(reader)).to.deep.equal([1, 2]);
    reader.release();
    expect(memory.words[HEAD]).to.equal(4);
  });

  it('is refused when it is too short, too long, or no shared memory', () => {
    const words = new Int32Array(createRing(256, 1));
    const withLength = (lengthBytes: number) => {
      const buffer = new SharedArrayBuffer(lengthBytes);
      new Int32Array(buffer).set(words.subarray(0, Math.min(words.length, lengthBytes >> 2)));
      return buffer;
    };
    expect(new RingMemory(withLength(words.byteLength)).unitCount).to.equal(4);
    for (const lengthBytes of [0, 128, words.byteLength - 4, words.byteLength + 64]) {
      expect(() => new RingMemory(withLength(lengthBytes)), `${lengthBytes}`).to.throw(
        TypeError,
        'what createRing returned',
      );
    }
    expect(() => new RingMemory(new ArrayBuffer(words.byteLength) as unknown as SharedArrayBuffer)).to.throw(TypeError);
  });

  it('has a size between 256 bytes and 1 GiB, a power of two, and 1 to 256 senders', () => {
    for (const lengthBytes of [0, 128, 320, 256.5, 768, 2 ** 31, Number.NaN]) {
      expect(() => createRing(lengthBytes, 1), `${lengthBytes}`).to.throw(RangeError, 'from 256 to 1073741824');
    }
    expect(new RingMemory(createRing(256, 256)).senderCount).to.equal(256);
  });
});
