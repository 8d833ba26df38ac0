/** The proxy of `pollux/servers`: every client goes to the port that the command line names. */
import { createProxy } from 'pollux/servers';
import { obey } from './control.js';

const port = Number(process.argv[2]);

const proxy = await createProxy({ listen: { host: '127.0.0.1' }, pool: { upstreams: [{ host: '127.0.0.1', port }] } });
void obey(proxy.listeners[0].port, {});
