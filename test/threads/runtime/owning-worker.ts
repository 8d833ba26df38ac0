/** A worker without a Runtime that has descriptors of each kind, and tells a port. */
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { connect, listen, watchTimer, watchUser, type UserHandle } from 'pollux';
import { openEndpoint, Runtime } from 'pollux/threads';
import { AF_INET, F_SETFL, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { fcntl } from '../../../src/sys/file/io.js';
import { beginUse } from '../../../src/sys/file/owned-descriptors.js';
import { accept, bind, listen as listenOn, localAddress, openSocket } from '../../../src/sys/socket/socket.js';

/** What the worker is to do, or a handle that it is to use when it ends. */
const part = workerData as string | UserHandle;

async function openAll(): Promise<number> {
  const listener = await listen({ host: '127.0.0.1', port: 0 });
  listener.onConnection = () => {};
  await connect({ host: '127.0.0.1', port: listener.port });
  watchTimer({ after: 1_000_000 });
  watchUser();
  return listener.port;
}

/** Tells the port, and then waits in the call. */
function acceptBlocking(): void {
  const fd = openSocket(AF_INET, SOCK_STREAM);
  fcntl(fd, F_SETFL, 0);
  bind(fd, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  listenOn(fd, 8);
  const address = localAddress(fd);
  if (address.family !== 'unix') parentPort!.postMessage(address.port);
  accept(fd);
  for (;;);
}

/** Is about to write to another thread's descriptor, for ever. */
function use({ fd, loan }: UserHandle): void {
  parentPort!.postMessage(beginUse(fd, loan) ? fd : -1);
  for (;;);
}

if (typeof part !== 'string') use(part);

switch (part) {
  case 'accept':
    acceptBlocking();
    break;
  case 'sockets':
    parentPort!.postMessage(await openAll());
    break;
  case 'endpoint':
    openEndpoint();
    parentPort!.postMessage(await openAll());
    break;
  case 'nested plain': {
    const child = new Worker(fileURLToPath(import.meta.url), { workerData: 'sockets' });
    child.on('message', port => parentPort!.postMessage(port));
    break;
  }
  case 'nested': {
    const runtime = new Runtime({ entry: new URL('../service/entry.js', import.meta.url), workers: 2 });
    await runtime.start();
    const service = await runtime.listen({ accept: 'reuseport', host: '127.0.0.1' });
    await openAll();
    parentPort!.postMessage(service.port);
    break;
  }
}
