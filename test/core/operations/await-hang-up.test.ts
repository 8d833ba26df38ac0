/** Learning that the peer has gone where the system has no filter for urgent data, as kqueue of FreeBSD. */
import { expect } from 'chai';
import { KqueueBackend } from '../../../src/backends/kqueue/backend.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import { watchForPeer, type AwaitHangUpOwner } from '../../../src/core/operations/await-hang-up.js';
import type { Reactor } from '../../../src/core/reactor/reactor.js';
import { ReadinessDriver } from '../../../src/core/driver/readiness-driver.js';
import { REACTOR_MODES } from '../../../src/core/driver/mode.js';
import { close } from '../../../src/sys/file/io.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { ScriptedKqueue } from '../../backends/scripted-kqueue.js';
import { sendSome } from '../scripted-operations.js';

for (const mode of REACTOR_MODES) {
  describe(`a connection that nobody reads, on a kqueue without EVFILT_EXCEPT (${mode})`, () => {
    let kqueue: ScriptedKqueue;
    let driver: ReadinessDriver;
    let ours: number;
    let peers: number;
    let told: (Error | undefined)[];

    beforeEach(() => {
      kqueue = new ScriptedKqueue();
      driver = new ReadinessDriver(new KqueueBackend({}, kqueue), mode);
      [ours, peers] = socketpair();
      told = [];
    });
    afterEach(() => {
      driver.close();
      close(ours);
    });

    function ownerWho(hasReader: boolean): AwaitHangUpOwner {
      const reactor = { driver } as unknown as Reactor;
      const states = { hasReader, hasPeerEnded: false, hasEnded: false, heedsEnd: !hasReader };
      const tellers = { onHangUp: (failure?: Error) => told.push(failure), onEndIgnored() {}, onUnreadAtEnd() {} };
      return { reactor, ...states, ...tellers };
    }

    function turn(): void {
      driver.wait(0);
      driver.dispatch();
    }

    function readEvent(flags = 0): void {
      kqueue.fire(ours, kqueue.system.constants.EVFILT_READ, flags);
      turn();
    }

    it('learns of a FIN with nothing unread', () => {
      watchForPeer(ownerWho(false), driver.add(ours, REACTOR_SCOPE));
      turn();
      close(peers);
      readEvent(kqueue.system.constants.EV_EOF);
      turn();
      expect(told).to.deep.equal([undefined]);
    });

    it('throws nothing and asks for no more once bytes lie unread', () => {
      const descriptor = driver.add(ours, REACTOR_SCOPE);
      watchForPeer(ownerWho(false), descriptor);
      turn();
      sendSome(peers, 10);
      readEvent();
      turn();
      expect(told).to.deep.equal([]);
      expect(driver.hasWork).to.equal(false);
      if (mode !== 'edge') {
        expect(descriptor.interest).to.equal(0);
        const { EV_DISABLE, EV_DISPATCH } = kqueue.system.constants;
        const stored = kqueue.filters.get(`${kqueue.system.constants.EVFILT_READ}/${ours}`)!;
        expect(stored.flags & (EV_DISABLE | EV_DISPATCH)).to.not.equal(0);
      }
      close(peers);
    });

    it('throws nothing where one who paused is not read', () => {
      const descriptor = driver.add(ours, REACTOR_SCOPE);
      expect(watchForPeer(ownerWho(true), descriptor).isWaiting).to.equal(false);
      turn();
      expect(told).to.deep.equal([]);
      close(peers);
    });
  });
}
