import { expect } from 'chai';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { currentReactor, listen, startReactor, type Connection } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type Peer } from 'pollux/threads';
import { settling } from '../../../src/api/settling.js';
import { openDescriptors } from '../../support/descriptors.js';
import { ALL_MODES, backendsHere } from '../../support/every-driver.js';
import { Digest, portOf } from '../../support/sockets.js';
import { carry, OWNER, receiveAndCarry, type Hop } from './carrier.js';
import { until } from './until.js';

/** What the client does with one connection. */
interface Trip {
  readonly pieces: readonly number[];
  readonly hops: readonly Hop[];
  /** The client reads nothing before all is written: the echo queues up on its way around. */
  readonly readsLate: boolean;
  /** The client breaks the connection after so many pieces. */
  readonly resetAfter: number | undefined;
}

const trip: fc.Arbitrary<Trip> = fc.record({
  pieces: fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 8 }),
  hops: fc
    .array(
      fc.record({
        atBytes: fc.integer({ min: 0, max: 800_000 }),
        to: fc.integer({ min: OWNER, max: 1 }),
        now: fc.boolean(),
      }),
      { maxLength: 8 },
    )
    .map(hops => hops.sort((a, b) => a.atBytes - b.atBytes)),
  readsLate: fc.boolean(),
  resetAfter: fc.option(fc.nat(7), { nil: undefined, freq: 4 }),
});

/** A connection can't move to the thread that it is in. */
function possible(hops: readonly Hop[]): Hop[] {
  let at = OWNER;
  return hops.filter(({ to }) => to !== at && ((at = to), true));
}

for (const backend of backendsHere()) {
  for (const mode of ALL_MODES) {
    describe(`connections on their way around three threads (${backend}, ${mode})`, () => {
      let endpoint: Endpoint;
      let runtime: Runtime;
      let before: string[];
      let failures: Error[];
      const peerOf = (index: number): Peer => runtime.workers[index].peer;

      beforeEach(async () => {
        before = openDescriptors();
        startReactor({ backend, mode });
        endpoint = openEndpoint();
        runtime = new Runtime({
          entry: new URL('carrier.js', import.meta.url),
          workers: 2,
          endpoint,
          reactor: { backend, mode },
        });
        await runtime.start();
        failures = [];
        receiveAndCarry(endpoint, peerOf, failure => failures.push(failure));
      });

      afterEach(async () => {
        await runtime.stop(0);
        endpoint.close();
        currentReactor().close();
        expect(openDescriptors(), 'descriptors left open').to.deep.equal(before);
      });

      it('regression 43: lose nothing and double nothing, either way, half-closed and reset ones among them', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(trip, { minLength: 1, maxLength: 3 }), async trips => {
            const idle = openDescriptors().length;
            await Promise.all(trips.map(travel));
            expect(failures).to.deep.equal([]);
            await until(() => openDescriptors().length === idle);
          }),
          { numRuns: 8 },
        );
      });

      async function travel({ pieces, hops, readsLate, resetAfter }: Trip): Promise<void> {
        const accepted = settling<Connection>();
        const listener = await listen({ host: '127.0.0.1', onConnection: accepted.resolve });
        const client = dial({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
        client.on('error', () => {});
        const connection = await accepted.promise;
        await listener.close();
        carry(connection, { hops: possible(hops), receivedBytes: 0 }, peerOf, failure => failures.push(failure));
        const sent = new Digest();
        const received = new Digest();
        const read = () => client.on('data', chunk => received.add(chunk));
        if (!readsLate) read();
        for (const [index, lengthBytes] of pieces.entries()) {
          if (index === resetAfter) {
            const closed = once(client, 'close');
            client.resetAndDestroy();
            await closed;
            return;
          }
          const bytes = randomBytes(lengthBytes);
          sent.add(bytes);
          client.write(bytes);
          await new Promise(resolve => setImmediate(resolve));
        }
        client.end();
        if (readsLate) read();
        await once(client, 'end');
        expect(String(received)).to.equal(String(sent));
      }
    });
  }
}
