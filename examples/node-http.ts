/** Files by HTTP, with Node's own server: node dist/examples/node-http.js PORT FOLDER */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import process from 'node:process';
import { listen, type IoError } from 'pollux';
import { sendFile, serveHttp } from 'pollux/node';

const [port, folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/examples/node-http.js PORT FOLDER');
  process.exit(2);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = basename(new URL(request.url ?? '/', 'http://here').pathname);
  try {
    const { bytes, path, fallback } = await sendFile(response, join(folder, name));
    console.log(`${name}: ${bytes} bytes by ${path}${fallback === undefined ? '' : ` (${fallback})`}`);
  } catch (failure) {
    // Before the head has gone, another answer can be given.
    if (response.headersSent) console.error((failure as Error).message);
    else response.writeHead((failure as IoError).code === 'ENOENT' ? 404 : 500).end();
  }
}

const server = createServer((request, response) => void answer(request, response));
const service = serveHttp(server, await listen({ host: '127.0.0.1', port: Number(port) }));
process.once('SIGINT', () => void service.close());
console.log(`listening on 127.0.0.1:${service.listener?.port}`);
