/** Cooks in threads of their own, and messages that the compiler knows: node dist/examples/kitchen.js */
import { isMainThread } from 'node:worker_threads';
import { Runtime, type CurrentWorker } from 'pollux/threads';

interface Order {
  readonly table: number;
  readonly dish: string;
}

/** What a cook takes and answers. */
interface Cook {
  readonly queues: { orders: Order };
  readonly requests: { cooked: [question: number, answer: string[]] };
  readonly topics: { specials: string };
  readonly functions: { clean: undefined };
}

export async function run({ endpoint }: CurrentWorker<Cook>): Promise<void> {
  const cooked: Order[] = [];
  endpoint.queue('orders').onMessage = ({ value }) => cooked.push(value);
  endpoint.answer('cooked', ({ value: table }) => cooked.filter(each => each.table === table).map(({ dish }) => dish));
  endpoint.define('clean', () => cooked.splice(0));
  await endpoint.subscribe('specials', ({ value }) => cooked.push({ table: 0, dish: value })).ready;
}

async function serve(): Promise<void> {
  const runtime = new Runtime<Cook>({ entry: new URL(import.meta.url), workers: 2 });
  await runtime.start();
  const [first, second] = runtime.workers.map(({ peer }) => peer);
  await first.sender('orders').send({ table: 1, dish: 'soup' });
  await second.sender('orders').send({ table: 1, dish: 'bread' });
  await first.sender('orders').send({ table: 2, dish: 'fish' });
  await runtime.endpoint.topic('specials').publish('pie');
  const dishes = await Promise.all([first.request('cooked', 1), second.request('cooked', 1)]);
  console.log(`table 1: ${dishes.flat().join(', ')}; special: ${(await second.request('cooked', 0)).join()}`);
  first.schedule('clean');
  console.log(`left: ${(await first.request('cooked', 2)).length}`);
  await runtime.stop();
}

if (isMainThread) await serve();
