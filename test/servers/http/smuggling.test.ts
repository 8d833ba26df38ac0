/** Requests that two servers could read in two ways: none may be answered as if there were one way. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStaticServer, type StaticServer } from '../../../src/servers.js';
import { exchange, statusesIn } from '../exchange.js';
import { ACCEPTED, REFUSED } from './smuggling-shapes.js';

describe('requests that could be read in two ways', () => {
  let folder: string;
  let server: StaticServer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-smuggling-'));
    writeFileSync(join(folder, 'smuggled'), 'smuggled');
    server = await createStaticServer({ directory: folder, listen: { port: 0, host: '127.0.0.1' } });
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  for (const [name, bytes] of Object.entries(REFUSED)) {
    it(`${name}: refused, and what follows is not read`, async () => {
      const received = await exchange(server.port, bytes);
      const statuses = statusesIn(received);
      // The body of a request may break once it is being answered.
      expect(statuses.length, received).to.be.at.most(1);
      if (statuses.length === 1) expect(statuses[0], received).to.be.oneOf([400, 404, 405, 417, 501, 505]);
      expect(received).to.not.include('200 OK');
    });
  }

  for (const [name, bytes] of Object.entries(ACCEPTED)) {
    it(`${name}: one request, and what follows is the next`, async () => {
      const received = await exchange(server.port, bytes);
      expect(statusesIn(received), received).to.have.length(2);
      expect(received).to.match(/200 OK[^]*\r\n\r\nsmuggled$/);
    });

    it(`${name}: the same, byte by byte`, async () => {
      const received = await exchange(server.port, ...bytes);
      expect(statusesIn(received), received).to.have.length(2);
      expect(received).to.match(/200 OK[^]*\r\n\r\nsmuggled$/);
    });
  }
});
