import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatagramSocket } from '../../../src/index.js';
import {
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_LOOP,
  IPV6_UNICAST_HOPS,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TTL,
  SOL_SOCKET,
  SO_BROADCAST,
} from '../../../src/sys/ffi/constants.js';
import { bound, texts, until } from '../../support/datagrams.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd } from '../../support/sockets.js';

const GROUP4 = '239.255.77.1';
const GROUP6 = 'ff02::4d01';
const interfaces = Object.entries(networkInterfaces()).flatMap(([name, found = []]) =>
  found.map(each => ({ name, ...each })),
);
const loopback = interfaces.find(({ address }) => address === '127.0.0.1')!.name;
const linked = interfaces.find(({ family, internal }) => family === 'IPv6' && !internal);

describeOnEveryDriver(
  'multicast, broadcast and TTL of datagram sockets',
  () => {
    const byte = (socket: DatagramSocket, level: number, name: number) => socket.getOption(level, name)[0];

    for (const [family, host, group, at] of [
      ['IPv4', '0.0.0.0', GROUP4, { name: loopback, address: '127.0.0.1' }],
      ['IPv6', '::', GROUP6, linked],
    ] as const) {
      it(`a member gets what is sent to the group, until it leaves (${family})`, async function () {
        if (at === undefined) return this.skip(); // The loopback carries no IPv6 multicast.
        const member = await bound({ host });
        const sender = await bound({ host });
        const received = texts(member);
        sender.setMulticastInterface(at.name);
        member.addMembership(group, at.address);
        sender.trySend('one', { host: group, port: member.port });
        await until(() => received.length === 1);
        // The name of the interface is as good as its address.
        expect(() => member.addMembership(group, at.name))
          .to.throw()
          .with.property('code', 'EADDRINUSE');
        member.dropMembership(group, at.address);
        expect(() => member.dropMembership(group, at.name))
          .to.throw()
          .with.property('code', 'EADDRNOTAVAIL');
        sender.trySend('lost', { host: group, port: member.port });
        sender.trySend('two', { host: family === 'IPv4' ? '127.0.0.1' : '::1', port: member.port });
        await until(() => received.includes('two'));
        expect(received).to.deep.equal(['one', 'two']);
      });
    }

    it('sets how far datagrams go', async () => {
      const [fourth, sixth] = [await bound(), await bound({ host: '::1' })];
      for (const socket of [fourth, sixth]) {
        socket.setTtl(7);
        socket.setMulticastTtl(9);
      }
      expect([byte(fourth, IPPROTO_IP, IP_TTL), byte(fourth, IPPROTO_IP, IP_MULTICAST_TTL)]).to.deep.equal([7, 9]);
      expect(byte(sixth, IPPROTO_IPV6, IPV6_UNICAST_HOPS)).to.equal(7);
      expect(byte(sixth, IPPROTO_IPV6, IPV6_MULTICAST_HOPS)).to.equal(9);
      fourth.setMulticastLoopback(false);
      sixth.setMulticastLoopback(false);
      expect(byte(sixth, IPPROTO_IPV6, IPV6_MULTICAST_LOOP)).to.equal(0);
      expect(byte(fourth, IPPROTO_IP, IP_MULTICAST_LOOP)).to.equal(0);
      fourth.setMulticastInterface(undefined);
    });

    it('sends to broadcast addresses once that is allowed', async () => {
      const receiver = await bound({ host: '0.0.0.0' });
      const sender = await bound({ host: '127.0.0.1' });
      const received = texts(receiver);
      const to = { host: '127.255.255.255', port: receiver.port };
      expect(() => sender.trySend('no', to))
        .to.throw()
        .with.property('code', 'EACCES');
      sender.setBroadcast(true);
      expect(byte(sender, SOL_SOCKET, SO_BROADCAST)).to.not.equal(0);
      expect(sender.trySend('yes', to)).to.equal(true);
      await until(() => received.length > 0);
      expect(received).to.deep.equal(['yes']);
    });

    it('refuses what makes no sense, and says what is allowed', async () => {
      const socket = await bound();
      for (const group of ['127.0.0.1', '::1', 'name', `${GROUP6}%lo`, 5 as never]) {
        expect(() => socket.addMembership(group))
          .to.throw(TypeError, 'group: ')
          .with.property('message')
          .that.includes('ff00::/8');
      }
      expect(() => socket.addMembership(GROUP4, 'none0')).to.throw(
        TypeError,
        "interface: 'none0'; allowed: the name or an address",
      );
      expect(() => socket.setMulticastInterface('192.0.2.99')).to.throw(TypeError, "interface: '192.0.2.99'");
      expect(() => socket.setTtl(0)).to.throw(RangeError, 'hops: 0; allowed: integers from 1 to 255');
      expect(() => socket.setMulticastTtl(256)).to.throw(RangeError, 'hops: 256; allowed: integers from 0 to 255');
      expect(() => socket.setBroadcast(1 as never)).to.throw(TypeError, 'enable: 1; allowed: true, false');
      socket.destroy();
      expect(() => socket.setTtl(1))
        .to.throw()
        .with.property('code', 'EBADF');
      const directory = mkdtempSync(join(tmpdir(), 'pollux-reach-'));
      atEnd(() => rmSync(directory, { recursive: true }));
      const unix = await bound({ path: join(directory, 'socket') });
      expect(() => unix.addMembership(GROUP4))
        .to.throw()
        .with.property('code', 'ENOTSUP');
    });
  },
  ['level'],
);
