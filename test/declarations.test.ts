/** The types that the package ships, as far as the lowest TypeScript that is promised can read them. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const folder = fileURLToPath(new URL('../src/', import.meta.url));
const declarations = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.d.ts'));

describe('the declarations', () => {
  it('name no typed array with its buffer, which TypeScript knows from 5.7 on', () => {
    expect(declarations.length).to.be.above(100);
    const newer = declarations.filter(file =>
      /\b(?:u?int|float|big)\w*array</i.test(readFileSync(join(folder, file), 'utf8')),
    );
    expect(newer).to.deep.equal([]);
  });
});
