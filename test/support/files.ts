/** Files for tests: a folder that goes when the tests of the suite are over, and bytes that tell where they belong. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** So long that no two windows of a file look alike, and odd to every power of two. */
const PERIOD = 65_521;
const pattern = Buffer.from(Array.from({ length: PERIOD }, (_, index) => (index * 31 + (index >> 8) * 7 + 3) & 255));

/** Byte `index` is the same in every file of this kind. */
export function patternBytes(offset: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let filled = 0; filled < lengthBytes;) {
    filled += pattern.copy(bytes, filled, (offset + filled) % PERIOD);
  }
  return bytes;
}

export interface TestFile {
  readonly fd: number;
  readonly path: string;
}

/** To be made within `describe`: its folder lives as long as the suite, its files as long as the test. */
export class TestFiles {
  private folder = '';
  private readonly open: number[] = [];
  private made = 0;

  constructor() {
    before(() => {
      this.folder = mkdtempSync(path.join(os.tmpdir(), 'pollux-files-'));
    });
    afterEach(() => this.closeAll());
    after(() => rmSync(this.folder, { recursive: true }));
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** A file of the pattern, open for reading and writing. */
  pattern(lengthBytes: number): TestFile {
    const name = this.path(`pattern-${this.made++}`);
    writeFileSync(name, patternBytes(0, lengthBytes));
    return { fd: this.fd(name, 'r+'), path: name };
  }

  /** A file of which only the size is there. */
  sparse(lengthBytes: number): TestFile {
    const name = this.path(`sparse-${this.made++}`);
    const fd = this.fd(name, 'w+');
    ftruncateSync(fd, lengthBytes);
    return { fd, path: name };
  }

  fd(name: string, flags: string | number = 'r'): number {
    const fd = openSync(name, flags);
    this.open.push(fd);
    return fd;
  }

  closeAll(): void {
    for (const fd of this.open.splice(0)) closeSync(fd);
  }
}
