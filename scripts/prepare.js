// Makes a checkout ready to run: installs what is missing, then builds. Does nothing twice.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = path => new URL(path, new URL('..', import.meta.url));

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const installed = at('node_modules/.package-lock.json');
const wanted = at('package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
}
run('npm', ['run', '--silent', 'build']);
