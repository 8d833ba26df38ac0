import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type RuntimeOptions } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';
import type { Messages, ways } from './early-entry.js';
import { until } from './until.js';

describe('what the entry of a thread may do before it is through', () => {
  let endpoint: Endpoint;
  let runtime: Runtime<Messages>;

  function make(payload: (keyof typeof ways)[], options: Partial<RuntimeOptions> = {}): void {
    const entry = new URL('early-entry.js', import.meta.url);
    runtime = new Runtime<Messages>({ entry, workers: payload.length, payload, endpoint, ...options });
  }

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    await runtime.stop(0).catch(() => {});
    endpoint.close();
    currentReactor().close();
  });

  it('it asks the thread that has the runtime, and is answered; others may end as they please', async () => {
    make(['asks', 'asks']);
    endpoint.answer('configuration', () => 'any');
    await runtime.start();
    await runtime.stop();
  });

  it('it closes its endpoint, and the thread lives on while others come and go', async () => {
    const told: string[] = [];
    make(['silent', 'stays'], { restarts: 1, onError: ({ message }, name) => told.push(`${name}: ${message}`) });
    await runtime.start();
    const [silent, other] = runtime.workers;
    expect(silent.peer.isGone).to.equal(true);
    other.peer.schedule('crash');
    await until(() => other.restarts === 1 && other.isRunning);
    expect(await other.peer.request('peers', undefined)).to.deep.equal([]);
    expect(silent.isAlive).to.equal(true);
    await runtime.stop();
    expect(told).to.deep.equal(['worker 1: crashed as told']);
  });

  it('it ends with all of its work done, before others run or after', async () => {
    make(['ends', 'stays', 'ends']);
    await runtime.start();
    await until(() => !runtime.workers[0].isAlive && !runtime.workers[2].isAlive);
    expect(runtime.workers[1].peer.isGone).to.equal(false);
    await runtime.stop();
    await runtime.finished();
  });

  it('it is not through by the deadline, and start says whose it was', async () => {
    make(['never', 'never']);
    expect((await rejection(runtime.start(1))).message).to.equal(
      "start: ETIMEDOUT, the entry of 'worker 0', 'worker 1' is not through after 1 ms; start(deadlineMs) waits longer",
    );
    await runtime.stop(0);
  });

  it('nothing, if the runtime is stopped before; start then fails, and stop does not', async () => {
    make(['stays', 'stays']);
    const failed = rejection(runtime.start());
    await Promise.all([runtime.stop(), runtime.stop()]);
    expect((await failed).message).to.equal('start: ECANCELED, the runtime was stopped before all of its workers ran');
    expect((await rejection(runtime.listen({ accept: 'acceptor' }))).message).to.equal((await failed).message);
    await runtime.finished();
  });

  it('nothing, if the runtime is not started, or asked for what makes no sense', async () => {
    make(['stays']);
    expect(() => runtime.workers[0].peer).to.throw("peer: ESRCH, worker 'worker 0' has not run yet");
    expect(runtime.workers[0].isRunning).to.equal(false);
    expect((await rejection(runtime.stop())).message).to.equal('stop: ESRCH, the runtime was not started');
    expect((await rejection(runtime.finished())).message).to.equal('finished: ESRCH, the runtime was not started');
    expect((await rejection(runtime.listen({ accept: 'acceptor' }))).message).to.equal(
      'listen: ESRCH, the runtime is not running',
    );
    expect((await rejection(runtime.start(NaN))).message).to.include('deadlineMs: NaN; allowed: integers from 0');
    await runtime.start();
    expect(runtime.workers[0]).to.include({ isRunning: true });
    expect(runtime.workers[0].peer.isGone).to.equal(false);
    expect((await rejection(runtime.start())).message).to.equal(
      'start: EALREADY, the runtime was started before; make a new one',
    );
    expect((await rejection(runtime.stop(-1))).message).to.include('deadlineMs: -1; allowed: integers from 0');
    await runtime.stop();
  });
});
