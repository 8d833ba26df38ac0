// Writes docs/kernels.md from the recordings in test/fixtures/kqueue. Build first: the page is made by what the compiler left.
// `node scripts/kernels.js --check` only says whether the page is up to date, and exits with 1 where it is not.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { kernelsDocument } from '../dist/src/verify/conformance/kernels.js';
import { shippedRecordings } from '../dist/test/support/recordings.js';

const page = new URL('../docs/kernels.md', import.meta.url);
const text = kernelsDocument(shippedRecordings());
if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/kernels.md is out of date: node scripts/kernels.js');
  process.exitCode = 1;
}
