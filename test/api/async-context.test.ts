/**
 * Every callback runs in the async context that its object was made in, whatever the reactor did before, whoever set the
 * callback, and whatever other callbacks did to theirs: as with `node:net`.
 */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import process from 'node:process';
import {
  bindDatagram,
  currentReactor,
  join,
  startReactor,
  watch,
  watchFile,
  watchProcess,
  watchSignal,
  watchTimer,
  watchUser,
  type Connection,
} from '../../src/index.js';
import { openEndpoint, receiveConnections, receiveDatagrams, receiveListeners, Runtime } from '../../src/threads.js';
import { close, pipe } from '../../src/sys/file/io.js';
import { runProgram } from './child.js';
import { until } from '../support/datagrams.js';
import { atEnd, connected, destroyTracked, listening, settledPair, track } from './async-context-pairs.js';
import { collectingUncaught } from '../support/uncaught.js';

const als = new AsyncLocalStorage<string>();

/** What a row of the table is given. */
interface Scene {
  /** Makes an object in the context that its callbacks are to see. */
  made<T>(make: () => T): T;
  /** Sets a callback in another context, which is not to be seen. */
  set(act: () => void): void;
  /** The callback. */
  readonly see: () => void;
  /** Turns of the loop until the callback has been called so often. */
  seen(times: number): Promise<void>;
}

type Row = (scene: Scene) => Promise<void>;

const listener: Record<string, Row> = {
  'onConnection, set later': async ({ made, set, see, seen }) => {
    const server = await made(() => listening());
    set(() => (server.onConnection = connection => (track(connection), see())));
    for (let count = 0; count < 2; count++) await connected({ host: '127.0.0.1', port: server.port });
    await seen(2);
  },
  'onConnection, an option': async ({ made, see, seen }) => {
    const server = await made(() => listening({ host: '127.0.0.1', onConnection: see }));
    for (let count = 0; count < 2; count++) await connected({ host: '127.0.0.1', port: server.port });
    await seen(2);
  },
  'onConnection, of a name': async ({ made, see, seen }) => {
    const server = await made(() => listening({ host: 'localhost', onConnection: see }));
    await connected({ host: 'localhost', port: server.port });
    await seen(1);
  },
  'onConnection, while it is drained': async ({ made, see, seen }) => {
    const server = await made(() => listening());
    server.onConnection = connection => (track(connection), see());
    await Promise.all([0, 1].map(() => connected({ host: '127.0.0.1', port: server.port })));
    await server.drain();
    await seen(2);
  },
  onError: async ({ made, set, see, seen }) => {
    const server = await made(() => listening());
    set(() => (server.onError = see));
    (server as unknown as { accepting: { onAcceptEnd(failure: Error): void } }).accepting.onAcceptEnd(
      new Error('broken'),
    );
    await seen(1);
  },
};

/** @param end one of a pair, of which only that end was made in the scene. */
function connectionRows(pair: (scene: Scene) => Promise<{ end: Connection; peer: Connection }>): Record<string, Row> {
  return {
    onData: async scene => {
      const { end, peer } = await pair(scene);
      scene.set(() => (end.onData = scene.see));
      for (let count = 1; count < 4; count++) {
        peer.send('x');
        await scene.seen(count);
      }
    },
    onEnd: async scene => {
      const { end, peer } = await pair(scene);
      end.onData = () => {};
      scene.set(() => (end.onEnd = scene.see));
      peer.end();
      await scene.seen(1);
    },
    'onEnd, noticed by readInto': async scene => {
      const { end, peer } = await pair(scene);
      scene.set(() => (end.onEnd = scene.see));
      peer.end();
      await end.readInto(new Uint8Array(1));
      await scene.seen(1);
    },
    'onClose, by the peer': async scene => {
      const { end, peer } = await pair(scene);
      end.onData = () => {};
      scene.set(() => (end.onClose = scene.see));
      void peer.close();
      await scene.seen(1);
    },
    'onClose, by order of a stranger': async scene => {
      const { end } = await pair(scene);
      scene.set(() => (end.onClose = scene.see));
      als.run('stranger', () => end.destroy());
      await scene.seen(1);
    },
    onDrain: async scene => {
      const { end, peer } = await pair(scene);
      scene.set(() => (end.onDrain = scene.see));
      while (end.send(new Uint8Array(1 << 20)));
      peer.onData = () => {};
      await scene.seen(1);
    },
    onTimeout: async scene => {
      const { end } = await pair(scene);
      scene.set(() => (end.onTimeout = scene.see));
      als.run('stranger', () => end.setTimeouts({ idleMs: 1 }));
      await scene.seen(1);
    },
  };
}

const accepted = connectionRows(async ({ made }) => {
  const { server, client } = await settledPair(made, connect => connect());
  return { end: server, peer: client };
});
const connecting = connectionRows(async ({ made }) => {
  const { server, client } = await settledPair(listen => listen(), made);
  return { end: client, peer: server };
});

const joins: Record<string, Row> = {
  onBytes: async ({ made, see, seen }) => {
    const pairs = await Promise.all(
      [0, 1].map(() =>
        settledPair(
          listen => listen(),
          connect => connect(),
        ),
      ),
    );
    const [a, b] = pairs;
    const tunnel = made(() => join(a.server, b.client, { onBytes: see }));
    for (let count = 1; count < 3; count++) {
      a.client.send('x');
      await seen(count);
    }
    tunnel.cancel();
    await tunnel.catch(() => {});
  },
};

const datagrams: Record<string, Row> = {
  onDatagram: async ({ made, set, see, seen }) => {
    const socket = await made(() => bindDatagram({ host: '127.0.0.1' }));
    atEnd(() => socket.destroy());
    set(() => (socket.onDatagram = see));
    for (let count = 1; count < 3; count++) {
      await socket.send('x', socket.address);
      await seen(count);
    }
  },
  onError: async ({ made, set, see, seen }) => {
    const socket = await made(() => bindDatagram({ host: '127.0.0.1' }));
    const other = await bindDatagram({ host: '127.0.0.1' });
    atEnd(() => socket.destroy());
    await socket.connect(other.address);
    await other.close();
    set(() => {
      socket.onError = see;
      socket.onDatagram = () => {};
    });
    await socket.send('nobody is there');
    await seen(1);
  },
  onDrain: async ({ made, set, see, seen }) => {
    const directory = mkdtempSync(pathOf(tmpdir(), 'pollux-context-'));
    atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const receiver = await bindDatagram({ path: pathOf(directory, 'receiver') });
    const socket = await made(() => bindDatagram({ path: '' }));
    atEnd(() => [receiver, socket].forEach(each => each.destroy()));
    set(() => (socket.onDrain = see));
    while (socket.trySend('x', receiver.address));
    receiver.onDatagram = () => {};
    await seen(1);
  },
};

const watches: Record<string, Row> = {
  watch: async ({ made, see, seen }) => {
    const ends = pipe();
    const watched = made(() => watch(ends[1], { writable: true }, see));
    await seen(2);
    watched.close();
    ends.forEach(close);
  },
  watchTimer: async ({ made, see, seen }) => {
    const watched = made(() => watchTimer({ every: 1 }, see));
    await seen(2);
    watched.close();
  },
  watchUser: async ({ made, see, seen }) => {
    const watched = made(() => watchUser(see));
    for (let count = 1; count < 3; count++) {
      watched.trigger();
      await seen(count);
    }
    watched.close();
  },
  watchSignal: async ({ made, see, seen }) => {
    const watched = made(() => watchSignal('SIGUSR2', see));
    for (let count = 1; count < 3; count++) {
      process.kill(process.pid, 'SIGUSR2');
      await seen(count);
    }
    watched.close();
  },
  watchFile: async ({ made, see, seen }) => {
    const directory = mkdtempSync(pathOf(tmpdir(), 'pollux-context-'));
    const path = pathOf(directory, 'file');
    writeFileSync(path, '');
    const watched = made(() => watchFile(path, { changes: ['write'] }, see));
    for (let count = 1; count < 3; count++) {
      appendFileSync(path, 'x');
      await seen(count);
    }
    watched.close();
    rmSync(directory, { recursive: true });
  },
  watchProcess: async ({ made, see, seen }) => {
    const child = spawn('true');
    made(() => watchProcess(child.pid!, see));
    await seen(1);
  },
  'onError of a watch': async ({ made, set, see, seen }) => {
    const watched = made(() => watchUser());
    set(() => (watched.onError = see));
    watched.onReady(0, 0, 5);
    await seen(1);
  },
};

describe('the async context of a callback', function () {
  this.slow(1000);

  beforeEach(() => als.run('first', () => void startReactor()));

  afterEach(() => {
    destroyTracked();
    currentReactor().close();
  });

  const kinds = { listener, 'accepted connection': accepted, connection: connecting, joins, datagrams, watches };
  for (const [kind, rows] of Object.entries(kinds)) {
    for (const [name, row] of Object.entries(rows)) {
      for (const context of ['B', undefined]) {
        it(`is that of its object, made in ${context ?? 'none'}: ${kind}, ${name}`, async () => {
          const contexts: unknown[] = [];
          const ids: number[] = [];
          const see = () => {
            contexts.push(als.getStore());
            ids.push(executionAsyncId());
            als.enterWith('leak');
          };
          await row({
            made: make => (context === undefined ? make() : als.run(context, make)),
            set: act => als.run('setter', act),
            see,
            seen: times => until(() => contexts.length >= times),
          });
          expect(new Set(contexts)).to.deep.equal(new Set([context]));
          expect(ids).not.to.include(0);
          expect(als.getStore(), 'of the test itself').to.equal(undefined);
        });
      }
    }
  }

  it('is no context that a callback before it entered, of whatever kind', async () => {
    const server = await listening();
    const contexts: unknown[] = [];
    server.onConnection = connection => {
      contexts.push(als.getStore());
      track(connection).onData = () => {
        contexts.push(als.getStore());
        als.enterWith('leak');
      };
      als.enterWith('leak');
    };
    const timer = watchTimer({ every: 1 }, () => {
      contexts.push(als.getStore());
      als.enterWith('leak');
    });
    for (let count = 0; count < 5; count++) (await connected({ host: '127.0.0.1', port: server.port })).send('x');
    await until(() => contexts.length >= 20);
    timer.close();
    expect(new Set(contexts)).to.deep.equal(new Set([undefined]));
  });

  it('is seen by whoever hears of what a callback threw', async () => {
    const heard: unknown[] = [];
    await collectingUncaught(async messages => {
      process.on('uncaughtException', () => heard.push(als.getStore()));
      const server = await als.run('server', () => listening());
      server.onConnection = connection => {
        track(connection);
        throw new Error('onConnection');
      };
      const client = await als.run('client', () => connected({ host: '127.0.0.1', port: server.port }));
      client.onClose = () => {
        throw new Error('onClose');
      };
      await until(() => messages.length === 1);
      client.destroy();
      await until(() => messages.length === 2);
    });
    expect(heard).to.deep.equal(['server', 'client']);
  });

  it('is that of who awaits, of promises and iterators', async () => {
    const server = await als.run('server', () => listening());
    const client = await als.run('client', () => connected({ host: '127.0.0.1', port: server.port }));
    const contexts = await als.run('reader', async () => {
      const seen: unknown[] = [];
      for await (const connection of server) {
        seen.push(als.getStore());
        client.send('x');
        for await (const chunk of track(connection)) {
          seen.push(als.getStore(), chunk.length);
          client.end();
        }
        await connection.close();
        seen.push(als.getStore());
        break;
      }
      return seen;
    });
    expect(contexts).to.deep.equal(['reader', 'reader', 1, 'reader']);
  });

  it('an object made in a callback takes it along, with what the callback entered', async () => {
    const server = await als.run('server', () => listening());
    const contexts: unknown[] = [];
    server.onConnection = connection => {
      track(connection);
      als.enterWith('request');
      watchTimer({ after: 0 }, () => contexts.push(als.getStore()));
    };
    await connected({ host: '127.0.0.1', port: server.port });
    await until(() => contexts.length === 1);
    expect(contexts).to.deep.equal(['request']);
  });

  it('is not kept by the reactor, which the first call starts', async () => {
    const finished = await runProgram('first-context', { flags: ['--expose-gc'] });
    expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'collected', stderr: '' });
  });

  it('serves async_hooks that come late', async () => {
    const { createHook } = await import('node:async_hooks');
    const server = await listening();
    const served: boolean[] = [];
    const entered = new Set<number>();
    const hook = createHook({ before: id => entered.add(id), after: id => entered.delete(id) }).enable();
    server.onConnection = connection => {
      track(connection);
      served.push(entered.has(executionAsyncId()));
    };
    await connected({ host: '127.0.0.1', port: server.port });
    await until(() => served.length === 1);
    hook.disable();
    expect(served).to.deep.equal([true]);
  });
});

describe('a callback of the user’s', () => {
  /** Calls of a handler of the user's that go by no scope: `this.onError(…)`, `this.onDrain?.(…)`, `handler(…)`. */
  const CALL =
    /\bon[A-Z]\w*\?\.\(|this\.(onError|onFailure|onEnd|onDrain|onClose|handler)\(|[^.\w](handler|callback)\(/;

  /** They run within a handler that was called so, or were given their scope before. */
  const WITHIN = [
    'framing/frame-feed.ts: this.owner.onMessage?.(message);',
    'transfer/buffered/buffered-join.ts: onBytes?.(direction, lengthBytes);',
  ];

  it('is called by the scope of its object, wherever in api', () => {
    const sources = new URL('../../../src/api/', import.meta.url);
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
    const calls = files.flatMap(name =>
      readFileSync(new URL(name, sources), 'utf8')
        .split('\n')
        .filter(line => CALL.test(line) && !/^\s*(\*|\/\/)/.test(line))
        .map(line => `${name}: ${line.trim()}`),
    );
    expect(files.length).to.be.greaterThan(50);
    expect(calls).to.deep.equal(WITHIN);
  });
});

describe('the async context of what other threads bring about', () => {
  /** Each callback is called by its own name, and twice if it can be. */
  it('is that of who asked for it', async () => {
    const told: [string, unknown][] = [];
    const see = (name: string) => () => {
      told.push([name, als.getStore()]);
      als.enterWith('leak');
    };
    const seen = (times: number) => until(() => told.length >= times);
    const endpoint = als.run('first', () => openEndpoint());
    const entry = new URL('async-context-entry.js', import.meta.url);
    const options = { entry, workers: 1, restarts: 1, endpoint, onError: see('runtime'), onRestart: see('runtime') };
    const runtime = als.run('runtime', () => new Runtime(options));
    try {
      await als.run('starter', () => runtime.start());
      const peer = runtime.workers[0].peer;

      const late = als.run('queue', () => endpoint.queue('late'));
      als.run('answer', () => endpoint.answer('question', see('answer')));
      als.run('call', () => endpoint.define('call', see('call')));
      const queue = als.run('queue', () => endpoint.queue('words'));
      const subscription = als.run('subscription', () => endpoint.subscribe('news'));
      als.run('setter', () => (queue.onMessage = see('queue')));
      als.run('setter', () => (subscription.onMessage = see('subscription')));
      await subscription.ready;
      await peer.request('say', null);
      await seen(8);
      await until(() => late.length === 2);
      als.run('setter', () => (late.onMessage = see('queue')));
      await seen(10);

      als.run('connections', () => {
        receiveConnections(endpoint, connection => (see('connections')(), connection.destroy()));
      });
      als.run('listeners', () => receiveListeners(endpoint, server => (see('listeners')(), void server.close())));
      als.run('datagrams', () => receiveDatagrams(endpoint, socket => (see('datagrams')(), socket.destroy())));
      const server = await listening({ host: '127.0.0.1', onConnection: track });
      await peer.request('move', server.address);
      await seen(16);
      destroyTracked();

      // A peer of the runtime's is made by its thread's first message.
      const peers: unknown[] = [];
      als.run('setter', () => {
        peer.onFailure = () => peers.push(als.getStore());
        peer.onGone = () => peers.push(als.getStore());
      });
      peer.schedule('defined by nobody');
      await until(() => peers.length === 1);
      void peer.request('fail', null).catch(() => {});
      await until(() => peers.length === 2);
      expect(peers).not.to.include('setter').and.not.to.include('leak');
      await seen(18);
    } finally {
      await runtime.stop(0).catch(() => {});
      endpoint.close();
      currentReactor().close();
    }
    expect(told.length).to.equal(18);
    for (const [name, context] of told) expect(context).to.equal(name);
  });
});
