/** Serves the files of a folder over HTTP, ranges included: node dist/examples/static-files.js FOLDER [PORT] */
import { extname } from 'node:path';
import process from 'node:process';
import {
  BufferList,
  IoError,
  listen,
  open,
  openDirectory,
  sendFile,
  type Connection,
  type Directory,
  type DiskFile,
  type InternetAddress,
} from 'pollux';
import { parse, rangeOf, type Range, type Request } from './static-files/request.js';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/static-files.js FOLDER [PORT]');
  process.exit(2);
}

/** A file of so many bytes costs less to read than to have the kernel send it. */
const SMALL_BYTES = 16 * 1024;
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

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
/** What `open` says of names that lead to no file in the folder; what else it says is the server's trouble. */
const NOT_THERE = /^E(NOENT|NOTDIR|ISDIR|INVAL|NXIO|XDEV|LOOP|ACCES|NAMETOOLONG)$/;

function headOf(status: string, request: Request, fields: Record<string, string | number>): string {
  const all = { ...fields, 'Accept-Ranges': 'bytes', Connection: request.keepAlive ? 'keep-alive' : 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

function refuse(connection: Connection, request: Request, status: string, fields = {}): Promise<void> {
  const body = request.method === 'HEAD' ? '' : `${status}\n`;
  return connection.write(headOf(status, request, { 'Content-Length': status.length + 1, ...fields }) + body);
}

/** undefined for what is no file of the folder: a FIFO, a directory and a link that leads out among it. */
async function find(folder: Directory, target: string): Promise<DiskFile | undefined> {
  try {
    const path = decodeURIComponent(target.split('?')[0]).slice(1);
    if (path.includes('\0')) return undefined;
    return await open(path === '' || path.endsWith('/') ? `${path}index.html` : path, { beneath: folder });
  } catch (error) {
    if (error instanceof URIError || (error instanceof IoError && NOT_THERE.test(error.code))) return undefined;
    throw error;
  }
}

/** Head and body in one call, without the calls that find out what of a large file is in memory. */
async function sendSmall(connection: Connection, file: DiskFile, range: Range, head: string): Promise<void> {
  using response = new BufferList().append(head);
  using body = await file.read(range.length, range.offset);
  if (body.length < range.length) return connection.reset();
  await connection.write(response.append(body));
}

async function answer(connection: Connection, folder: Directory, request: Request): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return await refuse(connection, request, '405 Method Not Allowed', { Allow: 'GET, HEAD' });
  }
  await using file = await find(folder, request.target);
  if (file === undefined) return await refuse(connection, request, '404 Not Found');
  const { sizeBytes, modifiedMs } = file.statAtOpen;
  const version = { ETag: `"${sizeBytes}-${modifiedMs}"`, 'Last-Modified': new Date(modifiedMs).toUTCString() };
  const known = headers.get('if-none-match') ?? headers.get('if-modified-since');
  if (known === version.ETag || known === version['Last-Modified']) {
    return await connection.write(headOf('304 Not Modified', request, version));
  }
  // What is asked for is a part of this version, or else all of it.
  const condition = headers.get('if-range') ?? version.ETag;
  const wantsPart = method === 'GET' && (condition === version.ETag || condition === version['Last-Modified']);
  const part = wantsPart ? rangeOf(headers.get('range'), sizeBytes) : undefined;
  if (part === null) {
    return await refuse(connection, request, '416 Range Not Satisfiable', { 'Content-Range': `bytes */${sizeBytes}` });
  }
  const range = part ?? { offset: 0, length: sizeBytes };
  const before = headOf(part === undefined ? '200 OK' : '206 Partial Content', request, {
    'Content-Length': range.length,
    'Content-Type': TYPES[extname(file.path)] ?? 'application/octet-stream',
    ...version,
    ...(part && { 'Content-Range': `bytes ${range.offset}-${range.offset + range.length - 1}/${sizeBytes}` }),
  });
  if (method === 'HEAD') await connection.write(before);
  else if (range.length <= SMALL_BYTES) await sendSmall(connection, file, range, before);
  else await sendFile(connection, file, { ...range, before });
}

async function serve(connection: Connection, folder: Directory): Promise<void> {
  connection.setTimeouts({ idleMs: 30_000 });
  using received = new BufferList();
  for await (const chunk of connection) {
    received.append(chunk);
    for (let end = received.indexOf(END_OF_HEAD); end >= 0; end = received.indexOf(END_OF_HEAD)) {
      using head = received.split(end + END_OF_HEAD.length);
      const request = parse(head.toString('latin1'));
      await (request === undefined ? connection.write(BAD_REQUEST) : answer(connection, folder, request));
      if (request?.keepAlive !== true) return await connection.close();
    }
    if (received.length > MAX_HEAD_BYTES) return connection.reset();
  }
  await connection.close();
}

const folder = await openDirectory(process.argv[2]);
const listener = await listen({ port: Number(process.argv[3] ?? 8080), host: '127.0.0.1', reusePort: 'prefer' });

listener.onConnection = connection => {
  // Whatever breaks one connection, a client that leaves early among it, is no reason to stop serving the others.
  serve(connection, folder).catch((failure: Error) => connection.destroy(failure));
};

const { address, port } = listener.address as InternetAddress;
process.once('SIGINT', () => void listener.close());
console.log(`listening on ${address}:${port}`);
