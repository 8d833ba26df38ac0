/** An echo server that can be watched: `node observed.js 7000 /tmp/echo.sock`, and in another terminal `npx pollux top /tmp/echo.sock`. */
import { listen } from 'pollux';
import { exposeStatus, watchStalls } from 'pollux/observe';

const [port = '', path = ''] = process.argv.slice(2);
if (path === '') {
  console.error('usage: node dist/examples/observed.js PORT SOCKET');
  process.exit(2);
}

const status = await exposeStatus({ path, title: 'echo' });
watchStalls({ slowMs: 50, onStall: ({ message }) => console.error(message) });
const listener = await listen({ port: Number(port), host: '127.0.0.1' });
listener.onConnection = connection => {
  connection.onData = chunk => void connection.send(chunk);
};
console.log('listening on', listener.address, 'watch it with: pollux top', status.path);

process.on('SIGINT', () => {
  void Promise.all([listener.close(), status.close()]).then(() => process.exit());
});
