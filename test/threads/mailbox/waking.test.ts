/** Wake handles that a backend brings: any thread can use them, by numbers alone. */
import { expect } from 'chai';
import { wakeBackend, writeHandle } from '../../../src/backends/kit/wake.js';
import { close, pipe, read } from '../../../src/sys/file/io.js';
import { NativeBlock } from '../../../src/sys/ffi/memory.js';
import { createRing, RingMemory } from '../../../src/threads/ring/layout.js';
import { ownerWake, storeOwnerWake, wakeOwner } from '../../../src/threads/mailbox/waking.js';

describe('wake handles of a foreign backend', () => {
  const room = new NativeBlock(65_536);
  let memory: RingMemory;
  let readEnd: number;
  let writeEnd: number;

  beforeEach(() => {
    memory = new RingMemory(createRing(4096, 2));
    [readEnd, writeEnd] = pipe();
  });

  afterEach(() => {
    close(readEnd);
    close(writeEnd);
  });

  it('write: eight bytes, to whatever descriptor it brings', () => {
    wakeBackend(structuredClone(writeHandle(writeEnd)));
    expect(read(readEnd, room.address, room.lengthBytes)).to.equal(8);
  });

  it('write: one that is full has been woken', () => {
    for (let count = 0; count < 20_000; count++) wakeBackend(writeHandle(writeEnd));
    expect(read(readEnd, room.address, room.lengthBytes)).to.be.above(8);
  });

  it('are kept in a slot of a ring whole, and wake its owner', () => {
    const handle = { call: 'kevent', fd: 9, ident: 0x7fffffff, low: 0xffffffff, high: 0x80000001 } as const;
    storeOwnerWake(memory, 1, handle);
    expect(ownerWake(memory, memory.slot(1))).to.deep.equal(handle);
    expect(ownerWake(memory, memory.slot(0))).to.equal(undefined);
    storeOwnerWake(memory, 0, writeHandle(writeEnd));
    wakeOwner(memory, 0);
    expect(read(readEnd, room.address, room.lengthBytes)).to.equal(8);
  });
});
