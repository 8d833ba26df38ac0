/** Deadlines of a thread that was busy: what has come meanwhile counts, before the deadline does. */
import { expect } from 'chai';
import { performance } from 'node:perf_hooks';
import { connect, join } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { closing, listening, portOf, readExactly, track, turns, unixPair } from '../support/sockets.js';
import { undisturbed } from '../support/undisturbed.js';

const LIMIT_MS = 20;

/** Keeps the thread from its loop. */
function compute(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

describeOnEveryDriver('a thread that was busy for longer than a deadline', () => {
  for (const option of ['idleMs', 'readMs'] as const) {
    it(`finds bytes that wait before ${option} expires, each time`, async () => {
      const { client, server } = unixPair();
      const closed = closing(client);
      let received = 0;
      let next = settling<void>();
      client.onData = chunk => {
        received += chunk.length;
        next.resolve();
      };
      for (let round = 0; round <= 3; round++) {
        next = settling<void>();
        server.send('x');
        if (round === 0) client.setTimeouts({ [option]: LIMIT_MS });
        else compute(LIMIT_MS * 2);
        // No turn comes between what has come and the next: on a busy machine it could be late in earnest.
        await Promise.race([next.promise, closed.told]);
        expect([received, closed.times]).to.deep.equal([round + 1, 0]);
      }
      // Silence ends it all the same.
      expect(await closed.told).to.have.property('code', 'ETIMEDOUT');
    });
  }

  it('finds room in the peer before writeMs expires', () =>
    undisturbed(LIMIT_MS, async beat => {
      const { client, server } = unixPair();
      const closed = closing(client);
      client.setTimeouts({ writeMs: LIMIT_MS });
      const lengthBytes = 2_000_000;
      client.send(new Uint8Array(lengthBytes));
      expect(client.queuedBytes).to.be.above(0);
      await turns();
      // Not before the thread computes: its room is made within the same callback.
      let received = 0;
      server.onData = chunk => {
        received += chunk.length;
        compute(2);
        beat();
      };
      while (received < lengthBytes && closed.times === 0) {
        await turns(1);
        if (received > 0) compute(1);
        beat();
      }
      expect([received, closed.times]).to.deep.equal([lengthBytes, 0]);
    }));

  it('counts idleMs from what it sent after it had computed', async () => {
    const { client, server } = unixPair();
    const closed = closing(client);
    client.setTimeouts({ idleMs: LIMIT_MS });
    let sentMs = 0;
    client.onData = () => {
      compute(LIMIT_MS * 2);
      client.send('answer');
      sentMs = performance.now();
    };
    server.send('question');
    expect(await closed.told).to.have.property('code', 'ETIMEDOUT');
    expect(performance.now() - sentMs).to.be.at.least(LIMIT_MS - 1);
  });

  it('has connected before timeoutMs expires', async () => {
    const listener = await listening();
    const connecting = connect({ host: '127.0.0.1', port: portOf(listener), timeoutMs: LIMIT_MS });
    // The name is looked up, and the handshake begins.
    for (let step = 0; step < 10; step++) await Promise.resolve();
    compute(LIMIT_MS * 2);
    track(await connecting);
  });

  it('moves what waits before idleTimeoutMs of a join expires', async () => {
    const left = unixPair();
    const right = unixPair();
    const joined = join(left.server, right.client, { idleTimeoutMs: LIMIT_MS });
    joined.catch(() => {});
    for (const text of ['once', 'more', 'last']) {
      left.client.send(text);
      compute(LIMIT_MS * 2);
      expect(await readExactly(right.server, 4)).to.equal(text);
    }
    left.client.destroy();
    right.server.destroy();
    await joined.catch(() => {});
  });

  it('ends the idle though others flood it without rest', async () => {
    const flood = unixPair();
    const idle = unixPair();
    const piece = new Uint8Array(4 * 1024 * 1024);
    let isOver = false;
    flood.server.onData = () => {};
    const refill = () => {
      while (!isOver && flood.client.send(piece));
    };
    flood.client.onDrain = refill;
    refill();
    const closed = closing(idle.client);
    idle.client.setTimeouts({ idleMs: LIMIT_MS });
    expect(await closed.told).to.have.property('code', 'ETIMEDOUT');
    isOver = true;
  });
});
