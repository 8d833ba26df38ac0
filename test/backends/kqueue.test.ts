/** The change lists of the kqueue backend, against a queue that keeps them. */
import { expect } from 'chai';
import {
  PEER_END,
  ERROR,
  BOTH_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Interest,
  type RegistrationMode,
} from '../../src/backends/contract.js';
import { KqueueBackend } from '../../src/backends/kqueue/backend.js';
import { EBADF, EINTR, EMFILE, ENOENT, ENOMEM, EPIPE, ECONNRESET } from '../../src/sys/ffi/errno.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { kqueueSystems } from '../../src/sys/poll/kevent-layout.js';
import { freebsdConstants } from '../../src/sys/poll/kqueue-constants.js';
import { ScriptedKqueue, type Entry, type ScriptOptions } from './scripted-kqueue.js';

const { EV_ADD, EV_CLEAR, EV_DELETE, EV_DISABLE, EV_DISPATCH, EV_ENABLE, EV_EOF, EV_RECEIPT } = freebsdConstants;
const { EVFILT_READ, EVFILT_WRITE, EVFILT_USER } = freebsdConstants;

function open(options: ScriptOptions & { maxEvents?: number } = {}) {
  const kernel = new ScriptedKqueue(options);
  const backend = new KqueueBackend({ maxEvents: options.maxEvents }, kernel);
  kernel.takeChanges();
  const register = (fd: number, interest: Interest, mode: RegistrationMode = 'level') =>
    backend.register(fd, interest, mode);
  return { kernel, backend, register };
}

/** What a list says, without the user data. */
function said(list: Entry[]): [number, number, number][] {
  return list.map(({ ident, filter, flags }) => [ident, filter, flags]);
}

function reports(backend: KqueueBackend): Map<number, [number, number]> {
  const { tokens, readiness, errors, count } = backend.events;
  return new Map(Array.from({ length: count }, (_, index) => [tokens[index], [readiness[index], errors[index]]]));
}

describe('kqueue backend', () => {
  describe('the change list', () => {
    it('a turn with 1,000 changes and ready events is one kevent()', () => {
      const { kernel, backend, register } = open();
      const tokens = Array.from({ length: 1_000 }, (_, index) => register(10 + index, 0));
      for (const token of tokens) backend.modify(token, READABLE);
      const { systemCalls } = backend.counters;
      kernel.ready = [];
      expect(backend.wait(0)).to.equal(0);
      expect(backend.counters.systemCalls - systemCalls).to.equal(1);
      for (let index = 0; index < 1_000; index++) kernel.fire(10 + index, EVFILT_READ, 0, 0, 1);
      for (const token of tokens) backend.modify(token, READABLE | WRITABLE);
      kernel.calls = [];
      expect(backend.wait(-1)).to.equal(1_000);
      expect(kernel.calls).to.have.length(1);
      expect(kernel.calls[0].changes).to.have.length(1_000);
      expect(kernel.calls[0].timeoutNs).to.equal(-1);
    });

    it('a register-and-fire cycle in level mode costs no change after the first', () => {
      const { kernel, backend, register } = open();
      register(7, READABLE);
      for (let turn = 0; turn < 5; turn++) {
        if (turn > 0) kernel.fire(7, EVFILT_READ, 0, 0, 3);
        backend.wait(0);
      }
      expect(kernel.takeChanges().map(said)).to.deep.equal([
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE]],
        ...Array.from({ length: 4 }, () => []),
      ]);
      expect(backend.counters.changesSent).to.equal(1);
    });

    it('opposite changes cancel out', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE);
      backend.wait(0);
      kernel.takeChanges();
      backend.modify(token, READABLE | WRITABLE);
      backend.modify(token, READABLE);
      backend.wait(0);
      expect(kernel.takeChanges()).to.deep.equal([[]]);
    });

    const modes: [RegistrationMode, number][] = [
      ['level', 0],
      ['edge', EV_CLEAR],
      ['oneshot', EV_DISPATCH],
      ['oneshot-edge', EV_DISPATCH | EV_CLEAR],
    ];
    for (const [mode, flags] of modes) {
      it(`${mode}: the filters of both directions, always with ENABLE and the whole token`, () => {
        const { kernel, backend, register } = open();
        register(6, 0);
        register(7, READABLE | WRITABLE, mode);
        backend.wait(0);
        const [list] = kernel.takeChanges();
        expect(said(list)).to.deep.equal([
          [7, EVFILT_READ, EV_ADD | EV_ENABLE | flags],
          [7, EVFILT_WRITE, EV_ADD | EV_ENABLE | flags],
        ]);
        for (const { low, high } of list) expect([low, high]).to.deep.equal([1, 0]);
      });
    }

    it('a pause disables, and resuming enables by a whole ADD', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE);
      backend.wait(0);
      backend.modify(token, 0);
      backend.wait(0);
      backend.modify(token, READABLE);
      backend.wait(0);
      expect(kernel.takeChanges().map(said)).to.deep.equal([
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE]],
        [[7, EVFILT_READ, EV_DISABLE]],
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE]],
      ]);
    });

    it('more changes than room for events travel ahead, each with a receipt and room for it', () => {
      const { kernel, backend, register } = open({ maxEvents: 2 });
      const tokens = Array.from({ length: 100 }, (_, index) => register(10 + index, READABLE));
      backend.wait(-1);
      expect(kernel.filters.size).to.equal(101);
      expect(kernel.calls.flatMap(call => call.changes)).to.have.length(100);
      for (const { changes, eventCount } of kernel.calls) expect(eventCount).to.be.at.least(changes.length);
      expect(kernel.calls.at(-1)!.timeoutNs).to.equal(-1);
      for (const token of tokens) expect(backend.has(token)).to.equal(true);
    });

    it('regression 2: a receipt is never asked for without room for it', () => {
      const { kernel, backend, register } = open({ maxEvents: 1 });
      const tokens = Array.from({ length: 20 }, (_, index) => register(10 + index, READABLE | WRITABLE));
      backend.wait(0);
      for (const token of tokens) backend.unregister(token);
      for (const { changes, eventCount } of kernel.calls) expect(eventCount).to.be.at.least(changes.length);
      expect(kernel.filters.size).to.equal(1);
    });
  });

  describe('oneshot', () => {
    it('the first event disarms both directions: the other one is disabled before the next harvest', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE, 'oneshot');
      backend.wait(0);
      kernel.fire(7, EVFILT_READ, 0, 0, 5);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([READABLE, 0]);
      kernel.takeChanges();
      backend.wait(0);
      expect(kernel.takeChanges().map(said)).to.deep.equal([[[7, EVFILT_WRITE, EV_DISABLE]]]);
    });

    it('both directions in one harvest are one event, and nothing is left to disable', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE, 'oneshot');
      backend.wait(0);
      kernel.fire(7, EVFILT_WRITE, 0, 0, 1_000);
      kernel.fire(7, EVFILT_READ, 0, 0, 5);
      expect(backend.wait(0)).to.equal(1);
      expect(reports(backend).get(token)).to.deep.equal([READABLE | WRITABLE, 0]);
      expect(backend.events.data[0]).to.equal(5);
      kernel.takeChanges();
      backend.wait(0);
      expect(kernel.takeChanges()).to.deep.equal([[]]);
    });

    it('armed again at once, only the direction that fired costs a change', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE, 'oneshot');
      backend.wait(0);
      kernel.fire(7, EVFILT_READ);
      backend.wait(0);
      backend.modify(token, READABLE | WRITABLE);
      kernel.takeChanges();
      backend.wait(0);
      expect(kernel.takeChanges().map(said)).to.deep.equal([[[7, EVFILT_READ, EV_ADD | EV_ENABLE | EV_DISPATCH]]]);
    });

    it('regression 7: from oneshot to persistent is DELETE, then ADD', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE, 'oneshot');
      backend.wait(0);
      backend.unregister(token);
      const next = register(7, READABLE);
      backend.wait(0);
      expect(kernel.takeChanges().map(said)).to.deep.equal([
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE | EV_DISPATCH]],
        [[7, EVFILT_READ, EV_DELETE | EV_RECEIPT]],
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE]],
      ]);
      kernel.fire(7, EVFILT_READ);
      backend.wait(0);
      expect(reports(backend).get(next)).to.deep.equal([READABLE, 0]);
    });
  });

  describe('errors', () => {
    for (const keepsFlags of [false, true]) {
      for (const position of [1, 8, 9, 20]) {
        it(`regressions 1, 3 and 9: a bad change at ${position} of 20 spoils no other${keepsFlags ? ', flags kept as xnu does' : ''}`, () => {
          const { kernel, backend, register } = open({ keepsFlags });
          const tokens = Array.from({ length: 20 }, (_, index) => register(100 + index, READABLE));
          kernel.refuse = ({ ident }) => (ident === 99 + position ? ENOMEM : 0);
          backend.wait(-1);
          expect(reports(backend)).to.deep.equal(new Map([[tokens[position - 1], [ERROR, ENOMEM]]]));
          expect(kernel.calls.map(call => call.timeoutNs)).to.deep.equal([-1, 0]);
          expect(kernel.filters.size).to.equal(20);
          kernel.takeChanges();
          backend.wait(0);
          expect(kernel.takeChanges()).to.deep.equal([[]]);
        });
      }
    }

    it('regression 8: a refused registration is reported, and the other direction of it goes too', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE);
      kernel.refuse = ({ filter, flags }) => (filter === EVFILT_WRITE && (flags & EV_ADD) !== 0 ? EMFILE : 0);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([ERROR, EMFILE]);
      expect(said(kernel.takeChanges()[1])).to.deep.equal([[7, EVFILT_READ, EV_DISABLE]]);
      backend.unregister(token);
      expect(said(kernel.takeChanges()[0])).to.deep.equal([[7, EVFILT_READ, EV_DELETE | EV_RECEIPT]]);
    });

    it('more errors than room for events are all reported, wait after wait', () => {
      const { kernel, backend, register } = open({ maxEvents: 2 });
      const tokens = new Set(Array.from({ length: 7 }, (_, index) => register(10 + index, READABLE)));
      kernel.refuse = ({ filter }) => (filter === EVFILT_READ ? ENOMEM : 0);
      for (let turn = 0; turn < 4; turn++) {
        backend.wait(0);
        for (const token of reports(backend).keys()) tokens.delete(token);
      }
      expect(tokens.size).to.equal(0);
    });

    for (const [name, errno] of [
      ['ENOENT', ENOENT],
      ['EBADF', EBADF],
    ] as const) {
      it(`regression 14: ${name} of a removal or a disabling is absorbed and counted`, () => {
        const { kernel, backend, register } = open();
        const token = register(7, READABLE | WRITABLE);
        backend.wait(0);
        kernel.refuse = ({ flags }) => ((flags & (EV_DELETE | EV_DISABLE)) !== 0 ? errno : 0);
        backend.modify(token, READABLE);
        expect(backend.wait(5)).to.equal(0);
        expect(kernel.calls.at(-1)!.timeoutNs).to.equal(5);
        backend.unregister(token);
        expect(backend.absorbedErrors).to.equal(2);
        expect(() => register(7, READABLE)).not.to.throw();
      });
    }

    it('regression 4: a signal loses no change and doubles none', () => {
      const { kernel, backend, register } = open();
      register(7, READABLE);
      kernel.failure = EINTR;
      expect(backend.wait(-1)).to.equal(0);
      backend.wait(0);
      expect(kernel.takeChanges().map(list => list.length)).to.deep.equal([1, 0]);
    });

    it('a call that fails as a whole is repeated with receipts, then given up with its errno', () => {
      const { kernel, backend, register } = open();
      register(7, READABLE);
      kernel.failure = ENOMEM;
      expect(backend.wait(0)).to.equal(0);
      expect(kernel.takeChanges().map(said)).to.deep.equal([
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE]],
        [[7, EVFILT_READ, EV_ADD | EV_ENABLE | EV_RECEIPT]],
        [],
      ]);
      kernel.failure = ENOMEM;
      expect(() => backend.wait(0)).to.throw(IoError, 'ENOMEM');
      expect(backend.wait(0)).to.equal(0);
    });

    it('regression 5: EPIPE of a pipe without reader is an event of the writer', () => {
      const { kernel, backend, register } = open();
      const token = register(7, WRITABLE);
      kernel.refuse = ({ filter }) => (filter === EVFILT_WRITE ? EPIPE : 0);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([WRITABLE | BOTH_END | ERROR, EPIPE]);
    });

    it('a closed descriptor and a direction that the system has no filter for are refused at once', () => {
      const { kernel, register } = open();
      expect(() => register(7, PRIORITY)).to.throw(IoError, 'ENOTSUP');
      kernel.open = false;
      expect(() => register(7, READABLE)).to.throw(IoError, 'EBADF');
    });
  });

  describe('events', () => {
    it('EOF of READ is PEER_END with the bytes that are left; an errno in fflags is an error in every wanted direction', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE);
      backend.wait(0);
      kernel.fire(7, EVFILT_READ, EV_EOF, 0, 12);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([READABLE | PEER_END, 0]);
      expect(backend.events.data[0]).to.equal(12);
      kernel.fire(7, EVFILT_READ, EV_EOF, ECONNRESET);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([
        READABLE | WRITABLE | PEER_END | BOTH_END | ERROR,
        ECONNRESET,
      ]);
    });

    it('EOF of WRITE alone says that a write is worth trying, and nothing of the peer', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE | WRITABLE);
      backend.wait(0);
      kernel.fire(7, EVFILT_WRITE, EV_EOF);
      backend.wait(0);
      expect(reports(backend).get(token)).to.deep.equal([WRITABLE, 0]);
    });

    it('events of an older generation are dropped and counted', () => {
      const { kernel, backend, register } = open();
      const token = register(7, READABLE);
      backend.wait(0);
      kernel.fire(7, EVFILT_READ);
      backend.unregister(token);
      register(7, READABLE);
      expect(backend.wait(0)).to.equal(0);
      expect(backend.counters.staleEvents).to.equal(1);
    });

    it('regression 15: unregister removes exactly what the kernel has, before it returns', () => {
      const { kernel, backend, register } = open();
      const never = register(6, READABLE | WRITABLE);
      backend.unregister(never);
      expect(kernel.takeChanges()).to.deep.equal([]);
      const token = register(7, READABLE);
      backend.wait(0);
      kernel.takeChanges();
      kernel.fire(7, EVFILT_READ);
      backend.unregister(token);
      expect(kernel.takeChanges().map(said)).to.deep.equal([[[7, EVFILT_READ, EV_DELETE | EV_RECEIPT]]]);
      expect(kernel.ready).to.have.length(1);
    });
  });

  describe('the user event', () => {
    it('regression 6: each wake resends its user data', () => {
      const { kernel, backend, register } = open();
      register(7, READABLE);
      for (let turn = 1; turn <= 2; turn++) {
        backend.wake();
        expect(kernel.calls.at(-1)!.changes[0]).to.include({ filter: EVFILT_USER, low: 0xffffffff, high: 0 });
        expect(backend.wait(-1)).to.equal(0);
        expect(backend.counters.wakes).to.equal(turn);
      }
    });

    it('the backend refuses a kernel that speaks another layout, and names both', () => {
      const wrong = new ScriptedKqueue({ damage: event => ({ ...event, low: 0 }) });
      expect(() => new KqueueBackend({}, wrong)).to.throw(IoError, /a script: EINVAL, .*layout freebsd-12 of 64 bytes/);
    });

    for (const system of Object.values(kqueueSystems)) {
      it(`${system.name}: registers, reports and wakes in its layout`, () => {
        const { kernel, backend, register } = open({ system });
        const token = register(7, READABLE | WRITABLE);
        backend.wait(0);
        kernel.fire(7, system.constants.EVFILT_READ, 0, 0, 9);
        kernel.fire(7, system.constants.EVFILT_WRITE, 0, 0, 8);
        backend.wake();
        expect(backend.wait(0)).to.equal(1);
        expect(reports(backend).get(token)).to.deep.equal([READABLE | WRITABLE, 0]);
        expect(backend.counters.wakes).to.equal(1);
      });
    }
  });
});
