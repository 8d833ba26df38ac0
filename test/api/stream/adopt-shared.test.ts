/** What is adopted may be shared with others, which must not notice: O_NONBLOCK belongs to all who share a description. */
import { expect } from 'chai';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { adopt, currentReactor, open, sendFile, type Connection } from '../../../src/index.js';
import { F_SETFL, O_NONBLOCK, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { dup, fcntl, pipe, statusFlags } from '../../../src/sys/file/io.js';
import { socketpair } from '../../../src/sys/socket/socket.js';

/** As others have it that read or write and wait. */
function makeBlocking(fd: number): void {
  fcntl(fd, F_SETFL, statusFlags(fd) & ~O_NONBLOCK);
}

const isBlocking = (fd: number) => (statusFlags(fd) & O_NONBLOCK) === 0;

async function readAll(connection: Connection): Promise<number> {
  let length = 0;
  for await (const chunk of connection) length += chunk.length;
  return length;
}

describe('a descriptor that is adopted and shared', () => {
  afterEach(() => currentReactor().close());

  it('stays blocking for the others, at both ends of a pipe', async function () {
    if (process.platform !== 'linux') this.skip();
    const [readEnd, writeEnd] = pipe();
    makeBlocking(readEnd);
    makeBlocking(writeEnd);
    // What another process would have is a duplicate here: it shares the description as well.
    const shared = [dup(readEnd), dup(writeEnd)];
    const reader = adopt(readEnd);
    const writer = adopt(writeEnd);
    expect([reader.fd, writer.fd]).to.deep.equal([readEnd, writeEnd]);
    expect(shared.map(isBlocking)).to.deep.equal([true, true]);
    await writer.write('through the pipe');
    expect((await reader.read())!.toString()).to.equal('through the pipe');
    // And others make theirs what they like, with the loop none the slower for it.
    makeBlocking(shared[0]);
    expect([readEnd, writeEnd].map(isBlocking)).to.deep.equal([false, false]);
    await writer.close();
    closeSync(shared[1]);
    expect(await reader.read()).to.equal(null);
    await reader.close();
    closeSync(shared[0]);
  });

  it('stays blocking where it can have no description of its own, and still nothing waits', async () => {
    const [one, other] = socketpair(SOCK_STREAM);
    makeBlocking(one);
    const shared = dup(one);
    const [connection, peer] = [adopt(one), adopt(other)];
    expect(isBlocking(shared)).to.equal(true);
    // More than the kernel takes at once, either way.
    const bytes = Buffer.alloc(4 << 20, 'x');
    const [back, forth] = [readAll(connection), readAll(peer)];
    connection.end(bytes);
    peer.end(bytes);
    expect(await Promise.all([back, forth])).to.deep.equal([bytes.length, bytes.length]);
    expect(isBlocking(shared)).to.equal(true);
    await Promise.all([connection.close(), peer.close()]);
    closeSync(shared);
  });

  it('says its end to a peer that has ended before, though others have the socket', async () => {
    const [one, other] = socketpair(SOCK_STREAM);
    const shared = dup(one);
    const [connection, peer] = [adopt(one), adopt(other)];
    peer.end();
    expect(await connection.read()).to.equal(null);
    connection.end('bye');
    expect((await peer.read())!.toString()).to.equal('bye');
    expect(await peer.read()).to.equal(null);
    await Promise.all([connection.close(), peer.close()]);
    closeSync(shared);
  });

  it('is sent a file by calls that do not wait', async () => {
    const [one, other] = socketpair(SOCK_STREAM);
    makeBlocking(one);
    const [connection, peer] = [adopt(one), adopt(other)];
    const directory = mkdtempSync(join(tmpdir(), 'pollux-shared-'));
    const path = join(directory, 'file');
    writeFileSync(path, Buffer.alloc(4 << 20, 'x'));
    const file = await open(path);
    const read = readAll(peer);
    const transfer = await sendFile(connection, file);
    expect(transfer.path).to.equal('buffers');
    connection.end();
    expect(await read).to.equal(4 << 20);
    await Promise.all([connection.close(), peer.close(), file.close()]);
    rmSync(directory, { recursive: true });
  });

  it('stays non-blocking where it was before, as a socket of Node is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve));
    const { port } = server.address() as AddressInfo;
    const client = connectSocket(port, '127.0.0.1');
    const connection = adopt(await accepted);
    const shared = dup(connection.fd);
    connection.destroy();
    expect(isBlocking(shared)).to.equal(false);
    closeSync(shared);
    client.destroy();
    server.close();
  });
});
