/** Whom an event is for, and whether one that was ready has not been told of. */
import { expect } from 'chai';
import type { Backend } from '../../../src/backends/contract.js';
import { tokenOf } from '../../../src/base/token.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import type { Watcher } from '../../../src/core/driver/driver.js';
import { Harvest } from '../../../src/core/driver/harvest.js';
import { Descriptor } from '../../../src/core/operations/operation.js';
import { Registered, Watch } from '../../../src/core/driver/registered.js';

const watcher = (): Watcher => ({ onReady: () => {} });

function descriptor(fd: number, slot: number, generation = 1): Descriptor {
  const made = new Descriptor(fd, REACTOR_SCOPE);
  made.token = tokenOf(slot, generation);
  return made;
}

describe('core: what is registered', () => {
  it('is found by its token, as long as it is there', () => {
    const registered = new Registered();
    expect(registered.slots).to.equal(0);
    const [connection, watch] = [descriptor(10, 3), new Watch(tokenOf(5, 1), watcher(), 11)];
    registered.add(connection);
    registered.add(watch);
    expect([registered.find(connection.token), registered.find(watch.token)]).to.deep.equal([connection, watch]);
    expect(registered.slots).to.be.at.least(2);
    expect([registered.find(tokenOf(3, 2)), registered.find(tokenOf(4, 1))], 'of another life, or slot').to.deep.equal([
      undefined,
      undefined,
    ]);
    registered.remove(connection.token);
    expect(registered.find(connection.token)).to.equal(undefined);
    expect(registered.find(watch.token)).to.equal(watch);
  });

  it('is found by its descriptor, each kind for itself', () => {
    const registered = new Registered();
    const [connection, watch, source] = [
      descriptor(10, 3),
      new Watch(tokenOf(5, 1), watcher(), 11),
      new Watch(tokenOf(6, 1), watcher()),
    ];
    expect(registered.watchOf(11)).to.equal(undefined);
    for (const owner of [connection, watch, source]) registered.add(owner);
    expect([10, 11, -1, 1].map(fd => registered.watchOf(fd))).to.deep.equal([undefined, watch, undefined, undefined]);
    expect(registered.descriptorOf(10), 'not in care').to.equal(undefined);
    registered.takeCare(connection);
    expect([10, 11].map(fd => registered.descriptorOf(fd))).to.deep.equal([connection, undefined]);
    expect(registered.inCare()).to.deep.equal([connection]);
    // A number that is another's by now stays that of the other.
    registered.takeCare(descriptor(12, 8));
    registered.endCare(descriptor(12, 9));
    registered.endCare(connection);
    expect([10, 12].map(fd => registered.descriptorOf(fd)?.fd)).to.deep.equal([undefined, 12]);
    registered.remove(watch.token);
    registered.remove(source.token);
    expect(registered.watchOf(11)).to.equal(undefined);
  });

  it('is told by kind, for the end of all', () => {
    const registered = new Registered();
    const watch = new Watch(tokenOf(5, 1), watcher(), 11);
    const connections = [descriptor(10, 3), descriptor(12, 7)];
    for (const owner of [connections[0], watch, connections[1]]) registered.add(owner);
    expect(registered.descriptors()).to.deep.equal(connections);
    expect(registered.watchers()).to.deep.equal([watch.watcher]);
  });
});

describe('core: the events of a wait', () => {
  /** A backend whose waits bring so many events each, of four that a batch holds. */
  function setUp(slots: number, counts: number[]) {
    const events = { count: 0, tokens: new Float64Array(4) };
    const waits: number[] = [];
    const wait = (timeoutNs: number) => {
      waits.push(timeoutNs);
      events.count = counts.shift() ?? 0;
    };
    const harvest = new Harvest({ events, wait } as unknown as Backend, { slots } as Registered);
    const takeAll = () => {
      const indexes: number[] = [];
      while (harvest.hasEvents) indexes.push(harvest.next());
      return indexes;
    };
    return { harvest, waits, takeAll };
  }

  it('are taken in order, and no other wait is made before the last', () => {
    const { harvest, waits, takeAll } = setUp(10, [3, 2]);
    expect([harvest.hasEvents, harvest.wait(5)]).to.deep.equal([false, 3]);
    expect(harvest.next()).to.equal(0);
    expect([harvest.wait(6), waits]).to.deep.equal([2, [5]]);
    expect([takeAll(), harvest.wait(7), waits]).to.deep.equal([[1, 2], 2, [5, 7]]);
    expect(takeAll()).to.deep.equal([0, 1]);
  });

  it('may have left some out when they fill the batch, until so many waits brought all by turns', () => {
    const { harvest, takeAll } = setUp(9, [4, 4, 4, 4, 1]);
    const behind: boolean[] = [];
    for (let wait = 0; wait < 5; wait++) {
      harvest.wait(0);
      expect(harvest.isBehind, 'some are not dispatched').to.equal(true);
      takeAll();
      behind.push(harvest.isBehind);
    }
    // Twelve events tell of nine; the fourth wait begins anew, and the fifth left nothing out.
    expect(behind).to.deep.equal([true, true, false, true, false]);
  });

  it('have left nothing out where no more is registered than a batch holds', () => {
    const { harvest, takeAll } = setUp(4, [4]);
    harvest.wait(0);
    takeAll();
    expect(harvest.isBehind).to.equal(false);
  });
});
