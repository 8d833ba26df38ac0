/** An echo server on a Unix socket, with promises: node dist/examples/unix-echo.js PATH */
import process from 'node:process';
import { listen, type Connection } from 'pollux';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/unix-echo.js PATH');
  process.exit(2);
}

async function serve(connection: Connection): Promise<void> {
  try {
    for await (const chunk of connection) await connection.write(chunk);
    await connection.close();
  } catch (failure) {
    console.error((failure as Error).message);
  }
}

const path = process.argv[2];
const listener = await listen({ path });
process.once('SIGINT', () => void listener.close());
console.log(`listening on ${path}`);

for await (const connection of listener) void serve(connection);
