/** Greets its clients, on the socket that systemd has opened or on one of its own: node dist/examples/activated.js [PORT] */
import process from 'node:process';
import { listen, listenInherited } from 'pollux';

const port = Number(process.argv[2] ?? 7000);
const [listener = await listen({ host: '127.0.0.1', port })] = await listenInherited({ name: 'greeter' });

listener.onConnection = connection => {
  connection.send('good morning\n');
  connection.close().catch((failure: Error) => console.error(failure.message));
};

/** Those that wait already are served; later ones are for the next process. */
process.once('SIGTERM', () => void listener.drain());
console.log(`listening on 127.0.0.1:${listener.port}`);
