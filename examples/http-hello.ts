/** The least that a browser takes for HTTP, without a parser: node dist/examples/http-hello.js [PORT] */
import process from 'node:process';
import { BufferList, listen, type InternetAddress } from 'pollux';

const body = 'hello, world\n';
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);
const endOfHead = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;

const listener = await listen({ port: Number(process.argv[2] ?? 8080), host: '127.0.0.1', reusePort: 'prefer' });

listener.onConnection = connection => {
  const head = new BufferList();
  connection.setTimeouts({ idleMs: 30_000 });
  connection.onData = chunk => {
    head.append(chunk);
    for (let end = head.indexOf(endOfHead); end >= 0; end = head.indexOf(endOfHead)) {
      head.consume(end + endOfHead.length);
      // Whoever asks again and again without reading the answers is not asked for more.
      if (!connection.send(response)) connection.pause();
    }
    if (head.length > MAX_HEAD_BYTES) connection.destroy();
  };
  connection.onDrain = () => connection.resume();
  connection.onClose = () => head.release();
};

const { address, port } = listener.address as InternetAddress;
process.once('SIGINT', () => void listener.close());
console.log(`listening on ${address}:${port}`);
