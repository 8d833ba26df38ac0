/** What the kqueue backend makes of reports, and of changes that are refused, against a queue that keeps its lists. */
import { expect } from 'chai';
import { ERROR, BOTH_END, READABLE, WRITABLE, type Interest } from '../../src/backends/contract.js';
import { KqueueBackend } from '../../src/backends/kqueue/backend.js';
import { EMFILE, ENOMEM, EPIPE } from '../../src/sys/ffi/errno.js';
import { freebsdConstants } from '../../src/sys/poll/kqueue-constants.js';
import { ScriptedKqueue } from './scripted-kqueue.js';

const { EV_ADD, EV_DELETE, EV_ENABLE, EV_EOF, EV_ONESHOT, EV_RECEIPT, EVFILT_READ, EVFILT_WRITE } = freebsdConstants;

function open(maxEvents?: number) {
  const kernel = new ScriptedKqueue();
  const backend = new KqueueBackend({ maxEvents }, kernel);
  kernel.takeChanges();
  const register = (fd: number, interest: Interest) => backend.register(fd, interest, 'level');
  /** The events of a wait: readiness, errno and data. */
  const wait = () => {
    const { readiness, errors, data, count } = (backend.wait(0), backend.events);
    return Array.from({ length: count }, (_, index) => [readiness[index], errors[index], data[index]]);
  };
  const changes = () =>
    kernel.takeChanges().map(list => list.map(({ ident, filter, flags }) => [ident, filter, flags]));
  return { kernel, backend, register, wait, changes };
}

describe('kqueue backend: what it reports', () => {
  for (const order of [
    [EVFILT_READ, EVFILT_WRITE],
    [EVFILT_WRITE, EVFILT_READ],
  ]) {
    it(`tells the bytes to read where both directions are ready (${order.join()})`, () => {
      const { kernel, register, wait } = open();
      register(7, READABLE | WRITABLE);
      wait();
      for (const filter of order) kernel.fire(7, filter, 0, 0, filter === EVFILT_READ ? 3 : 5_000);
      expect(wait()).to.deep.equal([[READABLE | WRITABLE, 0, 3]]);
    });
  }

  it('tells the room to write where nothing is to be read', () => {
    const { kernel, register, wait } = open();
    register(7, READABLE | WRITABLE);
    wait();
    kernel.fire(7, EVFILT_WRITE, 0, 0, 5_000);
    expect(wait()).to.deep.equal([[WRITABLE, 0, 5_000]]);
  });

  it('ends writing to a pipe whose reader has gone: the filter goes with the report, and is not taken off again', () => {
    const { kernel, backend, register, wait, changes } = open();
    const token = register(7, WRITABLE);
    wait();
    changes();
    kernel.fire(7, EVFILT_WRITE, EV_ONESHOT | EV_EOF, 0, 0);
    expect(wait()).to.deep.equal([[WRITABLE | BOTH_END | ERROR, EPIPE, 0]]);
    changes();
    wait();
    expect(changes(), 'nothing is wanted any more').to.deep.equal([[]]);
    backend.modify(token, WRITABLE);
    wait();
    expect(changes(), 'a new filter').to.deep.equal([[[7, EVFILT_WRITE, EV_ADD | EV_ENABLE]]]);
    kernel.fire(7, EVFILT_WRITE, EV_ONESHOT | EV_EOF, 0, 0);
    wait();
    changes();
    backend.unregister(token);
    expect(changes()).to.deep.equal([]);
  });
});

describe('kqueue backend: changes that are refused', () => {
  it('tells each once, as an error that nothing is wanted after', () => {
    const { kernel, register, wait, changes } = open();
    register(7, READABLE);
    register(8, READABLE);
    kernel.refuse = ({ ident }) => (ident === 7 ? ENOMEM : 0);
    expect(wait()).to.deep.equal([[ERROR, ENOMEM, 0]]);
    kernel.refuse = () => 0;
    changes();
    expect([wait(), changes()]).to.deep.equal([[], [[]]]);
  });

  it('goes on reading from where it can’t write any more', () => {
    const { kernel, register, wait, changes } = open();
    register(7, READABLE | WRITABLE);
    kernel.refuse = ({ filter }) => (filter === EVFILT_WRITE ? EPIPE : 0);
    expect(wait()).to.deep.equal([[WRITABLE | BOTH_END | ERROR, EPIPE, 0]]);
    changes();
    expect([wait(), changes()], 'reading stays').to.deep.equal([[], [[]]]);
    kernel.fire(7, EVFILT_READ, 0, 0, 9);
    expect(wait()).to.deep.equal([[READABLE, 0, 9]]);
  });

  it('tells as many as there is room for, and the rest with the next wait, but not those of the dead', () => {
    const { kernel, backend, register, wait } = open(2);
    const tokens = [7, 8, 9, 10].map(fd => register(fd, READABLE));
    kernel.refuse = () => EMFILE;
    const first = wait();
    expect(first).to.deep.equal([
      [ERROR, EMFILE, 0],
      [ERROR, EMFILE, 0],
    ]);
    kernel.refuse = () => 0;
    backend.unregister(tokens[3]);
    expect([wait(), wait()]).to.deep.equal([[[ERROR, EMFILE, 0]], []]);
  });

  it('does not tell what a new change has taken the place of', () => {
    const { kernel, backend, register, wait, changes } = open(1);
    const tokens = [7, 8].map(fd => register(fd, READABLE));
    kernel.refuse = () => EMFILE;
    expect(wait()).to.have.lengthOf(1);
    kernel.refuse = () => 0;
    backend.modify(tokens[1], WRITABLE);
    changes();
    expect(wait()).to.deep.equal([]);
    backend.unregister(tokens[1]);
    const deletions = changes().flat();
    expect(deletions).to.deep.include([8, EVFILT_WRITE, EV_DELETE | EV_RECEIPT]);
  });
});
