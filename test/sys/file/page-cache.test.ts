import { expect } from 'chai';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pread } from '../../../src/sys/file/file-io.js';
import { declare } from '../../../src/sys/ffi/libc.js';
import { NativeBlock } from '../../../src/sys/ffi/memory.js';
import { isResident } from '../../../src/sys/file/page-cache.js';
import { platform } from '../../../src/sys/ffi/platform.js';

const POSIX_FADV_DONTNEED = 4;
const FILE_BYTES = 1 << 20;

type Advise = (fd: number, offset: number, lengthBytes: number, advice: number) => number;
const fadvise = declare<Advise>('posix_fadvise', 'int', ['int', 'int64_t', 'int64_t', 'int']);

function read(fd: number, block: NativeBlock, lengthBytes: number): Promise<number> {
  return new Promise(resolve => pread(fd, block.address, lengthBytes, 0, resolve));
}

describe('the page cache', () => {
  let folder: string;
  let fd: number;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'pollux-cache-'));
    const name = path.join(folder, 'file');
    writeFileSync(name, Buffer.alloc(FILE_BYTES, 'x'));
    fd = openSync(name, 'r+');
  });
  after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  it('knows what is in memory, and what was dropped from it', async function () {
    const known = isResident(fd, 0, FILE_BYTES);
    // A system without cachestat(2), or a file system that does not count.
    if (platform !== 'linux' || known !== true) this.skip();
    fsyncSync(fd);
    fadvise(fd, 0, FILE_BYTES, POSIX_FADV_DONTNEED);
    // tmpfs has nowhere else to keep it.
    if (isResident(fd, 0, FILE_BYTES) === true) this.skip();
    const block = new NativeBlock(FILE_BYTES);
    expect(await read(fd, block, FILE_BYTES)).to.equal(FILE_BYTES);
    expect(block.bytes[FILE_BYTES - 1]).to.equal('x'.charCodeAt(0));
    expect(isResident(fd, 0, FILE_BYTES)).to.equal(true);
    expect(isResident(fd, 5000, 1)).to.equal(true);
    expect(isResident(fd, 0, FILE_BYTES + 1), 'behind the end').to.equal(false);
  });

  it('says nothing of what is no file', () => {
    expect(isResident(99_999, 0, 1)).to.equal(undefined);
  });
});
