/** The reports of what the package exports: a change of it is a change of docs/api-report, which a review sees. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface ApiReport {
  readonly folder: string;
  reports(): Map<string, string>;
}

const { folder, reports } = (await import(
  new URL('../../../scripts/api-report.js', import.meta.url).href
)) as ApiReport;
const TO_MEND = 'the exports have changed; if they should, run `node scripts/api-report.js` and commit docs/api-report';

describe('the API report', () => {
  const current = reports();

  it('is there for each door, and for no other', () => {
    expect(readdirSync(folder), TO_MEND).to.have.members([...current.keys()]);
  });

  for (const [name, text] of current) {
    it(`${name} is what the declarations say`, () => {
      const kept = existsSync(folder + name) ? readFileSync(folder + name, 'utf8') : '';
      expect(text, TO_MEND).to.equal(kept);
    });

    it(`${name} shows no member that a program can't use`, () => {
      expect(text).not.to.match(/^\s+(?:private|#)/m);
    });
  }
});
