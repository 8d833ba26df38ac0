/** An exception of whoever serves one parked connection costs no other its event. */
import { expect } from 'chai';
import { Parking } from '../../../src/threads/service/parking.js';
import { close } from '../../../src/sys/file/io.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { sendSome } from '../../core/scripted-operations.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { collectingUncaught } from '../../support/uncaught.js';

describeOnEveryDriver('a parked connection whose service throws', driver => {
  it('costs no other that woke with it its event', async () => {
    await collectingUncaught(async messages => {
      const awake: number[] = [];
      const parking = new Parking(driver.reactor, undefined, 0, fd => {
        awake.push(fd);
        throw new Error(`service ${awake.length}`);
      });
      const pairs = Array.from({ length: 6 }, () => socketpair());
      for (const [ours, peers] of pairs) {
        parking.park(ours);
        sendSome(peers, 1);
      }
      driver.reactor.enter(true);
      try {
        while (awake.length < pairs.length || messages.length < pairs.length) {
          await new Promise(resolve => setImmediate(resolve));
        }
      } finally {
        driver.reactor.leave(true);
      }
      expect([...awake].sort()).to.deep.equal(pairs.map(([ours]) => ours).sort());
      expect([...messages].sort()).to.deep.equal([1, 2, 3, 4, 5, 6].map(count => `service ${count}`));
      parking.close();
      for (const fd of pairs.flat()) close(fd);
    });
  });
});
