/** Copies a file, goes on where an earlier copy stopped, and can be interrupted: node dist/examples/copy-file.js FROM TO */
import process from 'node:process';
import { copy, open } from 'pollux';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/copy-file.js FROM TO');
  process.exit(2);
}

await using source = await open(process.argv[2]);
await using target = await open(process.argv[3], { flags: 'rw' });
const done = (await target.stat()).sizeBytes;

const transfer = copy(source, target, { from: done, to: done });
process.once('SIGINT', () => transfer.cancel());
try {
  const { bytes, path, calls, fallback } = await transfer;
  await target.sync();
  console.log(`${bytes} bytes by ${path} in ${calls} calls${fallback === undefined ? '' : ` (${fallback})`}`);
} catch (failure) {
  console.error(`${(failure as Error).message}; ${done + transfer.account.bytes} bytes are there`);
  process.exitCode = 1;
}
