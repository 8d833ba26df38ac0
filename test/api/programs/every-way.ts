/**
 * Moves bytes in all the ways that Pollux has, and exits with 0 if every one of them arrived: for a machine that refuses some of
 * its system calls. Argument: a folder to work in.
 */
import { ok } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import process from 'node:process';
import * as pollux from 'pollux';
import type { Connection, Listener } from 'pollux';
import { patternBytes } from '../files.js';

const folder = process.argv[2];
const BYTES = 700_001;
const content = patternBytes(0, BYTES);
const source = pathOf(folder, 'source');
writeFileSync(source, content);

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

await files();
await connections();
process.exit(0);
