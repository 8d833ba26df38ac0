/** Smoke programs of transfers: each path that bytes can take, where this kernel has it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import {
  copy,
  join,
  open,
  sendFile,
  type Connection,
  type TransferAccount,
  type TransferPath,
} from '../../../index.js';
import { platform } from '../../../sys/ffi/platform.js';
import { Inapplicable, type Check } from '../check.js';
import { expectBytes, expectEqual, expectFailure } from './expect.js';
import { connectedPair, readAll, readExactly, smoke, someBytes } from './ground.js';

const LENGTH_BYTES = 4 << 20;
const BESIDE_BYTES = 100_000;

/** Systems whose kernels must have a path; elsewhere, and on file systems that refuse it, its absence is no fault. */
const HAVE: Readonly<Partial<Record<TransferPath, readonly string[]>>> = {
  sendfile: ['linux', 'freebsd'],
  splice: ['linux'],
  buffers: ['linux', 'freebsd', 'darwin', 'openbsd', 'netbsd'],
};

/** The bytes are right by now, whichever path they took. */
function judgePath({ path, fallback, calls }: TransferAccount, wanted: TransferPath): string {
  if (path === wanted) return `${calls} calls`;
  const instead = `by ${path}${fallback === undefined ? '' : ` (${fallback})`}`;
  if (HAVE[wanted]?.includes(platform)) throw new Error(`path: expected ${wanted}, got ${instead}`);
  throw new Inapplicable(`there is no ${wanted} here; every byte went ${instead}`);
}

async function sendWhole(directory: string): Promise<string> {
  const path = joinPath(directory, 'file');
  const bytes = someBytes(LENGTH_BYTES);
  writeFileSync(path, bytes);
  const { client, server } = await connectedPair();
  const [account, received] = await Promise.all([
    sendFile(client, path, { offset: 1000, before: 'before', after: 'after' }).finally(() => client.end()),
    readAll(server),
  ]);
  const whole = Buffer.concat([Buffer.from('before'), bytes.subarray(1000), Buffer.from('after')]);
  expectBytes(received, whole, 'what was received');
  expectEqual(account.bytes, whole.length, 'account.bytes');
  await Promise.all([client.close(), server.close()]);
  return judgePath(account, 'sendfile');
}

/** A file that something else fills goes by buffers everywhere: a rate would not change that. */
async function copyToConnectionAndBack(directory: string): Promise<string> {
  const [from, to] = [joinPath(directory, 'from'), joinPath(directory, 'to')];
  const bytes = someBytes(LENGTH_BYTES);
  writeFileSync(from, bytes);
  const { client, server } = await connectedPair();
  const [, account] = await Promise.all([copy(from, client).then(() => client.end()), copy(server, to)]);
  expectBytes(readFileSync(to), bytes, 'the copy');
  await Promise.all([client.close(), server.close()]);
  return judgePath(account, 'buffers');
}

async function copyFile(directory: string, wanted: TransferPath): Promise<string> {
  const [from, to] = [joinPath(directory, 'from'), joinPath(directory, 'to')];
  const bytes = someBytes(LENGTH_BYTES);
  writeFileSync(from, bytes);
  await using source = await open(from);
  await using target = await open(to, { flags: 'rw', mode: 0o600 });
  // What two files can't share is copied: blocks are shared from their beginnings only.
  const options = wanted === 'reflink' ? {} : { from: 1, to: 1 };
  const account = await copy(source, target, options);
  expectBytes(readFileSync(to).subarray(options.to ?? 0), bytes.subarray(options.from ?? 0), 'the copy');
  return judgePath(account, wanted);
}

interface Tunnel {
  readonly left: Connection;
  readonly right: Connection;
  over(): Promise<{ readonly aToB: TransferAccount; readonly bToA: TransferAccount }>;
}

async function tunnel(bytesPerSecond?: number): Promise<Tunnel> {
  const [one, other] = [await connectedPair(), await connectedPair()];
  const transfer = join(one.server, other.client, bytesPerSecond === undefined ? {} : { bytesPerSecond });
  return { left: one.client, right: other.server, over: async () => transfer };
}

async function flood(wanted: TransferPath, bytesPerSecond?: number): Promise<string> {
  const { left, right, over } = await tunnel(bytesPerSecond);
  const [there, back] = [someBytes(LENGTH_BYTES, 1), someBytes(BESIDE_BYTES, 2)];
  const writing = Promise.all([left.write(there).then(() => left.end()), right.write(back).then(() => right.end())]);
  const [atRight, atLeft] = await Promise.all([readAll(right), readAll(left), writing]);
  expectBytes(atRight, there, 'one direction');
  expectBytes(atLeft, back, 'the other direction');
  const { aToB } = await over();
  expectEqual(aToB.bytes, LENGTH_BYTES, 'account.aToB.bytes');
  return judgePath(aToB, wanted);
}

export const transfers: readonly Check[] = [
  smoke('sendFile by sendfile(2), with bytes before and after', sendWhole),
  smoke('a join by splice(2)', () => flood('splice')),
  smoke('a join by SO_SPLICE', () => flood('so_splice')),
  // With a rate the bytes have to be counted on their way.
  smoke('a join of small messages, by buffers or by SO_SPLICE', async () => {
    const { left, right, over } = await tunnel();
    for (let round = 0; round < 200; round++) {
      await left.write(`ping ${round}`);
      expectEqual(Buffer.from(await readExactly(right, `ping ${round}`.length)).toString(), `ping ${round}`, 'one way');
      await right.write('pong');
      expectEqual(Buffer.from(await readExactly(left, 4)).toString(), 'pong', 'the other way');
    }
    left.end();
    right.end();
    return `by ${(await over()).aToB.path}`;
  }),
  smoke('a join with a rate', async () => {
    const { left, right, over } = await tunnel(50e6);
    const bytes = someBytes(LENGTH_BYTES);
    const [received] = await Promise.all([readAll(right), left.write(bytes).then(() => left.end())]);
    expectBytes(received, bytes, 'what was received');
    right.end();
    return `by ${(await over()).aToB.path}`;
  }),
  smoke('a join whose end breaks says which', async () => {
    const { left, right, over } = await tunnel();
    left.reset();
    const failure = (await over().catch((error: unknown) => error)) as { transfer?: { brokenEnd?: string } };
    expectEqual(failure.transfer?.brokenEnd, 'a', 'brokenEnd');
    await expectFailure('ECONNRESET', 'a read at the other end', right.read());
  }),
  smoke('a copy of a file by reflink', directory => copyFile(directory, 'reflink')),
  smoke('a copy of a file by copy_file_range(2)', directory => copyFile(directory, 'copy_file_range')),
  smoke('a copy from a file to a connection and into another file', copyToConnectionAndBack),
];
