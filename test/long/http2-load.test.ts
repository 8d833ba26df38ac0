import { expect } from 'chai';
import { execFile, spawnSync } from 'node:child_process';
import { createSecureServer } from 'node:http2';
import { promisify } from 'node:util';
import { currentReactor, listen } from '../../src/index.js';
import { serveHttp } from '../../src/node.js';
import { cert, key } from '../support/certificate.js';

describe('HTTP/2 under load', () => {
  after(() => currentReactor().close());

  it('h2load against http2.createSecureServer over serveHttp: every request is answered', async function () {
    // A package of the system: `apt-get install nghttp2-client`.
    if (spawnSync('h2load', ['--version']).status !== 0) {
      console.log('    skipped: h2load is not installed');
      return this.skip();
    }
    const body = Buffer.alloc(10_000, 'pollux');
    const server = createSecureServer({ key, cert }, (_request, response) => response.end(body));
    const service = serveHttp(server, await listen({ host: '127.0.0.1' }));
    const url = `https://127.0.0.1:${service.listener!.port}/`;
    const { stdout } = await promisify(execFile)('h2load', ['-n', '5000', '-c', '10', '-m', '10', url]);
    expect(stdout).to.include('5000 succeeded, 0 failed, 0 errored, 0 timeout');
    expect(stdout).to.include('Application protocol: h2');
    await service.close();
  });
});
