/** Files of one folder with Node's `http` and `fs`, as the documentation of `stream.pipeline` would have it. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { obey } from './control.js';

const folder = process.argv[2];
const sizes = new Map(readdirSync(folder).map(name => [`/${name}`, statSync(`${folder}/${name}`).size]));

const server = createServer((request, response) => {
  const size = sizes.get(request.url!);
  if (size === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Length': size });
  pipeline(createReadStream(folder + request.url!), response, failure => {
    if (failure) response.destroy(failure);
  });
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  void obey((server.address() as AddressInfo).port, {});
});
