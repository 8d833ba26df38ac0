/** Tests of a server, with the runner of Node: node --test dist/examples/testing.js */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connect, listen, type Connection, type Listener } from 'pollux';

/** The server to test. In a program of your own, the test imports it. */
async function startGreeter(options: { port: number; idleMs: number }): Promise<Listener> {
  const listener = await listen({ port: options.port, host: '127.0.0.1' });
  listener.onConnection = connection => {
    connection.setTimeouts({ idleMs: options.idleMs });
    connection.onData = name => connection.end(`hello, ${name.toString()}`);
  };
  return listener;
}

async function readAll(connection: Connection): Promise<string> {
  let text = '';
  for await (const chunk of connection) text += chunk.toString();
  return text;
}

/** A server on a free port and a client of it; both are closed when the test ends. */
async function greeted(t: TestContext, idleMs: number): Promise<Connection> {
  const listener = await startGreeter({ port: 0, idleMs });
  t.after(() => listener.close());
  const client = await connect(listener.address);
  t.after(() => client.destroy());
  return client;
}

test('greets the client by its name', async t => {
  const client = await greeted(t, 60_000);
  client.end('Ada');
  assert.equal(await readAll(client), 'hello, Ada');
});

test('disconnects a client that says nothing', async t => {
  const client = await greeted(t, 20);
  assert.equal(await readAll(client), '');
});
