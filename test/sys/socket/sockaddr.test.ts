import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { isIPv6, SocketAddress } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { close } from '../../../src/sys/file/io.js';
import { hasSockaddrLength, platform } from '../../../src/sys/ffi/platform.js';
import { checkAddress, formatAddress, SockaddrBlock, type Address } from '../../../src/sys/socket/sockaddr.js';
import { bind, localAddress, openSocket, socketpair } from '../../../src/sys/socket/socket.js';
import { propertyRuns } from '../../property-runs.js';

const onLinux = platform === 'linux';
/** sizeof(sun_path) without the final NUL. */
const LONGEST_PATH = onLinux ? 107 : 103;

const ports = fc.integer({ min: 0, max: 65535 });
const groups = fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 8, maxLength: 8 });

function roundTrip(address: Address): Address {
  checkAddress(address);
  const block = new SockaddrBlock();
  block.encode(address);
  return block.decode();
}

/** As Node itself writes it. */
function canonical(address: string): string {
  return new SocketAddress({ family: 'ipv6', address }).address;
}

/** What a socket that is bound to it says it is bound to. */
function bound(address: Address): Address {
  const domain = { unix: AF_UNIX, ipv4: AF_INET, ipv6: AF_INET6 }[address.family];
  const fd = openSocket(domain, SOCK_STREAM);
  try {
    bind(fd, address);
    return localAddress(fd);
  } finally {
    close(fd);
  }
}

describe('sys: sockaddr', () => {
  it('ipv4 comes back as it went in', () => {
    fc.assert(
      fc.property(fc.ipV4(), ports, (address, port) => {
        const given: Address = { family: 'ipv4', address, port };
        expect(roundTrip(given)).to.deep.equal(given);
      }),
    );
  });

  it('ipv6 comes back in the form in which Node writes it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6().filter(isIPv6), groups.map(hexGroups)), ports, (address, port) => {
        expect(roundTrip({ family: 'ipv6', address, port })).to.deep.equal({
          family: 'ipv6',
          address: canonical(address),
          port,
        });
      }),
      propertyRuns(300),
    );
  });

  for (const [given, expected] of [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8::8:800:200c:417a', '2001:db8::8:800:200c:417a'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['::ffff:192.0.2.33', '::ffff:192.0.2.33'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:77.77.88.88', '1:2:3:4:5:6:4d4d:5858'],
    ['fe80::1%7', 'fe80::1%7'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ]) {
    it(`ipv6 ${given} comes back as ${expected}`, () => {
      const { address } = roundTrip({ family: 'ipv6', address: given, port: 1 }) as { address: string };
      expect(address).to.equal(expected);
    });
  }

  it('a scope by the name of an interface becomes its number; an unknown name is refused', function () {
    const [name, entry] =
      Object.entries(os.networkInterfaces())
        .flatMap(([interfaceName, entries]) => entries!.map(each => [interfaceName, each] as const))
        .find(([, { family, scopeid }]) => family === 'IPv6' && scopeid > 0) ?? [];
    expect(() => checkAddress({ family: 'ipv6', address: 'fe80::1%nosuch0', port: 1 })).to.throw(TypeError, 'nosuch0');
    if (name === undefined || entry?.family !== 'IPv6') {
      this.skip(); // No interface of this machine has a link-local address.
      return;
    }
    expect(roundTrip({ family: 'ipv6', address: `fe80::1%${name}`, port: 1 })).to.deep.equal({
      family: 'ipv6',
      address: `fe80::1%${entry.scopeid}`,
      port: 1,
    });
  });

  it('lies in memory as this platform has it: family, then port in network order', () => {
    const block = new SockaddrBlock();
    block.encode({ family: 'ipv4', address: '1.2.3.4', port: 0x1234 });
    expect(block.lengthBytes).to.equal(16);
    block.encode({ family: 'ipv6', address: '::1', port: 0x1234 });
    expect(block.lengthBytes).to.equal(28);
    expect(block.lengthAddress - block.address).to.equal(128);
    expect(hasSockaddrLength).to.equal(!onLinux);
  });

  it('leaves nothing of the address before', () => {
    const block = new SockaddrBlock();
    block.encode({ family: 'ipv6', address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%9', port: 65535 });
    block.encode({ family: 'ipv6', address: '::', port: 0 });
    expect(block.decode()).to.deep.equal({ family: 'ipv6', address: '::', port: 0 });
  });

  describe('Unix', () => {
    it('a path comes back as it went in, of any length that fits and any letters', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), text => {
          const path = text.replaceAll('\0', '-');
          fc.pre(Buffer.byteLength(path) <= LONGEST_PATH && Buffer.from(path).toString() === path);
          expect(roundTrip({ family: 'unix', path })).to.deep.equal({ family: 'unix', path });
        }),
      );
    });

    it('the longest path fits, one more byte is refused with both lengths', () => {
      const longest = 'p'.repeat(LONGEST_PATH);
      expect(roundTrip({ family: 'unix', path: longest })).to.deep.equal({ family: 'unix', path: longest });
      expect(() => checkAddress({ family: 'unix', path: `${longest}p` })).to.throw(
        TypeError,
        `path: ${LONGEST_PATH + 1} bytes; allowed: 1 to ${LONGEST_PATH} bytes`,
      );
      const bytes = 'é'.repeat(LONGEST_PATH / 2 + 1);
      expect(() => checkAddress({ family: 'unix', path: bytes })).to.throw(TypeError, 'bytes; allowed: 1 to');
    });

    it('an abstract name is as long as it is', function () {
      if (!onLinux) this.skip(); // Abstract names exist on Linux only.
      for (const path of ['\0a', '\0name with spaces', `\0${'x'.repeat(106)}`]) {
        expect(roundTrip({ family: 'unix', path })).to.deep.equal({ family: 'unix', path });
      }
    });

    it('an abstract name is refused elsewhere', function () {
      if (onLinux) this.skip(); // Linux has them.
      expect(() => checkAddress({ family: 'unix', path: '\0a' })).to.throw(TypeError, 'on Linux only');
    });

    it('an empty path and a NUL within are refused', () => {
      expect(() => checkAddress({ family: 'unix', path: '' })).to.throw(TypeError, "path: ''; allowed: 1 to");
      expect(() => checkAddress({ family: 'unix', path: 'a\0b' })).to.throw(TypeError, 'NUL');
      expect(() => checkAddress({ family: 'unix', path: '\0a\0b' })).to.throw(TypeError, 'NUL');
    });
  });

  it('refuses what is no address of its family, naming it', () => {
    for (const [family, address] of [
      ['ipv4', '256.0.0.1'],
      ['ipv4', '::1'],
      ['ipv4', 'localhost'],
      ['ipv6', '127.0.0.1'],
      ['ipv6', ':::'],
      ['ipv6', ''],
    ] as const) {
      expect(() => checkAddress({ family, address, port: 1 })).to.throw(
        TypeError,
        `host: '${address}' is not an address of family ${family}`,
      );
    }
  });

  it('is written as people write it', () => {
    expect(formatAddress({ family: 'ipv4', address: '127.0.0.1', port: 80 })).to.equal('127.0.0.1:80');
    expect(formatAddress({ family: 'ipv6', address: '::1', port: 80 })).to.equal('[::1]:80');
    expect(formatAddress({ family: 'unix', path: '/run/x.sock' })).to.equal('/run/x.sock');
    expect(formatAddress({ family: 'unix', path: '\0x' })).to.equal('@x');
  });

  describe("in the kernel's hands", () => {
    it('ipv4 and ipv6 are bound where they say', () => {
      for (const given of [
        { family: 'ipv4', address: '127.0.0.1', port: 0 },
        { family: 'ipv6', address: '::1', port: 0 },
      ] as const) {
        const { port, ...rest } = bound(given) as { port: number };
        expect(rest).to.deep.equal({ family: given.family, address: given.address });
        expect(port).to.be.within(1024, 65535);
      }
    });

    it('a path is bound where it says', () => {
      const directory = mkdtempSync(join(os.tmpdir(), 'pollux-'));
      try {
        const given: Address = { family: 'unix', path: join(directory, 'ä.sock') };
        expect(bound(given)).to.deep.equal(given);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });

    it('an abstract name is bound as it is', function () {
      if (!onLinux) this.skip(); // Abstract names exist on Linux only.
      const given: Address = { family: 'unix', path: `\0pollux-${process.pid}` };
      expect(bound(given)).to.deep.equal(given);
    });

    it('an unbound end has an empty path', () => {
      const [left, right] = socketpair();
      expect(localAddress(left)).to.deep.equal({ family: 'unix', path: '' });
      close(left);
      close(right);
    });
  });
});

function hexGroups(numbers: number[]): string {
  return numbers.map(number => number.toString(16)).join(':');
}
