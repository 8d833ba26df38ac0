/** Two threads and messages of 64 bytes: node messages.js pollux|post|ringbuf flood|pingpong|rest COUNT; one line of JSON. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const LENGTH_BYTES = 64;
const PAUSE_MS = 2;
/** Messages there and back before those that count, without a pause, until V8 has compiled what it will. */
const WARM_UP = 5_000;

interface Task {
  readonly kind: string;
  readonly work: string;
  readonly count: number;
  readonly address?: MailboxAddress;
  readonly storage?: SharedArrayBuffer;
}

const payload = new Uint8Array(LENGTH_BYTES).fill(7);

if (isMainThread) {
  const [, , kind, work, count] = process.argv;
  const task = { kind, work, count: Number(count) };
  const result = work === 'flood' ? await receiveFlood(task) : await pingPong(task);
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
} else {
  const task = workerData as Task;
  if (task.work === 'flood') await sendFlood(task);
  else answer(task);
}

function start(task: Task): Worker {
  return new Worker(new URL(import.meta.url), { workerData: task });
}

async function receiveFlood(task: Task): Promise<Record<string, number>> {
  let received = 0;
  let startedAt = 0n;
  let cpu = process.cpuUsage();
  let done!: () => void;
  const all = new Promise<void>(resolve => (done = resolve));
  let sum = 0;
  // It is looked at, as any receiver would.
  const onMessage = (bytes: Uint8Array) => {
    sum += bytes[LENGTH_BYTES - 1];
    if (received++ === 0) {
      startedAt = process.hrtime.bigint();
      cpu = process.cpuUsage();
    } else if (received === task.count) done();
  };
  let worker: Worker;
  let wakesHere = () => 0;
  if (task.kind === 'pollux') {
    const endpoint = openEndpoint();
    endpoint.queue('flood').onMessage = message => onMessage(message.bytes);
    wakesHere = () => endpoint.counters.wakes;
    worker = start({ ...task, address: endpoint.address });
  } else if (task.kind === 'post') {
    worker = start(task);
    worker.on('message', (message: unknown) => {
      if (message instanceof Uint8Array) onMessage(message);
    });
  } else {
    const storage = RingBuffer.getStorageForCapacity(1024 * 1024, Uint8Array);
    worker = start({ ...task, storage });
    const ring = new RingBuffer(storage, Uint8Array);
    const into = new Uint8Array(LENGTH_BYTES);
    await once(worker, 'message');
    while (received < task.count) {
      if (ring.availableRead() < LENGTH_BYTES) continue;
      ring.pop(into);
      onMessage(into);
    }
  }
  const sent = task.kind === 'post' ? undefined : waitForReport(worker);
  await all;
  if (sum !== 7 * task.count) throw new Error(`what came is not what was sent: ${sum}`);
  const wallNs = Number(process.hrtime.bigint() - startedAt) / task.count;
  const used = process.cpuUsage(cpu);
  const cpuNs = ((used.user + used.system) * 1000) / task.count;
  const sample: Record<string, number> = { wallNs, cpuNs };
  if (task.kind === 'pollux') sample.wakesPer100 = ((wakesHere() + (await sent!)) * 100) / task.count;
  return sample;
}

async function waitForReport(worker: Worker): Promise<number> {
  const [report] = (await once(worker, 'message')) as [{ wakes: number }];
  return report.wakes;
}

async function sendFlood({ kind, count, address, storage }: Task): Promise<void> {
  if (kind === 'pollux') {
    const endpoint = openEndpoint();
    const queue = endpoint.peer(address!).sender('flood');
    for (let sent = 0; sent < count; sent++) {
      if (!queue.trySend(payload)) await queue.send(payload);
    }
    parentPort!.postMessage({ wakes: endpoint.counters.wakes });
  } else if (kind === 'post') {
    for (let sent = 0; sent < count; sent++) parentPort!.postMessage(payload);
  } else {
    const ring = new RingBuffer(storage!, Uint8Array);
    parentPort!.postMessage('ready');
    for (let sent = 0; sent < count;) if (ring.availableWrite() >= LENGTH_BYTES && ring.push(payload) > 0) sent++;
  }
}

async function pingPong(task: Task): Promise<Record<string, number>> {
  const latencies: number[] = [];
  let arrived!: () => void;
  const onMessage = () => arrived();
  let send: () => void;
  if (task.kind === 'pollux') {
    const endpoint = openEndpoint();
    endpoint.queue('answers').onMessage = onMessage;
    const worker = start({ ...task, address: endpoint.address });
    const [address] = (await once(worker, 'message')) as [MailboxAddress];
    const queue = endpoint.peer(address).sender('questions');
    send = () => void queue.trySend(payload);
  } else {
    const worker = start(task);
    await once(worker, 'message');
    worker.on('message', onMessage);
    send = () => worker.postMessage(payload);
  }
  await new Promise<void>(resolve => {
    let sentAt = 0;
    const next = () => {
      sentAt = performance.now();
      send();
    };
    arrived = () => {
      latencies.push((performance.now() - sentAt) * 1000);
      if (latencies.length === WARM_UP + task.count) resolve();
      else if (task.work === 'rest' && latencies.length > WARM_UP) setTimeout(next, PAUSE_MS);
      else next();
    };
    next();
  });
  const sorted = latencies.slice(WARM_UP).sort((a, b) => a - b);
  return { medianUs: sorted[sorted.length >> 1], p99Us: sorted[Math.floor(sorted.length * 0.99)] };
}

function answer({ kind, address }: Task): void {
  if (kind === 'pollux') {
    const endpoint = openEndpoint();
    const back = endpoint.peer(address!).sender('answers');
    endpoint.queue('questions').onMessage = () => void back.trySend(payload);
    parentPort!.postMessage(endpoint.address);
  } else {
    parentPort!.on('message', () => parentPort!.postMessage(payload));
    parentPort!.postMessage('ready');
  }
}
