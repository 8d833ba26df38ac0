/** Smoke programs of files. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IoError, open } from '../../../index.js';
import { Inapplicable, type Check } from '../check.js';
import { expectBytes, expectEqual, expectFailure } from './expect.js';
import { smoke, someBytes } from './ground.js';

const LENGTH_BYTES = 300_000;

export const files: readonly Check[] = [
  smoke('what is written at offsets is read back', async directory => {
    await using file = await open(join(directory, 'file'), { flags: 'rw', mode: 0o600 });
    const bytes = someBytes(LENGTH_BYTES);
    const half = LENGTH_BYTES / 2;
    await Promise.all([file.write(bytes.slice(half), half), file.write(bytes.slice(0, half), 0)]);
    await file.sync();
    const list = await file.read(LENGTH_BYTES, 0);
    expectBytes(list.toBytes(), bytes, 'the file');
    list.release();
    const beyond = await file.read(10, LENGTH_BYTES);
    expectEqual(beyond.length, 0, 'bytes beyond the end');
  }),
  smoke('files grow at their ends, are cut, and say their size', async directory => {
    const path = join(directory, 'file');
    await using file = await open(path, { flags: 'a', mode: 0o600 });
    await file.append('one ');
    await file.append('two');
    expectEqual(readFileSync(path, 'utf8'), 'one two', 'the file');
    await file.truncate(3);
    expectEqual((await file.stat()).sizeBytes, 3, 'its size');
  }),
  smoke('room can be reserved', async directory => {
    await using file = await open(join(directory, 'file'), { flags: 'rw', mode: 0o600 });
    try {
      await file.allocate(0, LENGTH_BYTES);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      throw new Inapplicable(`this file system does not reserve room: ${error.code}`);
    }
    expectEqual((await file.stat()).sizeBytes, LENGTH_BYTES, 'its size');
  }),
  smoke('a name leads to nothing outside of the directory that it must lie in', async directory => {
    const inside = join(directory, 'inside');
    mkdirSync(inside);
    writeFileSync(join(directory, 'secret'), 'secret');
    writeFileSync(join(inside, 'open'), 'open');
    symlinkSync('../secret', join(inside, 'link'));
    await expectFailure('EXDEV', 'a name with ..', open('../secret', { beneath: inside }));
    await expectFailure('EXDEV', 'a link to outside', open('link', { beneath: inside }));
    await using file = await open('open', { beneath: inside });
    expectEqual((await file.read(4, 0)).toString(), 'open', 'a file inside');
  }),
  smoke('what is no file is refused', async directory => {
    await expectFailure('EISDIR', 'a directory', open(directory));
    await expectFailure('ENOENT', 'a file that is not there', open(join(directory, 'missing')));
  }),
];
