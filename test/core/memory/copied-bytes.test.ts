import { expect } from 'chai';
import { extendTail, gatheredCopy, growableCopy } from '../../../src/core/memory/copied-bytes.js';
import { takeSegment } from '../../../src/core/memory/segment.js';

describe('copies as segments', () => {
  it('have room behind them, by what their list has', () => {
    const roomOf = (lengthBytes: number, listBytes: number) => {
      const { bytes, end, growable } = growableCopy(new Uint8Array(lengthBytes), listBytes);
      expect([end, growable]).to.deep.equal([lengthBytes, true]);
      return bytes.length;
    };
    expect(roomOf(1, 0)).to.equal(256);
    expect(roomOf(1, 1000)).to.equal(1000);
    expect(roomOf(5000, 1000)).to.equal(5000);
  });

  it('extend a tail as far as its memory goes, and no memory of others', () => {
    const tail = growableCopy(Uint8Array.of(1, 2), 0);
    expect(extendTail(tail, Uint8Array.of(3))).to.equal(1);
    expect([...tail.view()]).to.deep.equal([1, 2, 3]);
    expect(extendTail(tail, new Uint8Array(300))).to.equal(253);
    expect(extendTail(tail, Uint8Array.of(4))).to.equal(0);
    expect(extendTail(takeSegment(new Uint8Array(8), 0, 4, undefined), Uint8Array.of(5))).to.equal(0);
    expect(extendTail(undefined, Uint8Array.of(5))).to.equal(0);
  });

  it('gather a chain', () => {
    const first = takeSegment(Uint8Array.of(9, 1, 2), 1, 3, undefined);
    first.next = takeSegment(Uint8Array.of(3, 9), 0, 1, undefined);
    expect([...gatheredCopy(first, 3).view()]).to.deep.equal([1, 2, 3]);
  });
});
