/** The programs of docs/recipes. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { currentReactor, listen } from 'pollux';
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

  it('activated serves on the socket that it is given, from its backlog on, and on one of its own', async () => {
    const own = run('activated', '0');
    const late = new Client({ host: '127.0.0.1', port: await own.port() });
    await late.end();
    expect(late.received).to.equal('good morning\n');
    own.signal('SIGTERM');
    expect(await own.ended).to.deep.equal({ status: 0, stderr: '' });
    const given = await listen({ port: 0, host: '127.0.0.1' });
    const early = new Client({ host: '127.0.0.1', port: given.port });
    await early.connected;
    const program = fileURLToPath(new URL('../../examples/activated.js', import.meta.url));
    const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$1"', process.execPath, program], {
      stdio: ['ignore', 'ignore', 'inherit', given.fd],
      env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'greeter' },
    });
    await early.end();
    expect(early.received).to.equal('good morning\n');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
    await given.close();
    currentReactor().close();
  });

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
