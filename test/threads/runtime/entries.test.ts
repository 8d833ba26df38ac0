/** Entries of threads: where their function is found, what is refused, and that their failure is told at once. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';

describe('the entry of a thread', () => {
  let directory: string;

  before(() => (directory = mkdtempSync(path.join(tmpdir(), 'pollux-entries-'))));
  after(() => rmSync(directory, { recursive: true }));
  afterEach(() => currentReactor().close());

  function entryOf(name: string, source: string): URL {
    const file = path.join(directory, name);
    writeFileSync(file, source);
    return pathToFileURL(file);
  }

  const body = '{ Atomics.add(thread.payload, 0, 1); }';
  const found: [string, string][] = [
    ['named.mjs', `export function run(thread) ${body}`],
    ['in-default.mjs', `export default { run(thread) ${body} }`],
    ['as-method.mjs', `export default { by: 1, run(thread) { Atomics.add(thread.payload, 0, this.by); } }`],
    ['named.cjs', `exports.run = thread => ${body};`],
    ['computed.cjs', `const made = () => ({ run(thread) ${body} }); module.exports = made();`],
    [
      'transpiled.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true }); const made = { run(thread) ${body} }; exports.default = made;`,
    ],
  ];
  for (const [name, source] of found) {
    it(`has its function called, wherever it is (${name})`, async () => {
      const payload = new Int32Array(new SharedArrayBuffer(4));
      const runtime = new Runtime({ entry: entryOf(name, source), workers: 1, payload });
      await runtime.start();
      await runtime.stop();
      expect(payload[0]).to.equal(1);
    });
  }

  const refused: [string, string, string][] = [
    ['default-function.mjs', 'export default function (thread) {}', 'default, and no `run`'],
    ['function.cjs', 'module.exports = function (thread) {};', 'default, and no `run`'],
    ['no-function.mjs', 'export default { run: 5 };', 'run: '],
  ];
  for (const [name, source, says] of refused) {
    it(`is refused in words if nobody can tell what to call (${name})`, async () => {
      const runtime = new Runtime({ entry: entryOf(name, source), workers: 1 });
      const failure = await rejection(runtime.start());
      await runtime.stop().catch(() => {});
      expect(failure.message).to.include(says);
      expect(failure.message).to.include('allowed:');
    });
  }

  it('fails the start at once, whatever the process does with rejections that nobody handles', async () => {
    const entry = entryOf('fails.mjs', `throw new TypeError('as it was loaded');`);
    const before = process.execArgv.length;
    // Handed on to workers.
    process.execArgv.push('--unhandled-rejections=warn');
    try {
      const runtime = new Runtime({ entry, workers: 1 });
      const failure = await rejection(runtime.start(1_000_000));
      expect(failure.message).to.equal('as it was loaded');
      await runtime.stop().catch(() => {});
    } finally {
      process.execArgv.length = before;
    }
  });

  it('runs in threads of two runtimes of one thread, which share its endpoint as the refusal says', async () => {
    const entry = entryOf('idle.mjs', `export function run() { setInterval(() => {}, 1e6).unref(); }`);
    const first = new Runtime({ entry, workers: 1 });
    const second = new Runtime({ entry, workers: 1 });
    await first.start();
    const failure = await rejection(second.start());
    expect(failure.message).to.include('give it to each Runtime as `endpoint`').and.not.include('close it');
    await first.stop();
    const endpoint = openEndpoint({ senders: 4 });
    const both = [1, 2].map(() => new Runtime({ entry, workers: 1, endpoint }));
    await Promise.all(both.map(runtime => runtime.start()));
    for (const runtime of both) await runtime.stop();
    endpoint.close();
  });
});
