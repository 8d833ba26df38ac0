/**
 * Moves bytes in all the ways that Pollux has, and exits with 0 if every one of them arrived: for a machine that refuses some of
 * its system calls. Argument: a folder to work in.
 */
import { ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import process from 'node:process';
import * as pollux from 'pollux';
import { Runtime } from 'pollux/threads';
import type { Connection, Listener } from 'pollux';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { patternBytes } from '../../support/files.js';

const folder = process.argv[2];
const BYTES = 700_001;
const content = patternBytes(0, BYTES);
const source = pathOf(folder, 'source');
writeFileSync(source, content);

const THREADS = import.meta.resolve('pollux/threads');
const MOVED = 'receiveConnections(currentWorker().endpoint, c => (c.onData = x => c.send(x)));';

function check(bytes: Uint8Array, what: string, expected: Uint8Array = content): void {
  ok(Buffer.compare(bytes, expected) === 0, what);
}

async function received(connection: Connection): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of connection) pieces.push(chunk.toBytes());
  return Buffer.concat(pieces);
}

/** A connection, and the other end of it, whose bytes are collected. */
async function pairTo(listener: Listener): Promise<[Connection, Connection]> {
  const accepted = new Promise<Connection>(resolve => (listener.onConnection = resolve));
  const { port } = listener.address as pollux.InternetAddress;
  return [await pollux.connect({ host: '127.0.0.1', port }), await accepted];
}

async function files(): Promise<void> {
  const there = await pollux.openDirectory(folder);
  for (const options of [{}, { beneath: folder }, { beneath: there }]) {
    const file = await pollux.open('beneath' in options ? 'source' : source, options);
    check(await file.readInto(new Uint8Array(BYTES), 0).then(() => content), 'length');
    const into = new Uint8Array(BYTES);
    await file.readInto(into, 0);
    check(into, 'read');
    ok((await file.stat()).sizeBytes === BYTES, 'stat');
    await file.close();
  }
  const made = await pollux.open('made', { flags: 'w+', beneath: there });
  await made.write(content, 0);
  await made.datasync();
  await made.close();
  check(readFileSync(pathOf(folder, 'made')), 'write');
  await there.close();
  const [from, to] = [await pollux.open(source), await pollux.open(pathOf(folder, 'copy'), { flags: 'w' })];
  await pollux.copy(from, to);
  check(readFileSync(pathOf(folder, 'copy')), 'copy');
  await Promise.all([from.close(), to.close()]);
}

async function connections(): Promise<void> {
  const listener = await pollux.listen({ host: '127.0.0.1', port: 0 });
  const [sender, sink] = await pairTo(listener);
  const file = await pollux.open(source);
  const arrived = received(sink);
  await pollux.sendFile(sender, file, { before: 'head', after: 'tail' });
  sender.end();
  check(await arrived, 'sendFile', Buffer.concat([Buffer.from('head'), content, Buffer.from('tail')]));
  await file.close();

  const [client, near] = await pairTo(listener);
  const [far, server] = await pairTo(listener);
  const joined = pollux.join(near, far);
  const [through, back] = [received(server), received(client)];
  await client.write(content);
  client.end();
  check(await through, 'join');
  await server.write(content);
  server.end();
  check(await back, 'join, back');
  await joined;
  await listener.close();
}

/** Whether a connection came about is found out in other ways as well. */
async function refused(): Promise<void> {
  const there = await pollux.listen({ host: '127.0.0.1', port: 0 });
  const { port } = there.address as pollux.InternetAddress;
  await there.close();
  const failure = await pollux.connect({ host: '127.0.0.1', port }).catch((error: unknown) => error);
  ok((failure as pollux.IoError).code === 'ECONNREFUSED', `connect: ${String(failure)}`);
}

async function adopted(): Promise<void> {
  const [one, other] = socketpair().map(fd => pollux.adopt(fd));
  const arrived = received(other);
  one.end(content);
  check(await arrived, 'adopted');
  one.destroy();
  other.destroy();
}

async function moved(): Promise<void> {
  const entry = new URL(
    'data:text/javascript,import { currentWorker, receiveConnections } from "' + THREADS + '";' + MOVED,
  );
  const runtime = new Runtime({ entry, workers: 1 });
  await runtime.start();
  const [one, other] = socketpair().map(fd => pollux.adopt(fd));
  await other.moveTo(runtime.workers[0].peer);
  one.send('over there');
  check((await one.read())!.toBytes(), 'moved', Buffer.from('over there'));
  one.destroy();
  await runtime.stop();
}

async function timers(): Promise<void> {
  const start = performance.now();
  const after = pollux.watchTimer({ after: 30 });
  ok((await after.next()) === 1 && performance.now() - start >= 29, 'after');
  ok((await after.next()) === null && after.isClosed, 'after, once');
  ok((await pollux.watchTimer({ at: new Date(Date.now() + 30) }).next()) === 1, 'at');
  ok((await pollux.watchTimer({ at: 1 }).next()) === 1, 'at a time that is past');
  const every = pollux.watchTimer({ every: 500, unit: 'us' });
  let expirations = 0;
  for await (const count of every) {
    expirations += count;
    if (expirations >= 20) break;
  }
  ok(performance.now() - start >= 10 && every.isClosed, 'every');
  pollux.watchTimer({ every: 1 }).close();
}

const uncaught: Error[] = [];
process.on('uncaughtException', error => uncaught.push(error));
await files();
await connections();
await refused();
await adopted();
await moved();
await timers();
ok((await pollux.watchProcess(spawn('true').pid!).next()) !== null, 'process');
ok(new Runtime({ entry: new URL('data:text/javascript,') }).workers.length > 0, 'threads');
ok(uncaught.length === 0, `uncaught: ${String(uncaught[0])}`);
process.exit(0);
