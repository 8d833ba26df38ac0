/**
 * A TCP proxy: takes connections and joins each to one to the target.
 *
 *   node dist/examples/tcp-proxy.js PORT TARGET_PORT [BYTES_PER_SECOND]
 */
import process from 'node:process';
import {
  connect,
  join,
  listen,
  type Connection,
  type InternetAddress,
  type Transfer,
  type TransferFailure,
  type TunnelAccount,
} from 'pollux';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/tcp-proxy.js PORT TARGET_PORT [BYTES_PER_SECOND]');
  process.exit(2);
}

const [port, targetPort, bytesPerSecond = Infinity] = process.argv.slice(2).map(Number);

const running = new Set<Transfer<TunnelAccount>>();

/** What each direction did: how many bytes, by which way, with how many calls, and why not by a faster way. */
function report({ aToB, bToA }: TunnelAccount, failure?: Error): void {
  const [up, down] = [aToB, bToA].map(({ bytes, path, calls, fallback, residueBytes }) => {
    const lost = residueBytes === 0 ? '' : `, ${residueBytes} not delivered`;
    return `${bytes} bytes by ${path} in ${calls} calls${fallback === undefined ? '' : ` (${fallback})`}${lost}`;
  });
  console.log(`up: ${up}; down: ${down}${failure === undefined ? '' : `; ${failure.message}`}`);
}

async function serve(client: Connection): Promise<void> {
  // Nobody reads the client yet, so the kernel keeps what it sends meanwhile.
  const upstream = await connect({ host: '127.0.0.1', port: targetPort, timeoutMs: 5_000 });
  const transfer = join(client, upstream, { idleTimeoutMs: 600_000, halfCloseTimeoutMs: 30_000, bytesPerSecond });
  running.add(transfer);
  try {
    report(await transfer);
  } catch (error) {
    const failure = error as TransferFailure<TunnelAccount>;
    report(failure.transfer!, failure);
    // A join that was cancelled leaves them open: they are ours.
    client.destroy();
    upstream.destroy();
  } finally {
    running.delete(transfer);
  }
}

const listener = await listen({ port, host: '127.0.0.1' });

listener.onConnection = client => {
  serve(client).catch((failure: Error) => {
    console.log(`no way to the target: ${failure.message}`);
    client.reset();
  });
};

process.once('SIGINT', () => {
  void listener.close();
  for (const transfer of running) transfer.cancel();
});

const address = listener.address as InternetAddress;
console.log(`listening on ${address.address}:${address.port}`);
