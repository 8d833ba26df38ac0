/** Each service answers with the name that it was started under: node dist/examples/request-context.js [PORT [PORT]] */
import { AsyncLocalStorage } from 'node:async_hooks';
import process from 'node:process';
import { listen } from 'pollux';

const service = new AsyncLocalStorage<string>();

async function start(port: number) {
  const listener = await listen({ port, host: '127.0.0.1' });
  // Nothing here knows the name: the callbacks of a connection have the context of its listener.
  listener.onConnection = connection => connection.end(`${service.getStore()}\n`);
  return listener;
}

const [first = 7007, second = 7008] = process.argv.slice(2).map(Number);
const listeners = [
  await service.run('one service', () => start(first)),
  await service.run('another service', () => start(second)),
];
process.once('SIGINT', () => void Promise.all(listeners.map(listener => listener.close())));
for (const listener of listeners) console.log(`listening on 127.0.0.1:${listener.port}`);
