/** Words, questions, news and errands between two threads: node dist/examples/messages.js */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const endpoint = openEndpoint();

function colleague(): void {
  endpoint.peer(workerData as MailboxAddress);
  const heard: string[] = [];
  endpoint.queue<string>('words').onMessage = message => heard.push(message.value);
  endpoint.answer<number[], number>('sum', message => message.value.reduce((sum, number) => sum + number, 0));
  endpoint.define<string>('tidy', place => heard.push(`tidied ${place}`));
  const news = endpoint.subscribe<string>('news', message => heard.push(message.value), { whenSlow: 'drop oldest' });
  endpoint.answer('ready', () => news.ready);
  endpoint.answer('heard', () => heard);
  parentPort!.postMessage(endpoint.address);
}

async function boss(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: endpoint.address });
  const [address] = (await once(worker, 'message')) as [MailboxAddress];
  const { threadId } = worker;
  worker.once('exit', () => endpoint.markEnded(threadId));
  const peer = endpoint.peer(address);
  peer.onGone = () => {
    peer.forEachUndelivered(({ kind, name, bytes }) => console.log(`lost: ${kind} ${name}, ${bytes.length} bytes`));
  };

  const words = peer.sender<string>('words');
  if (!words.trySend('good morning')) await words.send('good morning');
  console.log(await peer.request('sum', [1, 2, 3]));

  await peer.request('ready', undefined);
  await endpoint.topic<string>('news').publish('all is well');

  peer.schedule('tidy', 'the shelves');
  const ticket = peer.schedule('tidy', 'the floor');
  const outcome = ticket.cancel();
  const heard = await peer.request<string[]>('heard', undefined);
  console.log(outcome === 'cancelled' || heard.includes('tidied the floor') ? 'as the ticket said' : 'never');
  console.log(heard.filter(each => each !== 'tidied the floor').join(', '));
  await worker.terminate();
  endpoint.close();
}

await (isMainThread ? boss() : colleague());
