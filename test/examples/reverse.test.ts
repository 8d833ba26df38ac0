import { expect } from 'chai';
import { connect as connectNode, type Socket } from 'node:net';
import { Client, Example } from './example.js';

const host = '127.0.0.1';

function reversed(line: string): string {
  return `${[...line].reverse().join('')}\n`;
}

describe('the reverse example', () => {
  let example: Example;
  let port: number;

  async function start(...options: string[]): Promise<void> {
    example = new Example('reverse', '0', ...options);
    port = await example.port();
  }

  /** @returns what it says at its end. */
  async function stop(): Promise<string> {
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    return example.stdout.trimEnd().split('\n').at(-1)!;
  }

  function client(): Client {
    return new Client({ host, port });
  }

  afterEach(() => example.kill());

  it('lets no answer reach a client that got the descriptor of one that has gone', async () => {
    await start();
    const secret = `${'secret '.repeat(5)}\n`.repeat(500);
    for (let round = 0; round < 20; round++) {
      // Behind its lines comes one that is too long: they are with the worker when the connection is closed.
      await client()
        .send(secret + 'y'.repeat(5000))
        .closed.catch(() => {});
      const successor = client();
      const text = Array.from({ length: 50 }, (_, number) => `mine ${round} ${number}`);
      expect(await successor.send(`${text.join('\n')}\n`).end()).to.equal(text.map(reversed).join(''));
    }
    const [, late] = /; (\d+) answers came too late$/.exec(await stop())!;
    expect(Number(late)).to.be.above(0);
  });

  it('answers every whole line of a client that has sent FIN, and no piece of one', async () => {
    await start();
    expect(await client().send('one\ntwo\nthr').end()).to.equal('eno\nowt\n');
    expect(await client().end()).to.equal('');
    await stop();
  });

  it('has those wait who are too many, and serves them when others leave', async () => {
    await start('--connections', '2');
    const [first, second] = [client(), client()];
    await Promise.all([first, second].map(each => each.send('hello\n').receives('olleh\n')));
    const third = client();
    await third.connected;
    third.send('third\n');
    for (let round = 0; round < 20; round++) {
      first.send(`${round}.\n`);
      await first.receives(reversed(`${round}.`));
    }
    expect(third.received).to.equal('');
    await second.end();
    await third.receives('driht\n');
    await Promise.all([first, third].map(each => each.end()));
    expect(await stop()).to.match(/^served 3 clients /);
  });

  it('turns away those who take too long over a line, and not those who say nothing', async () => {
    await start('--line-ms', '300');
    const [silent, slow] = [client(), client()];
    await silent.send('one\n').receives('eno\n');
    // Each byte on its own would be in time for an idle timeout.
    const drip = setInterval(() => slow.send('x'), 20);
    await slow.closed.catch(() => {});
    clearInterval(drip);
    expect(slow.received).to.equal('');
    await silent.send('two\n').receives('owt\n');
    await silent.end();
    await stop();
  });

  it('keeps no buffer of the thread for pieces of lines', async () => {
    await start();
    const busy = client();
    const line = `${'b'.repeat(4000)}\n`;
    const slow: Client[] = [];
    for (let index = 0; index < 200; index++) {
      // A piece of a line for each stretch of the buffers that a busy client fills.
      slow.push(client().send('a piece '));
      busy.received = '';
      await busy.send(`${line.repeat(10)}${index}.\n`).receives(reversed(`${index}.`));
    }
    await busy.end();
    // Asked to end, it tells what it holds before it closes them.
    const [, heldKiB] = /in (\d+) KiB of buffers/.exec(await stop())!;
    await Promise.all(slow.map(each => each.end()));
    expect(Number(heldKiB)).to.be.at.most(2048);
  });

  it('turns away those who take no answers', async () => {
    await start('--unread-ms', '300');
    const deaf = connectNode({ host, port });
    deaf.pause();
    flood(deaf, `${'0123456789'.repeat(100)}\n`, 64_000);
    const failure = await new Promise<NodeJS.ErrnoException>(resolve => deaf.on('error', resolve));
    expect(failure.code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    await stop();
  });

  it('loses nothing when the mailbox is full of short lines', async () => {
    await start();
    const texts = ['a', 'b', 'c', 'd'].map(name => `${name}\n`.repeat(40_000));
    const answers = await Promise.all(texts.map(text => client().send(text).end()));
    expect(answers.map((answer, index) => answer === texts[index])).to.deep.equal([true, true, true, true]);
    await stop();
  });

  it('holds back a client that does not take its answers, by bytes, and no other', async () => {
    await start();
    const line = `${'0123456789'.repeat(100)}\n`;
    const lines = 64_000;
    const expected = reversed(line.trimEnd());
    const greedy = connectNode({ host, port });
    greedy.pause();
    const sent = flood(greedy, line, lines);
    const other = client();
    for (let round = 0; round < 500; round++) {
      other.send(`${round}.\n`);
      await other.receives(reversed(`${round}.`));
    }
    await other.end();
    expect(sent.isOver, 'whether 64 MB went into a server whose answers nobody takes').to.equal(false);
    let received = 0;
    let wrong = 0;
    greedy.on('data', (piece: Buffer) => {
      for (const byte of piece) if (byte !== expected.charCodeAt(received++ % expected.length)) wrong++;
    });
    greedy.resume();
    await new Promise(resolve => greedy.on('close', resolve));
    expect({ received, wrong }).to.deep.equal({ received: lines * line.length, wrong: 0 });
    await stop();
  });
});

/** Sends as fast as it is taken, then FIN. */
function flood(socket: Socket, line: string, lines: number): { isOver: boolean } {
  const sent = { isOver: false };
  let left = lines;
  const more = () => {
    while (left > 0) {
      const now = Math.min(left, 64);
      left -= now;
      if (!socket.write(line.repeat(now))) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end(() => (sent.isOver = true));
  };
  more();
  return sent;
}
