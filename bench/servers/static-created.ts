/** The static server of `pollux/servers`: the folder is the argument. */
import { createStaticServer } from 'pollux/servers';
import { obey } from './control.js';

const server = await createStaticServer({
  directory: process.argv[2],
  listen: { port: 0, host: '127.0.0.1', backlog: 4096 },
  ceilings: { maxRequests: Number.MAX_SAFE_INTEGER },
});
void obey(server.port, {});
