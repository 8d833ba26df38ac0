import { expect } from 'chai';
import fc from 'fast-check';
import { createRing, HEAD, READ, RingMemory, TAIL, UNIT_BYTES } from '../../src/base/ring/layout.js';
import { RingReader } from '../../src/base/ring/reader.js';
import { claimSlot, forEachUnread, releaseSenders } from '../../src/base/ring/senders.js';
import { FULL, GONE, RingWriter } from '../../src/base/ring/writer.js';

function writerOf(buffer: SharedArrayBuffer, owner = 0): RingWriter {
  return new RingWriter(buffer, claimSlot(new RingMemory(buffer), owner));
}

function write(writer: RingWriter, text: string, channel = 0, tag = 0): boolean {
  const bytes = Buffer.from(text);
  const offset = writer.reserve(bytes.length);
  if (offset < 0) return false;
  writer.bytes.set(bytes, offset);
  writer.commit(channel, tag);
  return true;
}

function read(reader: RingReader): string | undefined {
  return reader.next() ? Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString() : undefined;
}

describe('ring', () => {
  it('gives records in order, with their length, their numbers and their sender', () => {
    const buffer = createRing(1024, 2);
    const [first, second] = [writerOf(buffer, 5), writerOf(buffer, 6)];
    const reader = new RingReader(buffer);
    expect(read(reader)).to.equal(undefined);
    write(first, 'one', 7, -1);
    write(second, '', 1, 2);
    write(first, 'x'.repeat(100));
    expect(read(reader)).to.equal('one');
    expect([reader.channel, reader.tag, reader.sender]).to.deep.equal([7, -1, first.sender]);
    expect(read(reader)).to.equal('');
    expect(reader.sender).to.equal(second.sender);
    expect(read(reader)).to.equal('x'.repeat(100));
    expect(read(reader)).to.equal(undefined);
  });

  it('says FULL rather than write over what was not released', () => {
    const buffer = createRing(4 * UNIT_BYTES, 1);
    const writer = writerOf(buffer);
    const reader = new RingReader(buffer);
    for (const text of ['a', 'b', 'c', 'd']) expect(write(writer, text)).to.equal(true);
    expect(writer.reserve(1)).to.equal(FULL);
    for (const text of ['a', 'b', 'c', 'd', undefined]) expect(read(reader)).to.equal(text);
    expect(writer.reserve(1)).to.equal(FULL);
    reader.release();
    expect(write(writer, 'e')).to.equal(true);
    expect(read(reader)).to.equal('e');
  });

  it('takes the longest record wherever an empty ring stands, and nothing longer', () => {
    const buffer = createRing(8 * UNIT_BYTES, 1);
    const writer = writerOf(buffer);
    const reader = new RingReader(buffer);
    const longest = 'y'.repeat(writer.memory.maxRecordBytes);
    for (let count = 0; count < 20; count++) {
      expect(write(writer, 'z')).to.equal(true);
      expect(read(reader)).to.equal('z');
      reader.release();
      expect(write(writer, longest)).to.equal(true);
      expect(read(reader)).to.equal(longest);
      reader.release();
    }
    expect(() => writer.reserve(longest.length + 1)).to.throw(RangeError, 'allowed: 0 to 256');
  });

  it('says GONE once the receiver has closed, who may still read', () => {
    const buffer = createRing(1024, 1);
    const writer = writerOf(buffer);
    const reader = new RingReader(buffer);
    write(writer, 'last');
    reader.close();
    expect(writer.reserve(1)).to.equal(GONE);
    expect(read(reader)).to.equal('last');
  });

  it('asks for a wake only of a receiver that said it sleeps, and once', () => {
    const buffer = createRing(1024, 1);
    const writer = writerOf(buffer);
    const reader = new RingReader(buffer);
    const commit = () => {
      writer.reserve(0);
      return writer.commit(0, 0);
    };
    expect(commit()).to.equal(false);
    expect(reader.beginSleep()).to.equal(false);
    expect(read(reader)).to.equal('');
    expect(reader.beginSleep()).to.equal(true);
    expect(commit()).to.equal(true);
    expect(commit()).to.equal(false);
  });

  it('skips a record that was given up, or whose sender died, and lets the slot be taken again', () => {
    const buffer = createRing(1024, 2);
    const memory = new RingMemory(buffer);
    const [dying, living] = [writerOf(buffer, 8), writerOf(buffer, 9)];
    const reader = new RingReader(buffer);
    expect(claimSlot(memory, 3)).to.equal(-1);
    write(dying, 'before');
    dying.reserve(200);
    write(living, 'after');
    living.reserve(10);
    living.abandon();
    expect(read(reader)).to.equal('before');
    expect(read(reader)).to.equal(undefined);
    expect(releaseSenders(memory, 8)).to.equal(1);
    expect(read(reader)).to.equal('after');
    expect(read(reader)).to.equal(undefined);
    expect(releaseSenders(memory, 8)).to.equal(0);
    expect(reader.abandoned).to.equal(2);
    expect(claimSlot(memory, 3)).to.equal(dying.sender);
  });

  it('regression 44: a sender that died before it moved the tail stops nobody', () => {
    const buffer = createRing(1024, 2);
    const memory = new RingMemory(buffer);
    const [dying, living] = [writerOf(buffer, 8), writerOf(buffer, 9)];
    const reader = new RingReader(buffer);
    dying.reserve(100);
    // As if it had been stopped right after the exchange that reserves.
    memory.words[TAIL] = 0;
    expect(write(living, 'living')).to.equal(true);
    expect(read(reader)).to.equal(undefined);
    releaseSenders(memory, 8);
    expect(read(reader)).to.equal('living');
  });

  it('lets a sender take a record back as long as the receiver has not taken it', () => {
    const buffer = createRing(1024, 1);
    const writer = writerOf(buffer);
    const reader = new RingReader(buffer);
    const positions = [10, 11, 12].map(tag => {
      writer.reserve(1);
      writer.commit(0, tag, true);
      return writer.last;
    });
    expect(reader.next()).to.equal(true);
    expect(positions.map(position => writer.revoke(position))).to.deep.equal([false, true, true]);
    expect(positions.map(position => writer.revoke(position))).to.deep.equal([false, false, false]);
    expect(reader.next()).to.equal(false);
    // A later lap: the old positions name nothing any more.
    reader.release();
    for (let count = 0; count < 16; count++) write(writer, 'later');
    expect(writer.revoke(positions[0])).to.equal(false);
  });

  it('tells what a receiver that died was not handed', () => {
    const buffer = createRing(1024, 2);
    const [mine, other] = [writerOf(buffer, 8), writerOf(buffer, 9)];
    const reader = new RingReader(buffer);
    for (const text of ['a', 'b', 'c']) {
      write(mine, text);
      write(other, text);
    }
    read(reader);
    const unread: string[] = [];
    forEachUnread(mine.memory, mine.sender, mine.first!, (start, lengthBytes) =>
      unread.push(Buffer.from(mine.bytes.subarray(start, start + lengthBytes)).toString()),
    );
    expect(unread).to.deep.equal(['b', 'c']);
  });

  it('is not fooled by a sender that was idle until the laps in state words came round', () => {
    const buffer = createRing(4 * UNIT_BYTES, 2);
    const [idle, busy] = [writerOf(buffer), writerOf(buffer)];
    const reader = new RingReader(buffer);
    write(idle, 'idle');
    expect(read(reader)).to.equal('idle');
    reader.release();
    // To the first position of a lap whose number looks like that of the first, by laps that nobody needs to write.
    const lapRange = 4 * 2 ** 20;
    setPosition(buffer, lapRange - 4);
    const later = new RingReader(buffer);
    for (const text of ['a', 'b', 'c', 'd']) {
      write(busy, text);
      expect(read(later)).to.equal(text);
    }
    later.release();
    // As it would be had the other come all the way alone, which leaves nothing in TAIL.
    reader.memory.words[TAIL] = 0;
    expect(reader.memory.eraOf(lapRange - 4)).to.not.equal(reader.memory.eraOf(lapRange));
    // The end of its own last record is position 1, and the unit there is free and says so in the words of that lap.
    expect(write(idle, 'again')).to.equal(true);
    expect(read(later)).to.equal('again');
  });

  it('refuses memory that is no ring, and sizes that are none', () => {
    expect(() => new RingMemory(new SharedArrayBuffer(4096))).to.throw(TypeError, 'not the memory of a ring');
    expect(() => createRing(1000, 1)).to.throw(RangeError, 'a power of two');
    expect(() => createRing(1024, 0)).to.throw(RangeError, 'senderCount: 0');
    expect(() => createRing(1024, 257)).to.throw(RangeError, 'senderCount: 257');
  });

  it('behaves as a bounded queue under any sequence of writes, reads and releases', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('write' as const), sender: fc.nat(1), length: fc.nat(4 * UNIT_BYTES) }),
        fc.record({ kind: fc.constantFrom('read' as const, 'release' as const) }),
      ),
      { maxLength: 200 },
    );
    // Positions begin shortly before they wrap, so that most programs cross it.
    fc.assert(
      fc.property(steps, fc.constantFrom(0, -8, -3), (program, beginning) => {
        const buffer = createRing(8 * UNIT_BYTES, 2);
        setPosition(buffer, beginning);
        const writers = [writerOf(buffer), writerOf(buffer)];
        const reader = new RingReader(buffer);
        const expected: string[] = [];
        let count = 0;
        for (const step of program) {
          if (step.kind === 'write') {
            const text = `${count++}`.padEnd(step.length, '.').slice(0, step.length);
            if (write(writers[step.sender], text)) expected.push(text);
            else expect(expected.length + reader.unreleasedUnits).to.be.above(0);
          } else if (step.kind === 'read') {
            expect(read(reader)).to.equal(expected.shift());
          } else {
            reader.release();
          }
        }
        while (expected.length > 0) expect(read(reader)).to.equal(expected.shift());
        expect(read(reader)).to.equal(undefined);
      }),
      { numRuns: 300 },
    );
  });
});

/** Makes an empty ring look as if so much had gone through it. */
function setPosition(buffer: SharedArrayBuffer, position: number): void {
  const memory = new RingMemory(buffer);
  memory.words[TAIL] = memory.words[HEAD] = memory.words[READ] = position;
  for (let index = 0; index < memory.unitCount; index++) {
    const at = (position & ~(memory.unitCount - 1)) + index;
    const unit = ((at - position) | 0) < 0 ? (at + memory.unitCount) | 0 : at;
    memory.words[memory.head(unit)] = memory.word(unit, 0, 0);
  }
}
