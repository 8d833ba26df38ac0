/** A program with two threads that echo under load, and ends in the way that its argument names. */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { connect, currentReactor, type Connection } from 'pollux';
import { currentWorker, receiveConnections, Runtime } from 'pollux/threads';

async function start(way: string): Promise<void> {
  const clients: Connection[] = [];
  const leave = () => clients.forEach(client => client.destroy());
  const onError = (failure: Error) => {
    console.log(failure.message);
    leave();
    void runtime.stop().catch(() => {});
  };
  const runtime = new Runtime({ entry: new URL(import.meta.url), workers: 2, drainOnSignalMs: 5_000, onError });
  await runtime.start();
  const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
  let rounds = 0;
  for (let index = 0; index < 4; index++) {
    const client = await connect({ host: '127.0.0.1', port: service.port });
    clients.push(client);
    client.onData = chunk => {
      client.send(chunk);
      if (++rounds === 100) end();
    };
    client.send('again and again');
  }

  function end(): void {
    if (way === 'exit') process.exit(7);
    else if (way === 'throw') throw new Error('thrown by the owner');
    else if (way === 'signal' || way === 'kill') console.log('ready');
    else if (way === 'stop') {
      leave();
      void runtime.stop();
    } else runtime.workers[0].peer.schedule(way);
  }

  process.on('SIGTERM', leave);
  await runtime.finished().catch(() => {});
  // Throws if something was left open.
  process.on('exit', () => currentReactor().close());
}

if (isMainThread) await start(process.argv[2]);
else {
  const worker = currentWorker();
  receiveConnections(worker.endpoint, connection => {
    connection.onData = chunk => connection.send(chunk);
  });
  worker.endpoint.define('worker-exit', () => process.exit(5));
  worker.endpoint.define('worker-throw', () => {
    throw new Error('thrown by a worker');
  });
  worker.onStop = () => worker.endpoint.close();
}
