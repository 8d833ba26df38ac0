/** Values of a wrong kind or size: each is taken, or refused with words that name the argument, what it is, and what is allowed. */
import { expect } from 'chai';
import { devNull } from 'node:os';
import {
  bindDatagram,
  connect,
  copy,
  currentReactor,
  listen,
  open,
  openDirectory,
  sendFile,
  startReactor,
  watch,
  watchFile,
  watchProcess,
  watchSignal,
  watchTimer,
  type DiskFile,
} from '../../src/index.js';
import { openEndpoint, Runtime } from '../../src/threads.js';
import { destroyTracked, unixPair } from '../support/sockets.js';

/** As from JavaScript, where no compiler looks. */
const WRONG: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['NaN', NaN],
  ['-1', -1],
  ['2**53', 2 ** 53],
  ['5n', 5n],
  ["''", ''],
  ['{}', {}],
  ['[]', []],
  ['a symbol', Symbol('wrong')],
  ['a function', () => {}],
  ['true', true],
];

type Ends = ReturnType<typeof unixPair> & { readonly file: DiskFile };
/** By what messages call it: a call with a wrong value of it. */
type Call = (value: never, ends: Ends) => unknown;

const entry = new URL(import.meta.url);

const CALLS: Record<string, readonly [string, Call][]> = {
  listen: [
    'port',
    'backlog',
    'highWaterBytes',
    'lingerMs',
    'reusePort',
    'deferAccept',
    'noDelay',
    'sendBufferBytes',
  ].map(name => [name, value => listen({ host: '127.0.0.1', [name]: value }).then(listener => listener.close())]),
  bindDatagram: ['port', 'maxDatagramBytes', 'maxQueuedBytes', 'closeTimeoutMs', 'onDatagram'].map(name => [
    name,
    value => bindDatagram({ host: '127.0.0.1', [name]: value }).then(socket => socket.close()),
  ]),
  connect: [['timeoutMs', value => connect({ host: '127.0.0.1', port: 1, timeoutMs: value })]],
  readInto: [['bytes', (value, { client }) => client.readInto(value)]],
  copy: [['bytesPerSecond', (value, { file }) => copy(file, file, { bytesPerSecond: value })]],
  sendFile: [['bytesPerSecond', (value, { client, file }) => sendFile(client, file, { bytesPerSecond: value })]],
  watch: [['onReady', value => watch(0, { readable: true }, value)]],
  watchProcess: [['pid', value => watchProcess(value)]],
  watchSignal: [['signal', value => watchSignal(value)]],
  watchTimer: [['every', value => watchTimer({ every: value })]],
  watchFile: [['changes', value => watchFile(devNull, { changes: value })]],
  open: [['path', value => open(value)]],
  openDirectory: [['path', value => openDirectory(value)]],
  openEndpoint: [['senders', value => openEndpoint({ senders: value }).close()]],
  Runtime: ['threads', 'restarts', 'names', 'entry', 'onError'].map(name => [
    name,
    value => new Runtime({ entry, workers: 1, [name]: value }),
  ]),
};

describe('values of a wrong kind that would be taken in silence', () => {
  after(() => currentReactor().close());

  it('are refused by callbacks and socket options', async () => {
    const { client } = unixPair();
    const listener = await listen({ host: '127.0.0.1' });
    const socket = await bindDatagram({ host: '127.0.0.1' });
    for (const [text, value] of WRONG) {
      const given = value as never;
      if (typeof value !== 'function') {
        expect(() => (client.onData = given), text).to.throw(TypeError, /^onData: .*; allowed: a function/);
        expect(() => (listener.onConnection = given), text).to.throw(TypeError, /^onConnection: .*; allowed/);
        expect(() => (socket.onDatagram = given), text).to.throw(TypeError, /^onDatagram: .*; allowed/);
      }
      if (value === -1) continue;
      expect(() => client.setOption(given, 1, 1), text).to.throw(RangeError, /^level: .*; allowed: integers/);
      expect(() => client.setOption(1, given, 1), text).to.throw(RangeError, /^name: .*; allowed: integers/);
      expect(() => client.setOption(1, 2, given), text).to.throw(/^value: .*; allowed/);
      expect(() => client.getOption(given, 1), text).to.throw(RangeError, /^level: .*; allowed: integers/);
    }
    destroyTracked();
    await Promise.all([listener.close(), socket.close()]);
  });
});

describe('values of a wrong kind', () => {
  afterEach(() => {
    destroyTracked();
    currentReactor().close();
  });

  for (const name of ['backend', 'mode', 'maxBufferBytes', 'maxEvents']) {
    it(`are refused with words by startReactor: ${name}`, () => {
      for (const [text, value] of [...WRONG, ['1e9 events', name === 'maxEvents' ? 1e9 : null] as const]) {
        if (name === 'maxBufferBytes' && value === 2 ** 53) continue;
        expect(() => startReactor({ [name]: value }), text).to.throw(/^(backend|mode|maxBufferBytes|maxEvents): /);
      }
    });
  }

  for (const [called, calls] of Object.entries(CALLS)) {
    for (const [name, call] of calls) {
      it(`are refused with words by ${called}: ${name}`, async () => {
        for (const [text, value] of WRONG) {
          const file = await open(entry);
          const ends = { ...unixPair(), file };
          let failure: unknown;
          try {
            await call(value as never, ends);
          } catch (error) {
            failure = error;
          } finally {
            destroyTracked();
            await file.close();
          }
          if (failure === undefined) continue;
          const { name: kind, message } = failure as Error;
          expect(kind, `${text}: ${message}`).to.match(/^(TypeError|RangeError|IoError)$/);
          if (kind !== 'IoError')
            expect(message, text)
              .to.include(name)
              .and.to.match(/allowed|there are|names|can't/);
        }
      });
    }
  }
});
