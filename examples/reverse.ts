/** Every line comes back reversed, and another thread does the work: node dist/examples/reverse.js [PORT] */
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { BufferList, listen, openEndpoint, type InternetAddress, type MailboxAddress } from 'pollux';

const NEWLINE = 10;
const MAX_LINE_BYTES = 4096;
const endpoint = openEndpoint();
const worker = new Worker(new URL('reverse/worker.js', import.meta.url), { workerData: endpoint.address });
const [address] = (await once(worker, 'message')) as [MailboxAddress];
const lines = endpoint.peer(address).queue('lines');
/** By number, which no other connection ever has: who gets an answer. */
const answers = new Map<number, (line: Uint8Array) => void>();
let connections = 0;

endpoint.queue('reversed').onMessage = ({ bytes }) => {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  answers.get(number)?.(bytes.slice(4));
};

const listener = await listen({ port: Number(process.argv[2] ?? 4001), host: '127.0.0.1' });
listener.onConnection = connection => {
  const number = ++connections;
  const unfinished = new BufferList();
  let [underWay, ended] = [0, false];
  connection.setTimeouts({ idleMs: 30_000 });
  answers.set(number, line => {
    if (!connection.send(line)) connection.pause();
    if (--underWay === 0 && ended) connection.end();
  });
  connection.onData = chunk => {
    unfinished.append(chunk);
    for (let end = unfinished.indexOf(NEWLINE); end >= 0; end = unfinished.indexOf(NEWLINE)) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(number);
      const message = unfinished.split(end + 1).prepend(head);
      underWay++;
      if (lines.trySend(message)) continue;
      // The other thread does not keep up: nor need the client.
      connection.pause();
      lines.send(message).then(() => connection.resume(), connection.destroy.bind(connection));
    }
    if (unfinished.length > MAX_LINE_BYTES) connection.destroy(new Error('a line too long'));
  };
  connection.onDrain = () => connection.resume();
  connection.onEnd = () => {
    ended = true;
    if (underWay === 0) connection.end();
  };
  connection.onClose = () => void (answers.delete(number) && unfinished.release());
};
console.log(`listening on 127.0.0.1:${(listener.address as InternetAddress).port}`);
await once(process, 'SIGINT');
await listener.close();
endpoint.close();
await worker.terminate();
