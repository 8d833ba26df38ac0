/** The descriptors of the model's process. */
import { Refusal } from './refusal.js';
import type { OpenFile } from './things/open-file.js';

/** 0, 1 and 2 belong to somebody else. */
const FIRST = 3;

export class DescriptorTable {
  private readonly files: (OpenFile | undefined)[] = [];

  /** @param onClose is told before a descriptor goes, when it still stands for its file. */
  constructor(
    private readonly onClose: (fd: number) => void,
    private readonly onLastClose: (file: OpenFile) => void,
    private readonly limit: number,
  ) {}

  /** How many are open. */
  get count(): number {
    return this.files.filter(file => file !== undefined).length;
  }

  /** Gives the file the lowest number that is free. @throws Refusal EMFILE */
  add(file: OpenFile): number {
    let fd = FIRST;
    while (this.files[fd] !== undefined) fd++;
    if (fd >= this.limit) throw new Refusal('EMFILE');
    this.files[fd] = file;
    file.references++;
    return fd;
  }

  has(fd: number): boolean {
    return this.files[fd] !== undefined;
  }

  /** @throws Refusal EBADF */
  at(fd: number): OpenFile {
    const file = this.files[fd];
    if (file === undefined) throw new Refusal('EBADF');
    return file;
  }

  dup(fd: number): number {
    return this.add(this.at(fd));
  }

  dup2(fd: number, onto: number): void {
    const file = this.at(fd);
    if (fd === onto) return;
    if (this.files[onto] !== undefined) this.close(onto);
    this.files[onto] = file;
    file.references++;
  }

  close(fd: number): void {
    const file = this.at(fd);
    this.onClose(fd);
    this.files[fd] = undefined;
    if (--file.references > 0) return;
    this.onLastClose(file);
    file.closed();
  }
}
