/** Pipes as ends of connections: adopted, they read, write and break as sockets do, by the calls that pipes have. */
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { adopt, copy, join, open, sendFile } from '../../../src/index.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { readAll, readExactly, unixPair } from '../../support/sockets.js';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) & 255));

describeOnEveryDriver('pipes as ends', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(joinPath(tmpdir(), 'pollux-pipes-'));
    path = joinPath(directory, 'file');
    writeFileSync(path, content);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('take a file with bytes before and after it, and give them to another file', async () => {
    const [reading, writing] = pipe().map(fd => adopt(fd));
    const from = await open(path);
    const to = await open(joinPath(directory, 'copy'), { flags: 'w' });
    const arriving = copy(reading, to);
    const sent = await sendFile(writing, from, { before: 'head', after: 'tail' });
    await writing.close();
    expect((await arriving).bytes).to.equal(sent.bytes);
    await Promise.all([from.close(), to.close(), reading.close()]);
    const expected = Buffer.concat([Buffer.from('head'), content, Buffer.from('tail')]);
    expect(Buffer.compare(readFileSync(joinPath(directory, 'copy')), expected)).to.equal(0);
  });

  it('send what is written to them', async () => {
    const [reading, writing] = pipe().map(fd => adopt(fd));
    await writing.write('one');
    writing.send('two');
    await writing.close();
    let text = '';
    for await (const chunk of reading) text += chunk.toString();
    expect(text).to.equal('onetwo');
    await reading.close();
  });

  it('have one direction: nothing goes into the end for reading, nothing comes out of the one for writing', async () => {
    const [reading, writing] = pipe().map(fd => adopt(fd));
    expect(() => reading.send('x'))
      .to.throw()
      .with.property('code', 'EPIPE');
    expect(await writing.read()).to.equal(null);
    await Promise.all([reading.close(), writing.close()]);
  });

  it('joined, the one for writing ends the other end at once and takes what comes from it', async () => {
    const [reading, writing] = pipe().map(fd => adopt(fd));
    const { client, server } = unixPair();
    const joining = join(server, writing);
    expect(await client.read(), 'nothing comes from the pipe').to.equal(null);
    client.end('to the pipe');
    expect(Buffer.from(await readAll(reading)).toString()).to.equal('to the pipe');
    const { aToB, bToA } = await joining;
    expect([aToB.bytes, bToA.bytes]).to.deep.equal([11, 0]);
    await Promise.all([reading.close(), writing.closed, server.closed]);
  });

  it('are refused where they have not the direction: as a sink, as a source, as an end of a join', async () => {
    const [reading, writing] = pipe().map(fd => adopt(fd));
    const { client, server } = unixPair();
    await using file = await open(path, { flags: 'r+' });
    const takesNothing = ': EBADF, it is the end of a pipe that is for reading, so nothing can be sent to it';
    const givesNothing = ': EBADF, it is the end of a pipe that is for writing, so nothing comes from it';
    for (const [attempt, message] of [
      [join(server, reading), `send b${takesNothing}`],
      [join(reading, server), `send a${takesNothing}`],
      [copy(server, reading), `send target${takesNothing}`],
      [copy(server, reading), `send target${takesNothing}`],
      [copy(file, reading), `send target${takesNothing}`],
      [sendFile(reading, file), `send connection${takesNothing}`],
      [copy(writing, server), `read source${givesNothing}`],
      [copy(writing, file), `read source${givesNothing}`],
    ] as const) {
      const failure = await (attempt as PromiseLike<unknown>).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(failure).to.equal(message);
    }
    client.send('untouched');
    expect(await readExactly(server, 9)).to.equal('untouched');
    await Promise.all([reading.close(), writing.close()]);
  });

  it('break with EPIPE, and are closed, when the reader goes in the middle of a file', async () => {
    const [reader, writer] = pipe();
    const writing = adopt(writer);
    const from = await open(path);
    const transfer = copy(from, writing);
    setImmediate(() => close(reader));
    const failure = await transfer.then(
      () => undefined,
      (error: Error & { code?: string }) => error,
    );
    expect(failure).to.include({ code: 'EPIPE' });
    expect(writing.isClosed).to.equal(true);
    await from.close();
  });
});
