/** An attempt to connect whose end is known and not yet told: abort, another address or a callback may come in between. */
import { expect } from 'chai';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindDatagram, type Connection } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { isEphemeralPort } from '../../../src/sys/socket/ephemeral-ports.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { withAddresses } from '../../support/names.js';
import { atEnd, connected, listening, portOf, rejection, tcpPair, turns } from '../../support/sockets.js';

/** Runs `body` with a resolver that never answers. */
async function withMuteResolver(body: () => Promise<void>): Promise<void> {
  const { lookup } = dns;
  const replace = (by: unknown) => {
    (dns as { lookup: unknown }).lookup = by;
    syncBuiltinESMExports();
  };
  replace(() => new Promise(() => {}));
  try {
    await body();
  } finally {
    replace(lookup);
  }
}

describeOnEveryDriver('connect() closes a descriptor once', () => {
  it('aborted in the turn in which it is refused: a file that has got the number stays open', async () => {
    for (let round = 0; round < 5; round++) {
      const { client, server } = await tcpPair();
      const controller = new AbortController();
      const path = join(tmpdir(), `pollux-once-${process.pid}`);
      const opened = settling<number>();
      server.onData = () => {
        controller.abort(new Error('changed my mind'));
        opened.resolve(openSync(path, 'w'));
      };
      const attempt = rejection(connected({ host: '127.0.0.1', port: 1, signal: controller.signal }));
      client.send('x');
      const file = await opened.promise;
      try {
        // Whichever came first: the abort or the refusal.
        expect((await attempt).message).to.match(/changed my mind|ECONNREFUSED/);
        await turns(3);
        expect(writeSync(file, 'x')).to.equal(1);
      } finally {
        closeSync(file);
        rmSync(path);
      }
      client.destroy();
      server.destroy();
    }
  });

  it('aborted in the turn in which it is answered: no second connection stands on the number', async () => {
    const { client, server } = await tcpPair();
    const served: Connection[] = [];
    const listener = await listening({ host: '127.0.0.1', onConnection: each => served.push(each) });
    const controller = new AbortController();
    server.onData = () => controller.abort(new Error('changed my mind'));
    const attempt = connected({ host: '127.0.0.1', port: portOf(listener), signal: controller.signal }).then(
      connection => connection,
      (failure: Error) => failure,
    );
    client.send('x');
    const outcome = await attempt;
    await turns(3);
    if (outcome instanceof Error) expect(outcome.message).to.equal('changed my mind');
    else expect(outcome.isClosed).to.equal(false);
  });

  it('one address answers and one refuses in the same turn: the connection, and nothing else', async () => {
    const listener = await listening({ host: '127.0.0.1' });
    for (const order of [
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
      ['127.0.0.2', '127.0.0.3', '127.0.0.1'],
    ]) {
      const client = await withAddresses(order, () => connected({ host: 'name.test', port: portOf(listener) }));
      await turns(3);
      expect(client.remoteAddress).to.include({ address: '127.0.0.1' });
    }
  });
});

describeOnEveryDriver(
  'connect() while the name is looked up',
  () => {
    it('timeoutMs ends it', () =>
      withMuteResolver(async () => {
        const failure = await rejection(connected({ host: 'slow.example', port: 80, timeoutMs: 20 }));
        expect(failure).to.include({ code: 'ETIMEDOUT', syscall: 'connect' });
        expect(failure.message).to.include('slow.example:80').and.include('20 ms');
      }));

    it('a signal ends it', () =>
      withMuteResolver(async () => {
        const controller = new AbortController();
        const attempt = rejection(connected({ host: 'slow.example', port: 80, signal: controller.signal }));
        await turns();
        controller.abort(new Error('enough'));
        expect((await attempt).message).to.equal('enough');
        const timeout = AbortSignal.timeout(20);
        expect((await rejection(connected({ host: 'slow.example', port: 80, signal: timeout }))).name).to.equal(
          'TimeoutError',
        );
      }));

    it('the same for datagrams', () =>
      withMuteResolver(async () => {
        const socket = await bindDatagram({ host: '127.0.0.1' });
        atEnd(() => void socket.destroy());
        const to = { host: 'slow.example', port: 80 };
        const late = await rejection(socket.connect({ ...to, timeoutMs: 20 }));
        expect(late).to.include({ code: 'ETIMEDOUT', syscall: 'connect' });
        const controller = new AbortController();
        const attempt = rejection(socket.connect({ ...to, signal: controller.signal }));
        controller.abort(new Error('enough'));
        expect((await attempt).message).to.equal('enough');
        const early = AbortSignal.abort(new Error('too early'));
        expect((await rejection(socket.connect({ ...to, signal: early }))).message).to.equal('too early');
        expect((await rejection(socket.connect({ ...to, timeoutMs: -1 }))).message).to.include('timeoutMs');
      }));
  },
  ['level'],
);

describeOnEveryDriver(
  'connect() to a port of the ephemeral range',
  () => {
    it('on which nobody listens never connects to itself', async function () {
      if (process.platform !== 'linux') this.skip(); // Elsewhere the ports are given out at random.
      // Linux goes through every other port: one is met within the range, and mostly much sooner.
      const listener = await listening({ host: '127.0.0.1' });
      const probe = await connected({ host: '127.0.0.1', port: portOf(listener) });
      const local = probe.localAddress as { port: number };
      expect(isEphemeralPort(local.port)).to.equal(true);
      for (let round = 0; round < 300; round++) {
        const port = local.port - (local.port % 2) + 2 + (round % 40) * 2;
        const failure = await rejection(connected({ host: '127.0.0.1', port })).catch(() => undefined);
        expect(failure).to.include({ code: 'ECONNREFUSED' });
      }
    });
  },
  ['level'],
);
