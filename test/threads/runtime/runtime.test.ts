import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type RuntimeOptions } from 'pollux/threads';
import { checkRuntimeOptions } from '../../../src/threads/runtime/options.js';
import { RingMemory } from '../../../src/threads/ring/layout.js';
import { MAILBOX_SENDERS } from '../../../src/core/limits.js';
import { allowedProcessors, canPin } from '../../../src/sys/process/affinity.js';

interface About {
  index: number;
  name: string;
  payload: unknown;
  peers: number[];
  processors: number[];
}

function about(runtime: Runtime, index: number): Promise<About> {
  return runtime.workers[index].peer.request<About>('about', null);
}

function descriptors(): number {
  return readdirSync('/dev/fd').length;
}

describe('a runtime', () => {
  let endpoint: Endpoint;
  const made: Runtime[] = [];

  function make(options: Partial<RuntimeOptions> = {}): Runtime {
    const runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 2, endpoint, ...options });
    made.push(runtime);
    return runtime;
  }

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    for (const runtime of made.splice(0)) await runtime.stop(0).catch(() => {});
    endpoint.close();
    currentReactor().close();
  });

  it('starts threads that have names and know each other, and lets them end', async () => {
    const runtime = make({ workers: 3, names: ['a', 'b', 'c'], payload: { some: 'thing' } });
    await runtime.start();
    const answers = await Promise.all([0, 1, 2].map(index => about(runtime, index)));
    expect(answers.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c']);
    expect(answers.map(({ peers }) => peers)).to.deep.equal([
      [1, 2],
      [0, 2],
      [0, 1],
    ]);
    expect(answers[2].payload).to.deep.equal({ some: 'thing' });
    await runtime.stop();
    await runtime.finished();
  });

  it('has room in each mailbox for all of its threads and their owner, however many, and for others', async () => {
    const runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 2 });
    endpoint.close();
    made.push(runtime);
    await runtime.start();
    for (const { address } of [runtime.endpoint, runtime.workers[0].peer, runtime.workers[1].peer]) {
      expect(new RingMemory(address.ring).senderCount).to.equal(2 + MAILBOX_SENDERS);
    }
    const sendersFor = (threads: number) =>
      checkRuntimeOptions({ entry: new URL(import.meta.url), workers: threads }).senders;
    expect([1, 65, 192, 256].map(sendersFor)).to.deep.equal([65, 129, 256, 256]);
    await runtime.stop();
  });

  it('binds threads to processors in turn, if asked', async function () {
    if (!canPin) this.skip();
    const allowed = allowedProcessors();
    const runtime = make({ affinity: true });
    await runtime.start();
    const answers = await Promise.all([0, 1].map(index => about(runtime, index)));
    expect(answers.map(({ processors }) => processors)).to.deep.equal([[allowed[0]], [allowed[1 % allowed.length]]]);
    expect(allowedProcessors()).to.deep.equal(allowed);
    await runtime.stop();
  });

  it('regression 44: starts a thread again that crashed, closes what it had open, and tells', async () => {
    const failures: string[] = [];
    const runtime = make({ restarts: 1, onError: ({ message }, name) => failures.push(`${name}: ${message}`) });
    await runtime.start();
    const before = descriptors();
    const old = runtime.workers[0].peer;
    const gone = new Promise(resolve => (old.onGone = resolve));
    old.schedule('crash');
    await gone;
    while (!runtime.workers[0].isRunning) await new Promise(resolve => setTimeout(resolve, 1));
    expect(await about(runtime, 0)).to.include({ index: 0, name: 'worker 0' });
    expect((await about(runtime, 1)).peers).to.deep.equal([0]);
    expect(failures).to.deep.equal(['worker 0: crashed as told']);
    expect(runtime.workers[0].restarts).to.equal(1);
    expect(descriptors()).to.equal(before);
    await runtime.stop();
  });

  it('regression 44: terminates at the deadline who does not end, and leaves no descriptor', async () => {
    const warm = make();
    await warm.start();
    await warm.stop();
    const before = descriptors();
    const runtime = make();
    await runtime.start();
    runtime.workers[0].peer.schedule('spin');
    await runtime.stop(300);
    expect(runtime.workers.map(({ isAlive }) => isAlive)).to.deep.equal([false, false]);
    expect(descriptors()).to.equal(before);
  });

  it('a thread that dies for good rejects join', async () => {
    const runtime = make();
    await runtime.start();
    runtime.workers[1].peer.schedule('crash');
    await new Promise<void>(resolve => {
      runtime.workers[1].peer.onGone = () => resolve();
    });
    const failure = await runtime.stop().catch((error: unknown) => error);
    expect(failure).to.include({ message: 'crashed as told' });
  });

  it('an entry that fails rejects start', async () => {
    const runtime = make({ entry: new URL('missing.js', import.meta.url) });
    expect(await runtime.start().catch((error: unknown) => error)).to.include({ code: 'ERR_MODULE_NOT_FOUND' });
    await runtime.finished().catch(() => {});
  });

  it('refuses options that make no sense, by name', () => {
    const file = new URL('entry.js', import.meta.url);
    const wrong = (options: unknown) => () => new Runtime({ entry: file, ...(options as object) });
    for (const workers of [0, -1, 1.5, '8', NaN, 257, null]) {
      expect(wrong({ workers })).to.throw(RangeError, /^workers: .+; allowed: integers from 1 to 256$/);
    }
    const cases: [options: unknown, message: string][] = [
      [{ entry: undefined }, 'entry: undefined; allowed: the URL of a module'],
      [
        { workerUrl: new URL('file:///none/worker.js') },
        'workerUrl: file:///none/worker.js is not there; allowed: the URL',
      ],
      [{ workerUrl: new URL('http://host/w.js') }, 'workerUrl: http://host/w.js; allowed: a URL of a file, or data:'],
      [{ entry: new URL('http://host/entry.js') }, 'entry: http://host/entry.js; allowed: a URL of a file, or data:'],
      [{ names: 'ab', workers: 2 }, 'names: string; allowed: an array of strings'],
      [{ names: [5], workers: 1 }, 'names: 5 among them; allowed: strings'],
      [{ affinity: [99] }, 'affinity: Array; allowed: true, false'],
      [{ reactor: null }, 'reactor: null; allowed: an object'],
      [{ endpoint: {} }, "endpoint: Object; allowed: this thread's Endpoint"],
      [{ onError: 'log' }, 'onError: string; allowed: a function'],
      [{ onRestart: true }, 'onRestart: boolean; allowed: a function'],
      [{ reactor: { backend() {} } }, 'backend: function; allowed: a name, of '],
      [{ payload: { call() {} } }, "payload: it can't be cloned: "],
      [{ worker: 4 }, "options: 'worker' is no option; allowed: affinity, drainOnSignalMs"],
    ];
    for (const [options, message] of cases) expect(wrong(options), message).to.throw(TypeError, message);
    expect(() => new Runtime(null as unknown as RuntimeOptions)).to.throw(TypeError, 'options: null');
    expect(() => make({ names: ['a', 'a'] })).to.throw(RangeError, "names: 'a', 'a'; allowed: each name once");
    expect(() => make({ names: ['one'] })).to.throw(RangeError, 'names: 1 of them; allowed: one a worker (2)');
    expect(() => make({ entry: 'x' as unknown as URL })).to.throw(TypeError, 'entry: string; allowed');
    expect(() => make({ restarts: -1 })).to.throw(RangeError, 'restarts: -1');
  });
});
