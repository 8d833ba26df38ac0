/** Native structures: their sizes and offsets, asked of the kernel by calls that read or fill them. */
import { expect } from 'chai';
import {
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EpollEventArray,
  epollCtl,
  epollWait,
  openEpoll,
} from '../../src/sys/poll/epoll.js';
import { EPOLL_CTL_ADD } from '../../src/sys/poll/epoll.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { close, dup, isOpen, pipe, read, write } from '../../src/sys/file/io.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { EAGAIN, EBADF } from '../../src/sys/ffi/errno.js';
import { addressOf, NativeBlock, storeWord } from '../../src/sys/ffi/memory.js';
import { arch, platform } from '../../src/sys/ffi/platform.js';
import { poll, PollfdArray, POLLIN, POLLNVAL, POLLOUT } from '../../src/sys/poll/poll.js';
import { IovecTable } from '../../src/core/memory/iovec-table.js';
import { MessageHeader, sendmsg, socketpair } from '../../src/sys/socket/socket.js';

/** The bytes of an array as they lie in memory. */
function bytesOf(array: EpollEventArray): Buffer {
  const words = (array as unknown as { words: Uint32Array }).words;
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}

describe('sys: layouts', () => {
  describe('struct epoll_event', () => {
    const bytesEach = arch === 'x64' ? 12 : 16;

    before(function () {
      if (platform !== 'linux') this.skip(); // epoll is Linux's.
    });

    it(`has ${bytesEach} bytes on ${arch}, and keeps 64 bits of user data as two words`, () => {
      const array = new EpollEventArray(3);
      expect(bytesOf(array).length).to.be.within(3 * bytesEach, 3 * bytesEach + 7);
      array.set(2, EPOLLIN | EPOLLET, 0xfffffffe, 0x80000001);
      expect(bytesOf(array).readUInt32LE(2 * bytesEach)).to.equal((EPOLLIN | EPOLLET) >>> 0);
      expect([array.events(2), array.low(2), array.high(2)]).to.deep.equal([
        (EPOLLIN | EPOLLET) >>> 0,
        0xfffffffe,
        0x80000001,
      ]);
    });

    it('is what the kernel reads and writes, in every entry of an array', () => {
      const epfd = openEpoll();
      const pipes = Array.from({ length: 5 }, () => pipe());
      try {
        const change = new EpollEventArray(1);
        for (const [index, [, writeEnd]] of pipes.entries()) {
          change.set(0, EPOLLOUT, index, 0xf0000000 + index);
          expect(epollCtl(epfd, EPOLL_CTL_ADD, writeEnd, change.address)).to.equal(0);
        }
        const array = new EpollEventArray(8);
        const count = epollWait(epfd, array, array.capacity, 0);
        expect(count).to.equal(5);
        const seen = Array.from({ length: count }, (_, index) => [
          array.events(index),
          array.low(index),
          array.high(index) - 0xf0000000,
        ]);
        expect(seen.sort((a, b) => a[1] - b[1])).to.deep.equal(pipes.map((_, index) => [EPOLLOUT, index, index]));
        expect(epollWait(epfd, array, 2, 0)).to.equal(2);
      } finally {
        close(epfd);
        for (const fd of pipes.flat()) close(fd);
      }
    });

    it('errors carry the call', () => {
      expect(() => epollWait(-1, new EpollEventArray(1), 1, 0)).to.throw(IoError, 'epoll_wait: EBADF');
    });
  });

  describe('struct pollfd', () => {
    it('is what the kernel reads and writes, and survives growing and moving', () => {
      const [readEnd, writeEnd] = pipe();
      try {
        const array = new PollfdArray(2);
        array.set(0, readEnd, POLLIN);
        array.set(1, writeEnd, POLLOUT);
        array.grow();
        expect(array.capacity).to.equal(4);
        array.set(2, 1_000_000, POLLIN);
        expect(poll(array, 3, 0)).to.equal(2);
        expect([0, 1, 2].map(index => array.takeRevents(index))).to.deep.equal([0, POLLOUT, POLLNVAL]);
        expect(array.takeRevents(1)).to.equal(0);
        array.move(1, 0);
        expect(poll(array, 1, 0)).to.equal(1);
        expect(array.takeRevents(0)).to.equal(POLLOUT);
        array.setEvents(0, POLLIN);
        expect(poll(array, 1, 0)).to.equal(0);
      } finally {
        close(readEnd);
        close(writeEnd);
      }
    });
  });

  describe('struct iovec and msghdr', () => {
    it('are what sendmsg reads, for as many entries as are set', () => {
      const table = new IovecTable(3);
      const header = new MessageHeader(table.address);
      const memory = new NativeBlock(64);
      memory.bytes.set(Buffer.from('abcdef'));
      table.add(memory.address, 2);
      table.add(memory.address + 4, 2);
      table.add(memory.address + 2, 1);
      const [left, right] = socketpair();
      try {
        header.setCount(2);
        expect(sendmsg(left, header.address, 0)).to.equal(4);
        header.setCount(3);
        expect(sendmsg(left, header.address, 0)).to.equal(5);
        expect(read(right, memory.address + 16, 32)).to.equal(9);
        expect(Buffer.from(memory.bytes.subarray(16, 25)).toString()).to.equal('abefabefc');
      } finally {
        close(left);
        close(right);
      }
    });
  });
});

describe('sys: memory', () => {
  it('an address holds for the life of the memory, and follows the offset of a view', () => {
    const buffer = new ArrayBuffer(64);
    const address = addressOf(buffer);
    expect(address).to.be.above(0);
    expect(Number.isSafeInteger(address)).to.equal(true);
    expect(addressOf(new Uint8Array(buffer, 10))).to.equal(address + 10);
    expect(addressOf(new DataView(buffer, 8))).to.equal(address + 8);
    expect(addressOf(buffer)).to.equal(address);
  });

  it('of nothing is 0', () => {
    expect(addressOf(new Uint8Array(0))).to.equal(0);
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(addressOf(bytes)).to.equal(0);
  });

  it('a small array, which V8 keeps on its heap until somebody asks, keeps its bytes', () => {
    const small = Uint8Array.from([1, 2, 3]);
    const [readEnd, writeEnd] = pipe();
    try {
      expect(write(writeEnd, addressOf(small), 3)).to.equal(3);
      const target = new NativeBlock(8);
      expect(read(readEnd, target.address, 8)).to.equal(3);
      expect([...target.bytes]).to.deep.equal([1, 2, 3, 0, 0, 0, 0, 0]);
    } finally {
      close(readEnd);
      close(writeEnd);
    }
  });

  it('a block is zeroed and aligned to 8', () => {
    const block = new NativeBlock(13);
    expect([block.bytes.length, block.address % 8]).to.deep.equal([16, 0]);
    expect(block.bytes.every(byte => byte === 0)).to.equal(true);
  });

  it('storeWord stores any address as a little-endian 64-bit word', () => {
    const block = new NativeBlock(16);
    for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 0x7ffe_1234_5678, Number.MAX_SAFE_INTEGER]) {
      storeWord(block.u32, 2, value);
      expect(block.view.getBigUint64(8, true)).to.equal(BigInt(value));
    }
  });
});

describe('sys: io', () => {
  it('errno is that of the last call, and would-block is EAGAIN', () => {
    const [readEnd, writeEnd] = pipe();
    const block = new NativeBlock(8);
    expect(read(readEnd, block.address, 8)).to.equal(-1);
    expect(errno()).to.equal(EAGAIN);
    close(readEnd);
    close(writeEnd);
    expect(read(readEnd, block.address, 8)).to.equal(-1);
    expect(errno()).to.equal(EBADF);
  });

  it('tells open from closed, and closing twice is an error with the number', () => {
    const [readEnd, writeEnd] = pipe();
    const copy = dup(readEnd);
    expect([isOpen(readEnd), isOpen(copy)]).to.deep.equal([true, true]);
    close(readEnd);
    close(writeEnd);
    close(copy);
    expect(isOpen(copy)).to.equal(false);
    expect(() => close(copy)).to.throw(IoError, `close descriptor ${copy}: EBADF, the descriptor is closed`);
    expect(() => dup(copy)).to.throw(IoError, `dup descriptor ${copy}: EBADF`);
  });
});
