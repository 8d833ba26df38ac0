import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { unixPair } from '../support/sockets.js';

describeOnEveryDriver(
  'the channels of connections',
  () => {
    it('tell of its open, its error and its close, in this order', async () => {
      const told: [string, object, unknown][] = [];
      const names = ['open', 'error', 'close'];
      const listeners = names.map(name => (payload: unknown) => {
        const { connection, error, failure } = payload as { connection: object; error?: unknown; failure?: unknown };
        told.push([name, connection, error ?? failure]);
      });
      names.forEach((name, index) => subscribe(`pollux:connection:${name}`, listeners[index]));
      const { client } = unixPair();
      await new Promise(setImmediate);
      const failure = new Error('enough');
      const closed = new Promise(resolve => (client.onClose = resolve));
      client.destroy(failure);
      await closed;
      names.forEach((name, index) => unsubscribe(`pollux:connection:${name}`, listeners[index]));
      expect(told.filter(([, connection]) => connection === client)).to.deep.equal([
        ['open', client, undefined],
        ['error', client, failure],
        ['close', client, failure],
      ]);
    });
  },
  ['level'],
);
