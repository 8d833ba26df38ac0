// Makes a checkout ready to run: installs what is missing, then builds what has changed. Says what it does, and how long it took.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = path => new URL(path, new URL('..', import.meta.url));
const isTerminal = process.stderr.isTTY;

const secondsSince = start => ((Date.now() - start) / 1000).toFixed(0);

/** Runs one step, with a clock that goes on beside its name. Its output follows where it says something. */
async function step(name, command, args) {
  const start = Date.now();
  process.stderr.write(`${name} …${isTerminal ? '' : '\n'}`);
  const clock = isTerminal
    ? setInterval(() => process.stderr.write(`\r${name} … ${secondsSince(start)} s`), 1000)
    : undefined;
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearInterval(clock);
  process.stderr.write(
    `${isTerminal ? '\r' : ''}${name}: ${status === 0 ? 'done' : 'failed'} in ${secondsSince(start)} s\n`,
  );
  if (status === 0) return;
  process.stderr.write(said);
  process.exit(status ?? 1);
}

/** Whether a compiled module, or what tells how to join them, is newer than the bundle. */
function isBundleStale() {
  const bundle = at('dist/lib/index.js');
  if (!existsSync(bundle)) return true;
  const modules = readdirSync(at('dist/src'), { recursive: true }).filter(name => name.endsWith('.js'));
  const sources = [...modules.map(name => at(`dist/src/${name}`)), at('rollup.config.js')];
  return sources.some(path => statSync(path).mtimeMs > statSync(bundle).mtimeMs);
}

const installed = at('node_modules/.package-lock.json');
const wanted = at('package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  await step('1/3 installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
}
await step('2/3 compiling', 'node_modules/.bin/tsc', ['-b']);
if (isBundleStale()) await step('3/3 bundling', 'node_modules/.bin/rollup', ['-c', '--silent']);
