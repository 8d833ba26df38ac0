import { expect } from 'chai';
import { ask } from '../../examples/ladder/clients.js';
import { work } from '../../examples/ladder/protocol.js';
import { currentReactor } from '../../src/index.js';
import { Client, Example } from './example.js';

const RUNGS = ['thread-per-connection', 'one-reactor', 'reactor-and-workers', 'acceptor', 'thread-per-core'];

describe('the ladder of examples', () => {
  let example: Example;

  async function start(rung: string): Promise<number> {
    example = new Example(`ladder/${rung}`);
    return example.port();
  }

  /** A client of Node's that asks all at once. */
  async function askAtOnce(port: number, name: string): Promise<void> {
    const questions = Array.from({ length: 30 }, (_, number) => `${name} ${number}\n`);
    const client = new Client({ host: '127.0.0.1', port });
    expect(await client.send(questions.join('')).end()).to.equal(questions.map(work).join(''));
  }

  afterEach(() => example.kill());
  after(() => currentReactor().close());

  it('one-at-a-time serves the next when one has gone', async () => {
    const port = await start('one-at-a-time');
    const [first, second] = [1, 2].map(() => new Client({ host: '127.0.0.1', port }));
    await first.send('first\n').receives(work('first\n'));
    await second.connected;
    second.send('second\n');
    for (let round = 0; round < 20; round++) {
      first.send(`${round}\n`);
      await first.receives(work(`${round}\n`));
    }
    expect(second.received).to.equal('');
    await first.end();
    expect(await second.end()).to.equal(work('second\n'));
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  for (const rung of RUNGS) {
    it(`${rung} serves several at a time, each in order, and those who are there when it ends`, async () => {
      const port = await start(rung);
      // They check what they get.
      await ask(port, 3, 1);
      const early = new Client({ host: '127.0.0.1', port });
      await early.send('early\n').receives(work('early\n'));
      await Promise.all(['one', 'two', 'three'].map(name => askAtOnce(port, name)));
      const ended = example.interrupt();
      early.send('late\n');
      await early.receives(work('late\n'));
      await early.end();
      expect(await ended).to.deep.equal({ status: 0, stderr: '' });
    });
  }

  it('climb runs each rung, and prints a line of figures for it', async () => {
    // It starts six servers, one of them with a thread for each client.
    example = new Example('ladder/climb', '100', '2');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    const lines = example.stdout.trimEnd().split('\n');
    expect(lines.map(line => line.split(' ')[0])).to.deep.equal(['one-at-a-time', ...RUNGS]);
    for (const line of lines) {
      expect(line).to.match(
        /^\S+ +[1-9]\d* answers a second; [12] of 2 clients served; they waited \S+ ms, 1 in 100 \S+ ms, at most \S+ ms$/,
      );
    }
  });
});
