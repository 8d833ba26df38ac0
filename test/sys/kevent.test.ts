/** struct kevent of each system, and the numbers of its header. */
import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { KeventArray } from '../../src/sys/poll/kevent-array.js';
import { kqueueSystems } from '../../src/sys/poll/kevent-layout.js';

interface Recorded {
  sizeof: Record<string, { value: number }>;
  structs: Record<string, Record<string, { offset: number }>>;
  EVFILT: Record<string, { value: number }>;
  EV: Record<string, { value: number }>;
  NOTE: Record<string, { value: number }>;
}

const fixture = 'test/fixtures/kqueue/freebsd-constants.json';

const sizes = { 'freebsd-12': 64, 'freebsd-11': 32, macos: 32, openbsd: 32, 'netbsd-10': 40, 'netbsd-11': 72 };

describe('sys: struct kevent', () => {
  for (const system of Object.values(kqueueSystems)) {
    it(`${system.name}: ${sizes[system.name]} bytes, and every field comes back from every entry`, () => {
      expect(system.layout.sizeBytes).to.equal(sizes[system.name]);
      const array = new KeventArray(system.layout, 3);
      expect(array.bytes.length).to.be.within(3 * system.layout.sizeBytes, 3 * system.layout.sizeBytes + 7);
      const word = fc.nat(0xffffffff);
      const entry = fc.tuple(
        fc.maxSafeNat(),
        fc.integer({ min: -13, max: 13 }),
        fc.nat(0xffff),
        word,
        fc.maxSafeInteger(),
        word,
        word,
      );
      fc.assert(
        fc.property(fc.tuple(entry, entry, entry), entries => {
          entries.forEach((fields, index) => array.set(index, ...fields));
          const read = entries.map((_, index) => [
            array.ident(index),
            array.filter(index),
            array.flags(index),
            array.fflags(index),
            array.data(index),
            array.udataLow(index),
            array.udataHigh(index),
          ]);
          expect(read).to.deep.equal(entries);
        }),
      );
    });

    it(`${system.name}: the fields lie where the layout says`, () => {
      const { layout } = system;
      const array = new KeventArray(layout, 2);
      array.set(1, 0x11, -7, 0x4021, 0x80000001, -2, 0x44, 0x55);
      const view = new DataView(array.bytes.buffer, array.bytes.byteOffset + layout.sizeBytes);
      expect(view.getBigUint64(layout.ident, true)).to.equal(0x11n);
      expect(
        layout.filterBytes === 2 ? view.getInt16(layout.filter, true) : view.getInt32(layout.filter, true),
      ).to.equal(-7);
      expect(
        layout.flagsBytes === 2 ? view.getUint16(layout.flags, true) : view.getUint32(layout.flags, true),
      ).to.equal(0x4021);
      expect(view.getUint32(layout.fflags, true)).to.equal(0x80000001);
      expect(view.getBigInt64(layout.data, true)).to.equal(-2n);
      expect(view.getBigUint64(layout.udata, true)).to.equal(0x5500000044n);
    });
  }

  it('freebsd-12: layout and constants are those recorded on a FreeBSD kernel', function () {
    if (!existsSync(fixture)) this.skip();
    const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Recorded;
    const { layout, constants } = kqueueSystems['freebsd-12'];
    expect(layout.sizeBytes).to.equal(recorded.sizeof['struct kevent'].value);
    for (const field of ['ident', 'filter', 'flags', 'fflags', 'data', 'udata'] as const) {
      expect(layout[field], field).to.equal(recorded.structs['struct kevent'][field].offset);
    }
    const known = { ...recorded.EVFILT, ...recorded.EV, ...recorded.NOTE };
    const compared = Object.entries(constants).map(([name, value]) => {
      expect(value, name).to.equal(known[name].value);
      return name;
    });
    expect(compared.length).to.be.at.least(25);
  });
});
