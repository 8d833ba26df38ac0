/** One AbortSignal, or one signal of the process, for many: nothing warns of a leak, and nothing leaks. */
import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import process from 'node:process';
import { connect, copy, currentReactor, watchSignal, type Connection } from '../../../src/index.js';
import { until } from '../../support/datagrams.js';
import { destroyTracked, listening, track, turns, unixPair } from '../../support/sockets.js';

describe('many that wait for one signal', () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);

  beforeEach(() => {
    warnings.length = 0;
    process.on('warning', warned);
  });

  afterEach(() => {
    process.off('warning', warned);
    destroyTracked();
    currentReactor().close();
  });

  it('watches of one signal of the process share a listener, and each is told', async () => {
    let told = 0;
    const watches = Array.from({ length: 30 }, () => watchSignal('SIGUSR2', () => told++));
    expect(process.listenerCount('SIGUSR2')).to.equal(1);
    process.kill(process.pid, 'SIGUSR2');
    await until(() => told === 30);
    for (const watch of watches.splice(1)) watch.close();
    process.kill(process.pid, 'SIGUSR2');
    await until(() => told === 31);
    watches[0].close();
    expect(process.listenerCount('SIGUSR2')).to.equal(0);
    await turns();
    expect(warnings).to.deep.equal([]);
  });

  it('transfers with one AbortSignal share a listener, and each is aborted', async () => {
    const controller = new AbortController();
    const transfers = Array.from({ length: 30 }, () =>
      copy(unixPair().server, unixPair().client, { signal: controller.signal }),
    );
    expect(getEventListeners(controller.signal, 'abort').length).to.equal(1);
    controller.abort(new Error('enough'));
    const outcomes = await Promise.allSettled(transfers);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(outcomes.map(() => 'rejected'));
    expect(getEventListeners(controller.signal, 'abort').length).to.equal(0);
    await turns();
    expect(warnings).to.deep.equal([]);
  });

  it('what is over leaves no listener behind', async () => {
    const controller = new AbortController();
    const listener = await listening({ host: '127.0.0.1', onConnection: track });
    const connections = await Promise.all(
      Array.from({ length: 20 }, () => connect({ host: '127.0.0.1', port: listener.port, signal: controller.signal })),
    );
    connections.forEach((connection: Connection) => track(connection));
    expect(getEventListeners(controller.signal, 'abort').length).to.equal(0);
    await turns();
    expect(warnings).to.deep.equal([]);
  });
});
