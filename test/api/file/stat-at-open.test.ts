/** What a file was when it was opened, and that it is closed right whatever became of its name since. */
import { appendFileSync, fstatSync, linkSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { open } from '../../../src/api/file/open.js';

describe('statAtOpen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-stat-'));
  after(() => rmSync(folder, { recursive: true }));

  function fileOf(content: string): string {
    const path = join(folder, `${content.length}`);
    writeFileSync(path, content);
    return path;
  }

  it('is what it was then; stat() is what it is now, in the same turn too', async () => {
    const path = fileOf('ten bytes.');
    await using file = await open(path);
    appendFileSync(path, 'more');
    const now = await file.stat();
    expect([file.statAtOpen.sizeBytes, now.sizeBytes]).to.deep.equal([10, 14]);
    expect(file.statAtOpen.inode).to.equal(now.inode);
  });

  it('does not make the last descriptor of a file without a name give its blocks back here', async () => {
    const path = fileOf('one name');
    const file = await open(path);
    unlinkSync(path);
    await new Promise(resolve => setImmediate(resolve));
    const before = file.counters.poolCalls;
    await file.close();
    expect(file.counters.poolCalls).to.equal(before + 1);
  });

  it('closes what has lost one of two names', async () => {
    const path = fileOf('two names!!');
    linkSync(path, `${path}.again`);
    const file = await open(path);
    unlinkSync(path);
    await new Promise(resolve => setImmediate(resolve));
    const { fd } = file;
    const closed = file.close();
    await closed;
    expect(() => fstatSync(fd)).to.throw('EBADF');
  });
});
