/** What this process has open, for finding leaks. */
import { readdirSync, readlinkSync } from 'node:fs';
import { scanDescriptors } from '../../src/sys/file/descriptor-scan.js';
import { fstatNow } from '../../src/sys/file/file-stat.js';

/** What Pollux does not open for long, and runtimes may. */
const OTHERS = new Set(['file', 'directory', 'character device', 'block device']);

/** The kernel objects that Pollux could leak, by number. */
export function openDescriptors(): string[] {
  let numbers: string[];
  try {
    numbers = readdirSync('/proc/self/fd');
  } catch {
    return listDescriptors();
  }
  const found: string[] = [];
  for (const number of numbers) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      continue; // The one that listed the directory.
    }
    if (/^(socket|pipe|anon_inode):/.test(target)) found.push(`${number} ${target}`);
  }
  return found.sort();
}

/** The same where the system lists no descriptors, as FreeBSD. */
export function listDescriptors(): string[] {
  const found: string[] = [];
  for (const fd of scanDescriptors()) {
    const stat = fstatNow(fd);
    // A kqueue is of no kind that fstat(2) knows.
    const kind = typeof stat === 'number' ? 'unknown' : stat.kind;
    if (!OTHERS.has(kind)) found.push(`${fd} ${kind}`);
  }
  return found.sort();
}
