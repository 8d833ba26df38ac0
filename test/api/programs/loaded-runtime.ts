/** A program with two threads that echo under load, and ends in the way that its argument names. */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { connect, currentReactor, type Connection } from 'pollux';
import { currentThread, receiveConnections, Runtime } from 'pollux/threads';

async function start(way: string): Promise<void> {
  const clients: Connection[] = [];
  const leave = () => clients.forEach(client => client.destroy());
  const onError = (failure: Error) => {
    console.log(failure.message);
    leave();
    void runtime.stop().catch(() => {});
  };
  const runtime = new Runtime({ entry: new URL(import.meta.url), threads: 2, drainOnSignalMs: 5_000, onError });
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
    } else runtime.threads[0].peer!.schedule(way);
  }

  process.on('SIGTERM', leave);
  await runtime.join().catch(() => {});
  // Throws if something was left open.
  process.on('exit', () => currentReactor().close());
}

if (isMainThread) await start(process.argv[2]);
else {
  const thread = currentThread();
  receiveConnections(thread.endpoint, connection => {
    connection.onData = chunk => connection.send(chunk);
  });
  thread.endpoint.define('worker-exit', () => process.exit(5));
  thread.endpoint.define('worker-throw', () => {
    throw new Error('thrown by a worker');
  });
  thread.onStop = () => thread.endpoint.close();
}
