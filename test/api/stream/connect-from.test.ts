import { expect } from 'chai';
import type { ConnectOptions, InternetAddress } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { connected, listening } from '../../support/sockets.js';

describeOnEveryDriver(
  'connect(), from where and by which family',
  () => {
    it('localAddress and localPort are those that the peer sees', async () => {
      const free = await listening({ host: '127.0.0.1' });
      const { port: localPort } = free;
      await free.close();
      const listener = await listening({ host: '127.0.0.1' });
      const { port } = listener;
      const named = await connected({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
      expect(named.localAddress).to.include({ address: '127.0.0.2' });
      const both = await connected({ host: 'localhost', port, localAddress: '127.0.0.1', localPort });
      expect(both.localAddress).to.deep.equal({ family: 'ipv4', address: '127.0.0.1', port: localPort });
    });

    it('family tries one alone', async () => {
      const { port } = await listening({ host: '::' });
      for (const family of ['ipv4', 'ipv6'] as const) {
        const host = family === 'ipv4' ? '127.0.0.1' : '::1';
        expect(((await connected({ host, port, family })).remoteAddress as InternetAddress).family).to.equal(family);
      }
      const fourth = await connected({ host: 'localhost', port, family: 'ipv4' });
      expect(fourth.remoteAddress).to.include({ family: 'ipv4', address: '127.0.0.1' });
    });

    it('refuses what does not fit together', async () => {
      const wrong: [ConnectOptions, string][] = [
        [{ port: 1, localAddress: 'localhost' }, "localAddress: 'localhost'; allowed: an IP address of this machine"],
        [{ port: 1, host: '::1', family: 'ipv4' }, 'host: of family ipv6; allowed: ipv4, as family says'],
        [
          { port: 1, host: '::1', localAddress: '127.0.0.1' },
          'host: of family ipv6; allowed: ipv4, as localAddress says',
        ],
        [{ path: '/x', localPort: 1 }, 'localPort: given beside path; allowed: beside host and port'],
      ];
      for (const [options, message] of wrong) {
        const failure = await failureOf(connected(options));
        expect(failure).to.be.instanceOf(TypeError);
        expect(failure.message).to.equal(message);
      }
      expect(await failureOf(connected({ port: 1, host: '127.0.0.1', localAddress: '192.0.2.77' }))).to.include({
        code: 'EADDRNOTAVAIL',
      });
    });
  },
  ['level'],
);
