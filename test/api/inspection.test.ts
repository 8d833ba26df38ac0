/** What objects of every public class show to console.log and to JSON.stringify: little, in every state, and never an exception. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, formatWithOptions, inspect } from 'node:util';
import * as pollux from '../../src/index.js';
import {
  bindDatagram,
  BufferList,
  connect,
  copy,
  currentReactor,
  listen,
  open,
  openDirectory,
  watch,
  watchFile,
  watchProcess,
  watchSignal,
  watchTimer,
  watchUser,
} from '../../src/index.js';
import { openEndpoint, Runtime } from '../../src/threads.js';
import { atEnd, destroyTracked, tcpPair } from '../support/sockets.js';

const INSPECT: symbol = inspect.custom;

/** They are of use to those which are derived from them alone. */
const ABSTRACT = ['EventWatch'];
/** An error shows what errors do. */
const ERRORS = ['IoError'];

/** What a logger does with what it is given. @returns the longest. */
function logged(object: object): string {
  const shown = [
    inspect(object),
    inspect(object, { depth: Infinity, showHidden: true, compact: false, breakLength: 1 }),
    format('%o', object),
    format('%O', object),
    formatWithOptions({ depth: 0, colors: true }, '%O', object),
    inspect({ level: 30, context: { object } }, { depth: 5 }),
    inspect(Object.create(object)),
    inspect(new Proxy(object, {}), { showProxy: false }),
  ];
  const json = JSON.stringify({ object });
  expect((JSON.parse(json) as { object: { type: unknown } }).object.type, json).to.be.a('string');
  expect(JSON.stringify(object).length, json).to.be.lessThan(600);
  for (const text of shown) expect(text.split('\n').length, text).to.be.lessThan(text.includes('level') ? 15 : 10);
  return inspect(object, { breakLength: Infinity });
}

describe('what objects show of themselves', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'inspection-'));
    writeFileSync(join(folder, 'file'), 'x'.repeat(1000));
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    destroyTracked();
    currentReactor().close();
  });

  for (const [name, exported] of Object.entries(pollux)) {
    const prototype: unknown = (exported as { prototype?: unknown }).prototype;
    if (typeof prototype !== 'object' || !Function.prototype.toString.call(exported).startsWith('class')) continue;
    if (ABSTRACT.includes(name) || ERRORS.includes(name)) continue;
    it(`is described for ${name}`, () => {
      expect(Object.getOwnPropertySymbols(prototype!)).to.include(INSPECT);
      expect(Object.getOwnPropertyNames(prototype!)).to.include('toJSON');
      // Neither throws for the prototype, which has nothing to show.
      expect(inspect(prototype)).to.be.a('string');
      expect(JSON.stringify(prototype)).to.include('type');
      const derived = Object.create(prototype) as object;
      expect(inspect(derived)).to.be.a('string');
    });
  }

  it('is the state, the descriptor, the addresses and the bytes of a connection', async () => {
    const { client } = await tcpPair();
    const local = client.localAddress as pollux.InternetAddress;
    expect(logged(client)).to.match(
      new RegExp(
        `^Connection \\{ state: 'open', fd: ${client.fd}, local: '127.0.0.1:${local.port}', remote: '127.0.0.1:\\d+', ` +
          'received: 0, sent: 0, queuedBytes: 0 \\}$',
      ),
    );
    client.send(new Uint8Array(8 << 20));
    expect((JSON.parse(JSON.stringify(client)) as { queuedBytes: number }).queuedBytes).to.equal(client.queuedBytes);
    client.end();
    expect(logged(client)).to.include("state: 'ending'");
    client.destroy(new Error('enough of it'));
    expect(logged(client)).to.include("state: 'closed', fd: -1").and.to.include("failure: 'enough of it'");
  });

  it('is short of sockets, files and folders, open and closed', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    expect(logged(listener)).to.include(`state: 'open', fd: ${listener.fd}, address: '127.0.0.1:${listener.port}'`);
    const unix = await listen({ path: join(folder, 'socket') });
    expect(logged(unix)).to.include(join(folder, 'socket'));
    const connection = await connect({ path: join(folder, 'socket') });
    expect(logged(connection)).to.include(join(folder, 'socket'));
    const socket = await bindDatagram({ host: '127.0.0.1' });
    await socket.connect({ host: '127.0.0.1', port: socket.port });
    expect(logged(socket)).to.include(`remote: '127.0.0.1:${socket.port}'`);
    const file = await open(join(folder, 'file'));
    const directory = await openDirectory(folder);
    expect(logged(file)).to.include(join(folder, 'file'));
    const opened = [listener, unix, connection, socket, file, directory];
    opened.forEach(logged);
    const closing = opened.map(each => each.close());
    opened.forEach(logged);
    await Promise.allSettled(closing);
    for (const each of opened) expect(logged(each)).to.include("state: 'closed'").and.to.include('fd: -1');
  });

  it('is short of what was moved away, and of a transfer', async () => {
    const from = await open(join(folder, 'file'));
    const to = await open(join(folder, 'copy'), { flags: 'w' });
    const transfer = copy(from, to, { bytesPerSecond: 1e9 });
    expect(logged(transfer)).to.include("state: 'under way'");
    await transfer;
    expect(logged(transfer)).to.include("state: 'over'").and.to.include('bytes: 1000');
    const { client, server } = await tcpPair();
    const joined = pollux.join(client, server);
    expect(logged(joined)).to.include('aToB: 0');
    joined.cancel();
    const failure: unknown = await joined.catch((error: unknown) => error);
    expect(inspect(failure, { breakLength: Infinity }).length).to.be.lessThan(8000);
    expect(JSON.stringify(failure).length).to.be.lessThan(2000);
    await Promise.all([from.close(), to.close()]);
  });

  it('is short of watches and of the reactor', () => {
    const watches = [
      watchTimer({ every: 1000 }),
      watchUser(),
      watchFile(folder),
      watchSignal('SIGUSR2'),
      watchProcess(process.ppid),
    ];
    const texts = watches.map(logged);
    expect(texts[0]).to.equal("TimerWatch { state: 'open', of: 'a timer (every 1000 ms)' }");
    expect(texts[2]).to.equal(`FileWatch { state: 'open', of: '${folder}' }`);
    for (const each of watches) each.close();
    for (const each of watches) expect(logged(each)).to.include("state: 'closed'");
    const reactor = currentReactor();
    for (const each of [reactor, reactor.driver, reactor.slab, reactor.receiveBuffer]) logged(each);
    expect(logged(reactor)).to.include(`backend: '${reactor.driver.backend.name}'`);
  });

  it('is short of a watched descriptor', async () => {
    const { client } = await tcpPair();
    const twin = await listen({ host: '127.0.0.1' });
    const watched = watch(twin.fd, { readable: true }, () => {});
    expect(logged(watched)).to.equal(`Watch { state: 'open', fd: ${twin.fd} }`);
    watched.close();
    expect(logged(watched)).to.include("state: 'closed'");
    await twin.close();
    logged(client);
  });

  it('is the length of a list, and that it is over', async () => {
    const list = BufferList.from('ab', new Uint8Array(70_000));
    expect(logged(list)).to.equal('BufferList { lengthBytes: 70002, segments: 2 }');
    const { client, server } = await tcpPair();
    const came = new Promise<BufferList>(resolve => (server.onData = resolve));
    client.send('x');
    const lent = await came;
    expect(logged(lent)).to.equal("BufferList { state: 'over' }");
    expect(JSON.stringify(lent)).to.equal('{"type":"BufferList","state":"over"}');
  });

  it('is short of a runtime, its threads, and all that carries messages', async () => {
    const runtime = new Runtime({ entry: new URL('inspected-entry.js', import.meta.url), workers: 1 });
    expect(logged(runtime)).to.include("state: 'not started'");
    await runtime.start();
    atEnd(() => void runtime.stop(0).catch(() => {}));
    expect(logged(runtime)).to.equal("Runtime { state: 'running', workers: 1, alive: 1, services: 0 }");
    const [worker] = runtime.workers;
    const { endpoint } = runtime;
    const looks = endpoint.queue<string[]>('looks');
    logged(looks);
    for await (const [text, json] of looks) {
      expect(text).to.equal(`CurrentWorker { index: 0, name: '${worker.name}', peers: 0 }`);
      expect(json).to.equal(`{"type":"CurrentWorker","index":0,"name":"${worker.name}","peers":0}`);
      break;
    }
    const service = await runtime.listen({ host: '127.0.0.1', accept: 'acceptor' });
    expect(logged(service)).to.include(`address: '127.0.0.1:${service.port}'`);
    const peer = worker.peer;
    const parts = [worker, endpoint, peer, peer.sender('q'), endpoint.topic('t'), endpoint.subscribe('s'), looks];
    parts.forEach(logged);
    await runtime.stop();
    [...parts, runtime, service].forEach(logged);
    expect(logged(peer)).to.include("state: 'gone'");
  });

  it('is short of an endpoint that is closed', () => {
    const endpoint = openEndpoint();
    expect(logged(endpoint)).to.include("state: 'open'");
    endpoint.close();
    expect(logged(endpoint)).to.include("state: 'closed'");
  });
});
