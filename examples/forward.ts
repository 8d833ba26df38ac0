/** Takes connections and passes them on to another port: node dist/examples/forward.js PORT TARGET_PORT */
import process from 'node:process';
import { connect, listen, type Connection, type InternetAddress } from 'pollux';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/forward.js PORT TARGET_PORT');
  process.exit(2);
}

/** What comes from `source` goes to `target`, the end included; a slow target holds the source back. */
function pass(source: Connection, target: Connection): void {
  source.onData = chunk => {
    if (!target.send(chunk)) source.pause();
  };
  target.onDrain = () => source.resume();
  source.onEnd = () => target.end();
  source.onClose = failure => {
    if (failure !== undefined) target.reset();
  };
}

const listener = await listen({ port: Number(process.argv[2]), host: '127.0.0.1' });

listener.onConnection = client => {
  // Nobody reads the client yet, so the kernel keeps what it sends meanwhile.
  connect({ host: '127.0.0.1', port: Number(process.argv[3]), timeoutMs: 5000 }).then(
    upstream => {
      pass(client, upstream);
      pass(upstream, client);
    },
    (failure: Error) => client.destroy(failure),
  );
};

const { address, port } = listener.address as InternetAddress;
process.once('SIGINT', () => void listener.close());
console.log(`listening on ${address}:${port}`);
