/** Requests that two servers could read in two ways: an upstream gets none of them, nor what is hidden in them. */
import { expect } from 'chai';
import { exchange, statusesIn } from '../../exchange.js';
import { ACCEPTED, REFUSED, SECOND } from '../../http/smuggling-shapes.js';
import { leavesNothing } from '../upstreams.js';
import { httpProxying, nodeUpstream, portOf } from './http-upstreams.js';

/** What an upstream may get of a request that is refused: nothing, or one that broke off within its body. */
const FIRST = /^(?:POST \/ HTTP\/1\.1\r\n(?:[\w-]+: [^\r\n]*\r\n)+\r\n(?:1\r\n[ZX]\r\n)?)?$/;

describe('a proxy, and requests that could be read in two ways', () => {
  leavesNothing();

  for (const [name, bytes] of Object.entries(REFUSED)) {
    it(`${name}: no upstream gets what follows`, async () => {
      const upstream = await nodeUpstream();
      const proxy = await httpProxying(upstream.port);
      const received = await exchange(portOf(proxy), bytes);
      const statuses = statusesIn(received);
      expect(statuses.length, received).to.be.at.most(1);
      if (statuses.length === 1) expect(statuses[0], received).to.be.oneOf([400, 405, 417, 501, 505]);
      expect(upstream.received()).to.match(FIRST);
    });
  }

  for (const [name, bytes] of Object.entries(ACCEPTED)) {
    for (const [how, pieces] of Object.entries({ 'at once': [bytes], 'byte by byte': [...bytes] })) {
      it(`${name}, ${how}: an upstream gets two requests that can be read in one way`, async () => {
        const upstream = await nodeUpstream();
        const proxy = await httpProxying(upstream.port);
        const received = await exchange(portOf(proxy), ...pieces);
        expect(statusesIn(received), received).to.deep.equal([200, 200]);
        expect(received).to.match(/GET \/smuggled $/);
        const passed = upstream.received();
        expect(passed.match(/ HTTP\/1\.1\r\nHost: a\r\n/g)).to.have.length(name === 'a body of GET' ? 3 : 2);
        expect(passed).to.not.match(/Content-Length: [^\r]*\r\n[^]*?Transfer-Encoding: [^\r]*\r\n[^]*?\r\n\r\nGET/i);
        expect(passed).to.not.include(';a=b').and.to.not.include('005').and.to.not.include('Transfer_');
        if (name !== 'a body of GET') expect(passed.indexOf(SECOND.slice(0, 24))).to.be.greaterThan(0);
      });
    }
  }
});
