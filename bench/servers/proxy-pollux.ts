/** A TCP proxy with Pollux: every connection is joined to one to the port that the command line names. */
import { connect, join, listen, type Connection } from 'pollux';
import { obey } from './control.js';

const port = Number(process.argv[2]);

async function serve(client: Connection): Promise<void> {
  const upstream = await connect({ host: '127.0.0.1', port });
  // A client of the load that goes away in the middle is no news.
  await join(client, upstream).catch(() => {});
}

const listener = await listen({
  port: 0,
  host: '127.0.0.1',
  backlog: 4096,
  onConnection: client => void serve(client),
});
void obey((listener.address as { port: number }).port, {});
