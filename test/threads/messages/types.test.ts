/**
 * What the compiler accepts of declared messages, and what it refuses: the build fails where a line marked with
 * `ts-expect-error` is accepted, or another is not. The functions in between are never called.
 */
import { expect } from 'chai';
import { type BufferList, type Connection } from 'pollux';
import {
  receiveConnections,
  receiveDatagrams,
  receiveFiles,
  receiveListeners,
  Runtime,
  type Endpoint,
  type MessageTypes,
  type Peer,
  type CurrentWorker,
} from 'pollux/threads';

interface Order {
  readonly item: string;
  readonly amount: number;
}

interface Shop {
  readonly queues: { orders: Order; scans: Uint8Array };
  readonly requests: { price: [question: string, answer: number]; label: [question: undefined, answer: Uint8Array] };
  readonly topics: { prices: Map<string, number> };
  readonly functions: { restock: Order; close: undefined; remind: string | undefined };
}

/** Kinds that are left out are not declared. */
interface Till {
  readonly requests: { total: [question: null, answer: bigint] };
}

declare const list: BufferList;
const bytes = new Uint8Array(1);
const order: Order = { item: 'pear', amount: 2 };

function queues(shop: Endpoint<Shop>, peer: Peer<Shop>): void {
  shop.queue('orders').onMessage = ({ value }) => value.item.trim();
  peer.sender('orders').trySend(order);
  void peer.sender('orders').send(order);
  peer.sender('scans').trySend(bytes);
  // It arrives as bytes.
  peer.sender('scans').trySend(list);
  // @ts-expect-error not an order.
  peer.sender('orders').trySend('two pears');
  // @ts-expect-error nor are bytes: they would arrive as bytes.
  void peer.sender('orders').send(bytes);
  // @ts-expect-error nor is a list of bytes.
  peer.sender('orders').trySend(list);
  // @ts-expect-error no such queue, to send to.
  peer.sender('order');
  // @ts-expect-error no such queue, to receive from.
  shop.queue('order');
  // @ts-expect-error an order has no size.
  shop.queue('orders').onMessage = ({ value }) => void value.size;
  // @ts-expect-error a queue is declared with what it takes, which a use can't change.
  peer.sender<string>('orders');
}

async function requests(shop: Endpoint<Shop>, peer: Peer<Shop>): Promise<void> {
  shop.answer('price', ({ value }) => value.length);
  shop.answer('price', async ({ value }) => Promise.resolve(value.length));
  shop.answer('label', () => list);
  const price: number = await peer.request('price', 'pear', { signal: AbortSignal.abort() });
  const label: Uint8Array = await peer.request('label', undefined);
  // @ts-expect-error the question is a text.
  await peer.request('price', price);
  // @ts-expect-error the answer is a number.
  const text: string = await peer.request('price', 'pear');
  // @ts-expect-error the answer must be a number.
  shop.answer('price', () => 'dear');
  // @ts-expect-error so must the one that is promised.
  shop.answer('price', async () => Promise.resolve('dear'));
  // @ts-expect-error the question is a text, not an order.
  shop.answer('price', ({ value }: { value: Order }) => value.amount);
  // @ts-expect-error no such request, to ask for.
  await peer.request('cost', text);
  // @ts-expect-error no such request, to answer.
  shop.answer('cost', () => label.length);
}

function topics(shop: Endpoint<Shop>, owner: Runtime<Shop>): void {
  shop.topic('prices').tryPublish(new Map([['pear', 1]]));
  shop.subscribe('prices', ({ value }) => value.get('pear')?.toFixed(2));
  // The thread that has the runtime takes part.
  owner.endpoint.subscribe('prices', ({ value }) => value.get('pear')?.toFixed(2));
  // @ts-expect-error a text is no map of prices.
  shop.topic('prices').tryPublish('pears are dear');
  // @ts-expect-error nor is it for the owner.
  void owner.endpoint.topic('prices').publish('pears are dear');
  // @ts-expect-error no such topic, to publish to.
  shop.topic('price');
  // @ts-expect-error no such topic, to subscribe to.
  shop.subscribe('price');
  // @ts-expect-error no such topic, for the owner.
  owner.endpoint.subscribe('price');
  // The queues of the owner are its own, and not declared.
  owner.endpoint.queue<string>('results');
}

function functions(shop: Endpoint<Shop>, peer: Peer<Shop>): void {
  shop.define('restock', ({ item, amount }) => item.repeat(amount));
  shop.define('close', () => {});
  peer.schedule('restock', order).cancel();
  peer.schedule('close');
  peer.schedule('remind');
  peer.schedule('remind', 'tomorrow');
  // @ts-expect-error it needs an order.
  peer.schedule('restock');
  // @ts-expect-error it needs another one.
  peer.schedule('restock', 'pears');
  // @ts-expect-error it takes nothing.
  peer.schedule('close', order);
  // @ts-expect-error no such function, to schedule.
  peer.schedule('open');
  // @ts-expect-error no such function, to define.
  shop.define('open', () => {});
  // @ts-expect-error it is given an order.
  shop.define('restock', (item: string) => item);
}

function leftOut(till: Endpoint<Till>, peer: Peer<Till>): void {
  peer.sender<string>('any').trySend('text');
  till.queue('any').onMessage = ({ bytes: given }) => given.length;
  till.topic<number>('any').tryPublish(1);
  till.define<string>('any', text => text.trim());
  peer.schedule('any', 1);
  void peer.request('total', null).then((total: bigint) => total);
  // @ts-expect-error requests were declared.
  void peer.request('any', null);
}

function undeclared(endpoint: Endpoint, peer: Peer): void {
  peer.sender('any').trySend(bytes);
  endpoint.answer<string, number>('any', ({ value }) => value.length);
  void peer.request<number>('any', 'text').then(number => number.toFixed());
  peer.schedule('any');
}

function inARuntime(runtime: Runtime<Shop>, thread: CurrentWorker<Shop>, connection: Connection): void {
  const peer = runtime.workers[0].peer;
  const price: Promise<number> = peer.request('price', 'pear');
  thread.peers.get(1)?.schedule('restock', order);
  // @ts-expect-error not an order.
  thread.peers.get(1)?.schedule('restock', price);
  // Those that take any endpoint or peer take these.
  receiveConnections(thread.endpoint, each => each.destroy());
  receiveConnections<Order>(thread.endpoint, (each, { item }) => each.send(Buffer.from(item)));
  receiveListeners(thread.endpoint, each => void each.close());
  receiveFiles(thread.endpoint, each => void each.close());
  receiveDatagrams(thread.endpoint, each => void each.close());
  const any: Endpoint = thread.endpoint;
  void any.queue('any');
  void connection.moveTo(peer);
  const anyone: Peer = peer;
  const back: Peer<Till> = thread.endpoint.peer<Till>(anyone.address);
  void new Runtime<Shop>({ entry: new URL(import.meta.url), endpoint: runtime.endpoint });
  void back;
  // @ts-expect-error kinds that there are not: names belong beneath one of the four.
  void new Runtime<{ orders: Order }>({ entry: new URL(import.meta.url) });
}

/** A type that nobody declares in full still says which names there may be. */
function generic<Messages extends MessageTypes>(peer: Peer<Messages>): number {
  return peer.threadId;
}

describe('declared messages', () => {
  it('are checked by the compiler, which has read this file', () => {
    const read = [queues, requests, topics, functions, leftOut, undeclared, inARuntime, generic];
    expect(read.every(each => typeof each === 'function')).to.equal(true);
  });
});
