/** The programs of docs/recipes. */
import { expect } from 'chai';
import { Client, Example } from './example.js';

describe('examples of the recipes', () => {
  const running: Example[] = [];

  function run(name: string, ...args: string[]): Example {
    const example = new Example(name, ...args);
    running.push(example);
    return example;
  }

  afterEach(() => {
    for (const example of running.splice(0)) example.kill();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`graceful-stop answers what it was asked and closes idle connections at ${signal}`, async () => {
      const example = run('graceful-stop', '0');
      const port = await example.port();
      const idle = new Client({ host: '127.0.0.1', port });
      const busy = new Client({ host: '127.0.0.1', port });
      await Promise.all([idle.connected, busy.connected]);
      // An answer proves that the server has this connection and reads from it.
      await busy.send('one').receives('ONE');
      await idle.send('three').receives('THREE');
      busy.send('two');
      example.signal(signal);
      await Promise.all([idle.closed, busy.closed]);
      expect([idle.received, busy.received]).to.deep.equal(['THREE', 'ONETWO']);
      expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    });
  }

  it('testing passes, and closes all that it opened', async () => {
    const example = run('testing');
    expect((await example.ended).status, example.stdout).to.equal(0);
    expect(example.stdout).to.match(/pass 2\n[^]*fail 0\n/);
  });

  for (const program of ['from-net/net', 'from-net/pollux']) {
    it(`${program} answers in capitals`, async () => {
      const example = run(program, '0');
      const client = new Client({ host: '127.0.0.1', port: await example.port() });
      expect(await client.send('hello\n').end()).to.equal('HELLO\n');
      expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    });
  }
});
