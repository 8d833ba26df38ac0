/** Pipes as ends of connections: adopted, they read, write and break as sockets do, by the calls that pipes have. */
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { adopt, copy, open, sendFile } from '../../src/index.js';
import { close, pipe } from '../../src/sys/io.js';
import { describeOnEveryDriver } from './every-driver.js';

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
