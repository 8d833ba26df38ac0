import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { copy, currentReactor, open, type DiskFile } from '../../src/index.js';
import { FreezingFileSystem, LONGEST_SECONDS } from '../support/frozen-fs.js';

/** Times that the thread comes round before the file system is thawed. */
const ROUNDS = 50;

describe('files of a file system that is frozen', () => {
  let frozen: FreezingFileSystem | undefined;
  let elsewhere: string;
  const opened: DiskFile[] = [];

  before(async function () {
    elsewhere = mkdtempSync(join(tmpdir(), 'pollux-'));
    const mounted = await FreezingFileSystem.mount();
    if (typeof mounted === 'string') {
      console.log(`    skipped: ${mounted}`);
      this.skip();
    }
    frozen = mounted;
    writeFileSync(frozen.path('read'), 'what is read');
    writeFileSync(join(elsewhere, 'source'), 'what is copied');
  });
  afterEach(async () => {
    await frozen?.thaw();
    await Promise.all(opened.splice(0).map(file => file.close()));
  });
  after(async () => {
    await frozen?.unmount();
    rmSync(elsewhere, { recursive: true });
    currentReactor().close();
  });

  async function openHere(path: string, options = {}): Promise<DiskFile> {
    const file = await open(path, options);
    opened.push(file);
    return file;
  }

  type Work = (written: DiskFile) => Promise<unknown>;
  const WORKS: Record<string, Work> = {
    write: written => written.write('what is written', 0),
    sync: async written => {
      await written.write('what is synced', 0);
      await written.sync();
    },
    truncate: written => written.truncate(5),
    'open a new file': () => openHere(frozen!.path('new'), { flags: 'w' }),
    copy: async written => copy(await openHere(join(elsewhere, 'source')), written),
  };

  for (const [name, work] of Object.entries(WORKS)) {
    it(`are not waited for: ${name}`, async () => {
      const written = await openHere(frozen!.path('written'), { flags: 'w' });
      const read = await openHere(frozen!.path('read'));
      await frozen!.freeze();
      const begun = performance.now();
      let isOver = false;
      const over = work(written).then(() => (isOver = true));
      // Nor does what waits hold up those that read.
      expect((await read.read(12, 0)).toString()).to.equal('what is read');
      for (let round = 0; round < ROUNDS; round++) await setTimeout(2);
      // A thread that waited came round only once another process had thawed it.
      expect(performance.now() - begun).to.be.below((LONGEST_SECONDS * 1000) / 2);
      expect(isOver).to.equal(false);
      await frozen!.thaw();
      await over;
    });
  }

  it('keep what was written meanwhile', async () => {
    const file = await openHere(frozen!.path('kept'), { flags: 'w' });
    await frozen!.freeze();
    const over = file.write('kept', 0);
    await frozen!.thaw();
    await over;
    expect(readFileSync(frozen!.path('kept'), 'latin1')).to.equal('kept');
  });
});
