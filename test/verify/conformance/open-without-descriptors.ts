/** Run with a low `ulimit -n`: opens a backend when no descriptor is left, and again when there are some. */
import { closeSync, openSync } from 'node:fs';
import { backendFactory } from 'pollux/backends';
import { scanDescriptors } from '../../../src/sys/file/descriptor-scan.js';
import '../../../examples/backend/select-backend.js';

const factory = backendFactory(process.argv[2]);
const countOpen = () => scanDescriptors().length;

const hoard: number[] = [];
function hoardAll(): void {
  try {
    for (;;) hoard.push(openSync('/dev/null', 'r'));
  } catch {
    // None left, as wanted.
  }
}

/** What opening says with `free` descriptors left. */
function openWith(free: number): string {
  hoardAll();
  for (let count = 0; count < free; count++) closeSync(hoard.pop()!);
  try {
    factory.open().close();
    return 'opened';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

factory.open().close();
const before = countOpen();
const codes = new Set<string>();
// A backend takes up to three: each of them may be the one that is missing.
for (let free = 0; free < 3; free++) {
  const code = openWith(free);
  if (code !== 'opened') codes.add(code);
}
for (const fd of hoard.splice(0)) closeSync(fd);
const leaked = countOpen() - before;
factory.open().close();
process.stdout.write(JSON.stringify({ code: [...codes].join(), leaked, afterwards: 'works' }));
