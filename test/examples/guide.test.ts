import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../../', import.meta.url);
const guide = new URL('docs/guide/', root);
const examples = new URL('examples/', root);

/** Without indentation, which differs between a page and the program that it shows a part of. */
function plain(code: string): string {
  return code
    .split('\n')
    .map(line => line.trim())
    .join('\n');
}

const programs = readdirSync(examples)
  .filter(name => name.endsWith('.ts'))
  .map(name => plain(readFileSync(new URL(name, examples), 'utf8')));

describe('the guide', () => {
  for (const page of readdirSync(guide)) {
    const text = readFileSync(new URL(page, guide), 'utf8');

    it(`${page}: every piece of code is part of an example, which is run`, () => {
      for (const [, code] of text.matchAll(/```ts\n([^]*?)```/g)) {
        expect(
          programs.some(program => program.includes(plain(code))),
          code,
        ).to.equal(true);
      }
    });

    it(`${page}: every link leads to a file`, () => {
      for (const [, link] of text.matchAll(/\]\(([^)#]+)\)/g)) {
        expect(existsSync(new URL(link, new URL(page, guide))), link).to.equal(true);
      }
    });
  }
});
