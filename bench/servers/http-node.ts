/** HTTP with Node alone: a greeting, and the files of a folder by `createReadStream().pipe(response)`. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { obey } from './control.js';

const folder = process.argv[2];

const server = createServer((request, response) => {
  if (request.url === '/hello') return void response.setHeader('Content-Length', 6).end('hello\n');
  const path = folder + request.url!;
  response.setHeader('Content-Length', statSync(path).size);
  createReadStream(path).pipe(response);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  void obey((server.address() as AddressInfo).port, {});
});
