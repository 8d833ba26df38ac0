/** A service is closed, or its runtime stopped, while clients come without end: nobody who has connected is lost. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { currentReactor } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import { destroyTracked } from '../../support/sockets.js';
import { streamOfClients } from '../../support/stream-of-clients.js';

/** Longer than any test may last. */
const NEVER_MS = 1_000_000;
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

type End = 'closed' | 'stopped';

export function describeFloods(title: string, threads: number, ends: readonly End[]): void {
  describe(title, () => {
    let runtime: Runtime;
    const directory = mkdtempSync(join(tmpdir(), 'pollux-flood-'));

    before(function () {
      // Other kernels have no gate to close (src/sys/socket/listener-gate.ts).
      if (process.platform !== 'linux') this.skip();
    });

    afterEach(async () => {
      destroyTracked();
      await runtime.stop(0).catch(() => {});
      currentReactor().close();
    });

    after(() => rmSync(directory, { recursive: true }));

    for (const accept of MODELS) {
      for (const end of ends) {
        it(`answers all who have connected, over TCP and a Unix socket (${accept}, ${end})`, async () => {
          runtime = new Runtime({ entry: new URL('answering-entry.js', import.meta.url), workers: threads });
          await runtime.start();
          const services = [await runtime.listen({ accept, host: '127.0.0.1' })];
          if (accept !== 'reuseport') {
            services.push(await runtime.listen({ accept, path: join(directory, `${accept}-${end}`) }));
          }
          const streams = services.map(({ address }) =>
            streamOfClients(address.family === 'unix' ? address.path : address.port),
          );
          await Promise.all(streams.map(({ flows }) => flows));
          if (end === 'closed') await Promise.all(services.map(service => service.close()));
          else expect(await runtime.stop(NEVER_MS)).to.deep.equal({ terminated: [] });
          for (const { outcomes } of streams) expect(Object.keys(await outcomes)).to.deep.equal(['answered']);
        });
      }
    }
  });
}
