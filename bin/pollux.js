#!/usr/bin/env node
import { existsSync } from 'node:fs';
import process from 'node:process';

const main = new URL('../dist/lib/command.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('pollux: not built yet: run `npm start` or `npm run build` first\n');
  process.exitCode = 1;
}
