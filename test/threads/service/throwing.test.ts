import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import { until } from '../runtime/until.js';
import { destroyTracked } from '../../support/sockets.js';
import { clientsOf } from './service-clients.js';

const CLIENTS = 60;
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

describe('a handler of connections that throws, in a thread that survives it', () => {
  let runtime: Runtime;

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0);
    currentReactor().close();
  });

  for (const accept of MODELS) {
    it(`has all that came at the same time served, and when they come back, with '${accept}'`, async () => {
      const thrown = new Int32Array(new SharedArrayBuffer(4));
      runtime = new Runtime({ entry: new URL('throwing-entry.js', import.meta.url), workers: 1, payload: thrown });
      await runtime.start();
      const service = await runtime.listen({ accept, host: '127.0.0.1' });
      const clients = await clientsOf(service, CLIENTS);
      for (const round of ['one', 'two', 'three']) {
        for (const client of clients) client.send(round);
        for (const client of clients) expect((await client.read())!.toString()).to.equal(round);
      }
      await until(() => thrown[0] === (3 * CLIENTS) / 2);
    });
  }
});
