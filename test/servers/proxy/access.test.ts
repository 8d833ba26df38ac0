/** Lists of who may connect. */
import { expect } from 'chai';
import { assert, integer, ipV4, ipV6, property, tuple } from 'fast-check';
import { AccessList } from '../../../src/servers/proxy/access/access-list.js';
import { Networks, plainAddress } from '../../../src/servers/proxy/access/networks.js';
import { propertyRuns } from '../../property-runs.js';

const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

describe('networks', () => {
  it('have the addresses of IPv4 that share their first bits', () => {
    assert(
      property(ipV4(), ipV4(), integer({ min: 0, max: 32 }), (network, address, prefix) => {
        const size = 2 ** (32 - prefix);
        const isSame = Math.floor(numberOf(network) / size) === Math.floor(numberOf(address) / size);
        const networks = new Networks(`${network}/${prefix}`, 'x');
        expect(networks.has(address)).to.equal(isSame);
        expect(networks.has(`::ffff:${address}`)).to.equal(isSame);
      }),
      propertyRuns(300),
    );
  });

  it('have each address of IPv6 that is given, and none of IPv4 by ::/0', () => {
    assert(
      property(tuple(ipV6(), ipV4()), ([six, four]) => {
        const all = new Networks('::/0', 'x');
        expect([all.has(six), all.has(four)]).to.deep.equal([plainAddress(six) === six, false]);
        expect(new Networks('0.0.0.0/0', 'x').has(four)).to.equal(true);
      }),
      propertyRuns(100),
    );
    expect(new Networks('2001:db8::/32', 'x').has('2001:db8:1::1')).to.equal(true);
    expect(new Networks('2001:db8::/32', 'x').has('2001:db9::1')).to.equal(false);
  });

  it('have the plain form of an address of IPv4 in whatever way it is written', () => {
    expect(plainAddress('::ffff:10.0.0.1')).to.equal('10.0.0.1');
    expect(plainAddress('::FFFF:a00:1')).to.equal('10.0.0.1');
    expect(plainAddress('fe80::1')).to.equal('fe80::1');
  });

  for (const wrong of [
    '10.0.0.0/33',
    '10.0.0/8',
    'x',
    '',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '::ffff:10.0.0.0/104',
    7,
  ]) {
    it(`are not ${JSON.stringify(wrong)}`, () => {
      expect(() => new Networks(wrong as string, 'rules[0].deny')).to.throw(
        TypeError,
        /^rules\[0\]\.deny: .*; allowed: networks/,
      );
    });
  }
});

describe('a list of who may connect', () => {
  it('goes by the first rule that names the address', () => {
    const list = new AccessList(
      [{ allow: '10.1.0.0/16' }, { deny: ['10.0.0.0/8', '::1'] }, { allow: '::/0' }, { allow: '10.0.0.0/8' }],
      'deny',
    );
    expect(list.allows('10.1.2.3')).to.equal(true);
    expect(list.allows('10.2.2.3')).to.equal(false);
    expect(list.allows('::1')).to.equal(false);
    expect(list.allows('::2')).to.equal(true);
    expect(list.allows('192.0.2.1')).to.equal(false);
    expect(list.allows('')).to.equal(false);
  });

  it('says whether it refuses anybody', () => {
    expect(new AccessList([], 'allow').refusesSome).to.equal(false);
    expect(new AccessList([{ allow: '::1' }], 'allow').refusesSome).to.equal(false);
    expect(new AccessList([{ deny: '::1' }], 'allow').refusesSome).to.equal(true);
    expect(new AccessList([], 'deny').refusesSome).to.equal(true);
  });

  for (const wrong of [{}, { allow: 'x', deny: 'y' }, { permit: '::1' }, null, { allow: 7 }]) {
    it(`refuses the rule ${JSON.stringify(wrong)}`, () => {
      expect(() => new AccessList([wrong as never], 'allow')).to.throw(TypeError, /^rules\[0\]/);
    });
  }
});
