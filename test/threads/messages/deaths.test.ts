/** A thread that dies between any two messages: each was handed, taken back, or is told undelivered; exactly one of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { currentReactor } from 'pollux';
import { openEndpoint, type Endpoint, type MailboxAddress, type Ticket } from 'pollux/threads';
import { settling } from '../../../src/api/settling.js';
import { propertyRuns } from '../../property-runs.js';
import { until } from '../runtime/until.js';

interface Sent {
  readonly kind: 'message' | 'call' | 'request';
  readonly lengthBytes: number;
  /** Calls: before the thread ends, after it, or after all was told. */
  readonly cancelled: 'before' | 'after' | 'at last';
}

describe('what was sent to a thread that dies', () => {
  let endpoint: Endpoint;

  beforeEach(() => {
    endpoint = openEndpoint();
  });

  afterEach(() => {
    endpoint.close();
    currentReactor().close();
  });

  async function run(program: readonly Sent[], stopsAt: number): Promise<number[]> {
    const tally = new Int32Array(new SharedArrayBuffer(4 * program.length));
    const worker = new Worker(new URL('mortal.js', import.meta.url), {
      workerData: { address: endpoint.address, tally, stopsAt },
    });
    const { threadId } = worker;
    const [address] = (await once(worker, 'message')) as [MailboxAddress];
    const peer = endpoint.peer(address);
    const gone = settling<void>();
    peer.onGone = () => gone.resolve();
    const told = program.map(() => 0);
    const tickets = new Map<number, Ticket>();
    const sent: Promise<unknown>[] = [];
    for (const [number, { kind, lengthBytes }] of program.entries()) {
      const bytes = new Uint8Array(4 + lengthBytes);
      new DataView(bytes.buffer).setUint32(0, number);
      if (kind === 'call') tickets.set(number, peer.schedule('job', bytes));
      else if (kind === 'request') sent.push(peer.request('job', bytes).catch(() => {}));
      else
        sent.push(
          peer
            .sender('job')
            .send(bytes)
            .catch(() => told[number]++),
        );
    }
    await until(() => Atomics.load(tally, stopsAt) === 1);
    const cancel = (when: Sent['cancelled']) => {
      for (const [number, ticket] of tickets) {
        if (program[number].cancelled === when && ticket.cancel() === 'cancelled') told[number]++;
      }
    };
    cancel('before');
    await worker.terminate();
    endpoint.markEnded(threadId);
    cancel('after');
    await gone.promise;
    peer.forEachUndelivered(({ kind, bytes }) => {
      const { buffer } = Uint8Array.from(bytes);
      expect(kind).to.be.oneOf(['message', 'call', 'request']);
      told[new DataView(buffer).getUint32(0)]++;
    });
    cancel('at last');
    await Promise.all(sent);
    return told.map((count, number) => count + tally[number]);
  }

  it('is handed, taken back or told, and only one of them', async () => {
    const sent = fc.record({
      kind: fc.constantFrom('message' as const, 'call' as const, 'request' as const),
      lengthBytes: fc.constantFrom(0, 60, 500, 2000),
      cancelled: fc.constantFrom('before' as const, 'after' as const, 'at last' as const),
    });
    const programs = fc.array(sent, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(programs, fc.nat(), async (program, where) => {
        const outcome = await run(program, where % program.length);
        expect(outcome).to.deep.equal(program.map(() => 1));
      }),
      { ...propertyRuns(6), endOnFailure: true },
    );
  });

  it('is told of each call that waited for room', async () => {
    const program = Array.from({ length: 40 }, (_, index) => ({
      kind: 'call' as const,
      lengthBytes: 1500,
      cancelled: index % 2 === 0 ? ('after' as const) : ('at last' as const),
    }));
    expect(await run(program, 0)).to.deep.equal(program.map(() => 1));
  });

  it('has what it answered told before its end', async () => {
    const tally = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL('mortal.js', import.meta.url), {
      workerData: { address: endpoint.address, tally, stopsAt: 1 },
    });
    const { threadId } = worker;
    const [address] = (await once(worker, 'message')) as [MailboxAddress];
    const peer = endpoint.peer(address);
    const outcomes = Promise.allSettled([0, 1].map(number => peer.request('job', new Uint8Array([0, 0, 0, number]))));
    // This thread reads nothing until the other has answered the first, and is in the second.
    while (Atomics.load(tally, 1) === 0);
    endpoint.markEnded(threadId);
    const [answered, died] = await outcomes;
    expect(answered).to.deep.equal({ status: 'fulfilled', value: undefined });
    expect(died).to.have.nested.property('reason.code', 'EPIPE');
    await worker.terminate();
  });
});
