import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { copy, currentReactor, join, open, sendFile, type Connection, type DiskFile } from '../../src/index.js';
import type { SecureConnection } from '../../src/node.js';
import { settling } from '../../src/api/settling.js';
import { checkNoDescriptorIsLeft, securePair } from '../support/secure-pair.js';
import { rejection, tcpPair, turns } from '../support/sockets.js';

const WHY = 'the connection is of TLS';
const content = randomBytes(1_500_000);

async function allOf(connection: Connection | SecureConnection): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of connection) pieces.push(chunk.toBytes());
  return Buffer.concat(pieces);
}

describe('transfers with a secure end', () => {
  after(() => currentReactor().close());
  checkNoDescriptorIsLeft();
  const folder = mkdtempSync(joinPath(tmpdir(), 'pollux-secure-'));
  after(() => rmSync(folder, { recursive: true }));

  async function fileOf(bytes: Uint8Array): Promise<DiskFile> {
    const file = await open(`${folder}/file`, { flags: 'w+' });
    await file.truncate(0);
    await file.write(Buffer.from(bytes), 0);
    return file;
  }

  it('sendFile: a part, with what goes before and behind, in the order of sends', async () => {
    const { serving, asking } = await securePair();
    await using file = await fileOf(content);
    asking.send('first ');
    const transfer = sendFile(asking, file, { offset: 100, length: 1_000_000, before: 'head ', after: [' tail'] });
    asking.end(' last');
    const expected = Buffer.concat([
      Buffer.from('first head '),
      content.subarray(100, 1_000_100),
      Buffer.from(' tail last'),
    ]);
    expect((await allOf(serving)).equals(expected)).to.equal(true);
    const { bytes, path, fallback, residueBytes } = await transfer;
    expect({ bytes, path, fallback, residueBytes }).to.deep.equal({
      bytes: 1_000_010,
      path: 'buffers',
      fallback: WHY,
      residueBytes: 0,
    });
  });

  it('sendFile: what is wrong with the file or the range leaves the connection as it was', async () => {
    const { serving, asking } = await securePair();
    await using file = await fileOf(content.subarray(0, 10));
    expect(await rejection(Promise.resolve(sendFile(asking, file, { offset: 5, length: 6 })))).to.be.instanceOf(
      RangeError,
    );
    const closed = await open(`${folder}/file`);
    await closed.close();
    expect((await rejection(Promise.resolve(sendFile(asking, closed)))).code).to.equal('EBADF');
    expect((await rejection(Promise.resolve(sendFile(asking, { fd: serving.ownFd })))).code).to.equal('EINVAL');
    asking.end('fine');
    expect((await allOf(serving)).toString()).to.equal('fine');
    expect((await rejection(Promise.resolve(sendFile(asking, file)))).code).to.equal('EPIPE');
  });

  it('sendFile: a file that is cut short breaks the connection, since what follows would be taken for it', async () => {
    const { serving, asking } = await securePair();
    await using file = await fileOf(content);
    const transfer = sendFile(asking, file, { bytesPerSecond: 1_000_000 });
    await turns(3);
    await file.truncate(1000);
    const failure = (await rejection(Promise.resolve(transfer))) as Error & {
      code: string;
      transfer: { bytes: number };
    };
    expect(failure.code).to.equal('EIO');
    expect(failure.transfer.bytes).to.be.below(content.length);
    await rejection(asking.closed);
    serving.destroy();
  });

  it('sendFile: cancelled, it says what has gone, and the connection stays', async () => {
    const { serving, asking } = await securePair();
    await using file = await fileOf(content);
    const controller = new AbortController();
    const transfer = sendFile(asking, file, { bytesPerSecond: 2_000_000, signal: controller.signal });
    const first = (await serving.read())!;
    controller.abort(new Error('enough'));
    const failure = (await rejection(Promise.resolve(transfer))) as Error & {
      transfer: { bytesOut: number; bytesIn: number; residueBytes: number };
    };
    expect(failure.message).to.equal('enough');
    asking.end('!');
    const got = Buffer.concat([first.toBytes(), await allOf(serving)]);
    const { bytesIn, bytesOut, residueBytes } = failure.transfer;
    expect(got.length).to.equal(bytesIn + 1);
    expect(residueBytes).to.equal(bytesIn - bytesOut);
    expect(got.subarray(0, -1).equals(content.subarray(0, bytesIn))).to.equal(true);
  });

  it('copy: a secure connection to a file, up to a length; the rest is for the reader', async () => {
    const { serving, asking } = await securePair();
    await using file = await fileOf(Buffer.from('kept'));
    asking.send(Buffer.from(content));
    asking.end('rest');
    const { bytes, path, fallback } = await copy(serving, file, { to: 4, length: content.length });
    expect({ bytes, path, fallback }).to.deep.equal({ bytes: content.length, path: 'buffers', fallback: WHY });
    expect((await allOf(serving)).toString()).to.equal('rest');
    const written = await file.read(content.length + 5, 0);
    expect(Buffer.concat([Buffer.from('kept'), content]).equals(written.toBytes())).to.equal(true);
    written.release();
  });

  for (const [from, to] of [
    ['secure', 'plain'],
    ['plain', 'secure'],
    ['secure', 'secure'],
  ] as const) {
    it(`copy: ${from} to ${to}, to the byte, and nobody else reads or comes between`, async () => {
      const ends = async (kind: 'plain' | 'secure') => {
        if (kind === 'secure') return securePair();
        const { client, server } = await tcpPair();
        return { asking: client, serving: server };
      };
      const [one, other] = [await ends(from), await ends(to)];
      const transfer = copy(one.serving, other.asking);
      expect(() => one.serving.read()).to.throw(Error, 'EBUSY');
      other.asking.send(' behind');
      const reading = allOf(other.serving);
      for (let at = 0; at < content.length; at += 100_000) await one.asking.write(content.subarray(at, at + 100_000));
      one.asking.end();
      const { bytes, path, fallback } = await transfer;
      expect({ bytes, path, fallback }).to.deep.equal({ bytes: content.length, path: 'buffers', fallback: WHY });
      other.asking.end();
      expect((await reading).equals(Buffer.concat([content, Buffer.from(' behind')]))).to.equal(true);
      one.serving.destroy();
    });
  }

  it('paths stand for files', async () => {
    const { serving, asking } = await securePair();
    await (await fileOf(content)).close();
    await sendFile(asking, `${folder}/file`, { length: 1000 });
    await copy(`${folder}/file`, asking, { from: 1000, length: 1000 });
    asking.end();
    const { bytes, path } = await copy(serving, `${folder}/other`);
    expect([bytes, path]).to.deep.equal([2000, 'buffers']);
    await using file = await open(`${folder}/other`);
    const written = await file.read(3000, 0);
    expect(written.equals(content.subarray(0, 2000))).to.equal(true);
    written.release();
    expect((await rejection(Promise.resolve(sendFile(serving, `${folder}/none`)))).code).to.equal('ENOENT');
  });

  it('copy: cancelled, both ends stay, and no byte is lost', async () => {
    const { serving, asking } = await securePair();
    const { client, server } = await tcpPair();
    const transfer = copy(serving, client);
    asking.send('one ');
    const first = (await server.read())!.toString();
    transfer.cancel();
    const failure = await rejection(Promise.resolve(transfer));
    expect(failure.code).to.equal('ECANCELED');
    asking.end('two');
    expect(first).to.equal('one ');
    expect((await allOf(serving)).toString()).to.equal('two');
    client.end('three');
    expect((await allOf(server)).toString()).to.equal('three');
  });

  it('copy: cancelled in the turn in which bytes came, takes none of them', async () => {
    const { serving, asking } = await securePair();
    const { client, server } = await tcpPair();
    const other = await tcpPair();
    const transfer = copy(server, asking);
    const outcome = rejection(Promise.resolve(transfer));
    let arrivedBytes = 0;
    const cancelled = settling<void>();
    other.server.onData = () => {
      arrivedBytes = server.bytesReceived;
      transfer.cancel();
      asking.send('later');
      cancelled.resolve();
    };
    await turns(3);
    client.send('early');
    other.client.send('now');
    await cancelled.promise;
    // Bytes of before the cancel are what this is about.
    expect(arrivedBytes).to.equal(5);
    expect(await outcome).to.include({ code: 'ECANCELED' });
    expect(transfer.account.bytesIn).to.equal(0);
    expect((await server.read())!.toString()).to.equal('early');
    asking.end();
    expect((await allOf(serving)).toString()).to.equal('later');
  });

  it('copy: pauses, goes on, and keeps to its pace', async () => {
    const { serving, asking } = await securePair();
    const { client, server } = await tcpPair();
    const transfer = copy(serving, client, { bytesPerSecond: 10_000_000 });
    transfer.pause();
    asking.end(Buffer.from(content));
    await turns(20);
    expect(transfer.account.bytesIn).to.equal(0);
    transfer.resume();
    const reading = allOf(server);
    expect((await transfer).bytes).to.equal(content.length);
    client.end();
    expect((await reading).equals(content)).to.equal(true);
  });

  for (const far of ['plain', 'secure'] as const) {
    it(`join: a secure connection and a ${far} one, both ways, half-closes passed on`, async () => {
      const near = await securePair();
      const { client, server } = await tcpPair();
      const other = far === 'plain' ? { asking: client, serving: server } : await securePair();
      const seen = { aToB: 0, bToA: 0 };
      const joined = join(near.serving, other.asking, { onBytes: (direction, length) => (seen[direction] += length) });
      near.asking.send(Buffer.from(content));
      near.asking.end();
      expect((await allOf(other.serving)).equals(content)).to.equal(true);
      other.serving.end('answer');
      expect((await allOf(near.asking)).toString()).to.equal('answer');
      const { aToB, bToA, brokenEnd } = await joined;
      expect(seen).to.deep.equal({ aToB: content.length, bToA: 6 });
      expect([aToB.bytes, bToA.bytes, brokenEnd]).to.deep.equal([content.length, 6, undefined]);
      expect([aToB.path, aToB.fallback, bToA.fallback]).to.deep.equal(['buffers', WHY, WHY]);
      await near.serving.closed;
    });
  }

  it('join: an end that breaks resets the other, and silence ends both', async () => {
    const near = await securePair();
    const { client, server } = await tcpPair();
    const joined = rejection(Promise.resolve(join(near.serving, client)));
    near.asking.send('x');
    await server.read();
    server.reset();
    const failure = (await joined) as Error & { code: string; transfer: { brokenEnd: string } };
    expect([failure.code, failure.transfer.brokenEnd]).to.deep.equal(['ECONNRESET', 'b']);
    await rejection(near.serving.closed);

    const silent = await securePair();
    const other = await tcpPair();
    const late = await rejection(Promise.resolve(join(other.client, silent.serving, { idleTimeoutMs: 30 })));
    expect(late.code).to.equal('ETIMEDOUT');
    await rejection(silent.serving.closed);
  });

  it("join: cancelled, both ends are their owner's again", async () => {
    const near = await securePair();
    const { client, server } = await tcpPair();
    const joined = join(near.serving, client);
    const moved = settling<string>();
    server.onData = chunk => moved.resolve(chunk.toString());
    near.asking.send('over');
    expect(await moved.promise).to.equal('over');
    joined.cancel();
    await rejection(Promise.resolve(joined));
    near.asking.send('for the reader');
    expect((await near.serving.read())?.toString()).to.equal('for the reader');
    server.send('and here');
    expect((await client.read())?.toString()).to.equal('and here');
  });

  it('refuses what can be no end, by the promise', async () => {
    const { serving } = await securePair();
    const refused = async (transfer: PromiseLike<unknown>) => (await rejection(Promise.resolve(transfer))).message;
    expect(await refused(join(serving, serving))).to.include('the same connection');
    expect(await refused(join(serving, {} as never))).to.include('b: Object; allowed');
    expect(await refused(copy(serving, 7 as never))).to.include('target: ');
    serving.onData = () => {};
    const { client } = await tcpPair();
    expect(await refused(copy(serving, client))).to.include('EBUSY');
    client.send('still usable');
  });
});
