/** Workers that no runtime started: what they have closed is closed, and their reactors with it. */
import { expect } from 'chai';
import { Worker } from 'node:worker_threads';
import { currentReactor } from 'pollux';
import { openEndpoint, type Endpoint } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';

describe('a worker of no runtime, which has closed what it opened', () => {
  let endpoint: Endpoint;
  before(() => (endpoint = openEndpoint()));
  after(() => {
    endpoint.close();
    currentReactor().close();
  });

  async function run(way: string): Promise<unknown> {
    const worker = new Worker(new URL('plain-entry.js', import.meta.url), {
      workerData: { address: endpoint.address, way },
    });
    const { threadId } = worker;
    worker.on('error', () => {});
    const code = await new Promise(resolve => worker.once('exit', resolve));
    endpoint.markEnded(threadId);
    return code;
  }

  for (const [way, code] of [
    ['end', 0],
    ['exit', 3],
    ['throw', 1],
  ] as const) {
    it(`leaves no descriptor: ${way}`, async () => {
      let heard = 0;
      endpoint.queue('greetings').onMessage = () => heard++;
      // What threads of Node have cost is paid for once.
      await run(way);
      const before = openDescriptors();
      for (let count = 0; count < 3; count++) expect(await run(way)).to.equal(code);
      expect(openDescriptors()).to.deep.equal(before);
      while (heard < 4) await new Promise(setImmediate);
      endpoint.queue('greetings').onMessage = undefined;
    });
  }
});
