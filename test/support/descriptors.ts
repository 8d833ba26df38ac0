/** What this process has open, for finding leaks. */
import { readdirSync, readlinkSync } from 'node:fs';

/** The kernel objects that Pollux could leak, by number; empty on a system that does not list them. */
export function openDescriptors(): string[] {
  let numbers: string[];
  try {
    numbers = readdirSync('/proc/self/fd');
  } catch {
    return [];
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
