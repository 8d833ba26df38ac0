/** What waits to be sent takes little more memory than its bytes, and what the queue has no room for takes none. */
import { expect } from 'chai';
import { BufferList, type Connection } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { fillUp, readAll, turns, unixPair } from '../../support/sockets.js';

/** Memory that JavaScript holds, garbage or not. */
function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const KINDS: Readonly<Record<string, () => string | Uint8Array | BufferList>> = {
  'strings of one character': () => 'x',
  'arrays of one byte': () => Uint8Array.of(120),
  'lists of one byte': () => BufferList.from('x'),
  'lists of many small ranges': () => BufferList.from('x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'),
};

describeOnEveryDriver(
  'the memory of what is queued',
  () => {
    function stuck(maxQueuedBytes: number): { client: Connection; server: Connection } {
      const pair = unixPair({ maxQueuedBytes });
      // Small pieces, so that not much is queued before.
      fillUp(pair.client, 4096);
      return pair;
    }

    for (const [kind, make] of Object.entries(KINDS)) {
      it(`${kind}: no more than four bytes each byte, up to the ceiling`, () => {
        const { client } = stuck(1 << 20);
        const before = heldBytes();
        let refusal: { code?: string } | undefined;
        while (refusal === undefined) {
          try {
            client.send(make());
          } catch (error) {
            refusal = error as { code?: string };
          }
        }
        expect(refusal.code).to.equal('ENOBUFS');
        expect(client.queuedBytes).to.be.within((1 << 20) - 8, 1 << 20);
        // Garbage of the loop counts too unless somebody collects it.
        if (globalThis.gc !== undefined) globalThis.gc();
        const rangesOf = (client.outbound as unknown as { sender: { queue: BufferList } }).sender.queue.segmentCount;
        expect(rangesOf).to.be.at.most(200);
        if (globalThis.gc !== undefined) expect(heldBytes() - before).to.be.at.most(4 << 20);
      });
    }

    it('short queues take little: what one byte waits in is no large piece', () => {
      const { client } = stuck(1 << 20);
      const { queue } = (client.outbound as unknown as { sender: { queue: BufferList } }).sender;
      queue.release();
      client.send('x');
      const [view] = queue;
      expect(view.buffer.byteLength).to.be.at.most(8192);
    });

    it('writes that are not awaited share one promise', () => {
      const { client } = stuck(1 << 24);
      const promises = new Set<Promise<void>>();
      while (client.queuedBytes < 1 << 16) client.send(new Uint8Array(1024));
      for (let count = 0; count < 1000; count++) promises.add(client.write('x'));
      expect(promises.size).to.equal(1);
    });

    it('small and large pieces of every kind arrive in order', async () => {
      const { client, server } = stuck(1 << 24);
      const already = client.bytesSent + client.queuedBytes;
      const expected: Uint8Array[] = [];
      for (let number = 0; number < 300; number++) {
        const bytes = Buffer.alloc(number % 7 === 0 ? 20_000 : number % 50, String(number));
        const rest = Buffer.from(bytes);
        expected.push(rest);
        if (number % 3 === 0) client.send(bytes);
        else if (number % 3 === 1) client.send(bytes.toString());
        else client.send(BufferList.from(rest.subarray(0, 3), rest.subarray(3)));
        bytes.fill(0);
      }
      client.end();
      const received = await readAll(server);
      expect(Buffer.compare(received.subarray(already), Buffer.concat(expected))).to.equal(0);
    });

    it('a string that can have no room is refused before it is encoded', async () => {
      const { client } = stuck(1 << 20);
      const text = 'x'.repeat(2 ** 28);
      const { arrayBuffers } = process.memoryUsage();
      const encode = Buffer.from;
      let encoded = 0;
      Buffer.from = (...given: Parameters<typeof encode>) => {
        encoded++;
        return encode(...given);
      };
      try {
        expect(() => client.send(text)).to.throw(RangeError, 'maxQueuedBytes');
        // Three bytes a character: only the exact count tells that they are too many.
        expect(() => client.send('€'.repeat((1 << 20) / 2))).to.throw(RangeError, '1572864 bytes');
        const room = (1 << 20) - client.queuedBytes;
        expect(() => client.send('x'.repeat(room + 1))).to.throw(Error, 'ENOBUFS');
        expect(encoded).to.equal(0);
        client.send('x'.repeat(room));
        expect(client.queuedBytes).to.equal(1 << 20);
      } finally {
        Buffer.from = encode;
      }
      expect(process.memoryUsage().arrayBuffers - arrayBuffers).to.be.lessThan(1 << 24);
      client.destroy();
      // Closed: refused without a look at what it is.
      await turns();
      expect(() => client.send(text)).to.throw(Error, 'EPIPE');
    });
  },
  ['level'],
);
