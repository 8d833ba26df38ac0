/** Prints what others write into a FIFO, until the last of them closes it: node dist/examples/watch-fifo.js PATH */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import process from 'node:process';
import { watch } from 'pollux';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/watch-fifo.js PATH');
  process.exit(2);
}

const fd = openSync(process.argv[2], constants.O_RDONLY | constants.O_NONBLOCK);
const bytes = Buffer.alloc(4096);

/** @returns how many bytes came; 0 at the end, -1 if there is nothing for now. */
function read(): number {
  try {
    return readSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
    throw error;
  }
}

const watching = watch(fd, { readable: true }, ready => {
  if (ready.failure !== undefined) throw ready.failure;
  const received = read();
  if (received > 0) process.stdout.write(bytes.subarray(0, received));
  if (received !== 0) return;
  // The watch first, then what it watches.
  watching.close();
  closeSync(fd);
});
console.log(`watching ${process.argv[2]}`);
