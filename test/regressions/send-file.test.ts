import { expect } from 'chai';
import { truncateSync } from 'node:fs';
import type { Connection, Transfer, TransferFailure } from '../../src/index.js';
import { BufferList } from '../../src/index.js';
import { FileToSocket, type FileToSocketCalls } from '../../src/core/transfers/files/file-to-socket.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { faultyKernel, PASS, type Fault, type FaultyKernel, type FaultOptions } from '../support/faulty-file-calls.js';
import { patternBytes, TestFiles, type TestFile } from '../support/files.js';
import { atEnd, readAll, rejection, tcpPair, turns, unixPair } from '../support/sockets.js';
import { begun } from '../support/transfers.js';

const SYSTEMS = ['linux', 'freebsd'] as const;

function kernel(options: FaultOptions): FaultyKernel {
  const made = faultyKernel(options);
  atEnd(() => made.close());
  return made;
}

function send(
  connection: Connection,
  { fd }: TestFile,
  { calls }: FaultyKernel,
  offset: number,
  lengthBytes: number,
  before = '',
  after = '',
): Transfer {
  const range = { fd, device: 0, offset, lengthBytes };
  const lists = { before: BufferList.from(before), after: BufferList.from(after) };
  return begun(new FileToSocket(connection, { calls }), { range, ...lists });
}

// Not by edges: an EAGAIN that the kernel did not say is followed by no edge.
describeOnEveryDriver(
  'sendFile under faults',
  () => {
    const files = new TestFiles();

    for (const system of SYSTEMS) {
      const shares = system === 'linux' ? [0] : [0, 0.3, 0.999, 1];
      for (const kind of ['EAGAIN', 'EINTR', 'EBUSY'] as const) {
        if (kind === 'EBUSY' && system === 'linux') continue;
        for (const share of shares) {
          it(`regression 25: ${kind} with ${share} of the bytes sent (${system})`, async () => {
            const { client, server } = unixPair();
            const little: Fault = { kind: 'short', share: 0.1 };
            const faults = Array.from({ length: 24 }, (_, index) => (index % 4 === 1 ? little : { kind, share }));
            const faulty = kernel({ system, faults });
            const transfer = send(client, files.pattern(300_000), faulty, 11, 250_000, 'head', 'tail');
            client.end();
            const expected = Buffer.concat([Buffer.from('head'), patternBytes(11, 250_000), Buffer.from('tail')]);
            expect(Buffer.compare(await readAll(server), expected)).to.equal(0);
            const account = await transfer;
            expect(account).to.include({ bytes: 250_008, bytesIn: 250_008, path: 'sendfile', residueBytes: 0 });
            expect(faulty.script.calls).to.be.at.least(share === 1 ? 1 : 3);
            if (kind === 'EBUSY') expect(faulty.disk.reads).to.be.greaterThan(0);
          });
        }
      }

      it(`regression 26: the socket is full in the header, at the seam, in the file, in the trailer (${system})`, async () => {
        const header = 'h'.repeat(1000);
        const trailer = 't'.repeat(300_000);
        // Shares of the first call, which on FreeBSD has header and file: 1000 and 1000 bytes.
        for (const share of [0.001, 0.25, 0.5, 0.5005, 0.75, 0.9995]) {
          const { client, server } = unixPair();
          const faulty = kernel({ system, faults: [{ kind: 'EAGAIN', share: system === 'linux' ? 0 : share }] });
          const transfer = send(client, files.pattern(1000), faulty, 0, 1000, header, trailer);
          await turns(2);
          client.end();
          const expected = Buffer.concat([Buffer.from(header), patternBytes(0, 1000), Buffer.from(trailer)]);
          expect(Buffer.compare(await readAll(server), expected)).to.equal(0);
          expect((await transfer).bytes).to.equal(302_000);
        }
      });

      it(`what sendfile can't send goes by buffers, without a byte twice (${system})`, async () => {
        const { client, server } = unixPair();
        const faulty = kernel({
          system,
          faults: [{ kind: 'short', share: 0.2 }, PASS, { kind: 'EINVAL', share: 0 }],
          readFaults: [{ kind: 'short', share: 0.1 }, PASS, { kind: 'short', share: 0 }],
        });
        const transfer = send(client, files.pattern(900_000), faulty, 5, 800_000, 'head', 'tail');
        client.end();
        const expected = Buffer.concat([Buffer.from('head'), patternBytes(5, 800_000), Buffer.from('tail')]);
        expect(Buffer.compare(await readAll(server), expected)).to.equal(0);
        const account = await transfer;
        expect(account).to.include({ path: 'buffers', fallback: 'sendfile: EINVAL', bytes: 800_008, residueBytes: 0 });
      });

      it(`a file that is not in memory is read ahead while others are served (${system})`, async () => {
        const { client, server } = await tcpPair();
        const faults = [
          { kind: 'EBUSY', share: 0 },
          { kind: 'EBUSY', share: 0.5 },
        ] as const;
        const faulty = kernel({ system, coldEvery: 1, faults: system === 'freebsd' ? faults : [] });
        const transfer = send(client, files.pattern(3_000_000), faulty, 0, 3_000_000);
        expect(transfer.account.bytes).to.equal(0);
        const other = unixPair();
        other.client.send('meanwhile');
        expect((await other.server.read())?.toString()).to.equal('meanwhile');
        client.end();
        expect(Buffer.compare(await readAll(server), patternBytes(0, 3_000_000))).to.equal(0);
        expect(await transfer).to.include({ path: 'sendfile', bytes: 3_000_000 });
        expect(faulty.disk.reads).to.be.greaterThan(1);
      });

      it(`a disk that fails before the first byte fails the transfer, and the connection lives on (${system})`, async () => {
        const { client, server } = unixPair();
        const faulty = kernel({ system, faults: [{ kind: 'EIO', share: 0 }] });
        const failure = await rejection(Promise.resolve(send(client, files.pattern(1000), faulty, 0, 1000)));
        expect(failure).to.include({ code: 'EIO' });
        client.end('alive');
        expect(Buffer.from(await readAll(server)).toString()).to.equal('alive');
      });
    }

    it('a read that fails is not made again by sendfile: its error is told', async () => {
      const { client, server } = unixPair();
      const faulty = kernel({ system: 'linux', coldEvery: 1, readFaults: [{ kind: 'EIO', share: 0 }] });
      const failure = await rejection(Promise.resolve(send(client, files.pattern(1000), faulty, 0, 1000)));
      expect(failure).to.include({ code: 'EIO', syscall: 'pread' });
      expect(faulty.script.calls).to.equal(0);
      client.end('alive');
      expect(Buffer.from(await readAll(server)).toString()).to.equal('alive');
    });

    it('what has left the memory since it was looked at is read before it is sent', async () => {
      const { client, server } = unixPair();
      const faulty = kernel({ system: 'linux' });
      let isResident = true;
      let blindCalls = 0;
      const { sendfile, reads } = faulty.calls;
      const calls: FileToSocketCalls = {
        sendfile: {
          takesHeader: false,
          refusesToWait: false,
          get failure() {
            return sendfile.failure;
          },
          send: (socket, file, offset, lengthBytes) => {
            if (!isResident) blindCalls++;
            // Whatever the socket did not take has gone from memory by the next call.
            isResident = false;
            return sendfile.send(socket, file, offset, lengthBytes);
          },
        },
        reads: {
          isResident: () => isResident,
          read: (file, address, lengthBytes, offset, done) =>
            reads.read(file, address, lengthBytes, offset, bytes => {
              isResident = true;
              done(bytes);
            }),
        },
      };
      const file = files.pattern(2_000_000);
      const range = { fd: file.fd, device: 0, offset: 0, lengthBytes: 2_000_000 };
      const lists = { before: new BufferList(), after: new BufferList() };
      const transfer = begun(new FileToSocket(client, { calls }), { range, ...lists });
      client.end();
      expect(Buffer.compare(await readAll(server), patternBytes(0, 2_000_000))).to.equal(0);
      expect(await transfer).to.include({ path: 'sendfile', bytes: 2_000_000 });
      expect(blindCalls).to.equal(0);
    });

    it('a disk that fails half way, by buffers: the connection is reset and the residue told', async () => {
      const { client, server } = unixPair();
      const faulty = kernel({
        system: 'linux',
        faults: [{ kind: 'EINVAL', share: 0 }],
        readFaults: [PASS, { kind: 'EIO', share: 0 }],
      });
      const transfer = send(client, files.pattern(500_000), faulty, 0, 500_000);
      const reading = rejection(readAll(server)).catch(() => undefined);
      const failure: TransferFailure & { code?: string } = await rejection(Promise.resolve(transfer));
      expect(failure).to.include({ code: 'EIO' });
      expect(failure.transfer!.bytesIn).to.equal(65536);
      expect(failure.transfer!.bytesOut).to.equal(65536);
      expect(client.isClosed).to.equal(true);
      await reading;
    });

    it('regression 27: cut short while it goes by buffers', async () => {
      const { client, server } = unixPair();
      const file = files.pattern(500_000);
      const faulty = kernel({ system: 'linux', faults: [{ kind: 'EINVAL', share: 0 }] });
      const transfer = send(client, file, faulty, 0, 500_000);
      truncateSync(file.path, 100_000);
      const reading = rejection(readAll(server)).catch(() => undefined);
      const failure: TransferFailure & { code?: string } = await rejection(Promise.resolve(transfer));
      expect(failure).to.include({ code: 'EIO' });
      expect(failure.transfer!.bytes).to.equal(100_000);
      await reading;
    });

    it('cancelled while a read is under way: nothing of it is used, and its memory comes back', async () => {
      const { client, server } = unixPair();
      const faulty = kernel({ system: 'linux', faults: [{ kind: 'EINVAL', share: 0 }] });
      const transfer = send(client, files.pattern(500_000), faulty, 0, 500_000);
      expect(faulty.disk.reads).to.equal(1);
      transfer.cancel();
      client.end('after');
      expect(await rejection(Promise.resolve(transfer))).to.include({ code: 'ECANCELED' });
      expect(Buffer.from(await readAll(server)).toString()).to.equal('after');
      await turns(4);
      expect(client.reactor.slab.leasedChunks).to.be.at.most(1);
    });

    it('destroyed while a read is under way', async () => {
      const { client } = unixPair();
      const faulty = kernel({ system: 'linux', coldEvery: 1 });
      const transfer = send(client, files.pattern(500_000), faulty, 0, 500_000);
      client.destroy();
      expect(await rejection(Promise.resolve(transfer))).to.include({ code: 'ECANCELED' });
      await turns(4);
    });
  },
  ['level', 'oneshot'],
);
