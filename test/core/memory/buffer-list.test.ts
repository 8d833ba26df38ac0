import { expect } from 'chai';
import fc from 'fast-check';
import { kindOf } from '../../../src/base/arguments.js';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { IovecTable } from '../../../src/core/memory/iovec-table.js';
import { Slab } from '../../../src/core/memory/slab.js';
import { close, read } from '../../../src/sys/file/io.js';
import { NativeBlock } from '../../../src/sys/ffi/memory.js';
import { MessageHeader, sendmsg, socketpair } from '../../../src/sys/socket/socket.js';
import { propertyRuns } from '../../property-runs.js';

const CHUNK_BYTES = 256;

function newSlab(): Slab {
  return new Slab({ chunkBytes: CHUNK_BYTES, chunksPerBlock: 4, maxBytes: 1 << 24, debug: true });
}

/** Puts bytes into a chunk of their own and the chunk into the list. */
function appendLeased(list: BufferList, slab: Slab, bytes: Uint8Array, start = 3): void {
  const lease = slab.lease()!;
  lease.bytes.set(bytes, start);
  list.appendLease(lease, start, start + bytes.length);
}

function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

describe('core: buffer list', () => {
  describe('appending', () => {
    it('takes strings as UTF-8, arrays by reference, and lists by moving', () => {
      const bytes = bytesOf(1, 2, 3);
      const other = BufferList.from('é');
      const list = BufferList.from('a', bytes, other);
      bytes[1] = 9;
      expect([...list.toBytes()]).to.deep.equal([97, 1, 9, 3, 0xc3, 0xa9]);
      expect([list.length, list.segmentCount]).to.deep.equal([6, 3]);
      expect([other.length, other.segmentCount]).to.deep.equal([0, 0]);
    });

    it('takes nothing of what is empty', () => {
      const list = BufferList.from('', new Uint8Array(0), new BufferList()).prepend('').appendCopy(new Uint8Array(0));
      expect([list.length, list.segmentCount, list.toString()]).to.deep.equal([0, 0, '']);
    });

    it('prepends in the order of the part', () => {
      const list = BufferList.from('end').prepend(BufferList.from('mid', 'dle ')).prepend('front ');
      expect(list.toString()).to.equal('front middle end');
      list.append('!');
      expect(list.toString()).to.equal('front middle end!');
    });

    it('prepends to an empty list, and appends behind that', () => {
      expect(new BufferList().prepend('a').append('b').toString()).to.equal('ab');
    });

    it('refuses to put a list into itself', () => {
      const list = BufferList.from('x');
      expect(() => list.append(list)).to.throw(TypeError, "part: a list can't be put into itself");
      expect(() => list.prepend(list)).to.throw(TypeError, "part: a list can't be put into itself");
      expect(list.toString()).to.equal('x');
    });

    it('refuses other kinds, naming what was given', () => {
      const list = new BufferList();
      for (const part of [7, null, undefined, {}, [1]]) {
        expect(() => list.append(part as never)).to.throw(
          TypeError,
          `part: ${kindOf(part)}; allowed: string, Uint8Array`,
        );
      }
      expect(list.length).to.equal(0);
    });

    it('appendCopy leaves the caller its array, and lets small pieces share memory', () => {
      const list = new BufferList();
      const piece = bytesOf(0);
      for (let value = 0; value < 100; value++) {
        piece[0] = value;
        list.appendCopy(piece);
      }
      expect([...list.toBytes()]).to.deep.equal(Array.from({ length: 100 }, (_, value) => value));
      expect(list.segmentCount).to.equal(1);
      list.appendCopy(new Uint8Array(40_000).fill(1));
      expect(list.length).to.equal(40_100);
      expect(list.segmentCount).to.equal(2);
    });

    it('appendCopy never writes behind bytes that another list sees too', () => {
      const list = new BufferList().appendCopy(bytesOf(1, 2, 3));
      const slice = list.slice();
      list.appendCopy(bytesOf(4));
      slice.appendCopy(bytesOf(5));
      expect([...list.toBytes()]).to.deep.equal([1, 2, 3, 4]);
      expect([...slice.toBytes()]).to.deep.equal([1, 2, 3, 5]);
    });

    it('appendCopy goes on in the segment that moved', () => {
      const moved = new BufferList().append(new BufferList().appendCopy(bytesOf(1)));
      moved.appendCopy(bytesOf(2));
      expect([[...moved.toBytes()], moved.segmentCount]).to.deep.equal([[1, 2], 1]);
    });
  });

  describe('iteration', () => {
    const MOVED = 'while a loop went over it';
    const threeRanges = () => BufferList.from('one', 'two', 'three');

    it('may consume what it has seen, and append', () => {
      const list = threeRanges();
      const seen: string[] = [];
      for (const view of list) {
        seen.push(Buffer.from(view).toString());
        list.consume(view.length);
        if (seen.length === 1) list.append('four');
      }
      expect([seen.join(' '), list.toString()]).to.deep.equal(['one two three four', '']);
    });

    const losses: Record<string, (list: BufferList, other: BufferList) => unknown> = {
      'sent or appended elsewhere': (list, other) => other.append(list),
      taken: list => list.take(),
      released: list => list.release(),
      'split and dropped': list => list.split(list.length).release(),
      'split into another': (list, other) => other.append(list.split(6)),
      'consumed beyond what was seen': list => list.consume(list.length),
    };
    for (const [name, lose] of Object.entries(losses)) {
      it(`throws when the list is ${name} in the loop, and never goes on in another list`, () => {
        const list = threeRanges();
        const other = BufferList.from('its own');
        const seen: string[] = [];
        expect(() => {
          for (const view of list) {
            seen.push(Buffer.from(view).toString());
            lose(list, other);
            // Takes segments out of the pool, as another connection does.
            other.append('of').append('another').append('connection');
          }
        }).to.throw(Error, MOVED);
        expect(seen).to.deep.equal(['one']);
      });
    }

    it('ends when the last range was sent in the loop', () => {
      const list = BufferList.from('only');
      const other = BufferList.from('its own');
      let count = 0;
      for (const view of list) {
        count += view.length;
        other.append(list).append('behind');
      }
      expect(count).to.equal(4);
    });
  });

  describe('leases', () => {
    it('a chunk comes back when its range is consumed', () => {
      const slab = newSlab();
      const list = new BufferList();
      appendLeased(list, slab, bytesOf(1, 2, 3));
      appendLeased(list, slab, bytesOf(4, 5));
      list.consume(3);
      expect(slab.leasedChunks).to.equal(1);
      list.consume(1);
      expect(slab.leasedChunks).to.equal(1);
      expect([...list.toBytes()]).to.deep.equal([5]);
      list.consume(1);
      expect([slab.leasedChunks, list.segmentCount]).to.deep.equal([0, 0]);
    });

    it('slice and split take shares; each list gives its own back', () => {
      const slab = newSlab();
      const list = new BufferList();
      appendLeased(list, slab, bytesOf(1, 2, 3, 4));
      const slice = list.slice(1, 3);
      const head = list.split(2);
      list.release();
      expect([[...slice.toBytes()], [...head.toBytes()], slab.leasedChunks]).to.deep.equal([[2, 3], [1, 2], 1]);
      head.release();
      expect([...slice.toBytes()]).to.deep.equal([2, 3]);
      slice.release();
      expect(slab.leasedChunks).to.equal(0);
    });

    it('using gives back what a list holds', () => {
      const slab = newSlab();
      const use = () => {
        using list = new BufferList();
        appendLeased(list, slab, bytesOf(1));
        expect(slab.leasedChunks).to.equal(1);
      };
      use();
      expect(slab.leasedChunks).to.equal(0);
    });

    it('regression 38: reading what somebody else released is refused, by every way', () => {
      const slab = newSlab();
      const list = new BufferList();
      const lease = slab.lease()!;
      list.appendLease(lease, 0, 4);
      lease.release();
      const table = new IovecTable(4);
      for (const use of [
        () => list.toBytes(),
        () => list.toString(),
        () => list.byteAt(0),
        () => list.indexOf(1),
        () => list.equals(new Uint8Array(4)),
        () => [...list],
        () => list.slice(),
        () => list.fillIovecs(table),
        () => list.firstAddress,
      ]) {
        expect(use).to.throw(Error, 'of a chunk that was released');
      }
    });
  });

  describe('giving chunks back', () => {
    /** A list of one leased chunk and what follows it, from a slab that has nothing left. */
    function listOfLastChunk(...parts: string[]): { list: BufferList; slab: Slab } {
      const slab = new Slab({ chunkBytes: CHUNK_BYTES, chunksPerBlock: 1, maxBytes: CHUNK_BYTES });
      const list = new BufferList();
      appendLeased(list, slab, Buffer.from('chunk'));
      for (const part of parts) list.append(part);
      expect(slab.lease()).to.equal(undefined);
      return { list, slab };
    }

    it('who is told of it may use the list', () => {
      for (const drop of [(list: BufferList) => list.consume(5), (list: BufferList) => list.release()]) {
        const { list, slab } = listOfLastChunk();
        slab.onAvailable = () => void list.append('hello');
        drop(list);
        expect([list.length, list.segmentCount, list.toString()]).to.deep.equal([5, 1, 'hello']);
      }
    });

    it('who is told of it may throw: the list has dropped what it should', () => {
      const { list, slab } = listOfLastChunk('abc', 'def');
      slab.onAvailable = () => {
        throw new Error('from onAvailable');
      };
      expect(() => list.consume(9)).to.throw('from onAvailable');
      expect([list.length, list.segmentCount, list.toString()]).to.deep.equal([2, 1, 'ef']);
      expect(slab.leasedChunks).to.equal(0);
    });

    it('a range that throws keeps no other from giving its chunk back', () => {
      const slab = newSlab();
      const list = new BufferList();
      const bad = slab.lease()!;
      list.appendLease(bad, 0, 4);
      appendLeased(list, slab, bytesOf(1));
      bad.release();
      expect(() => list.release()).to.throw(Error, 'chunk released twice');
      expect([slab.leasedChunks, list.length]).to.deep.equal([0, 0]);
    });

    it('regression 38: a list whose chunk is on loan to somebody else by now can neither read it nor give it back', () => {
      const slab = newSlab();
      const list = new BufferList();
      const lease = slab.lease()!;
      list.appendLease(lease, 0, 4);
      lease.release();
      expect(slab.lease()).to.equal(lease);
      const table = new IovecTable(4);
      for (const use of [
        () => list.toBytes(),
        () => list.slice(),
        () => list.split(2),
        () => list.firstAddress,
        () => list.fillIovecs(table),
      ]) {
        expect(use).to.throw(Error, 'of a chunk that was released');
      }
      expect(() => list.release()).to.throw(Error, 'chunk released twice');
      expect([lease.shares, slab.leasedChunks]).to.deep.equal([1, 1]);
      lease.release();
    });

    it('an empty range gives its share back at once', () => {
      const slab = newSlab();
      const list = new BufferList();
      list.appendLease(slab.lease()!, 7, 7);
      expect([slab.leasedChunks, list.segmentCount]).to.deep.equal([0, 0]);
    });

    for (const [start, end] of [
      [-1, 4],
      [5, 4],
      [0, CHUNK_BYTES + 1],
      [NaN, 4],
    ]) {
      it(`refuses ${start} to ${end} of a chunk`, () => {
        const lease = newSlab().lease()!;
        expect(() => new BufferList().appendLease(lease, start, end)).to.throw(
          RangeError,
          `start, end: ${start}, ${end}; allowed: a range of the chunk's 256 bytes`,
        );
        expect(lease.shares).to.equal(1);
        lease.release();
      });
    }
  });

  describe('taking apart', () => {
    it('split moves the first bytes, and leaves the rest', () => {
      const list = BufferList.from('abc', 'def');
      expect(list.split(4).toString()).to.equal('abcd');
      expect(list.toString()).to.equal('ef');
      expect(list.split(0).length).to.equal(0);
      expect(list.split(2).toString()).to.equal('ef');
      expect(list.append('x').toString()).to.equal('x');
    });

    it('take leaves an empty list that can be used on', () => {
      const list = BufferList.from('abc');
      const taken = list.take();
      expect([taken.toString(), list.length]).to.deep.equal(['abc', 0]);
      expect([list.append('d').toString(), taken.toString()]).to.deep.equal(['d', 'abc']);
    });

    it('release can be called again', () => {
      const list = BufferList.from('abc');
      list.release();
      list.release();
      expect([list.length, list.segmentCount]).to.deep.equal([0, 0]);
    });

    for (const lengthBytes of [-1, 7, 0.5, NaN, Infinity]) {
      it(`refuses to consume, split or slice ${lengthBytes} of 6 bytes`, () => {
        const list = BufferList.from('abc', 'def');
        expect(() => list.consume(lengthBytes)).to.throw(
          RangeError,
          `lengthBytes: ${lengthBytes}; allowed: integers from 0 to 6`,
        );
        expect(() => list.split(lengthBytes)).to.throw(RangeError, `lengthBytes: ${lengthBytes}; allowed`);
        expect(() => list.slice(0, lengthBytes)).to.throw(RangeError, `end: ${lengthBytes}; allowed`);
        expect(() => list.slice(lengthBytes, 6)).to.throw(RangeError, `start: ${lengthBytes}; allowed`);
        expect(() => list.byteAt(lengthBytes)).to.throw(RangeError, `index: ${lengthBytes}; allowed`);
        expect(list.toString()).to.equal('abcdef');
      });
    }

    it('refuses a slice that ends before it starts', () => {
      expect(() => BufferList.from('abc').slice(2, 1)).to.throw(RangeError, 'start: 2; allowed: integers from 0 to 1');
    });
  });

  describe('reading', () => {
    it('a character of UTF-8 that two ranges share comes out whole', () => {
      const bytes = Buffer.from('aé€😀z');
      for (let cut = 0; cut <= bytes.length; cut++) {
        const list = BufferList.from(bytes.subarray(0, cut), bytes.subarray(cut));
        expect(list.toString()).to.equal('aé€😀z');
      }
      const single = new BufferList();
      for (const byte of bytes) single.append(bytesOf(byte));
      expect([single.toString(), single.toString('hex')]).to.deep.equal(['aé€😀z', bytes.toString('hex')]);
    });

    it('iterates over the ranges without copies', () => {
      const [first, second] = [bytesOf(1, 2), bytesOf(3)];
      const views = [...BufferList.from(first, second)];
      expect(views.map(view => [...view])).to.deep.equal([[1, 2], [3]]);
      expect(views.map(view => view.buffer)).to.deep.equal([first.buffer, second.buffer]);
    });

    it('may consume what it has seen while it iterates', () => {
      const list = BufferList.from('ab', 'c', 'def');
      const seen: string[] = [];
      for (const view of list) {
        seen.push(Buffer.from(view).toString());
        list.consume(view.length);
      }
      expect([seen, list.length]).to.deep.equal([['ab', 'c', 'def'], 0]);
    });

    it('finds bytes and sequences across ranges', () => {
      const list = BufferList.from('ab\r', '\n', '\r\ncd');
      const crlf = Buffer.from('\r\n');
      expect(list.indexOf(crlf)).to.equal(2);
      expect(list.indexOf(crlf, 3)).to.equal(4);
      expect(list.indexOf(crlf, 5)).to.equal(-1);
      expect(list.indexOf(Buffer.from('\n\r\nc'))).to.equal(3);
      expect(list.indexOf(Buffer.from('cde'))).to.equal(-1);
      expect([list.indexOf(0x64), list.indexOf(0x7a), list.indexOf(0x61, 1)]).to.deep.equal([7, -1, -1]);
      expect([list.indexOf(new Uint8Array(0)), list.indexOf(new Uint8Array(0), 99)]).to.deep.equal([0, 8]);
      expect([list.indexOf(new Uint8Array(0), -3), list.indexOf(0x61, -3)]).to.deep.equal([0, 0]);
    });

    it('copies as much as there is room for', () => {
      const list = BufferList.from('abc', 'def');
      const target = new Uint8Array(4);
      expect([list.copyTo(target, 1), Buffer.from(target).toString()]).to.deep.equal([3, '\0abc']);
      expect([list.copyTo(target, 0, 2, 5), Buffer.from(target).toString()]).to.deep.equal([3, 'cdec']);
      expect(list.copyTo(target, 4)).to.equal(0);
      expect(() => list.copyTo(target, 5)).to.throw(RangeError, 'targetOffset: 5; allowed: integers from 0 to 4');
      expect(() => list.copyTo(target, 0, -2)).to.throw(RangeError, 'start: -2; allowed: integers from 0 to 6');
      expect(() => list.copyTo(target, 0, 0.5)).to.throw(RangeError, 'start: 0.5; allowed');
      expect(() => list.copyTo(target, 0, 0, 7)).to.throw(RangeError, 'end: 7; allowed: integers from 0 to 6');
    });

    it('compares with arrays and lists, however they are cut', () => {
      const list = BufferList.from('abc', 'def');
      expect(list.equals(Buffer.from('abcdef'))).to.equal(true);
      expect(list.equals(BufferList.from('a', 'bcde', 'f'))).to.equal(true);
      expect(list.equals(Buffer.from('abcdeF'))).to.equal(false);
      expect(list.equals(Buffer.from('abcde'))).to.equal(false);
      expect(new BufferList().equals(new Uint8Array(0))).to.equal(true);
    });
  });

  describe('given what is wrong', () => {
    const list = BufferList.from('abc');
    const wrong = 'abc' as never;
    const calls: [call: () => unknown, error: ErrorConstructor, message: string][] = [
      [() => new BufferList().appendCopy(wrong), TypeError, 'bytes: string; allowed: a Uint8Array'],
      [() => new BufferList().appendCopy([1, 2] as never), TypeError, 'bytes: Array; allowed: a Uint8Array'],
      [() => list.copyTo([0, 0, 0] as never), TypeError, 'target: Array; allowed: a Uint8Array'],
      [() => list.equals(wrong), TypeError, 'other: string; allowed: a Uint8Array, a BufferList'],
      [() => list.equals(undefined as never), TypeError, 'other: undefined; allowed'],
      [() => list.indexOf(null as never), TypeError, 'sought: null; allowed: an integer from 0 to 255, string'],
      [() => list.indexOf(256), RangeError, 'sought: 256; allowed: integers from 0 to 255'],
      [() => list.indexOf(0.5), RangeError, 'sought: 0.5; allowed'],
      [() => list.indexOf(1, NaN), TypeError, 'from: NaN; allowed: a number'],
      [() => list.indexOf(1, Symbol() as never), TypeError, 'from: symbol; allowed: a number'],
      [() => list.toString(Symbol('utf8') as never), TypeError, 'encoding: symbol; allowed: utf8, utf16le'],
      [() => new BufferList().toString('utf-9' as never), TypeError, "encoding: 'utf-9'; allowed"],
      [() => list.append(5 as never), TypeError, 'part: number; allowed: string, Uint8Array, BufferList'],
    ];
    for (const [call, error, message] of calls) {
      it(message, () => {
        expect(call).to.throw(error, message);
        expect(list.toString()).to.equal('abc');
      });
    }
  });

  describe('handed to the kernel', () => {
    it('fillIovecs covers what it says: sendmsg brings exactly those bytes', () => {
      const slab = newSlab();
      const list = BufferList.from('head ').appendCopy(Buffer.from('copy '));
      appendLeased(list, slab, Buffer.from('leased '), 0);
      appendLeased(list, slab, Buffer.from('leased further in '), 17);
      list.append(Buffer.from('__subarray__').subarray(2, 10)).append('beyond the table');
      const table = new IovecTable(5);
      const header = new MessageHeader(table.address);
      const covered = list.fillIovecs(table);
      const text = list.toString().slice(0, -'beyond the table'.length);
      expect([table.count, covered, table.lengthBytes]).to.deep.equal([5, text.length, text.length]);
      header.setCount(table.count);
      const [left, right] = socketpair();
      try {
        expect(sendmsg(left, header.address, 0)).to.equal(covered);
        const target = new NativeBlock(1024);
        expect(read(right, target.address, 1024)).to.equal(covered);
        expect(Buffer.from(target.bytes.subarray(0, covered)).toString()).to.equal(text);
        list.consume(covered);
        expect(list.toString()).to.equal('beyond the table');
        expect(slab.leasedChunks).to.equal(0);
      } finally {
        close(left);
        close(right);
      }
    });

    it('an empty list covers nothing', () => {
      const list = new BufferList();
      const table = new IovecTable(2);
      expect([list.fillIovecs(table), table.count, list.firstAddress, list.firstLength]).to.deep.equal([0, 0, 0, 0]);
    });

    it('refuses memory that was transferred while it was queued', () => {
      const bytes = new Uint8Array(64);
      const list = BufferList.from('first', bytes);
      structuredClone(bytes, { transfer: [bytes.buffer] });
      const message = 'data: its buffer was transferred or resized while it was queued';
      expect(() => list.fillIovecs(new IovecTable(4))).to.throw(TypeError, message);
      list.consume(5);
      expect(() => list.firstAddress).to.throw(TypeError, message);
      expect(() => list.toBytes()).to.throw(TypeError);
      expect(() => list.byteAt(0)).to.throw(TypeError);
      expect(() => list.indexOf(0)).to.throw(TypeError);
      expect(() => list.equals(new Uint8Array(64))).to.throw(TypeError);
      list.release();
      expect(list.length).to.equal(0);
    });
  });

  it('several lists do what arrays of bytes do, and give every chunk back', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), operations => {
        const model = new Model();
        for (const [kind, list, other, a, b] of operations) model.take(kind, list, other, a, b);
        model.finish();
      }),
      propertyRuns(400),
    );
  });
});

const LISTS = 3;
const kinds = [
  'leased',
  'referenced',
  'copied',
  'text',
  'append',
  'prepend',
  'consume',
  'split',
  'slice',
  'take',
  'release',
  'send',
] as const;
type Kind = (typeof kinds)[number];
const operation = fc.tuple(
  fc.constantFrom(...kinds, 'leased' as const, 'copied' as const),
  fc.nat({ max: LISTS - 1 }),
  fc.nat({ max: LISTS - 1 }),
  fc.nat({ max: 1000 }),
  fc.nat({ max: 1000 }),
);

/** Lists and plain arrays side by side. */
class Model {
  private readonly slab = newSlab();
  private readonly lists = Array.from({ length: LISTS }, () => new BufferList());
  private readonly arrays: number[][] = Array.from({ length: LISTS }, () => []);
  private readonly table = new IovecTable(4);
  private nextByte = 0;

  take(kind: Kind, index: number, otherIndex: number, a: number, b: number): void {
    const list = this.lists[index];
    const array = this.arrays[index];
    const at = array.length === 0 ? 0 : a % (array.length + 1);
    switch (kind) {
      case 'leased': {
        const bytes = this.bytes(1 + (a % 100));
        appendLeased(list, this.slab, bytes, b % 100);
        array.push(...bytes);
        break;
      }
      case 'referenced': {
        const bytes = this.bytes((a % 300) + 4);
        list.append(bytes.subarray(2, -2));
        array.push(...bytes.subarray(2, -2));
        break;
      }
      case 'copied': {
        const bytes = this.bytes(a % 400);
        list.appendCopy(bytes);
        array.push(...bytes);
        bytes.fill(0xee);
        break;
      }
      case 'text': {
        const text = '€'.repeat(a % 5);
        list.append(text);
        array.push(...Buffer.from(text));
        break;
      }
      case 'append':
      case 'prepend':
        this.join(kind, index, otherIndex);
        break;
      case 'consume':
        list.consume(at);
        array.splice(0, at);
        break;
      case 'split':
        this.put(otherIndex, list.split(at), array.splice(0, at));
        break;
      case 'slice': {
        const end = Math.min(at + (b % 200), array.length);
        this.put(otherIndex, list.slice(at, end), array.slice(at, end));
        break;
      }
      case 'take':
        this.put(otherIndex, list.take(), array.splice(0));
        break;
      case 'release':
        list.release();
        array.length = 0;
        break;
      case 'send':
        expect(list.fillIovecs(this.table)).to.equal([...list].slice(0, 4).reduce((sum, view) => sum + view.length, 0));
        break;
    }
    this.check();
  }

  finish(): void {
    for (const list of this.lists) list.release();
    expect(this.slab.leasedChunks).to.equal(0);
  }

  private join(kind: 'append' | 'prepend', index: number, otherIndex: number): void {
    const list = this.lists[index];
    if (index === otherIndex) {
      expect(() => list[kind](list)).to.throw(TypeError);
      return;
    }
    list[kind](this.lists[otherIndex]);
    const moved = this.arrays[otherIndex].splice(0);
    if (kind === 'append') this.arrays[index].push(...moved);
    else this.arrays[index].unshift(...moved);
  }

  /** Puts a list in the place of another, which is released. */
  private put(index: number, list: BufferList, array: number[]): void {
    this.lists[index].append(list);
    this.arrays[index].push(...array);
    expect(list.length).to.equal(0);
  }

  private check(): void {
    for (const [index, list] of this.lists.entries()) {
      const array = this.arrays[index];
      expect(list.length).to.equal(array.length);
      expect([...list.toBytes()]).to.deep.equal(array);
      expect([...list].length).to.equal(list.segmentCount);
      if (array.length > 0) expect(list.byteAt(array.length - 1)).to.equal(array[array.length - 1]);
    }
  }

  private bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.nextByte++ & 0xff);
  }
}
