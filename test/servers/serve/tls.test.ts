import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { get, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { currentReactor } from '../../../src/index.js';
import type { StaticServer } from '../../../src/servers.js';
import { cert, key } from '../../support/certificate.js';
import { patternBytes } from '../../support/files.js';
import { Served } from './served.js';

const LARGE = patternBytes(0, 3_000_000);

describe('a static server with TLS', () => {
  const files = new Served({ 'small.txt': 'small', 'large.bin': LARGE, 'tls/cert.pem': cert, 'tls/key.pem': key });
  after(() => currentReactor().close());

  const secureServer = () =>
    files.server({ tls: { certificate: files.path('tls/cert.pem'), key: files.path('tls/key.pem') } });

  async function ask({ port }: StaticServer, path: string, headers: RequestOptions['headers'] = {}) {
    const options = { host: '127.0.0.1', port, path, headers, agent: false, rejectUnauthorized: false };
    const [response] = (await once(get(options), 'response')) as [IncomingMessage];
    const { subject } = (response.socket as TLSSocket).getPeerCertificate();
    return { status: response.statusCode, body: await buffer(response), name: subject.CN };
  }

  it('serves small and large files, whole and in part', async () => {
    const server = await secureServer();
    expect((await ask(server, '/small.txt')).body.toString()).to.equal('small');
    expect((await ask(server, '/large.bin')).body.equals(LARGE)).to.equal(true);
    const part = await ask(server, '/large.bin', { Range: 'bytes=100000-299999' });
    expect(part.status).to.equal(206);
    expect(part.body.equals(LARGE.subarray(100_000, 300_000))).to.equal(true);
  });

  it('a handshake that fails is counted, and ends nothing else', async () => {
    const server = await secureServer();
    const plain = connect(server.port, '127.0.0.1');
    plain.on('error', () => {});
    plain.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    plain.resume();
    await once(plain, 'close');
    while (server.counters.failedHandshakes === 0) await new Promise(resolve => setTimeout(resolve, 5));
    expect((await ask(server, '/small.txt')).status).to.equal(200);
  });

  it('a certificate that is replaced is taken without a restart; one that fits no key is not', async () => {
    const told: string[] = [];
    const [certificate, privateKey] = [files.path('tls/cert.pem'), files.path('tls/key.pem')];
    const server = await files.server({
      tls: { certificate, key: privateKey },
      onError: failure => told.push(failure.message),
    });
    expect((await ask(server, '/small.txt')).name).to.equal('localhost');
    const [newCertificate, newKey] = [files.path('tls/new-cert.pem'), files.path('tls/new-key.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const made = ['-subj', '/CN=renewed', '-keyout', newKey, '-out', newCertificate];
    execFileSync('openssl', ['req', '-x509', ...kind, ...made], { stdio: 'ignore' });
    const renewed = readFileSync(newCertificate);
    renameSync(newCertificate, certificate);
    const refusal = await server.reloadCertificate().then(
      () => undefined,
      (error: Error) => error,
    );
    expect(refusal).to.be.instanceOf(Error);
    expect((await ask(server, '/small.txt')).name).to.equal('localhost');
    renameSync(newKey, privateKey);
    // It is seen, without being told.
    while ((await ask(server, '/small.txt')).name !== 'renewed') await new Promise(resolve => setTimeout(resolve, 10));
    expect(readFileSync(certificate).equals(renewed)).to.equal(true);
    // Also where the new files are written to.
    writeFileSync(certificate, cert);
    writeFileSync(privateKey, key);
    while ((await ask(server, '/small.txt')).name === 'renewed') await new Promise(resolve => setTimeout(resolve, 10));
    expect(
      told.every(message => /key values mismatch|PEM|no start line|DECODER/i.test(message)),
      told.join(),
    ).to.equal(true);
  });
});
