import { expect } from 'chai';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { watchFile, watchTimer, type FileChange } from '../../../src/index.js';
import { FRUITLESS_EVENTS } from '../../../src/core/limits.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import { settling } from '../../../src/api/settling.js';
import { openDescriptors } from '../../support/descriptors.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { refusal } from '../../support/refusal.js';
import { atEnd, turns } from '../../support/sockets.js';
import { kept, Told } from './told.js';

type Changes = ReadonlySet<FileChange>;

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describeOnEveryDriver(
  'watchFile()',
  () => {
    let directory: string;
    let path: string;

    beforeEach(() => {
      directory = scratch();
      path = join(directory, 'file');
      writeFileSync(path, 'x'.repeat(100));
    });

    async function changesOf(
      change: () => void,
      changes?: FileChange[],
      file: string | number = path,
    ): Promise<FileChange[]> {
      const watch = kept(watchFile(file, { changes }));
      const next = watch.next();
      change();
      return [...(await next)!].sort();
    }

    it('a write inside', async () => {
      const fd = openSync(path, 'r+');
      atEnd(() => closeSync(fd));
      expect(await changesOf(() => writeSync(fd, 'hello', 0))).to.deep.equal(['write']);
    });

    it('a write that grows it', async () => {
      expect(await changesOf(() => appendFileSync(path, 'hello'))).to.deep.equal(['extend', 'write']);
    });

    it('a cut is a write', async () => {
      expect(await changesOf(() => truncateSync(path, 10))).to.include('write');
    });

    it('chmod', async () => {
      expect(await changesOf(() => chmodSync(path, 0o600))).to.deep.equal(['attributes']);
    });

    it('a second name, and its removal', async () => {
      expect(await changesOf(() => linkSync(path, `${path}.2`))).to.deep.equal(['link']);
      expect(await changesOf(() => unlinkSync(`${path}.2`))).to.have.length(1);
    });

    it('a rename', async () => {
      expect(await changesOf(() => renameSync(path, `${path}.2`))).to.deep.equal(['rename']);
    });

    it('the removal of its last name, also while others have it open', async () => {
      const fd = openSync(path, 'r');
      atEnd(() => closeSync(fd));
      expect(await changesOf(() => unlinkSync(path))).to.include('delete');
    });

    it('another file renamed over it', async () => {
      writeFileSync(`${path}.new`, 'new');
      expect(await changesOf(() => renameSync(`${path}.new`, path))).to.include('delete');
    });

    it('several changes are one event', async () => {
      const all = await changesOf(() => {
        appendFileSync(path, 'more');
        chmodSync(path, 0o600);
        renameSync(path, `${path}.2`);
      });
      expect(all).to.deep.equal(['attributes', 'extend', 'rename', 'write']);
    });

    it('only what was asked for', async () => {
      const told = new Told<Changes>();
      kept(watchFile(path, { changes: ['rename'] }, told.handler));
      const next = told.next();
      appendFileSync(path, 'more');
      chmodSync(path, 0o600);
      await turns();
      renameSync(path, `${path}.2`);
      expect([...(await next)]).to.deep.equal(['rename']);
      expect(told.all).to.have.length(1);
    });

    it('any number of changes that nobody asked for is no spin', async () => {
      const [file, inside] = [
        kept(watchFile(path, { changes: ['delete'] })),
        kept(watchFile(directory, { changes: ['delete', 'attributes'] })),
      ];
      const witness = kept(watchFile(path, { changes: ['attributes'] }));
      for (let count = 0; count < FRUITLESS_EVENTS + 100; count++) {
        chmodSync(path, 0o600 + (count & 1));
        await witness.next();
      }
      expect([file.isClosed, inside.isClosed]).to.deep.equal([false, false]);
      unlinkSync(path);
      expect([...(await file.next())!]).to.include('delete');
    });

    it('three hundred files share a few queues, and each hears its own', async () => {
      const paths = Array.from({ length: 300 }, (_, index) => join(directory, `file${index}`));
      for (const each of paths) writeFileSync(each, '');
      const heard = new Map<number, FileChange[]>();
      const all = settling<void>();
      const before = openDescriptors().length;
      const watches = paths.map((each, index) =>
        kept(
          watchFile(each, { changes: ['write', 'delete'] }, changes => {
            heard.set(index, [...changes]);
            if (heard.size === 100) all.resolve();
          }),
        ),
      );
      // One for each file where the kernel watches descriptors, and the queues.
      expect(openDescriptors().length - before).to.be.at.most(300 + 3);
      for (const [index, watch] of watches.entries()) if (index % 3 === 1) watch.close();
      for (const [index, each] of paths.entries()) if (index % 3 !== 0) writeFileSync(each, 'x');
      await all.promise;
      await turns();
      const expected = paths.flatMap((_, index) => (index % 3 === 2 ? [[index, ['write']]] : []));
      expect([...heard].sort(([a], [b]) => a - b)).to.deep.equal(expected);
      for (const watch of watches) watch.close();
      expect(openDescriptors().length).to.equal(before);
    });

    it('one that closes others, inside its handler', async () => {
      const other = join(directory, 'other');
      writeFileSync(other, '');
      const told: string[] = [];
      const done = settling<void>();
      const watches = [path, other].map(each =>
        kept(
          watchFile(each, {}, () => {
            told.push(each);
            for (const watch of watches) watch.close();
            done.resolve();
          }),
        ),
      );
      chmodSync(path, 0o600);
      chmodSync(other, 0o600);
      await done.promise;
      await turns();
      expect(told).to.have.length(1);
    });

    it('open, read, and both kinds of close', async () => {
      const changes: FileChange[] = ['open', 'close', 'closeWrite', 'read'];
      const reading = await changesOf(() => {
        const fd = openSync(path, 'r');
        readSync(fd, Buffer.alloc(10));
        closeSync(fd);
      }, changes);
      expect(reading).to.deep.equal(['close', 'open', 'read']);
      const writing = await changesOf(() => closeSync(openSync(path, 'a')), changes);
      expect(writing).to.deep.equal(['closeWrite', 'open']);
    });

    it('a directory: entries that come, go and are renamed', async () => {
      const inside = (change: () => void) => changesOf(change, undefined, directory);
      expect(await inside(() => writeFileSync(join(directory, 'new'), 'x'))).to.deep.equal(['write']);
      expect(await inside(() => renameSync(join(directory, 'new'), join(directory, 'old')))).to.deep.equal(['write']);
      expect(await inside(() => unlinkSync(join(directory, 'old')))).to.deep.equal(['write']);
      expect(await inside(() => mkdirSync(join(directory, 'sub')))).to.deep.equal(['link', 'write']);
      expect(await inside(() => rmdirSync(join(directory, 'sub')))).to.deep.equal(['link', 'write']);
    });

    it('a directory: what is done to its entries is no change of it', async () => {
      const told = new Told<Changes>();
      kept(watchFile(directory, {}, told.handler));
      appendFileSync(path, 'more');
      chmodSync(path, 0o600);
      await turns();
      expect(told.all).to.deep.equal([]);
    });

    it('a directory that is removed', async () => {
      const sub = join(directory, 'sub');
      mkdirSync(sub);
      expect(await changesOf(() => rmdirSync(sub), undefined, sub)).to.include('delete');
    });

    it('by descriptor, which may be closed at once', async () => {
      const fd = openSync(path, 'r');
      const watch = kept(watchFile(fd));
      closeSync(fd);
      const next = watch.next();
      chmodSync(path, 0o600);
      expect([...(await next)!]).to.deep.equal(['attributes']);
    });

    it('two watches of one file do not mind each other', async () => {
      const first = kept(watchFile(path, { changes: ['attributes'] }));
      const second = kept(watchFile(path, { changes: ['rename'] }));
      const nexts = [first.next(), second.next()];
      chmodSync(path, 0o600);
      renameSync(path, `${path}.2`);
      expect([...(await nexts[0])!]).to.deep.equal(['attributes']);
      expect([...(await nexts[1])!]).to.deep.equal(['rename']);
    });

    it('more records than the kernel keeps are every change that was asked for', async () => {
      const watch = kept(watchFile(path, { changes: ['attributes', 'rename'] }));
      // The queue takes fs.inotify.max_queued_events, and joins equal records that follow each other.
      for (let count = 0; count < 9_000; count++) {
        renameSync(path, `${path}.2`);
        chmodSync(`${path}.2`, 0o600 + (count & 1));
        renameSync(`${path}.2`, path);
      }
      expect([...(await watch.next())!].sort()).to.deep.equal(['attributes', 'rename']);
    });

    it('refuses what is no file, and the backend goes on', async () => {
      const [reader, writer] = pipe();
      expect(refusal(() => watchFile(reader))).to.equal('EINVAL');
      close(reader);
      close(writer);
      expect(refusal(() => watchFile(reader))).to.equal('EBADF');
      expect(refusal(() => watchFile(join(directory, 'missing')))).to.equal('ENOENT');
      expect(await kept(watchTimer({ after: 1 })).next()).to.equal(1);
    });

    it('refuses what makes no sense, with words', () => {
      expect(() => watchFile(path, { changes: [] })).to.throw(TypeError, 'changes: none; allowed: delete, write');
      expect(() => watchFile(path, { changes: ['colour' as 'write'] })).to.throw(TypeError, "'colour'");
      for (const [file, message] of [
        [2 ** 53, 'file: 9007199254740992; allowed: a path, a file URL, or a descriptor from 0 to 2147483647'],
        [-1, 'file: -1; allowed: a path, a file URL, or a descriptor'],
        [null, 'file: null'],
        [{}, 'file: Object'],
        ['', "file: ''; allowed: a path, which is not empty"],
        ['a\0b', "file: 'a\\0b'"],
        [new URL('http://host/'), 'file: http://host/; allowed: a URL of a file'],
      ] as const) {
        expect(() => watchFile(file as never)).to.throw(TypeError, message);
      }
      expect(() => watchFile(path, null as never)).to.throw(TypeError, 'options: null; allowed: an object');
      expect(() => watchFile(path, { changes: 'write' as never })).to.throw(TypeError, "changes: 'write'; allowed");
      expect(() => watchFile(path, {}, 5 as never)).to.throw(TypeError, 'onChange: number; allowed: a function');
    });

    it('takes a file URL for a path', async () => {
      const name = join(directory, 'a file #1');
      writeFileSync(name, '');
      const watch = kept(watchFile(pathToFileURL(name), { changes: ['write'] }));
      const next = watch.next();
      writeFileSync(name, 'changed');
      expect([...(await next)!]).to.deep.equal(['write']);
    });
  },
  ['level'],
);
