/** Files that share an inotify queue, at the level of the backend. */
import { expect } from 'chai';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackend, type Backend } from '../../src/backends/index.js';
import { CHANGED_ATTRIBUTES, NOTHING, type Source } from '../../src/backends/sources/contract.js';
import { LinuxSources } from '../../src/backends/sources/linux-sources.js';
import { platform } from '../../src/sys/ffi/platform.js';

describe('inotify queues', () => {
  let directory: string;
  let backend: Backend;
  let sources: LinuxSources;

  before(function () {
    if (platform !== 'linux') this.skip();
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    backend = openBackend('poll');
    sources = new LinuxSources(backend);
  });

  afterEach(() => {
    backend?.close();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  function file(name: string): string {
    const path = join(directory, name);
    writeFileSync(path, '');
    return path;
  }

  function dispatch(source: Source, onReady: () => void): () => void {
    const shared = source.share!({ onReady });
    return () => shared.onReady(1, 0, 0);
  }

  it('different files share a token, the same file does not', () => {
    const [a, b] = [file('a'), file('b')];
    const watches = [a, b, a, b].map(path => sources.file(path, CHANGED_ATTRIBUTES));
    const tokens = watches.map(source => source.token);
    expect(tokens[1]).to.equal(tokens[0]);
    expect(tokens[2]).to.not.equal(tokens[0]);
    expect(tokens[3]).to.equal(tokens[2]);
    watches[0].close();
    watches[0].close();
    expect(backend.has(tokens[0])).to.equal(true);
    watches[1].close();
    expect(backend.has(tokens[0])).to.equal(false);
    for (const source of watches.slice(2)) source.close();
  });

  it('a handler that throws keeps no other from its event', () => {
    const paths = ['a', 'b', 'c'].map(file);
    const watches = paths.map(path => sources.file(path, CHANGED_ATTRIBUTES));
    const taken: number[] = [];
    const [run] = watches.map((source, index) =>
      dispatch(source, () => {
        taken.push(source.take(0));
        if (index < 2) throw new Error(`handler ${index}`);
      }),
    );
    for (const path of paths) chmodSync(path, 0o600);
    expect(backend.wait(1e9)).to.equal(1);
    expect(run).to.throw(AggregateError, '2 handlers');
    expect(taken).to.deep.equal([CHANGED_ATTRIBUTES, CHANGED_ATTRIBUTES, CHANGED_ATTRIBUTES]);
    expect(backend.wait(0)).to.equal(0);
    expect(watches[0].take(0)).to.equal(NOTHING);
    chmodSync(paths[1], 0o644);
    expect(run).to.throw(Error, 'handler 1');
    for (const source of watches) source.close();
  });
});
