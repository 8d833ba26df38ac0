/** Appending: each call lands at the end, whole and in order, whoever else writes. */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { BufferList, open } from '../../../src/index.js';
import { failureOf } from '../../support/failures.js';
import { TestFiles } from '../../support/files.js';

describe('append', () => {
  const folder = new TestFiles();

  it('writes at the end, in the order of the calls, and leaves what there was', async () => {
    const path = folder.path('log');
    writeFileSync(path, 'before\n');
    await using file = await open(path, { flags: 'a' });
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}\n`);
    const written = await Promise.all(lines.map(line => file.append(line)));
    expect(written).to.deep.equal(lines.map(line => line.length));
    expect(readFileSync(path, 'utf8')).to.equal(`before\n${lines.join('')}`);
  });

  it('mixes whole pieces of several files that append', async () => {
    const path = folder.path('shared');
    await using first = await open(path, { flags: 'a' });
    await using second = await open(path, { flags: 'a+' });
    const pieces = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(5_000, '.') + '\n');
    await Promise.all(pieces.map((piece, index) => (index % 2 === 0 ? first : second).append(BufferList.from(piece))));
    const found = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    expect(found.map(piece => Number.parseInt(piece, 10)).sort((a, b) => a - b)).to.deep.equal(
      pieces.map((_, index) => index),
    );
    expect((await second.read(4, 0)).toString()).to.have.length(4);
  });

  it('is refused where the file was not opened for it, and so is an offset where it was', async () => {
    const path = folder.path('refused');
    await using plain = await open(path, { flags: 'w' });
    await using appending = await open(path, { flags: 'a' });
    expect(await failureOf(plain.append('x'))).to.include({ code: 'EBADF' });
    const list = BufferList.from('kept');
    expect(await failureOf(appending.write(list, 0))).to.include({ code: 'EBADF' });
    expect(list.toString()).to.equal('kept');
    expect(readFileSync(path, 'utf8')).to.equal('');
  });

  it('gives a list back that was aborted while another call had its turn, and goes on in order', async () => {
    const path = folder.path('aborted');
    await using file = await open(path, { flags: 'a' });
    const list = BufferList.from('never');
    const controller = new AbortController();
    const first = file.append('first ');
    const aborted = failureOf(file.append(list, { signal: controller.signal }));
    const last = file.append('last');
    controller.abort(new Error('enough'));
    expect((await aborted).message).to.equal('enough');
    expect(list.toString()).to.equal('never');
    await Promise.all([first, last]);
    expect(readFileSync(path, 'utf8')).to.equal('first last');
  });

  it('is waited for by close', async () => {
    const path = folder.path('closed');
    const file = await open(path, { flags: 'a' });
    const calls = [file.append('one '), file.append('two')];
    await file.close();
    expect(readFileSync(path, 'utf8')).to.equal('one two');
    await Promise.all(calls);
    expect(await failureOf(file.append('x'))).to.include({ code: 'EBADF' });
  });
});
