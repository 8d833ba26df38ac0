/** A site with its own answers beside the files: node dist/examples/serve.js DIRECTORY [PORT] */
import process from 'node:process';
import { createStaticServer } from 'pollux/servers';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/serve.js DIRECTORY [PORT]');
  process.exit(2);
}

const server = await createStaticServer({
  directory: process.argv[2],
  listen: { port: Number(process.argv[3] ?? 8080), host: '127.0.0.1' },
  rules: [
    { match: 'assets/**', cacheControl: 'public, max-age=31536000, immutable' },
    { match: '*.html', cacheControl: 'no-cache' },
  ],
  errorPages: { 404: '404.html' },
  redirects: [{ from: '/blog/*', to: '/articles/*' }],
  ceilings: { maxBodyBytes: 10 * 1024 * 1024 },
  timeouts: { idleMs: 30_000 },
});

server.route('/time', (_request, response) => {
  response.send(200, { 'Content-Type': 'text/plain' }, `${new Date().toISOString()}\n`);
});

server.route('/upper', async (request, response) => {
  response.begin(200, { 'Content-Type': 'text/plain' });
  for await (const chunk of request) await response.write(chunk.toString('latin1').toUpperCase());
  response.end();
});

console.log(`listening on 127.0.0.1:${server.port}`);

process.once('SIGINT', () => {
  void server.drain({ deadlineMs: 5_000 }).then(() => {
    const { requests, responses } = server.counters;
    console.log(`${requests} requests, ${responses[4]} of them answered with 4xx`);
  });
});
