/** The operations of a reactor on real sockets, as the api uses them. */
import { expect } from 'chai';
import type { BufferList } from '../../../src/core/memory/buffer-list.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import type { Driver } from '../../../src/core/driver/driver.js';
import { KEPT_ANYWAY } from '../../../src/core/limits.js';
import type { Descriptor } from '../../../src/core/operations/operation.js';
import { ReceiveInto } from '../../../src/core/operations/receive-into.js';
import { Receive, type ReceiveOwner } from '../../../src/core/operations/receive.js';
import { Send, type SendOwner } from '../../../src/core/operations/send.js';
import { REACTOR_MODES } from '../../../src/core/driver/mode.js';
import { Reactor } from '../../../src/core/reactor/reactor.js';
import { AF_INET, SHUT_WR, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { close } from '../../../src/sys/file/io.js';
import { addressOf } from '../../../src/sys/ffi/memory.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import {
  accept,
  bind,
  connect,
  listen,
  localAddress,
  openSocket,
  send,
  shutdown,
  socketpair,
} from '../../../src/sys/socket/socket.js';
import { builtInBackends } from '../../backends/built-in-backends.js';
import { drain } from '../scripted-operations.js';

const MSG_OOB = 1;

/** Receives and sends as a connection does, and writes down what it is told. */
class Owner implements ReceiveOwner, SendOwner {
  readonly receive = new Receive(this);
  readonly send = new Send(this);
  readonly descriptor: Descriptor;
  text = '';
  ends: (Error | undefined)[] = [];
  sendEnds: (Error | undefined)[] = [];
  starved = 0;
  onChunk: ((chunk: BufferList) => void) | undefined = undefined;

  constructor(
    readonly reactor: Reactor,
    fd: number,
  ) {
    this.descriptor = reactor.driver.add(fd, REACTOR_SCOPE);
  }

  onReceived(chunk: BufferList): void {
    this.text += chunk.toString();
    this.onChunk?.(chunk);
  }

  onStarved(): void {
    this.starved++;
    this.reactor.driver.cancel(this.receive);
    this.reactor.receiveBuffer.whenAvailable(this, () => this.reactor.driver.start(this.descriptor, this.receive));
  }

  onReceiveEnd(failure: Error | undefined): void {
    this.ends.push(failure);
  }

  onSendProgress(): void {
    // What is left is asked for at the end.
  }

  onSendEnd(failure: Error | undefined): void {
    this.sendEnds.push(failure);
  }
}

function sendText(fd: number, text: string, flags = 0): void {
  const bytes = Uint8Array.from(Buffer.from(text));
  const sent = send(fd, addressOf(bytes), bytes.length, flags);
  if (sent !== bytes.length) throw new Error(`${sent} of ${bytes.length} bytes sent`);
}

/** A connected pair of TCP sockets on this machine. */
function tcpPair(): [number, number] {
  const listener = openSocket(AF_INET, SOCK_STREAM);
  bind(listener, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  listen(listener, 1);
  const client = openSocket(AF_INET, SOCK_STREAM);
  connect(client, localAddress(listener));
  let server = -1;
  while (server < 0) server = accept(listener);
  close(listener);
  return [client, server];
}

/** One turn in the test's own hands, so that an exception comes out here. */
function turnByHand(driver: Driver): void {
  driver.wait(driver.hasWork ? 0 : 1e9);
  driver.dispatch();
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise(resolve => setImmediate(resolve));
}

for (const backend of builtInBackends()) {
  for (const mode of REACTOR_MODES) {
    describe(`core: operations (${backend}, ${mode})`, () => {
      let reactor: Reactor;
      let sockets: number[];
      let owners: Owner[];
      const adopt = (fd: number): Owner => {
        const owner = new Owner(reactor, fd);
        owners.push(owner);
        return owner;
      };
      const begin = (fds: [number, number]): [Owner, number] => {
        sockets.push(...fds);
        return [adopt(fds[0]), fds[1]];
      };

      beforeEach(() => {
        sockets = [];
        owners = [];
        reactor = new Reactor({ backend, mode, maxBufferBytes: 2 * 1024 * 1024 });
        reactor.enter(true);
      });
      afterEach(() => {
        for (const { descriptor } of owners) reactor.driver.remove(descriptor);
        reactor.leave(true);
        reactor.close();
        for (const fd of sockets) close(fd);
        expect(reactor.slab.leasedChunks).to.equal(0);
      });

      it('receive: bytes, then the end, once', async () => {
        const [owner, peer] = begin(socketpair());
        reactor.driver.start(owner.descriptor, owner.receive);
        sendText(peer, 'one ');
        await until(() => owner.text === 'one ');
        sendText(peer, 'two');
        shutdown(peer, SHUT_WR);
        await until(() => owner.ends.length > 0);
        expect([owner.text, owner.ends, owner.receive.isOver]).to.deep.equal(['one two', [undefined], true]);
      });

      it('receive: what a callback took before it threw is not written over', () => {
        const [owner, peer] = begin(socketpair());
        const taken: BufferList[] = [];
        owner.onChunk = chunk => {
          taken.push(chunk.take());
          throw new Error('from a callback');
        };
        const { driver } = reactor;
        driver.start(owner.descriptor, owner.receive);
        for (const text of ['first', 'other']) {
          sendText(peer, text);
          expect(() => {
            for (;;) turnByHand(driver);
          }).to.throw('from a callback');
        }
        expect(taken.map(chunk => chunk.toString())).to.deep.equal(['first', 'other']);
        for (const chunk of taken) chunk.release();
      });

      it('receive: bytes behind an urgent mark, at which the kernel cuts a call short, are not left lying', async function () {
        if (platform !== 'linux') this.skip(); // Where a call ends at the mark differs by system.
        const [owner, peer] = begin(tcpPair());
        sendText(peer, 'before');
        sendText(peer, 'X', MSG_OOB);
        sendText(peer, 'behind');
        reactor.driver.start(owner.descriptor, owner.receive);
        await until(() => owner.text.length >= 12);
        expect(owner.text).to.equal('beforebehind');
      });

      it('receive: one who keeps all of it is stopped, and goes on when something is released', async () => {
        const [owner, peer] = begin(socketpair());
        const [other, otherPeer] = begin(socketpair());
        const kept: BufferList[] = [];
        const leases = [];
        for (let lease = reactor.slab.lease(); lease !== undefined; lease = reactor.slab.lease()) leases.push(lease);
        owner.onChunk = chunk => void kept.push(chunk.take());
        reactor.driver.start(owner.descriptor, owner.receive);
        let sent = '';
        while (owner.starved === 0) {
          sent += 'patience';
          sendText(peer, 'patience');
          await until(() => owner.text === sent || owner.starved > 0);
        }
        expect(kept.length).to.equal(KEPT_ANYWAY);
        reactor.driver.start(other.descriptor, other.receive);
        sendText(otherPeer, 'none the worse');
        await until(() => other.text === 'none the worse');
        kept.pop()!.release();
        await until(() => owner.text === sent);
        for (const list of kept) list.release();
        for (const lease of leases) lease.release();
      });

      it('send: every segment, in order, by calls of many at once', async () => {
        const [owner, peer] = begin(socketpair());
        const { counters } = reactor.driver;
        let expected = '';
        for (let index = 0; index < 200; index++) {
          owner.send.queue.append(`${index},`);
          expected += `${index},`;
        }
        const calls = counters.systemCalls;
        expect(reactor.driver.submit(owner.descriptor, owner.send)).to.equal(true);
        expect(counters.systemCalls - calls).to.be.at.most(5);
        expect(owner.send.queue.length).to.equal(0);
        const receiver = adopt(peer);
        reactor.driver.start(receiver.descriptor, receiver.receive);
        await until(() => receiver.text.length === expected.length);
        expect(receiver.text).to.equal(expected);
      });

      it('send: a buffer that was transferred while it was queued fails the operation, and nothing else', () => {
        const [owner, peer] = begin(socketpair());
        const { send: operation } = owner;
        const bytes = new Uint8Array(4096);
        operation.queue.append(new Uint8Array(4_000_000)).append(bytes);
        expect(reactor.driver.submit(owner.descriptor, operation)).to.equal(false);
        structuredClone(bytes, { transfer: [bytes.buffer] });
        for (let turns = 0; owner.sendEnds.length === 0 && turns < 1000; turns++) {
          drain(peer);
          turnByHand(reactor.driver);
        }
        expect(owner.sendEnds[0]).to.be.instanceOf(TypeError);
        expect(operation.queue.length).to.equal(0);
      });

      it('send: taken off, it gives back what it held', () => {
        const [owner] = begin(socketpair());
        const lease = reactor.slab.lease()!;
        owner.send.queue.append(new Uint8Array(4_000_000));
        owner.send.queue.appendLease(lease, 0, 100);
        expect(reactor.driver.submit(owner.descriptor, owner.send)).to.equal(false);
        reactor.driver.remove(owner.descriptor);
        expect([owner.send.queue.length, lease.shares, owner.sendEnds]).to.deep.equal([0, 0, []]);
      });

      it('receive into: memory that was transferred meanwhile fails the operation with a TypeError', async () => {
        const [owner, peer] = begin(socketpair());
        const bytes = new Uint8Array(100);
        let settled: ReceiveInto | undefined;
        const operation = new ReceiveInto(
          bytes,
          reactor.driver.counters,
          over => (settled = over),
          () => {},
        );
        expect(reactor.driver.submit(owner.descriptor, operation)).to.equal(false);
        structuredClone(bytes, { transfer: [bytes.buffer] });
        sendText(peer, 'x');
        await until(() => settled !== undefined);
        expect(settled!.failure).to.be.instanceOf(TypeError);
      });
    });
  }
}
