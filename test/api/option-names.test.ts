import { expect } from 'chai';
import { devNull } from 'node:os';
import {
  adopt,
  bindDatagram,
  connect,
  copy,
  currentReactor,
  join,
  listen,
  open,
  sendFile,
  startReactor,
  watch,
  watchFile,
  watchTimer,
  type Connection,
  type DiskFile,
} from '../../src/index.js';
import { openEndpoint, Peer, Runtime, type Endpoint } from '../../src/threads.js';
import { serviceValues } from '../../src/threads/service/options.js';
import { failureOf } from '../support/failures.js';
import { destroyTracked, unixPair } from '../support/sockets.js';

/** As from JavaScript, where no compiler looks at names. */
const misspelt = { idleTimeout: 100 } as object;

/** What a call throws, or its promise is rejected with. */
async function refusalOf(call: () => unknown): Promise<string> {
  const failure = await failureOf((async () => await call())());
  expect(failure).to.be.instanceOf(TypeError);
  return failure.message;
}

describe('names of options', () => {
  let a: Connection;
  let b: Connection;
  let file: DiskFile;
  let endpoint: Endpoint;

  before(async () => {
    const pair = unixPair();
    a = pair.client;
    b = pair.server;
    file = await open(new URL(import.meta.url));
    endpoint = openEndpoint();
  });
  after(async () => {
    endpoint.close();
    await file.close();
    destroyTracked();
    currentReactor().close();
  });

  const connectionOptions =
    'attemptDelayMs, closeTimeoutMs, family, highWaterBytes, host, keepAlive, lingerMs, localAddress, localPort';
  const calls: Record<string, [call: () => unknown, message: string]> = {
    listen: [
      () => listen(misspelt),
      "options: 'idleTimeout' is no option; allowed: backlog, closeTimeoutMs, deferAccept",
    ],
    connect: [() => connect(misspelt), `options: 'idleTimeout' is no option; allowed: ${connectionOptions}`],
    bindDatagram: [
      () => bindDatagram({ noDelay: true } as object),
      "options: 'noDelay' is no option; allowed: closeTimeoutMs, fd, host, ipv6Only, maxDatagramBytes, maxQueuedBytes, onDatagram",
    ],
    adopt: [
      () => adopt(0, misspelt),
      "limits: 'idleTimeout' is no option; allowed: closeTimeoutMs, highWaterBytes, lingerMs, lowWaterBytes, maxQueuedBytes",
    ],
    open: [
      () => open(devNull, { beneth: '/etc' } as object),
      "options: 'beneth' is no option; allowed: beneath, direct, flags, mode, signal",
    ],
    'copy, file to file': [
      () => copy(file, file, { offset: 5 } as object),
      "options: 'offset' is no option; allowed: bytesPerSecond, from, length, signal, to",
    ],
    'copy, file to connection': [() => copy(file, a, { before: 'H' } as object), "options: 'before' is no option"],
    'copy, connection to file': [() => copy(a, file, misspelt), "options: 'idleTimeout' is no option"],
    'copy, connection to connection': [
      () => copy(a, b, { from: 5 } as object),
      "options: 'from' is no option; allowed: bytesPerSecond, length, signal",
    ],
    sendFile: [
      () => sendFile(a, file, { from: 5 } as object),
      "options: 'from' is no option; allowed: after, before, bytesPerSecond, length, offset, signal",
    ],
    join: [
      () => join(a, b, misspelt),
      "options: 'idleTimeout' is no option; allowed: bytesPerSecond, halfCloseTimeoutMs, idleTimeoutMs, limits, onBytes, signal",
    ],
    'limits of join': [
      () => join(a, b, { limits: { a: { maxBytes: 1 } } as object }),
      "limits: 'a' is no option; allowed: aToB, bToA",
    ],
    'limits of a direction': [
      () => join(a, b, { limits: { bToA: { bytes: 1 } as object } }),
      "limits.bToA: 'bytes' is no option; allowed: bytesPerSecond, maxBytes",
    ],
    setTimeouts: [
      () => a.setTimeouts({ idle: 5 } as object),
      "timeouts: 'idle' is no option; allowed: idleMs, readMs, writeMs",
    ],
    setKeepAlive: [
      () => a.setKeepAlive(true, { idleMs: 5 } as object),
      "keepAlive: 'idleMs' is no option; allowed: idleSeconds, intervalSeconds, probes",
    ],
    startReactor: [
      () => startReactor({ backends: 'poll' } as object),
      "options: 'backends' is no option; allowed: backend, maxBufferBytes, maxEvents, mode",
    ],
    'interest of watch': [
      () => watch(0, { readble: true } as object, () => {}),
      "interest: 'readble' is no option; allowed: priority, readable, writable",
    ],
    watch: [
      () => watch(0, { readable: true }, () => {}, { trigger: 'edge' } as object),
      "options: 'trigger' is no option; allowed: mode",
    ],
    watchFile: [
      () => watchFile('.', { events: ['write'] } as object),
      "options: 'events' is no option; allowed: changes",
    ],
    watchTimer: [
      () => watchTimer({ after: 5, units: 's' } as object),
      "options: 'units' is no option; allowed: after, at, every, unit",
    ],
    Runtime: [
      () => new Runtime({ entry: new URL(import.meta.url), thread: 2 } as never),
      "options: 'thread' is no option; allowed: affinity, drainOnSignalMs, endpoint, entry, names, onError, onRestart, payload",
    ],
    'reactor of Runtime': [
      () => new Runtime({ entry: new URL(import.meta.url), reactor: { mod: 'edge' } as object }),
      "reactor: 'mod' is no option; allowed: backend",
    ],
    'runtime.listen': [
      () => serviceValues({ accept: 'acceptor', idleTimeout: 5 } as never),
      "options: 'idleTimeout' is no option; allowed: accept, backlog",
    ],
    openEndpoint: [
      () => openEndpoint({ bytes: 1 } as object),
      "options: 'bytes' is no option; allowed: ringBytes, senders",
    ],
    subscribe: [
      () => endpoint.subscribe('news', undefined, { slow: 'drop' } as object),
      "options: 'slow' is no option; allowed: whenSlow",
    ],
    request: [
      () => Peer.prototype.request.call({} as Peer, 'answer', 1, { timeoutMs: 1 } as never),
      "options: 'timeoutMs' is no option; allowed: signal",
    ],
  };
  for (const [name, [call, message]] of Object.entries(calls)) {
    it(`${name}: one that does not exist is refused, with those that do`, async () => {
      expect(await refusalOf(call)).to.include(message);
    });
  }

  it('what a transfer is given wrong leaves both ends as they were', async () => {
    await refusalOf(() => join(a, b, misspelt));
    a.send('still mine');
    expect((await b.read())?.toString()).to.equal('still mine');
  });

  it('names that every object has are no options', async () => {
    expect(await refusalOf(() => sendFile(a, file, { toString: () => '' } as object))).to.include(
      "'toString' is no option",
    );
    expect(await refusalOf(() => open(devNull, { constructor: 1 } as object))).to.include("'constructor' is no option");
  });

  it('inherited options are read, so inherited mistakes are refused', async () => {
    const shared = { beneth: '/etc' };
    expect(await refusalOf(() => open(devNull, Object.create(shared) as object))).to.include("'beneth' is no option");
  });

  it('an option that is undefined is one that was not given', async () => {
    const whole = await sendFile(a, file, { offset: undefined, length: undefined, signal: undefined });
    expect(whole.bytes).to.equal((await file.stat()).sizeBytes);
    a.setTimeouts({ idleMs: undefined });
  });

  it('what is no object is refused', async () => {
    expect(await refusalOf(() => listen(null as never))).to.equal('options: null; allowed: an object');
    expect(await refusalOf(() => connect(80 as never))).to.equal(
      'options: number; allowed: an object, such as { port: 80 }',
    );
    expect(await refusalOf(() => listen('/run/socket' as never))).to.include("such as { path: '/run/socket' }");
    expect(await refusalOf(() => listen([8080] as never))).to.equal('options: Array; allowed: an object');
    expect(() => a.setBufferBytes('x' as never, 10)).to.throw(TypeError, "direction: 'x'; allowed: 'send', 'receive'");
    expect(await refusalOf(() => sendFile(a, { fd: 2 ** 31 }))).to.include('its fd is 2147483648');
    expect(await refusalOf(() => a.setKeepAlive(true, 60_000 as never))).to.equal(
      'keepAlive: number; allowed: an object',
    );
    expect(await refusalOf(() => new Runtime(undefined as never))).to.equal('options: undefined; allowed: an object');
  });

  it('what lacks a part of a signal is none, and is refused by the promise before anything begins', async () => {
    const refused = 'signal: Object; allowed: an AbortSignal';
    const { signal } = new AbortController();
    const whole = {
      aborted: false,
      addEventListener: signal.addEventListener.bind(signal),
      removeEventListener: signal.removeEventListener.bind(signal),
      throwIfAborted: () => {},
    };
    for (const part of Object.keys(whole)) {
      const options = { signal: { ...whole, [part]: undefined } as never };
      // No throw: what these return is rejected.
      const attempts: PromiseLike<unknown>[] = [
        sendFile(a, file, options),
        copy(file, file, options),
        copy(a, b, options),
        join(a, b, options),
        open(devNull, options),
        connect({ port: 1, ...options }),
        Peer.prototype.request.call({} as Peer, 'answer', 1, options as never),
      ];
      for (const attempt of attempts) expect(await refusalOf(() => attempt)).to.equal(refused);
    }
    const options = { signal: whole as never };
    expect((await sendFile(a, file, { ...options, length: 1 })).bytes).to.equal(1);
  });

  it('what is only truthy is no boolean', async () => {
    const no = 'no' as never;
    const allowed = '; allowed: true, false';
    expect(await refusalOf(() => open(devNull, { direct: no }))).to.equal(`direct: 'no'${allowed}`);
    expect(await refusalOf(() => connect({ port: 1, noDelay: 0 as never }))).to.equal(`noDelay: 0${allowed}`);
    expect(await refusalOf(() => listen({ ipv6Only: no }))).to.equal(`ipv6Only: 'no'${allowed}`);
    expect(await refusalOf(() => watch(0, { readable: 1 as never }, () => {}))).to.equal(`readable: 1${allowed}`);
    expect(await refusalOf(() => a.setNoDelay(no))).to.equal(`enable: 'no'${allowed}`);
    expect(await refusalOf(() => a.setKeepAlive({ idleSeconds: 5 } as never))).to.equal(`enable: Object${allowed}`);
    const entry = new URL(import.meta.url);
    expect(await refusalOf(() => new Runtime({ entry, affinity: null as never }))).to.equal(`affinity: null${allowed}`);
  });
});
