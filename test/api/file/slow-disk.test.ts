import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  IoError,
  adopt,
  copy,
  currentReactor,
  open,
  openDirectory,
  sendFile,
  watchFile,
  type DiskFile,
  type TransferAccount,
} from '../../../src/index.js';
import { openDescriptors } from '../../support/descriptors.js';
import { patternBytes } from '../../support/files.js';
import { destroyTracked, readAll, tcpPair } from '../../support/sockets.js';
import { slowFileSystems, type Held } from '../../support/slow-fs.js';

/** Calls of a kind were made, and this thread waited for none of them. */
function expectNoWait({ calls, heldUp }: Held): void {
  expect(calls).to.be.above(0);
  expect(heldUp, 'held up').to.equal(false);
}

describe('files of a file system that hangs', () => {
  const opened: DiskFile[] = [];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    writeFileSync(join(folder, 'here'), 'here');
  });
  afterEach(async () => {
    destroyTracked();
    await Promise.all(opened.splice(0).map(file => file.close()));
    rmSync(folder, { recursive: true });
  });
  const mountSlow = slowFileSystems();
  after(() => currentReactor().close());

  async function openHere(path: string, options = {}): Promise<DiskFile> {
    const file = await open(path, options);
    opened.push(file);
    return file;
  }

  for (const operation of ['open', 'lookup'] as const) {
    it(`holds up no other: ${operation}`, async function () {
      const slow = [await mountSlow(this), await mountSlow(this)];
      await Promise.all(slow.map(each => each.delay(operation, -1)));
      const hung = slow.flatMap(each => ['f1', 'f2', 'f3'].map(name => open(each.path(name)).catch(() => undefined)));
      // What the kernel has in its caches, and what a thread of the pool has to do.
      await openHere(join(folder, 'here'));
      await openHere(join(folder, 'new'), { flags: 'w' });
      await openHere('here', { beneath: folder });
      const there = await openDirectory(folder);
      await openHere('newer', { beneath: there, flags: 'w' });
      await there.close();
      await Promise.all(slow.map(each => each.unmount()));
      await Promise.all(hung);
    });
  }

  it('holds up no other where links lead into it', async function () {
    const slow = await mountSlow(this);
    await slow.delay('lookup', -1);
    symlinkSync(slow.path('f1'), join(folder, 'link'));
    symlinkSync('link', join(folder, 'further'));
    const hung = ['link', 'further', 'link', 'further'].map(name => open(join(folder, name)).catch(() => undefined));
    await openHere(join(folder, 'new'), { flags: 'w' });
    await slow.unmount();
    await Promise.all(hung);
  });

  it('is waited for only until the signal is aborted, and what it opens then is closed', async function () {
    const slow = await mountSlow(this);
    await slow.delay('lookup', 50);
    const before = openDescriptors();
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const failures = [open(slow.path('f1'), options), openDirectory(slow.path('.'), options)];
    controller.abort(new Error('enough'));
    for (const outcome of await Promise.allSettled(failures))
      expect(outcome).to.have.nested.property('reason.message', 'enough');
    while (openDescriptors().join() !== before.join()) await new Promise(resolve => setImmediate(resolve));
    await slow.unmount();
  });

  it('is not waited for, whatever is known of its names', async function () {
    const slow = await mountSlow(this);
    await slow.set('ttl', 60);
    const first = await open(slow.path('f1'));
    await first.close();
    const there = await openDirectory(slow.folder);
    const held = await slow.held('open', async () => {
      await openHere(slow.path('f1'));
      await openHere('f1', { beneath: there });
    });
    await there.close();
    expectNoWait(held);
  });

  it('is not waited for to say what a file is', async function () {
    const slow = await mountSlow(this);
    const file = await openHere(slow.path('f1'));
    expectNoWait(await slow.held('getattr', () => file.stat()));
  });

  it('is not waited for to tell that a descriptor is no connection, or to watch a file', async function () {
    const slow = await mountSlow(this);
    const file = await openHere(slow.path('f1'), { flags: 'r+' });
    const { heldUp } = await slow.held('getattr', async () => {
      expect(() => adopt(file.fd)).to.throw(IoError, 'it is a file');
      using watch = watchFile(file.fd, { changes: ['write'] });
      await file.write('x', 0);
      await watch.next();
    });
    expect(heldUp).to.equal(false);
  });

  it('has inode numbers of 64 bits', async function () {
    const slow = await mountSlow(this);
    await slow.set('inode', 2n ** 60n);
    const [first, second] = [await openHere(slow.path('f1')), await openHere(slow.path('f2'))];
    expect((await first.stat()).inode).to.equal(2n ** 60n + 2n);
    expect((await second.stat()).inode).to.equal(2n ** 60n + 3n);
  });

  for (const operation of ['getattr', 'statfs'] as const) {
    it(`is not waited for before it is sent or copied: ${operation}`, async function () {
      const slow = await mountSlow(this);
      const file = await openHere(slow.path('f1'));
      const target = await openHere(join(folder, 'target'), { flags: 'w' });
      const { client, server } = await tcpPair();
      const held = await slow.held(operation, async () => {
        const received = readAll(server);
        await sendFile(client, file, { length: 100_000 });
        await sendFile(client, { fd: file.fd }, { length: 100 });
        client.end('tail');
        const expected = [patternBytes(0, 100_000), patternBytes(0, 100), Buffer.from('tail')];
        expect(Buffer.compare(await received, Buffer.concat(expected))).to.equal(0);
        await copy(file, target, { length: 100_000 });
      });
      // A file system is known by what it was at open.
      if (operation === 'statfs') expect(held).to.deep.equal({ calls: 0, heldUp: false });
      else expectNoWait(held);
      expect(Buffer.compare(readFileSync(join(folder, 'target')), patternBytes(0, 100_000))).to.equal(0);
    });
  }

  it('keeps its place among what is sent while it tells what the file is', async function () {
    const slow = await mountSlow(this);
    const file = await openHere(slow.path('f1'));
    const { client, server } = await tcpPair();
    client.send('1');
    const transfer = sendFile(client, file, { length: 10, before: '2', after: '3' });
    client.send('4');
    const refused = sendFile(client, file, { length: 2 ** 40, before: '5' }).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    client.end('6');
    const expected = Buffer.concat([Buffer.from('12'), patternBytes(0, 10), Buffer.from('346')]);
    expect(Buffer.compare(await readAll(server), expected)).to.equal(0);
    expect((await transfer).bytes).to.equal(12);
    expect(await refused).to.be.instanceOf(RangeError);
  });

  it('is read once where the system keeps nothing of it in memory', async function () {
    const slow = await mountSlow(this);
    await slow.set('direct', 1);
    const file = await openHere(slow.path('f1'));
    const { client, server } = await tcpPair();
    let account: TransferAccount | undefined;
    const held = await slow.held('read', async () => {
      const received = readAll(server);
      account = await sendFile(client, file, { length: 400_000 });
      client.end();
      expect(Buffer.compare(await received, patternBytes(0, 400_000))).to.equal(0);
    });
    expect(account).to.include({ path: 'buffers', bytes: 400_000 });
    expect(await slow.bytesRead()).to.equal(400_000);
    expectNoWait(held);
  });

  for (const [says, has] of [
    [0, 5_000],
    [80, 60],
    [0, 0],
    [300_000, 300_000],
  ] as const) {
    it(`is read to its end where its size says nothing: ${says} said, ${has} there`, async function () {
      const slow = await mountSlow(this);
      await slow.set('direct', 1);
      await slow.set('blocks', says > 4096 ? says : 0);
      await slow.set('size', says);
      await slow.set('content', has);
      const file = await openHere(slow.path('f1'));
      const target = await openHere(join(folder, 'target'), { flags: 'w+' });
      const { client, server } = await tcpPair();
      const received = readAll(server);
      await sendFile(client, file);
      client.end();
      expect(Buffer.compare(await received, patternBytes(0, has))).to.equal(0);
      expect((await copy(file, target)).bytes).to.equal(has);
      expect(Buffer.compare(readFileSync(join(folder, 'target')), patternBytes(0, has))).to.equal(0);
    });
  }
});
