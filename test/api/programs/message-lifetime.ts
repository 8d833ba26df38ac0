/** What keeps a thread alive, and what does not: node message-lifetime.js SCENE */
import process from 'node:process';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

/** Long enough for a process that has nothing to do to end before. */
const DELAY_MS = 150;

const endpoint = openEndpoint();

function served(): void {
  process.stdout.write('served');
  endpoint.close();
}

/** A thread that sends, asks, schedules or publishes after a while, and has no reason of its own to live. */
function helpers(): Promise<MailboxAddress> {
  const worker = new Worker(new URL(import.meta.url), { workerData: endpoint.address });
  return new Promise(resolve =>
    worker.once('message', (address: MailboxAddress) => {
      worker.unref();
      resolve(address);
    }),
  );
}

const scenes: Record<string, () => void | Promise<void>> = {
  'an endpoint that nobody uses': () => {},
  'a sender alone': async () =>
    void endpoint
      .peer(await helpers())
      .sender('nothing')
      .trySend('a word'),
  'a queue whose handler was unset': () => {
    endpoint.queue('words').onMessage = () => {};
    endpoint.queue('words').onMessage = undefined;
  },
  'an endpoint that is unref-ed': () => {
    endpoint.queue('words').onMessage = () => {};
    endpoint.unref();
  },
  'an endpoint that was closed': () => {
    endpoint.queue('words').onMessage = () => {};
    endpoint.subscribe('news');
    endpoint.close();
  },
  'a request that was answered': async () => void (await endpoint.peer(await helpers()).request('soon', 1)),
  'a queue with a handler': async () => {
    endpoint.queue('words').onMessage = served;
    await helpers();
  },
  'a queue that is awaited': async () => {
    await helpers();
    for await (const word of endpoint.queue('words')) {
      void word;
      served();
    }
  },
  'an answer': async () => {
    endpoint.answer('question', () => setImmediate(served));
    await helpers();
  },
  'a subscription': async () => {
    endpoint.subscribe('news', served);
    endpoint.peer(await helpers());
  },
  'a request under way': async () => {
    await endpoint.peer(await helpers()).request('later', 1);
    served();
  },
};

if (isMainThread) {
  process.stdout.write('alive');
  await scenes[process.argv[2]]();
} else {
  endpoint.answer('soon', () => 1);
  endpoint.answer('later', () => new Promise(resolve => setTimeout(() => resolve(1), DELAY_MS)));
  const peer = endpoint.peer(workerData as MailboxAddress);
  const topic = endpoint.topic('news');
  const publish = () => {
    if (topic.subscribers.length > 0) topic.tryPublish('news');
    // On a busy machine the subscription may be on its way yet.
    else if (!peer.isGone) setTimeout(publish, DELAY_MS);
  };
  parentPort!.postMessage(endpoint.address);
  setTimeout(() => {
    if (peer.isGone) return;
    peer.sender('words').trySend('a word');
    peer.request('question', 1).catch(() => {});
    publish();
  }, DELAY_MS);
}
