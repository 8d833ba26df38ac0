// Joins the modules that tsc made into few files, which are what programs load: a thread starts in a third of the time, and
// V8 treats the constants of a module as constants only where they are not imported. Types stay those of dist/src.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parse } from 'acorn';
import MagicString from 'magic-string';
import { closeConstructors } from './scripts/closed-constructors.js';
import { statusPage } from './scripts/status-page.js';
import { ignoreNeedlessTypes } from './scripts/needed-types.js';

/** Chains tsc's source maps, so that stacks and debuggers show TypeScript. */
const typescriptMaps = {
  name: 'typescript-maps',
  load(id) {
    const map = `${id}.map`;
    if (!existsSync(map)) return null;
    return { code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(map, 'utf8')) };
  },
};

/**
 * Comments and indentation are almost half of the text that a program loads and a user installs. Comments stay in src/ and in the
 * types; a level of indentation is one space here, except in templates, where it is text.
 */
const withoutComments = {
  name: 'without-comments',
  renderChunk(code) {
    const text = new MagicString(code);
    const templates = [];
    const onToken = ({ type, start, end }) => type.label === 'template' && templates.push({ start, end });
    const onComment = (_isBlock, _comment, start, end) => {
      let from = start;
      while (code[from - 1] === ' ') from--;
      // A comment that has its lines to itself takes them along.
      const hasLines = code[from - 1] === '\n' && code[end] === '\n';
      text.remove(from, hasLines ? end + 1 : end);
    };
    parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true, onComment, onToken });
    for (const { index, 1: spaces } of code.matchAll(/\n( {4,})/g)) {
      while (templates.length > 0 && templates[0].end <= index) templates.shift();
      if (templates.length > 0 && templates[0].start <= index) continue;
      text.remove(index + 1, index + 1 + 3 * Math.floor(spaces.length / 4));
    }
    return { code: text.toString(), map: text.generateMap({ hires: 'boundary' }) };
  },
};

/** The recordings of FreeBSD, in a twentieth of their size: `self-test` and the models replay them wherever Pollux is installed. */
const recordings = {
  name: 'recordings',
  generateBundle() {
    for (const name of ['freebsd-14', 'freebsd-15']) {
      const source = gzipSync(readFileSync(`test/fixtures/kqueue/${name}.jsonl`), { level: 9 });
      this.emitFile({ type: 'asset', fileName: `${name}.jsonl.gz`, source });
    }
  },
};

/** llhttp, which undici publishes as a module of CommonJS that exports its bytes. Pollux carries the bytes alone. */
const parser = {
  name: 'parser',
  generateBundle() {
    const source = createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js');
    this.emitFile({ type: 'asset', fileName: 'llhttp.wasm', source });
  },
};

/** The page that servers show, of its parts. */
const page = {
  name: 'page',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'status-page.html', source: statusPage() });
  },
};

/** The types that are shipped say which classes can't be constructed, and are those that a program can reach. */
const types = {
  name: 'types',
  buildStart() {
    closeConstructors('src', 'dist/src');
    ignoreNeedlessTypes('dist/src');
  },
};

/** What package.json exports, the command, and the first modules of threads and processes, which are found by their URLs. */
const input = {
  index: 'dist/src/index.js',
  threads: 'dist/src/threads.js',
  node: 'dist/src/node.js',
  observe: 'dist/src/observe.js',
  servers: 'dist/src/servers.js',
  backends: 'dist/src/backends/index.js',
  testing: 'dist/src/testing.js',
  command: 'dist/src/cli/main.js',
  worker: 'dist/src/threads/runtime/worker.js',
  'waking-thread': 'dist/src/verify/lab/threads/waking-thread.js',
  'campaign-thread': 'dist/src/verify/lab/threads/campaign-thread.js',
  'loading-thread': 'dist/src/verify/conformance/loads/loading-thread.js',
  'serve-thread': 'dist/src/cli/serve/serve-thread.js',
  thread: 'dist/src/cli/stress/sides/thread.js',
  child: 'dist/src/cli/stress/sides/child.js',
  'queue-thread': 'dist/src/cli/stress/sweep/queue-thread.js',
  'proxy-worker': 'dist/src/cli/proxy/proxy-worker.js',
  'self-test-part': 'dist/src/cli/self-test/self-test-part.js',
  'smoke-worker': 'dist/src/cli/self-test/smoke/smoke-worker.js',
  'smoke-thread': 'dist/src/cli/self-test/smoke/smoke-thread.js',
};

/** The folders of src/ by the file that they go to; src/cli goes to the command. */
const files = { pollux: ['base', 'sys', 'backends', 'core', 'api', 'observe', 'threads'], 'test-bench': ['verify'] };
const entries = Object.values(input).map(path => fileURLToPath(new URL(path, import.meta.url)));

function fileOf(id) {
  const folder = id.match(/dist\/src\/(\w+)\//)?.[1];
  // Each is loaded by itself: a door that does not load must not take the others along.
  const smoke = id.match(/self-test\/smoke\/([\w-]+)\.js$/)?.[1];
  if (smoke !== undefined && !entries.includes(id)) return `smoke-${smoke}`;
  // The first module of a thread must run in that thread alone.
  return entries.includes(id) ? undefined : Object.keys(files).find(file => files[file].includes(folder));
}

export default {
  input,
  external: [/^node:/, 'koffi', 'commander', 'log-update', 'mrmime', 'picomatch', 'prom-client', 'sonic-boom'],
  plugins: [types, typescriptMaps, withoutComments, recordings, parser, page],
  // Side by side, since a module finds the threads that it starts by their names.
  output: { dir: 'dist/lib', format: 'es', sourcemap: true, manualChunks: fileOf, chunkFileNames: '[name].js' },
};
