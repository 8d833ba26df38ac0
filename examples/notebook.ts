/** Lines in a folder of notebooks, one file each: node dist/examples/notebook.js FOLDER NAME [LINE] */
import process from 'node:process';
import { open, openDirectory, type DiskFile } from 'pollux';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/notebook.js FOLDER NAME [LINE]');
  process.exit(2);
}

const [, , folder, name, line] = process.argv;
await using notebooks = await openDirectory(folder);

/** Adds a line at the end, and is sure that it is on the disk. */
async function add(text: string): Promise<void> {
  // The name may come from anywhere: it leads to nothing outside the folder.
  await using file = await open(name, { flags: 'rw', mode: 0o600, beneath: notebooks });
  const { sizeBytes } = await file.stat();
  await file.write(`${text}\n`, sizeBytes);
  await file.datasync();
}

async function print(file: DiskFile): Promise<void> {
  const { sizeBytes } = await file.stat();
  const list = await file.read(sizeBytes, 0);
  for (const range of list) process.stdout.write(Buffer.from(range));
  list.release();
}

try {
  if (line !== undefined) await add(line);
  await using file = await open(name, { beneath: notebooks });
  await print(file);
} catch (failure) {
  console.error((failure as Error).message);
  process.exitCode = 1;
}
