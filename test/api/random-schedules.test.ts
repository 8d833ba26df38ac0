import { expect } from 'chai';
import fc from 'fast-check';
import { randomFillSync } from 'node:crypto';
import { BufferList, type Connection } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { Digest, tcpPair, turns, unixPair } from '../support/sockets.js';

/** What one end does, one after the other. */
type Step =
  | { readonly do: 'send'; readonly lengthBytes: number; readonly as: 'bytes' | 'list' | 'scribbled' }
  | { readonly do: 'pause' | 'resume' | 'turn' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      lengthBytes: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 200_000 })),
      as: fc.constantFrom('bytes' as const, 'list' as const, 'scribbled' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const) }) },
);
const schedule = fc.array(step, { maxLength: 25 });

const random = randomFillSync(new Uint8Array(1 << 20));

class End {
  readonly sent = new Digest();
  readonly received = new Digest();
  private readonly ended = settling<void>();

  constructor(private readonly connection: Connection) {
    connection.onData = chunk => this.received.add(chunk);
    connection.onEnd = this.ended.resolve;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const next of steps) {
      if (next.do === 'send') await this.send(next.lengthBytes, next.as);
      else if (next.do === 'turn') await turns(1);
      else this.connection[next.do]();
    }
    this.connection.resume();
    this.connection.end();
    await this.ended.promise;
  }

  private async send(lengthBytes: number, as: 'bytes' | 'list' | 'scribbled'): Promise<void> {
    const from = (this.sent.lengthBytes * 7919) % (random.length - lengthBytes);
    const bytes = random.slice(from, from + lengthBytes);
    this.sent.add(bytes);
    // Back-pressure is not waited for: the peer may be paused until the end of its own steps.
    const half = lengthBytes >> 1;
    this.connection.send(as === 'list' ? BufferList.from(bytes.subarray(0, half), bytes.subarray(half)) : bytes);
    if (as === 'scribbled') bytes.fill(0);
    else await turns(1);
  }
}

describeOnEveryDriver('random schedules on both ends', () => {
  for (const kind of ['TCP', 'Unix'] as const) {
    it(`${kind}: what was sent is what was received, whatever the pauses and ends`, async () => {
      await fc.assert(
        fc.asyncProperty(schedule, schedule, async (here, there) => {
          const { client, server } = kind === 'TCP' ? await tcpPair() : unixPair();
          const [first, second] = [new End(client), new End(server)];
          const closed = [client.closed, server.closed];
          await Promise.all([first.run(here), second.run(there)]);
          await Promise.all(closed);
          expect(String(second.received)).to.equal(String(first.sent));
          expect(String(first.received)).to.equal(String(second.sent));
          expect([client.bytesSent, server.bytesReceived]).to.deep.equal(new Array(2).fill(first.sent.lengthBytes));
          expect([server.bytesSent, client.bytesReceived]).to.deep.equal(new Array(2).fill(second.sent.lengthBytes));
        }),
        { numRuns: 25 },
      );
    });
  }
});
