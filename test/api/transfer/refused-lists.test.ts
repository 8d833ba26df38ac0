/** A list that is given to a call which is refused stays what it was, however late the refusal comes. */
import { expect } from 'chai';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { BufferList, currentReactor, open, sendFile } from '../../../src/index.js';
import { DiskFile } from '../../../src/api/file/disk-file.js';
import { OpenDescriptor } from '../../../src/core/disk/open-descriptor.js';
import { DiskPool } from '../../../src/core/disk/pool.js';
import { MovedParts } from '../../../src/core/memory/moved-parts.js';
import { fstatNow, type FileStat } from '../../../src/sys/file/file-stat.js';
import { TestFiles } from '../../support/files.js';
import { destroyTracked, rejection, tcpPair, turns } from '../../support/sockets.js';

describe('lists that are given to what is refused', () => {
  const files = new TestFiles();

  afterEach(destroyTracked);
  after(() => currentReactor().close());

  it('sendFile, of what a file system must be asked about first', async function () {
    if (process.platform !== 'linux') this.skip();
    const { client } = await tcpPair();
    const fd = openSync('/proc/self', 'r');
    const [head, second, tail] = ['head', 'second', 'tail'].map(text => BufferList.from(text));
    const sending = sendFile(client, { fd }, { before: ['some', head, Buffer.from('more'), second], after: [tail] });
    expect(head.length).to.equal(0);
    tail.append(', and more');
    expect(await rejection(sending.finally(() => {}))).to.include({ code: 'EISDIR' });
    expect([head, second, tail].map(String)).to.deep.equal(['head', 'second', 'tail, and more']);
    closeSync(fd);
  });

  it('file.write, where too many wait for the disk', async () => {
    const { fd, path } = files.pattern(10);
    const pool = new DiskPool({ calls: 1, callsPerDevice: 1, callsWaiting: 0, callsWaitingPerDevice: 0 });
    const file = new DiskFile(new OpenDescriptor(fd, 0, path, { pool }), fstatNow(fd) as FileStat);
    const list = BufferList.from('one', Buffer.from('two'));
    const writing = file.write(list, 0);
    expect(list.length).to.equal(0);
    expect(await rejection(writing)).to.include({ code: 'ENOBUFS', movedBytes: 0 });
    expect(String(list)).to.equal('onetwo');
    const reading = file.read(BufferList.from(new Uint8Array(4)), 0);
    await reading.catch((failure: unknown) => expect(failure).to.include({ code: 'ENOBUFS', movedBytes: 0 }));
  });

  it('file.write, of a file that is open for reading', async () => {
    const path = files.path('read only');
    writeFileSync(path, 'abc');
    await using file = await open(path);
    const list = BufferList.from('list');
    expect(await rejection(file.write(list, 0))).to.include({ code: 'EBADF', movedBytes: 0 });
    expect(String(list)).to.equal('list');
  });

  it('but no bytes come into a list that is another callback’s by then', async () => {
    const { client, server } = await tcpPair();
    const seen: string[] = [];
    let moved: MovedParts | undefined;
    client.onData = chunk => {
      seen.push(String(chunk));
      moved ??= new MovedParts([chunk]);
    };
    // More than there are lists, so that the first one has come round.
    for (let count = 0; count < 200; count++) {
      server.send('x');
      while (client.bytesReceived <= count) await turns(1);
      if (count > 0) moved!.giveBack();
    }
    expect(seen.join('')).to.equal('x'.repeat(200));
  });
});
