import { expect } from 'chai';
import { ipv6Text } from '../../../src/sys/socket/ipv6-text.js';

function textOf(...groups: number[]): string {
  return ipv6Text(Uint8Array.from(groups.flatMap(group => [group >> 8, group & 255])));
}

// Against Node's own text, of addresses at random: sockaddr.test.ts. Here the runtime has no say.
describe('the text of an IPv6 address', () => {
  it('is short: leading zeros and the first of the longest runs of zeros are left out', () => {
    expect(textOf(0, 0, 0, 0, 0, 0, 0, 0)).to.equal('::');
    expect(textOf(0, 0, 0, 0, 0, 0, 0, 1)).to.equal('::1');
    expect(textOf(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1)).to.equal('2001:db8::1:0:0:1');
    expect(textOf(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1)).to.equal('2001:db8:0:1:1:1:1:1');
    expect(textOf(0x2001, 0, 0, 1, 0, 0, 0, 1)).to.equal('2001:0:0:1::1');
    expect(textOf(0xfe80, 0, 0, 0, 0, 0, 0, 0)).to.equal('fe80::');
    expect(textOf(0, 1, 0, 0, 0, 0, 0, 0)).to.equal('0:1::');
  });

  it('shows an IPv4 address where it has one', () => {
    expect(textOf(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)).to.equal('::ffff:127.0.0.1');
    expect(textOf(0, 0, 0, 0, 0, 0, 0x0102, 0x0304)).to.equal('::1.2.3.4');
    expect(textOf(0, 0, 0, 0, 0, 0, 0, 0x0304)).to.equal('::304');
  });
});
