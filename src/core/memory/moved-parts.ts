/** What was moved out of a caller's lists for a call that may be refused yet: then the lists get their bytes back. */
import { BufferList, type Part } from './buffer-list.js';

interface Moved {
  readonly lengthBytes: number;
  readonly owner: BufferList | undefined;
  /** `owner.epoch` once its bytes had left it. */
  readonly epoch: number;
}

export class MovedParts {
  /** All of them, in order. */
  readonly list = new BufferList();
  private readonly moved: Moved[] = [];

  /**
   * @param parts lists are moved; arrays are held by reference.
   * @throws TypeError a list that has expired: all are as they were then.
   */
  constructor(parts: readonly Part[]) {
    for (const part of parts) if (part instanceof BufferList) part.checkValid();
    for (const part of parts) {
      const before = this.list.length;
      this.list.append(part);
      const owner = part instanceof BufferList ? part : undefined;
      this.moved.push({ lengthBytes: this.list.length - before, owner, epoch: owner?.epoch ?? 0 });
    }
  }

  /**
   * Puts the bytes of each list back in front of what it has now. One that was lent to a callback, or was used for
   * other bytes, is not touched. Only while `list` still has all of them.
   */
  giveBack(): void {
    for (const { lengthBytes, owner, epoch } of this.moved.splice(0)) {
      const bytes = this.list.split(lengthBytes);
      if (owner?.epoch === epoch) owner.prepend(bytes);
      else bytes.release();
    }
  }
}
