/** A thread of examples/storage.ts: answers what a connection asks for, and parks it once it is silent. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { BufferList, copy, open, sendFile, type Connection } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;
/** For all of a head, however it dribbles in. */
const MAX_HEAD_MS = 10_000;
const { endpoint, index, payload } = currentWorker();
const folder = payload as string;
let parts = 0;

/** @returns undefined at the end of the stream. */
async function readHead(connection: Connection, unread: BufferList): Promise<string | undefined> {
  const timer = setTimeout(() => connection.destroy(new Error('a head too slow')), MAX_HEAD_MS);
  try {
    for (;;) {
      const end = unread.indexOf(END_OF_HEAD);
      if (end >= 0) {
        using head = unread.split(end + END_OF_HEAD.length);
        return head.toString('latin1');
      }
      if (unread.length > MAX_HEAD_BYTES) throw new Error('a head too long');
      const chunk = await connection.read();
      if (chunk === null) return undefined;
      unread.append(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A request, or undefined if it is not one: names have no folders and do not begin with a dot, as parts of files do. */
function parse(head: string) {
  const found = /^(GET|PUT) \/(\w[\w.-]{0,199}) HTTP\/1\.1\r\n/.exec(head);
  const length = /^content-length: *(.*?) *\r$/im.exec(head)?.[1] ?? '0';
  if (found === null || !/^\d{1,15}$/.test(length) || /^transfer-encoding:/im.test(head)) return undefined;
  if (found[1] === 'GET' && length !== '0') return undefined;
  const keepAlive = !/^connection: *close\r$/im.test(head);
  const expects = /^expect: *100-continue\r$/im.test(head);
  return { method: found[1], name: found[2], length: Number(length), keepAlive, expects };
}

function headOf(status: string, lengthBytes = 0): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${lengthBytes}\r\n\r\n`;
}

/** The file appears under its name when all of it is on the disk, or not at all. */
async function put(connection: Connection, unread: BufferList, name: string, length: number): Promise<void> {
  const part = join(folder, `.${process.pid}-${index}-${parts++}`);
  try {
    await using file = await open(part, { flags: 'wx' });
    const known = Math.min(length, unread.length);
    await file.write(unread.split(known), 0);
    const { bytes } = await copy(connection, file, { to: known, length: length - known });
    if (known + bytes < length) throw new Error('the client left');
    await file.datasync();
    await rename(part, join(folder, name));
  } catch (failure) {
    await rm(part, { force: true });
    throw failure;
  }
  await connection.write(headOf('201 Created'));
}

async function get(connection: Connection, name: string): Promise<void> {
  await using file = await open(name, { beneath: folder });
  const { sizeBytes } = await file.stat();
  await sendFile(connection, file, { length: sizeBytes, before: headOf('200 OK', sizeBytes) });
}

async function answer(connection: Connection, unread: BufferList, request: NonNullable<ReturnType<typeof parse>>) {
  const { method, name, length, expects } = request;
  try {
    if (expects) await connection.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (method === 'PUT') await put(connection, unread, name, length);
    else await get(connection, name);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    await connection.write(headOf('404 Not Found'));
  }
}

async function serve(connection: Connection): Promise<void> {
  using unread = new BufferList();
  connection.setTimeouts({ idleMs: 30_000 });
  try {
    do {
      const head = await readHead(connection, unread);
      if (head === undefined) return await connection.close();
      const request = parse(head);
      if (request === undefined) connection.send(headOf('400 Bad Request'));
      else await answer(connection, unread, request);
      if (request?.keepAlive !== true) return await connection.close();
    } while (unread.length > 0);
    connection.park();
  } catch (failure) {
    connection.destroy(failure as Error);
  }
}

receiveConnections(endpoint, connection => void serve(connection));
