import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { currentReactor, open, openDirectory, type DiskFile } from '../../../src/index.js';
import { openFolder, openRegular } from '../../../src/core/disk/open-file.js';
import { DiskPool } from '../../../src/core/disk/pool.js';
import { nativeOpenCalls, openBeneath, type OpenCalls } from '../../../src/core/disk/resolve-beneath.js';
import { EAGAIN, ENOSYS, EPERM, errnoName } from '../../../src/sys/ffi/errno.js';
import { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from '../../../src/sys/file/file-constants.js';
import { close } from '../../../src/sys/file/io.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { openDescriptors } from '../../support/descriptors.js';
import { failureOf } from '../../support/failures.js';

let directory: string;
const opened: DiskFile[] = [];

async function openHere(...args: Parameters<typeof open>): Promise<DiskFile> {
  const file = await open(...args);
  opened.push(file);
  return file;
}

function inFolder(): void {
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-'))));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(file => file.close()));
    rmSync(directory, { recursive: true });
  });
}

describe('open()', () => {
  // The next file starts a reactor of its own.
  after(() => currentReactor().close());

  inFolder();

  it('has the flags of fs, and one that makes and keeps', async () => {
    const path = join(directory, 'file');
    expect(await failureOf(open(path))).to.include({ code: 'ENOENT', syscall: 'open', target: path });
    expect(await failureOf(open(path, { flags: 'r+' }))).to.include({ code: 'ENOENT' });
    await (await openHere(path, { flags: 'rw', mode: 0o600 })).write('kept', 0);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    await (await openHere(path, { flags: 'rw' })).write('K', 0);
    expect(readFileSync(path, 'utf8')).to.equal('Kept');
    expect((await failureOf(open(path, { flags: 'wx' }))).message).to.equal(`open ${path}: EEXIST, it exists already`);
    await openHere(path, { flags: 'w' });
    expect(statSync(path).size).to.equal(0);
  });

  it('opens no directory, FIFO, socket or device, and waits for none', async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const socket = join(directory, 'socket');
    const server = createServer().listen(socket);
    await new Promise(resolve => server.once('listening', resolve));
    const before = openDescriptors();
    expect(await failureOf(open(directory))).to.include({ code: 'EISDIR', target: directory });
    expect((await failureOf(open(fifo))).message).to.equal(
      `open ${fifo}: EINVAL, it is a fifo; only regular files are opened`,
    );
    expect(await failureOf(open(fifo, { flags: 'w' }))).to.include({ code: 'ENXIO' });
    expect(await failureOf(open(fifo, { flags: 'r+' }))).to.include({ code: 'EINVAL' });
    expect(await failureOf(open(socket))).to.include({ code: 'ENXIO' });
    expect((await failureOf(open('/dev/null'))).message).to.include('it is a character device');
    expect(openDescriptors()).to.deep.equal(before);
    await new Promise(resolve => server.close(resolve));
  });

  it('says what is wrong with an argument', async () => {
    for (const [attempt, message] of [
      [open(5 as never), 'path: number; allowed: a path, or a URL of a file'],
      [open(null as never), 'path: null'],
      [open(new URL('http://host/x')), 'path: http://host/x; allowed: a URL of a file'],
      [open('x', null as never), 'options: null; allowed: an object'],
      [open('x', 'w' as never), 'options: string; allowed: an object'],
      [open('x', { signal: 5 as never }), 'signal: number; allowed: an AbortSignal'],
      [open('x', { mode: '644' as never }), "mode: '644'; allowed: integers"],
      [open(''), "path: ''; allowed"],
      [open('a\0b'), "path: 'a\\0b'; allowed: a path, which is not empty and has no NUL"],
      [open('x', { flags: 'ax' as never }), "flags: 'ax'; allowed: r, r+, rw, w, w+, wx, wx+, a, a+"],
      [open('x', { flags: 'toString' as never }), "flags: 'toString'"],
      [open('x', { mode: 0o10000 }), 'mode: 4096; allowed: integers from 0 to 4095'],
      [open('x', { beneath: 7 as never }), 'beneath: number; allowed: a path or a Directory'],
      [open('x', { beneath: null as never }), 'beneath: null; allowed: a path or a Directory'],
      [openDirectory(''), "path: ''"],
      [openDirectory({} as never), 'path: Object; allowed'],
    ] as const) {
      expect((await failureOf(attempt)).message).to.include(message);
    }
    const folder = await openDirectory(directory);
    await folder.close();
    expect(await failureOf(open('x', { beneath: folder }))).to.include({ code: 'EBADF' });
    expect(await failureOf(open('x', { beneath: join(directory, 'none') }))).to.include({ code: 'ENOENT' });
    writeFileSync(join(directory, 'file'), '');
    expect((await failureOf(openDirectory(join(directory, 'file')))).message).to.include('ENOTDIR, it is no directory');
  });

  it('takes file URLs for paths', async () => {
    const path = join(directory, 'a file #1');
    writeFileSync(path, 'abc');
    const file = await openHere(pathToFileURL(path));
    expect(file.path).to.equal(path);
    expect((await file.read(3, 0)).toString()).to.equal('abc');
    await openHere('a file #1', { beneath: pathToFileURL(directory) });
    await using folder = await openDirectory(pathToFileURL(directory));
    await openHere('a file #1', { beneath: folder });
  });

  it('has a directory wait with its closing for what is being opened beneath it', async () => {
    writeFileSync(join(directory, 'file'), 'abc');
    const folder = await openDirectory(directory);
    const opening = Array.from({ length: 50 }, () => openHere('file', { beneath: folder }));
    const closing = folder.close();
    expect(folder.fd).to.equal(-1);
    for (const file of await Promise.all(opening)) expect((await file.stat()).sizeBytes).to.equal(3);
    await closing;
  });

  it('gives up at once when its signal says so, and leaves nothing open', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'abc');
    const aborted = AbortSignal.abort(new Error('too late'));
    expect((await failureOf(open(path, { signal: aborted }))).message).to.equal('too late');
    const controller = new AbortController();
    const opening = open(path, { signal: controller.signal });
    controller.abort(new Error('enough'));
    expect((await failureOf(opening)).message).to.equal('enough');
    await openHere(path, { signal: new AbortController().signal });
  });
});

const noOpenat2: Partial<OpenCalls> = {
  openCached: () => -ENOSYS,
  openat2: (...args) => queueMicrotask(() => args[5](-ENOSYS)),
};
const forbidden: Partial<OpenCalls> = {
  openCached: () => -EPERM,
  openat2: (...args) => queueMicrotask(() => args[5](-EPERM)),
};
let tries = 0;
const restless: Partial<OpenCalls> = {
  openCached: () => -EAGAIN,
  openat2: (...args) => {
    if (tries++ < 3) queueMicrotask(() => args[5](-EAGAIN));
    else nativeOpenCalls.openat2(...args);
  },
};

for (const [name, lacks] of [
  ['this kernel', {}],
  ['a kernel without openat2', noOpenat2],
  ['a sandbox that forbids openat2', forbidden],
  ['a kernel that is disturbed by renames', restless],
] as const) {
  describe(`open() beneath a directory, by ${name}`, () => {
    inFolder();
    const calls: OpenCalls = { ...nativeOpenCalls, ...lacks };
    const pool = new DiskPool();

    async function attempt(path: string, flags = O_RDONLY): Promise<string> {
      const root = join(directory, 'root');
      const folder = await openFolder(pool, root, undefined);
      try {
        const file = await openRegular(pool, { path, flags, mode: 0o644 }, { ...folder, path: root }, calls);
        const content = flags === O_RDONLY ? readFileSync(file.fd, 'utf8') : '';
        close(file.fd);
        return content;
      } finally {
        close(folder.fd);
      }
    }

    beforeEach(() => {
      tries = 0;
      const root = join(directory, 'root');
      mkdirSync(join(root, 'a', 'b'), { recursive: true });
      writeFileSync(join(directory, 'secret'), 'secret');
      writeFileSync(join(root, 'top'), 'top');
      writeFileSync(join(root, 'a', 'b', 'deep'), 'deep');
      symlinkSync('a/b', join(root, 'inside'));
      symlinkSync('../top', join(root, 'a', 'up'));
      symlinkSync('../secret', join(root, 'out'));
      symlinkSync(join(directory, 'secret'), join(root, 'absolute'));
      symlinkSync('..', join(root, 'parent'));
      symlinkSync('loop', join(root, 'loop'));
      symlinkSync('made', join(root, 'dangling'));
      symlinkSync('/proc/self/fd', join(root, 'magic'));
    });

    it('opens what lies inside, by whatever way', async () => {
      expect(await attempt('top')).to.equal('top');
      expect(await attempt('a/b/deep')).to.equal('deep');
      expect(await attempt('./a//./b/deep')).to.equal('deep');
      expect(await attempt('a/b/../../top')).to.equal('top');
      expect(await attempt('inside/deep')).to.equal('deep');
      expect(await attempt('a/up')).to.equal('top');
    });

    it('opens nothing outside', async () => {
      const before = openDescriptors();
      for (const path of [
        '../secret',
        'a/../../secret',
        '/etc/passwd',
        'out',
        'absolute',
        'parent/secret',
        'a/../..',
      ]) {
        const failure = await failureOf(attempt(path));
        expect(failure, path).to.include({ code: 'EXDEV', target: path });
        expect(failure.message).to.include(`it leads out of ${join(directory, 'root')}`);
      }
      expect(openDescriptors()).to.deep.equal(before);
    });

    it('answers as the kernel does, to the last stroke', async function () {
      if (platform !== 'linux') return this.skip();
      const root = join(directory, 'root');
      symlinkSync('a/b/', join(root, 'to folder'));
      symlinkSync('top/', join(root, 'to file'));
      symlinkSync('top/.', join(root, 'to file and on'));
      symlinkSync('missing/', join(root, 'to missing'));
      const endings = ['', '/', '/.', '/./', '//', '/..', '/../'];
      const names = [
        'top',
        'a',
        'missing',
        'inside',
        'to folder',
        'to file',
        'to file and on',
        'to missing',
        'missing/new',
      ];
      names.push('to folder/deep', 'dangling', '.', 'loop');
      const folder = await openFolder(pool, root, undefined);
      const answerOf = async (path: string, flags: number, way: OpenCalls) => {
        const result = await openBeneath(pool.on(-1), folder.fd, { path, flags, mode: 0o600 }, way);
        if (result >= 0) close(result);
        for (const made of ['made', 'missing']) rmSync(join(root, made), { force: true });
        return result < 0 ? errnoName(-result) : 'opened';
      };
      for (const path of names.flatMap(name => endings.map(ending => name + ending))) {
        for (const flags of [O_RDONLY, O_WRONLY, O_WRONLY | O_CREAT, O_WRONLY | O_CREAT | O_EXCL]) {
          const expected = await answerOf(path, flags, nativeOpenCalls);
          expect(await answerOf(path, flags, calls), `${path}, ${flags}`).to.equal(expected);
        }
      }
      close(folder.fd);
    });

    it('follows no magic link', async () => {
      const failure = await failureOf(attempt('magic/0'));
      expect(['EXDEV', 'ELOOP']).to.include((failure as { code?: string }).code);
    });

    it('tells of loops, of what is missing, and of what is no file', async () => {
      expect(await failureOf(attempt('loop'))).to.include({ code: 'ELOOP' });
      expect(await failureOf(attempt('a/none'))).to.include({ code: 'ENOENT' });
      expect(await failureOf(attempt('none/none'))).to.include({ code: 'ENOENT' });
      expect(await failureOf(attempt('top/none'))).to.include({ code: 'ENOTDIR' });
      expect(await failureOf(attempt('top/'))).to.include({ code: 'ENOTDIR' });
      expect(await failureOf(attempt('a/b'))).to.include({ code: 'EISDIR' });
      expect(await failureOf(attempt('.'))).to.include({ code: 'EISDIR' });
    });

    it('makes files, through links too, and not outside', async () => {
      await attempt('a/new', O_WRONLY | O_CREAT | O_EXCL);
      await attempt('dangling', O_WRONLY | O_CREAT);
      expect(existsSync(join(directory, 'root', 'a', 'new'))).to.equal(true);
      expect(existsSync(join(directory, 'root', 'made'))).to.equal(true);
      expect(await failureOf(attempt('a/new', O_WRONLY | O_CREAT | O_EXCL))).to.include({ code: 'EEXIST' });
      expect(await failureOf(attempt('parent/new', O_WRONLY | O_CREAT))).to.include({ code: 'EXDEV' });
      expect(existsSync(join(directory, 'new'))).to.equal(false);
    });
  });
}

describe('open() beneath a Directory', () => {
  after(() => currentReactor().close());

  inFolder();

  it('keeps to it, also when it moves', async () => {
    const root = join(directory, 'root');
    mkdirSync(root);
    writeFileSync(join(root, 'file'), 'abc');
    await using folder = await openDirectory(root);
    expect((await (await openHere('file', { beneath: folder })).read(10, 0)).toString()).to.equal('abc');
    expect((await (await openHere('file', { beneath: root })).read(10, 0)).toString()).to.equal('abc');
    execFileSync('mv', [root, join(directory, 'moved')]);
    expect((await (await openHere('file', { beneath: folder })).read(10, 0)).toString()).to.equal('abc');
    expect(await failureOf(open('../moved/file', { beneath: folder }))).to.include({ code: 'EXDEV' });
    if (platform === 'linux')
      expect(await failureOf(open('/proc/self/exe', { beneath: folder }))).to.include({ code: 'EXDEV' });
  });
});
