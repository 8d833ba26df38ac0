/** The other thread of the tests: `workerData.part` says what it does. */
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { adopt, IoError } from 'pollux';
import { openEndpoint, receiveListeners, type MailboxAddress, type SlowPolicy } from 'pollux/threads';
import { numbered, numberOf } from './numbered.js';

interface Data {
  readonly part: keyof typeof parts;
  readonly addresses: MailboxAddress[];
  readonly ringBytes?: number;
  readonly messages: number;
  readonly whenSlow: SlowPolicy;
  /** Two words: the other threads wait until the first is 1; a scheduled call counts in the second. */
  readonly gate: Int32Array;
  /** A word for each counting thread, and which is this one's. */
  readonly tally: Int32Array;
  readonly place: number;
}

const { part, addresses, ringBytes, messages, whenSlow, gate, tally, place } = workerData as Data;
const endpoint = openEndpoint({ ringBytes });

class Refusal extends RangeError {
  override readonly name = 'Refusal';
  readonly code = 'E_REFUSED';
  readonly others = new Map();
}

/** Each look at it is an error. */
function trap(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const unreadable = Object.defineProperty(new Error('never read'), 'message', {
  get: () => {
    throw new Error('no message');
  },
});

const circular = new AggregateError([], 'in circles');
circular.errors.push(circular, circular, circular);

/** What may be thrown, by number. */
const FAILURES: readonly unknown[] = [
  new TypeError('a type', { cause: new IoError('ECONNREFUSED', 'connect', '127.0.0.1:1') }),
  new Refusal('a refusal'),
  new DOMException('gave up', 'AbortError'),
  { plain: [1] },
  'a text',
  undefined,
  () => {},
  new Error('x'.repeat(100_000)),
  'x'.repeat(100_000),
  Object.assign(new Error('no file'), { code: 'ENOENT', errno: -2, syscall: 'open', path: '/nowhere' }),
  new AggregateError([new TypeError('the first'), 'the second', new Error('the third', { cause: 3 })], 'all of them'),
  unreadable,
  trap(),
  circular,
  vm.runInNewContext(`new RangeError('of another realm')`),
  new AggregateError(
    Array.from({ length: 50 }, (_, number) => new Error(`number ${number}`)),
    'many',
  ),
];

const parts = {
  /** Sends back what it gets, in order. */
  echo() {
    const [first] = addresses;
    const back = endpoint.peer(first).sender('echoes');
    endpoint.queue('words').onMessage = message => void back.send(message.value);
  },

  /** Sums up what it gets by an iterator that takes its time, and answers what it has. */
  slowReader() {
    let sum = 0;
    let count = 0;
    endpoint.answer('sum', () => ({ sum, count }));
    void (async () => {
      for await (const value of endpoint.queue<Uint8Array>('numbers')) {
        sum += value.length;
        if (++count % 16 === 0) await new Promise(resolve => setImmediate(resolve));
      }
    })();
  },

  answers() {
    let doubled = 0;
    endpoint.answer('asked', () => doubled);
    endpoint.answer<number>('double', message => {
      doubled++;
      return message.value * 2;
    });
    parentPort!.on('message', (address: MailboxAddress) => endpoint.peer(address)).unref();
    endpoint.answer<number>('later', async message => {
      await new Promise(resolve => setImmediate(resolve));
      return new Uint8Array(message.value).fill(7);
    });
    endpoint.answer('throws', () => {
      throw new Error('as it was told');
    });
    endpoint.answer<number>('fails', ({ value }) => Promise.reject(FAILURES[value]));
    endpoint.answer<number>('throws at once', ({ value }) => {
      throw FAILURES[value];
    });
    endpoint.answer('then', () => ({ then: (resolve: (value: unknown) => void) => resolve('as promised') }));
    endpoint.answer('function', () => () => {});
    endpoint.answer('never', () => new Promise(() => {}));
  },

  /** Blocks at a word, and counts the calls that run. */
  functions() {
    endpoint.queue('block').onMessage = () => {
      Atomics.store(gate, 2, 1);
      Atomics.notify(gate, 2);
      Atomics.wait(gate, 0, 0);
    };
    endpoint.define('count', () => Atomics.add(gate, 1, 1));
    const listed: string[] = [];
    endpoint.queue<string>('list').onMessage = ({ value }) => listed.push(value);
    endpoint.answer<string>('list', ({ value }) => listed.push(value));
    endpoint.answer('listed', () => listed);
    endpoint.define<{ by: number }>('add', ({ by }) => Atomics.add(gate, 1, by));
  },

  /** Subscribes, blocks until the gate opens if it is there, and answers what it saw. */
  subscriber() {
    const seen: number[] = [];
    const subscription = endpoint.subscribe<number>('news', message => seen.push(message.value), { whenSlow });
    let disconnected = '';
    subscription.onDisconnect = failure => (disconnected = failure.message);
    endpoint.answer('seen', () => ({ seen, dropped: subscription.dropped, disconnected }));
    endpoint.answer('unsubscribe', () => subscription.close());
    endpoint.queue('block').onMessage = () => {
      Atomics.store(gate, 2, 1);
      Atomics.notify(gate, 2);
      Atomics.wait(gate, 0, 0);
    };
    void subscription.ready.then(() => parentPort!.postMessage('subscribed'));
  },

  /** Sends numbers to the first address; each a little longer than the one before, over and over. */
  async sender() {
    const [first] = addresses;
    const queue = endpoint.peer(first).sender('flood');
    for (let number = 0; number < messages; number++) {
      const bytes = numbered(number);
      if (!queue.trySend(bytes)) await queue.send(bytes);
    }
    parentPort!.postMessage({ wakes: endpoint.counters.wakes });
  },

  /** Counts what it gets in its own word of the tally; something out of order makes it -1. */
  counter() {
    endpoint.queue('flood').onMessage = ({ bytes }) => {
      tally[place] = tally[place] === numberOf(bytes) ? tally[place] + 1 : -1;
    };
  },

  /** Publishes as many numbers as it is asked to, going on from the last. */
  publisher() {
    let last = 0;
    endpoint.answer<number>('publish', async ({ value: count }) => {
      for (const end = last + count; last < end; last++) await endpoint.topic<number>('ticks').publish(last);
      return last;
    });
  },

  /** Asks the first address for what is never answered while it lives, and others for what they double. */
  asks() {
    const [first, second] = addresses;
    for (let number = 0; number < messages; number++)
      endpoint
        .peer(first)
        .request('slow', number)
        .catch(() => {});
    endpoint.answer<number>('ask', message => endpoint.peer(second).request('double', message.value));
  },

  listeners() {
    receiveListeners(endpoint, listener => void listener.close());
  },

  /** Makes values that are nested deeper than most threads can read, and then flat ones. */
  deep() {
    const [first] = addresses;
    const peer = endpoint.peer(first);
    const nested = () => Array.from({ length: 30_000 }).reduce<unknown>(inner => [inner], 'nested');
    endpoint.answer('flat', () => 'flat');
    endpoint.answer('nested', nested);
    endpoint.answer('send', async () => {
      await peer.sender('messages').send(nested());
      await peer.sender('messages').send('flat');
    });
    endpoint.answer('schedule', async () => {
      const failed = new Promise<string>(resolve => (peer.onFailure = failure => resolve(failure.message)));
      peer.schedule('run', nested());
      return await failed;
    });
    endpoint.answer<number>('move', async ({ value: fd }) => {
      const failure = await adopt(fd)
        .moveTo(peer, nested())
        .catch((error: unknown) => error);
      return (failure as Error).message;
    });
  },

  quiet() {
    endpoint.queue('nothing').onMessage = () => {};
  },
};

for (const address of addresses) endpoint.peer(address);
parentPort!.postMessage(endpoint.address);
await parts[part]();
