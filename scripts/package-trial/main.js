// Installs the packed package in empty directories and runs it there, as its users do: node scripts/package-trial/main.js [--quick] [NAME…]
//
// A case of cases.js is a directory with files, packages and commands; it has passed when each command ends well and the
// output of the last is what it says. Packages come from the npm registry.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './cases.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const known = cases.map(({ name }) => name);
const unknown = positionals.filter(name => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown case: ${unknown.join(', ')}; allowed: ${known.join(', ')}\n`);
  process.exit(2);
}
const chosen = cases.filter(({ name, quick }) =>
  positionals.length > 0 ? positionals.includes(name) : quick || !values.quick,
);

const npmOptions = ['--no-audit', '--no-fund', '--loglevel', 'error', '--prefer-offline'];
const work = mkdtempSync(join(tmpdir(), 'pollux-package-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const tarball = pack();
// One installation, which the cases of npm have copies of.
const installed = join(work, 'installed');
makeProject(installed, {});
must(run('npm', ['install', tarball, ...npmOptions], installed));

let failed = 0;
for (const trial of chosen) {
  const failure = attempt(trial);
  if (failure !== undefined) failed++;
  process.stdout.write(
    `${failure === undefined ? 'passed' : 'FAILED'}  ${trial.name}\n${failure === undefined ? '' : indent(failure)}`,
  );
}
process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns the tarball's path. */
function pack() {
  const { stdout } = must(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work], root));
  return join(work, JSON.parse(stdout)[0].filename);
}

/** @returns why it failed, if it did. */
function attempt({ name, files, packages = [], commands, output, installer }) {
  const directory = join(work, name.replaceAll(/[^\w.]+/g, '-'));
  if (installer === undefined) cpSync(installed, directory, { recursive: true, verbatimSymlinks: true });
  makeProject(directory, files);
  const steps = [
    ...(installer === undefined ? [] : installer(tarball)),
    ...(packages.length === 0 || installer !== undefined ? [] : [['npm', 'install', ...packages, ...npmOptions]]),
    ...commands,
  ];
  let last = { stdout: '' };
  for (const [command, ...args] of steps) {
    const local = join(directory, 'node_modules', '.bin', command);
    last = run(existsSync(local) ? local : command, args, directory);
    if (last.status !== 0)
      return `${command} ${args.join(' ')}: ended with ${last.status ?? last.error}\n${last.stdout}${last.stderr}`;
  }
  if (output !== undefined && !last.stdout.includes(output))
    return `expected '${output}' in its output:\n${last.stdout}${last.stderr}`;
  return undefined;
}

function makeProject(directory, files) {
  for (const [path, text] of Object.entries({ 'package.json': '{ "private": true, "type": "module" }\n', ...files })) {
    const file = join(directory, path);
    if (path === 'package.json' && existsSync(file) && files[path] === undefined) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function run(command, args, cwd) {
  const env = { ...process.env, NODE_OPTIONS: '', CI: '1', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' };
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000 });
}

function must(result) {
  if (result.status !== 0) throw new Error(`${result.stdout}${result.stderr}${result.error ?? ''}`);
  return result;
}

function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, '        ') + '\n';
}
