/** Errors that a program can meet have a `code`: where src may make one without. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files and folders whose plain errors have no code, and why. */
const PLAIN: Readonly<Record<string, string>> = {
  'api/framing/cutter.ts': 'a mistake of Pollux itself',
  'api/own-error.ts': 'becomes an error of the class and the code that it stands for',
  'base/prometheus.ts': 'a package is not installed',
  'backends/registry.ts': 'no backend runs here: the sentence of doctor',
  'cli/': 'the command prints the message',
  'core/memory/': 'memory is used after its release: a mistake of the program, which no handler can mend',
  'servers/http/line-sink.ts': 'a package is not installed',
  'sys/ffi/libc.ts': 'Pollux cannot run here at all',
  'sys/ffi/node-loop.ts': 'Pollux cannot run here at all',
  'threads/ring/writer.ts': 'a mistake of Pollux itself',
  'threads/runtime/runtime-worker.ts': 'what a worker died of',
  'verify/': 'a failed expectation',
};

const source = join(findRoot(dirname(fileURLToPath(import.meta.url))), 'src');
const plain = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && /\bnew Error\(/.test(readFileSync(join(source, file), 'utf8')))
  .sort();

describe('errors of src', () => {
  it('have a code, but for the few that are listed here', () => {
    const allowed = Object.keys(PLAIN);
    expect(plain.filter(file => !allowed.some(prefix => file.startsWith(prefix)))).to.deep.equal([]);
  });

  it('the list has no entry that is needed no more', () => {
    const idle = Object.keys(PLAIN).filter(prefix => !plain.some(file => file.startsWith(prefix)));
    expect(idle).to.deep.equal([]);
  });
});

/** The folder of package.json, above this file wherever it was built to. */
function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
