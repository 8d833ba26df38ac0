/** What those who send to the last thread of a runtime learn of its end, though nothing is left for the runtime to do then. */
import { expect } from 'chai';
import process from 'node:process';
import { currentReactor } from 'pollux';
import { Runtime, type Peer, type RuntimeOptions } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';

describe('the last thread of a runtime', () => {
  after(() => currentReactor().close());

  async function start(options: Partial<RuntimeOptions> = {}): Promise<[Runtime, Peer]> {
    const runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 1, ...options });
    await runtime.start();
    return [runtime, runtime.workers[0].peer];
  }

  it('is known to have gone, and what it did not take is told', async () => {
    const [runtime, peer] = await start();
    peer.schedule('spin');
    const ticket = peer.schedule('crash');
    const waiting: Promise<unknown>[] = [peer.request('about', null)];
    const bytes = new Uint8Array(256 * 1024);
    for (let count = 0; count < 8; count++) waiting.push(peer.sender('nobody').send(bytes));
    const failures = Promise.all(waiting.slice(4).map(rejection));
    const unanswered = rejection(waiting[0]);
    const undelivered: string[] = [];
    const gone = new Promise<void>(resolve => {
      peer.onGone = () => {
        peer.forEachUndelivered(({ kind, name }) => undelivered.push(`${kind} ${name}`));
        resolve();
      };
    });
    await runtime.workers[0].terminate();
    await gone;
    expect(await runtime.finished()).to.deep.equal({ terminated: [] });
    expect(undelivered).to.include('call crash').and.to.include('request about').and.to.include('message nobody');
    expect(await unanswered).to.include({ code: 'EPIPE' });
    for (const failure of await failures) expect(failure).to.include({ code: 'EPIPE' });
    // It was told, so it was not cancelled as well.
    expect(ticket.cancel()).to.equal('too late');
  });

  it('is terminated at the second signal, if it does not end at the first', async () => {
    const listeners = process.listenerCount('SIGTERM');
    const [runtime, peer] = await start({ drainOnSignalMs: 1_000_000 });
    peer.schedule('spin');
    // As the kernel would have it, without ending the process that runs the tests.
    process.emit('SIGTERM');
    process.emit('SIGTERM');
    expect(await runtime.finished()).to.deep.equal({ terminated: ['worker 0'] });
    expect(process.listenerCount('SIGTERM')).to.equal(listeners);
  });
});
