/** Which descriptors this process has open, found by asking of each number: where the system lists them nowhere. */
import { isOpen } from './io.js';

/** So many numbers in a row that are free are taken for the end: a kernel gives out the lowest free one. */
const LONGEST_GAP = 1024;

/** The numbers of open descriptors, ascending. One beyond a long gap is missed, as dup2(2) can make them. */
export function scanDescriptors(): number[] {
  const found: number[] = [];
  for (let fd = 0, gap = 0; gap < LONGEST_GAP; fd++) {
    if (isOpen(fd)) {
      found.push(fd);
      gap = 0;
    } else {
      gap++;
    }
  }
  return found;
}
