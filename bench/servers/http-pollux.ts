/** As `http-node`, with `serveHttp`, and `sendFile(response)` for the files. */
import { createServer } from 'node:http';
import { listen } from 'pollux';
import { sendFile, serveHttp } from 'pollux/node';
import { obey } from './control.js';

const folder = process.argv[2];

const server = createServer((request, response) => {
  if (request.url === '/hello') return void response.setHeader('Content-Length', 6).end('hello\n');
  void sendFile(response, folder + request.url!);
});
const { listener } = serveHttp(server, await listen({ port: 0, host: '127.0.0.1', backlog: 4096 }));
void obey(listener!.port, {});
