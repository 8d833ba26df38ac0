/** The package as users get it: packed, installed in an empty directory, imported, required, type-checked. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('the package', () => {
  it('works where it is installed (npm run test:package tries more ways)', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/package-trial/main.js', '--quick'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, `${stdout}${stderr}`).to.equal(0);
    expect(stdout).to.match(/^[1-9]\d* passed, 0 failed$/m);
  });

  it('holds what is needed, and no more', () => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [{ files, unpackedSize }] = JSON.parse(stdout) as [{ files: { path: string }[]; unpackedSize: number }];
    const folders = new Set(files.map(({ path }) => path.split('/')[0]));
    expect([...folders].filter(name => !name.includes('.'))).to.have.members([
      'bin',
      'dist',
      'docs',
      'examples',
      'LICENSE',
      'schema',
    ]);
    // Half of the 4.9 MB of November 21st is the aim; the two servers and the self-test brought it above that again.
    expect(unpackedSize).to.be.below(2_800_000);
  });
});
