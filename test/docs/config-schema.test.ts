/** The schemas of configuration files that are shipped: they are those of the tables, and the guides' files are right. */
import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readServeFile } from '../../src/cli/config/serve-file.js';
import { readProxyFile } from '../../src/cli/config/proxy-file.js';
import { cert, key } from '../support/certificate.js';

interface ConfigSchemas {
  readonly folder: string;
  texts(): Promise<Map<string, string>>;
}

const { folder, texts } = (await import(
  new URL('../../../scripts/config-schema.js', import.meta.url).href
)) as ConfigSchemas;
const TO_MEND = 'options have changed; if they should, run `node scripts/config-schema.js` and commit schema';

describe('the schemas of configuration files', () => {
  it('are what the tables say', async () => {
    const current = await texts();
    expect(readdirSync(folder), TO_MEND).to.have.members([...current.keys()]);
    for (const [name, text] of current) expect(readFileSync(folder + name, 'utf8'), TO_MEND).to.equal(text);
  });

  for (const [guide, read] of [
    ['serve', readServeFile],
    ['proxy', readProxyFile],
  ] as const) {
    it(`allow the files of docs/guide/${guide}.md`, async () => {
      const scratch = mkdtempSync(join(tmpdir(), 'pollux-guide-'));
      try {
        writeFileSync(join(scratch, 'cert.pem'), cert);
        writeFileSync(join(scratch, 'key.pem'), key);
        const text = readFileSync(new URL(`../../../docs/guide/${guide}.md`, import.meta.url), 'utf8');
        const files = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, file]) =>
          file.replaceAll('/etc/tls', scratch),
        );
        expect(files).not.to.have.length(0);
        for (const file of files) {
          writeFileSync(join(scratch, 'config.yaml'), file);
          await read(join(scratch, 'config.yaml'));
        }
      } finally {
        rmSync(scratch, { recursive: true });
      }
    });
  }
});
