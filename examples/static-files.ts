/** Serves the files of a folder over HTTP, ranges included: node dist/examples/static-files.js FOLDER [PORT] */
import { open, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import process from 'node:process';
import { BufferList, listen, sendFile, type Connection, type InternetAddress } from 'pollux';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;
const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
}

/** undefined if it is not HTTP. */
function parse(head: string): Request | undefined {
  const [line, ...fields] = head.trimEnd().split('\r\n');
  const found = /^([A-Z]+) (\/\S*) HTTP\/1\.([01])$/.exec(line);
  if (found === null) return undefined;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon <= 0) return undefined;
    headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  const wish = headers.get('connection')?.toLowerCase();
  const keepAlive = found[3] === '1' ? wish !== 'close' : wish === 'keep-alive';
  return { method: found[1], target: found[2], headers, keepAlive };
}

/** First byte and length of the range that is asked for; undefined if it lies outside of the file. */
function rangeOf(header: string | undefined, size: number): { offset: number; length: number } | undefined {
  const found = header === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(header);
  if (found === null || (found[1] === '' && found[2] === '')) return { offset: 0, length: size };
  const [first, last] = [found[1], found[2]].map(text => (text === '' ? undefined : Number(text)));
  const offset = first ?? Math.max(0, size - last!);
  const end = first === undefined || last === undefined ? size : Math.min(last + 1, size);
  return offset < end ? { offset, length: end - offset } : undefined;
}

function headOf(status: string, request: Request, fields: Record<string, string | number>): string {
  const all = { ...fields, 'Accept-Ranges': 'bytes', Connection: request.keepAlive ? 'keep-alive' : 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

function refuse(connection: Connection, request: Request, status: string, fields = {}): Promise<void> {
  const body = request.method === 'HEAD' ? '' : `${status}\n`;
  return connection.write(headOf(status, request, { 'Content-Length': status.length + 1, ...fields }) + body);
}

/** Where a request leads; undefined for what is not there or lies outside of the folder. */
async function find(root: string, target: string): Promise<string | undefined> {
  try {
    const path = decodeURIComponent(target.split('?')[0]);
    const real = await realpath(join(root, path.endsWith('/') ? `${path}index.html` : path));
    return real.startsWith(root + sep) ? real : undefined;
  } catch {
    return undefined;
  }
}

async function answer(connection: Connection, root: string, request: Request): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return await refuse(connection, request, '405 Method Not Allowed', { Allow: 'GET, HEAD' });
  }
  const path = await find(root, request.target);
  if (path === undefined) return await refuse(connection, request, '404 Not Found');
  const file = await open(path);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return await refuse(connection, request, '404 Not Found');
    const range = rangeOf(headers.get('range'), stats.size);
    if (range === undefined) {
      const fields = { 'Content-Range': `bytes */${stats.size}` };
      return await refuse(connection, request, '416 Range Not Satisfiable', fields);
    }
    const isPart = range.length < stats.size;
    const last = range.offset + range.length - 1;
    const before = headOf(isPart ? '206 Partial Content' : '200 OK', request, {
      'Content-Length': range.length,
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Last-Modified': stats.mtime.toUTCString(),
      ...(isPart && { 'Content-Range': `bytes ${range.offset}-${last}/${stats.size}` }),
    });
    if (method === 'HEAD') await connection.write(before);
    else await sendFile(connection, file, { ...range, before });
  } finally {
    await file.close();
  }
}

async function serve(connection: Connection, root: string): Promise<void> {
  connection.setTimeouts({ idleMs: 30_000 });
  using received = new BufferList();
  for await (const chunk of connection) {
    received.append(chunk);
    for (let end = received.indexOf(END_OF_HEAD); end >= 0; end = received.indexOf(END_OF_HEAD)) {
      using head = received.split(end + END_OF_HEAD.length);
      const request = parse(head.toString('latin1'));
      if (request === undefined) return connection.reset();
      await answer(connection, root, request);
      if (!request.keepAlive) return await connection.close();
    }
    if (received.length > MAX_HEAD_BYTES) return connection.reset();
  }
  await connection.close();
}

const root = await realpath(process.argv[2]);
const listener = await listen({ port: Number(process.argv[3] ?? 8080), host: '127.0.0.1', reusePort: 'prefer' });

listener.onConnection = connection => {
  // Whatever breaks one connection, a client that leaves early among it, is no reason to stop serving the others.
  serve(connection, root).catch((failure: Error) => connection.destroy(failure));
};

const { address, port } = listener.address as InternetAddress;
console.log(`listening on ${address}:${port}`);
process.once('SIGINT', () => void listener.close());
