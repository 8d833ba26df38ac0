/** Transfers of files that are named by their paths: opened, moved and closed in one step. */
import { expect } from 'chai';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { copy, sendFile } from '../../../src/index.js';
import { openDescriptors } from '../../support/descriptors.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { patternBytes } from '../../support/files.js';
import { fillUp, readAll, tcpPair } from '../../support/sockets.js';

/** Bytes of the files here. */
const LENGTH = 300_000;

describeOnEveryDriver(
  'a path in place of a file',
  () => {
    let folder: string;
    let source: string;
    let target: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'pollux-'));
      source = join(folder, 'source');
      target = join(folder, 'target');
      writeFileSync(source, patternBytes(0, LENGTH));
    });

    afterEach(() => rmSync(folder, { recursive: true }));

    const isOpen = (path: string) => openDescriptors().some(each => each.endsWith(path));

    it('is sent in the order of the calls, with what goes around it', async () => {
      const { client, server } = await tcpPair();
      client.send('first ');
      const sent = sendFile(client, source, { offset: 10, length: 1000, before: '<', after: '>' });
      client.send(' last');
      const whole = sendFile(client, pathToFileURL(source));
      const received = readAll(server);
      expect(await sent).to.include({ bytes: 1002, path: 'sendfile' });
      expect(await whole).to.include({ bytes: LENGTH });
      expect(isOpen(source)).to.equal(false);
      client.end();
      const expected = ['first <', patternBytes(10, 1000), '> last', patternBytes(0, LENGTH)].map(each =>
        Buffer.from(each),
      );
      expect(Buffer.from(await received).equals(Buffer.concat(expected))).to.equal(true);
    });

    it('that can not be sent leaves the connection as it was', async () => {
      const { client, server } = await tcpPair();
      expect(await failureOf(Promise.resolve(sendFile(client, target)))).to.include({ code: 'ENOENT' });
      expect(await failureOf(Promise.resolve(sendFile(client, folder)))).to.include({ code: 'EISDIR' });
      expect(await failureOf(Promise.resolve(sendFile(client, source, { length: LENGTH + 1 })))).to.be.instanceOf(
        RangeError,
      );
      expect(await failureOf(Promise.resolve(sendFile(client, '')))).to.be.instanceOf(TypeError);
      client.end('intact');
      expect(String(await readAll(server))).to.equal('intact');
    });

    it('is closed when the transfer is cancelled', async () => {
      const { client } = await tcpPair();
      fillUp(client);
      const transfer = sendFile(client, source);
      const failure = failureOf(Promise.resolve(transfer));
      transfer.cancel();
      expect(await failure).to.include({ code: 'ECANCELED' });
      const copied = copy(source, target, { signal: AbortSignal.abort() });
      expect(await failureOf(Promise.resolve(copied))).to.have.property('name', 'AbortError');
      const opening = copy(source, target);
      opening.cancel();
      expect(await failureOf(Promise.resolve(opening))).to.include({ code: 'ECANCELED' });
      while (isOpen(source)) await new Promise(resolve => setImmediate(resolve));
      expect(isOpen(target)).to.equal(false);
    });

    it('is copied, over the old content or into it', async () => {
      writeFileSync(target, 'x'.repeat(2 * LENGTH));
      expect(await copy(source, target)).to.include({ bytes: LENGTH });
      expect(readFileSync(target).equals(patternBytes(0, LENGTH))).to.equal(true);
      await copy(source, target, { from: 0, length: 10, to: 10 });
      expect(readFileSync(target)).to.have.length(LENGTH);
      expect(readFileSync(target).subarray(10, 20).equals(patternBytes(0, 10))).to.equal(true);
      expect(isOpen(source) || isOpen(target)).to.equal(false);
    });

    it('that can not be copied leaves the other as it was', async () => {
      expect(await failureOf(Promise.resolve(copy(target, source)))).to.include({ code: 'ENOENT' });
      expect(readFileSync(source)).to.have.length(LENGTH);
      const missing = join(folder, 'missing');
      expect(await failureOf(Promise.resolve(copy(missing, target)))).to.include({ code: 'ENOENT' });
      expect(existsSync(target)).to.equal(false);
      linkSync(source, target);
      for (const same of [source, target]) {
        expect(await failureOf(Promise.resolve(copy(source, same, { from: 10, length: 1 })))).to.be.instanceOf(
          RangeError,
        );
      }
      expect(readFileSync(source)).to.have.length(LENGTH);
      expect(await failureOf(Promise.resolve(copy(7 as never, target)))).to.be.instanceOf(TypeError);
    });

    it('takes what a connection receives, and gives what it has', async () => {
      const first = await tcpPair();
      const sending = copy(source, first.client);
      const received = copy(first.server, target);
      expect(await sending).to.include({ bytes: LENGTH });
      first.client.end();
      expect(await received).to.include({ bytes: LENGTH });
      expect(readFileSync(target).equals(patternBytes(0, LENGTH))).to.equal(true);
      const second = await tcpPair();
      const paused = copy(second.server, target, { to: 5, length: 3 });
      paused.pause();
      second.client.send('abcd');
      paused.resume();
      expect(await paused).to.include({ bytes: 3 });
      expect(readFileSync(target)).to.have.length(LENGTH);
      expect(String(readFileSync(target).subarray(5, 8))).to.equal('abc');
      expect(String(await second.server.read())).to.equal('d');
      expect(await failureOf(Promise.resolve(copy(second.server, folder)))).to.include({ code: 'EISDIR' });
    });
  },
  ['level'],
);
