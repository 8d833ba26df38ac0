/** Both sides of a connection with TLS, and a look at the descriptors after each test. */
import { expect } from 'chai';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { listen } from '../../src/index.js';
import { secure, type SecureConnection } from '../../src/node.js';
import { cert, key } from './certificate.js';
import { openDescriptors } from './descriptors.js';
import { atEnd, destroyTracked, tcpPair, turns } from './sockets.js';

export const serverTls: TlsOptions = { cert, key };
/** What a client needs that knows the server. */
export const clientTls: ConnectionOptions = { servername: 'localhost', ca: cert };

/** Has it destroyed at the end of the test. */
export function trackSecure(secured: SecureConnection): SecureConnection {
  atEnd(() => secured.destroy());
  return secured;
}

export interface SecurePair {
  readonly serving: SecureConnection;
  readonly asking: SecureConnection;
}

export async function securePair(server: TlsOptions = {}, client: ConnectionOptions = {}): Promise<SecurePair> {
  const pair = await tcpPair();
  const [serving, asking] = await Promise.all([
    secure(pair.server, { role: 'server', tls: { ...serverTls, ...server } }),
    secure(pair.client, { role: 'client', tls: { ...clientTls, ...client } }),
  ]);
  return { serving: trackSecure(serving), asking: trackSecure(asking) };
}

/** Within a `describe`: what a test opens is closed when it is over. */
export function checkNoDescriptorIsLeft(): void {
  let openBefore: string[];
  beforeEach(async () => {
    await (await listen({ host: '127.0.0.1' })).close();
    await turns(10);
    openBefore = openDescriptors();
  });
  afterEach(async () => {
    destroyTracked();
    for (let turn = 0; turn < 500 && openDescriptors().length > openBefore.length; turn++) await turns(1);
    expect(openDescriptors().length, 'descriptors').to.be.at.most(openBefore.length);
  });
}
