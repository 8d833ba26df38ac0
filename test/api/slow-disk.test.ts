import { expect } from 'chai';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, openDirectory, type File } from '../../src/index.js';
import { longestGapMs, slowFileSystems } from '../support/slow-fs.js';

/** What a file system takes here for what it is slow at, and less than half of it: no call of that kind was waited for. */
const SLOW_MS = 1_000;
const SHORT_MS = 450;

describe('files of a file system that hangs', () => {
  const opened: File[] = [];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    writeFileSync(join(folder, 'here'), 'here');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(file => file.close()));
    rmSync(folder, { recursive: true });
  });
  const mountSlow = slowFileSystems();

  async function openHere(path: string, options = {}): Promise<File> {
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

  it('is not waited for, whatever is known of its names', async function () {
    const slow = await mountSlow(this);
    await slow.set('ttl', 60);
    const first = await open(slow.path('f1'));
    await first.close();
    await slow.delay('open', SLOW_MS);
    const there = await openDirectory(slow.folder);
    const gapMs = await longestGapMs(async () => {
      await openHere(slow.path('f1'));
      await openHere('f1', { beneath: there });
    });
    await there.close();
    expect(gapMs).to.be.below(SHORT_MS);
  });

  it('is not waited for to say what a file is', async function () {
    const slow = await mountSlow(this);
    const file = await openHere(slow.path('f1'));
    await slow.delay('getattr', SLOW_MS);
    const gapMs = await longestGapMs(() => file.stat());
    expect(gapMs).to.be.below(SHORT_MS);
  });

  it('has inode numbers of 64 bits', async function () {
    const slow = await mountSlow(this);
    await slow.set('inode', 2n ** 60n);
    const [first, second] = [await openHere(slow.path('f1')), await openHere(slow.path('f2'))];
    expect((await first.stat()).inode).to.equal(2n ** 60n + 2n);
    expect((await second.stat()).inode).to.equal(2n ** 60n + 3n);
  });
});
