import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { kernelsDocument } from '../../../src/verify/conformance/kernels.js';
import { differencesDocument } from '../../../src/verify/conformance/matrix.js';
import { shippedRecordings } from '../../support/recordings.js';

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** Without indentation and empty lines: a method in a document stands outside its class. */
function lines(text: string): string {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .join('\n');
}

describe('documents of the contract', () => {
  it('docs/internals/differences.md is what `pollux conformance --matrix` prints', () => {
    expect(read('docs/internals/differences.md')).to.equal(differencesDocument());
  });

  it('docs/kernels.md is what the recordings of kernels say', () => {
    expect(read('docs/kernels.md')).to.equal(kernelsDocument(shippedRecordings()));
  });

  it('the code in docs/writing-a-backend.md stands in examples/backend', () => {
    const files = ['select-call', 'wake-pipe', 'select-backend'];
    const source = lines(files.map(name => read(`examples/backend/${name}.ts`)).join(''));
    const blocks = [...read('docs/writing-a-backend.md').matchAll(/```ts\n(.*?)```/gs)].map(match => lines(match[1]));
    expect(blocks.length).to.be.at.least(5);
    for (const block of blocks) expect(source).to.include(block);
  });
});
