/** Express, Fastify and ws on a listener of Pollux: node dist/examples/frameworks.js express|fastify|ws PORT */
import { createServer, type Server } from 'node:http';
import process from 'node:process';
import express from 'express';
import Fastify from 'fastify';
import { WebSocketServer } from 'ws';
import { listen } from 'pollux';
import { serveHttp } from 'pollux/node';

function expressServer(): Server {
  const app = express();
  app.use(express.text({ limit: '200mb', type: '*/*' }));
  app.get('/', (_request, response) => void response.send('hello from Express'));
  app.post('/length', (request, response) => void response.json({ length: String(request.body).length }));
  return createServer(app);
}

async function fastifyServer(): Promise<Server> {
  const app = Fastify();
  app.get('/', () => 'hello from Fastify');
  await app.ready();
  return app.server;
}

function webSocketServer(): Server {
  const server = createServer();
  new WebSocketServer({ server }).on('connection', socket => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return server;
}

const [name, port] = process.argv.slice(2);
const make = { express: expressServer, fastify: fastifyServer, ws: webSocketServer }[name];
if (make === undefined || port === undefined) {
  console.error('usage: node dist/examples/frameworks.js express|fastify|ws PORT');
  process.exit(2);
}
const service = serveHttp(await make(), await listen({ host: '127.0.0.1', port: Number(port) }));
process.once('SIGINT', () => void service.close());
console.log(`listening on 127.0.0.1:${service.listener?.port}`);
