/** A thread of examples/storage.ts: answers what a connection asks for, and gives it back once it is silent. */
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferList, copy, currentThread, open, receiveConnections, sendFile, type Connection } from 'pollux';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_FILE_BYTES = 2 ** 40;
const { endpoint, owner, index, payload } = currentThread();
const folder = payload as string;
const done = owner.queue<number>('done');
let parts = 0;

/** A request, or undefined if it is not one: names have no folders and do not begin with a dot, as parts of files do. */
function parse(head: string) {
  const found = /^(GET|HEAD|PUT|DELETE) \/(\w[\w.-]{0,199}) HTTP\/1\.1\r\n/.exec(head);
  if (found === null || /^transfer-encoding:/im.test(head)) return undefined;
  const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
  const keepAlive = !/^connection: *close\r$/im.test(head);
  return { method: found[1], name: found[2], length, keepAlive, expects: /^expect: *100-continue\r$/im.test(head) };
}

function headOf(status: string, lengthBytes = 0): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${lengthBytes}\r\n\r\n`;
}

/** The file appears under its name when all of it is on the disk, or not at all. */
async function put(connection: Connection, unread: BufferList, name: string, length: number): Promise<void> {
  const part = join(folder, `.${index}-${parts++}`);
  const file = await open(part, { flags: 'w' });
  try {
    const known = Math.min(length, unread.length);
    await file.write(unread.split(known), 0);
    const { bytes } = await copy(connection, file, { to: known, length: length - known });
    if (known + bytes < length) throw new Error('the client left');
    await file.datasync();
    await rename(part, join(folder, name));
  } catch (failure) {
    await unlink(part);
    throw failure;
  } finally {
    await file.close();
  }
  await connection.write(headOf('201 Created'));
}

async function get(connection: Connection, name: string, isHead: boolean): Promise<void> {
  await using file = await open(name, { beneath: folder });
  const { sizeBytes } = await file.stat();
  const before = headOf('200 OK', sizeBytes);
  if (isHead) await connection.write(before);
  else await sendFile(connection, file, { length: sizeBytes, before });
}

/** @returns whether there may be another request. */
async function answer(connection: Connection, unread: BufferList, head: string): Promise<boolean> {
  const request = parse(head);
  if (request === undefined || request.length > MAX_FILE_BYTES) {
    await connection.write(headOf('400 Bad Request'));
    return false;
  }
  const { method, name, length, keepAlive } = request;
  try {
    if (request.expects) await connection.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (method === 'PUT') await put(connection, unread, name, length);
    else if (method !== 'DELETE') await get(connection, name, method === 'HEAD');
    else await unlink(join(folder, name)).then(() => connection.write(headOf('204 No Content')));
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    await connection.write(headOf('404 Not Found'));
  }
  return keepAlive;
}

async function serve(connection: Connection, received: Uint8Array): Promise<void> {
  using unread = BufferList.from(received);
  connection.setTimeouts({ idleMs: 30_000 });
  try {
    for (let end = unread.indexOf(END_OF_HEAD); end >= 0; end = unread.indexOf(END_OF_HEAD)) {
      using head = unread.split(end + END_OF_HEAD.length);
      if (!(await answer(connection, unread, head.toString('latin1')))) return await connection.close();
    }
    if (unread.length > MAX_HEAD_BYTES) throw new Error('a head too long');
    await connection.moveTo(owner, unread.toBytes());
  } catch (failure) {
    connection.destroy(failure as Error);
  } finally {
    await done.send(index);
  }
}

receiveConnections<Uint8Array>(endpoint, (connection, received) => void serve(connection, received));
