/**
 * How bytes join a queue that has to wait: so that a queue of many small pieces takes little more memory than its
 * bytes.
 */
import { BufferList } from './buffer-list.js';
import { COPY_BYTES } from '../limits.js';

/**
 * Puts `part` at the end of `queue`. Small pieces are copied together, and large ones of a list move; a list is empty
 * after.
 *
 * @param isOwn whether an array is the queue's for good; another is copied, since it is its owner's again.
 */
export function enqueue(queue: BufferList, part: Uint8Array | BufferList, isOwn: boolean): void {
  if (!(part instanceof BufferList)) {
    if (isOwn && part.length >= COPY_BYTES) queue.append(part);
    else queue.appendCopy(part);
    return;
  }
  while (part.length > 0) {
    const { firstLength } = part;
    if (firstLength >= COPY_BYTES) {
      queue.append(part.segmentCount === 1 ? part : part.split(firstLength));
    } else {
      for (const range of part) {
        queue.appendCopy(range);
        break;
      }
      part.consume(firstLength);
    }
  }
}
