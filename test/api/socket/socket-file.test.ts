/** The file of a Unix socket is removed by the socket that made it, and by nobody else. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bindDatagram, connect, currentReactor, listen } from '../../../src/index.js';
import { destroyTracked } from '../../support/sockets.js';

interface Bound {
  close(): Promise<void>;
}

const KINDS: Readonly<Record<string, (path: string) => Promise<Bound>>> = {
  'a listener': path => listen({ path, onConnection: connection => connection.destroy() }),
  'a datagram socket': path => bindDatagram({ path }),
};

describe('the file of a Unix socket', () => {
  const home = process.cwd();
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-path-'));
    path = join(folder, 'socket');
  });

  after(() => currentReactor().close());

  afterEach(() => {
    process.chdir(home);
    destroyTracked();
    rmSync(folder, { recursive: true });
  });

  for (const [kind, bind] of Object.entries(KINDS)) {
    describe(kind, () => {
      it('removes its own', async () => {
        const bound = await bind(path);
        expect(existsSync(path)).to.equal(true);
        await bound.close();
        expect(existsSync(path)).to.equal(false);
      });

      it('leaves that of a successor', async () => {
        const old = await bind(path);
        unlinkSync(path);
        const next = await bind(path);
        await old.close();
        expect(existsSync(path)).to.equal(true);
        await next.close();
        expect(existsSync(path)).to.equal(false);
      });

      it('closes without an error where the file or its folder is gone', async () => {
        const inner = join(folder, 'inner');
        mkdirSync(inner);
        const bound = await bind(join(inner, 'socket'));
        rmSync(inner, { recursive: true });
        await bound.close();
      });

      const successors: Readonly<Record<string, (at: string) => void>> = {
        'a regular file': at => writeFileSync(at, 'precious'),
        'a symbolic link': at => symlinkSync('/dev/null', at),
        'a folder': at => mkdirSync(at),
      };
      for (const [name, make] of Object.entries(successors)) {
        it(`leaves ${name} that took its place`, async () => {
          const bound = await bind(path);
          unlinkSync(path);
          make(path);
          await bound.close();
          expect(() => unlinkSync(path)).to.satisfy((remove: () => void) => {
            if (name === 'a folder') return existsSync(path);
            remove();
            return true;
          });
        });
      }

      it('removes that of a relative path after chdir, and not its namesake there', async () => {
        const elsewhere = join(folder, 'elsewhere');
        mkdirSync(elsewhere);
        writeFileSync(join(elsewhere, 'socket'), 'unrelated');
        process.chdir(folder);
        const bound = await bind('socket');
        process.chdir(elsewhere);
        await bound.close();
        expect(existsSync(path)).to.equal(false);
        expect(readFileSync(join(elsewhere, 'socket')).toString()).to.equal('unrelated');
      });
    });
  }

  it('a successor of a listener can be reached after the first is closed', async () => {
    const old = await listen({ path });
    unlinkSync(path);
    const next = await listen({
      path,
      onConnection: connection => {
        connection.send('next');
        void connection.close();
      },
    });
    await old.close();
    const client = await connect({ path });
    expect(`${await client.read()}`).to.equal('next');
    client.destroy();
    await next.close();
  });
});
