/** epoll: a registration that ends with the close of its descriptor, also where the descriptor's file lives on elsewhere. */
import { expect } from 'chai';
import { READABLE } from '../../src/backends/contract.js';
import { EpollBackend } from '../../src/backends/epoll/backend.js';
import { close, dup, pipe, write } from '../../src/sys/file/io.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';
import { platform } from '../../src/sys/ffi/platform.js';

const byte = new NativeBlock(8);

describe('epoll: forget', function () {
  let backend: EpollBackend;

  before(function () {
    if (platform !== 'linux') this.skip();
  });
  beforeEach(() => {
    backend = new EpollBackend();
  });
  afterEach(() => backend.close());

  function readable(): { reader: number; writer: number } {
    const [reader, writer] = pipe();
    expect(write(writer, byte.address, 1)).to.equal(1);
    return { reader, writer };
  }

  it('makes no system call; an event that was harvested is blanked, and the number can be registered again', () => {
    const { reader, writer } = readable();
    const token = backend.register(reader, READABLE, 'level');
    expect(backend.wait(0)).to.equal(1);
    const { systemCalls, changesSent } = backend.counters;
    backend.forget(token);
    close(reader);
    expect([backend.counters.systemCalls, backend.counters.changesSent]).to.deep.equal([systemCalls, changesSent]);
    expect([backend.has(token), backend.events.readiness[0]]).to.deep.equal([false, 0]);
    close(writer);
    const next = readable();
    expect(next.reader).to.equal(reader);
    const young = backend.register(next.reader, READABLE, 'level');
    expect([backend.wait(0), backend.events.tokens[0]]).to.deep.equal([1, young]);
    expect(backend.counters.staleEvents).to.equal(0);
    backend.unregister(young);
    close(next.reader);
    close(next.writer);
  });

  it('a duplicate that lives on, as in a child, is never told of, and keeps waits from sleeping for a while only', () => {
    const { reader, writer } = readable();
    const other = readable();
    const duplicate = dup(reader);
    const token = backend.register(reader, READABLE, 'level');
    const kept = backend.register(other.reader, READABLE, 'level');
    const silent = backend.register(other.writer, 0, 'level');
    backend.forget(token);
    close(reader);
    const stale = () => backend.counters.staleEvents;
    let waits = 0;
    for (let before = -1; before !== stale(); waits++) {
      before = stale();
      expect([backend.wait(0), backend.events.tokens[0]]).to.deep.equal([1, kept]);
    }
    expect(waits, 'until the duplicate was left behind').to.be.within(2, 10_000);
    backend.wake();
    expect([backend.wait(-1), backend.counters.wakes], 'by level the rest is told as before').to.deep.equal([1, 1]);
    backend.modify(kept, 0);
    backend.wake();
    expect([backend.wait(-1), backend.wait(0)]).to.deep.equal([0, 0]);
    for (const left of [kept, silent]) backend.unregister(left);
    for (const fd of [duplicate, writer, other.reader, other.writer]) close(fd);
  });
});
