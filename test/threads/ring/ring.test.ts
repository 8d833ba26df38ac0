import { expect } from 'chai';
import fc from 'fast-check';
import { createRing, ERA, HEAD, OWNER, READ, RingMemory, TAIL, UNIT_BYTES } from '../../../src/threads/ring/layout.js';
import { RingReader } from '../../../src/threads/ring/reader.js';
import { claimSlot, forEachUnread, releaseSenders } from '../../../src/threads/ring/senders.js';
import { FULL, GONE, RingWriter } from '../../../src/threads/ring/writer.js';
import { propertyRuns } from '../../property-runs.js';

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

  it('tells what was not handed, however much has gone through it since its sender began', () => {
    for (const passed of [2 ** 31 - 64, 2 ** 31, 2 ** 31 + 64, 2 ** 32 - 64, 2 ** 32]) {
      const buffer = createRing(1024, 2);
      const [mine, other] = [writerOf(buffer, 8), writerOf(buffer, 9)];
      const begun = new RingReader(buffer);
      write(mine, 'long ago');
      read(begun);
      begun.release();
      letPass(buffer, 1 + passed);
      write(other, 'of another');
      write(mine, 'unread');
      const unread: string[] = [];
      forEachUnread(mine.memory, mine.sender, mine.first!, (start, lengthBytes) =>
        unread.push(Buffer.from(mine.bytes.subarray(start, start + lengthBytes)).toString()),
      );
      expect(unread, `${passed} units later`).to.deep.equal(['unread']);
    }
  });

  it('does not tell what the owner of the slot before had sent', () => {
    const buffer = createRing(1024, 1, -2);
    const before = writerOf(buffer, 8);
    write(before, 'of the one before');
    releaseSenders(before.memory, 8);
    const after = writerOf(buffer, 9);
    write(after, 'own');
    const unread: string[] = [];
    forEachUnread(after.memory, after.sender, after.first!, (start, lengthBytes) =>
      unread.push(Buffer.from(after.bytes.subarray(start, start + lengthBytes)).toString()),
    );
    expect(unread).to.deep.equal(['own']);
  });

  it('takes no other record back when the laps in state words, or positions, have come round', () => {
    for (const [units, passed] of [
      [4, 4 * 2 ** 20],
      [2 ** 14, 2 ** 32],
    ]) {
      const buffer = createRing(units * UNIT_BYTES, 1);
      const writer = writerOf(buffer);
      const commit = () => {
        writer.reserve(1);
        writer.commit(0, 0, true);
        return writer.last;
      };
      const old = commit();
      expect(read(new RingReader(buffer))).to.equal('\0');
      letPass(buffer, passed);
      const later = commit();
      expect(writer.memory.word(later.position, 5, 0)).to.equal(writer.memory.word(old.position, 5, 0));
      expect(writer.isTaken(old)).to.equal(false);
      expect(writer.revoke(old)).to.equal(false);
      expect(writer.revoke(later)).to.equal(true);
    }
  });

  it('lets what was told not be taken back, and tells what was taken and not handed', () => {
    const buffer = createRing(1024, 1);
    const writer = writerOf(buffer);
    const marks = [0, 1, 2].map(tag => {
      writer.reserve(1);
      writer.commit(0, tag, true);
      return writer.last;
    });
    // As if it had died between the exchange and the note that it has read.
    const { words } = writer.memory;
    new RingReader(buffer).next();
    words[READ] = 0;
    expect(writer.revoke(marks[1])).to.equal(true);
    const told: number[] = [];
    forEachUnread(writer.memory, 0, writer.first!, (_start, _length, _channel, tag) => told.push(tag));
    expect(told).to.deep.equal([0, 2]);
    expect(marks.map(mark => writer.revoke(mark))).to.deep.equal([false, false, false]);
  });

  it('has a slot cleared by one thread, and by another if that one dies over it', () => {
    const buffer = createRing(1024, 2);
    const memory = new RingMemory(buffer);
    const dying = writerOf(buffer, 8);
    dying.reserve(10);
    const owner = memory.slot(dying.sender) + OWNER;
    let cleared = 0;
    const diesOverIt = () => {
      cleared++;
      // While one clears it, another finds nothing to do, and nobody can take it.
      expect(releaseSenders(memory, 8, 4)).to.equal(0);
      expect(claimSlot(memory, 5)).to.not.equal(dying.sender);
      throw new Error('terminated');
    };
    expect(() => releaseSenders(memory, 8, 3, diesOverIt)).to.throw('terminated');
    expect(memory.words[owner]).to.equal(-4);
    expect(releaseSenders(memory, 3, 4, () => cleared++)).to.equal(1);
    expect([cleared, memory.words[owner]]).to.deep.equal([2, 0]);
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
      fc.property(steps, fc.constantFrom(0, -8, -3, 2 ** 31 - 8, 2 ** 31 - 3), (program, beginning) => {
        const buffer = createRing(8 * UNIT_BYTES, 2, beginning);
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
      propertyRuns(300),
    );
  });
});

/** Makes a ring that has been read look as if so many more units had gone through it. */
function letPass(buffer: SharedArrayBuffer, units: number): void {
  const memory = new RingMemory(buffer);
  // The bits that `eraOf` keeps are those above an era.
  const eraUnits = 2 ** Math.clz32(memory.eraOf(-1));
  setPosition(buffer, units | 0);
  memory.words[ERA] += Math.floor(units / eraUnits);
}

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
