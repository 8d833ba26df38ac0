/** Tests of threads and of programs load the bundle, as users do: it must have been made of what is compiled now. */
import { expect } from 'chai';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('../src/', import.meta.url));
const bundle = fileURLToPath(new URL('../lib/pollux.js', import.meta.url));

describe('the bundle', () => {
  it('is as new as what it is made of (if not: npm run build)', () => {
    const { mtimeMs } = statSync(bundle);
    const modules = readdirSync(compiled, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js'));
    const newer = modules.filter(name => statSync(join(compiled, name)).mtimeMs > mtimeMs);
    expect(newer).to.deep.equal([]);
  });
});
