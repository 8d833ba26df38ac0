import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import process from 'node:process';
import { watchStalls, type SlowTurn, type Stall } from '../../src/observe.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { unixPair } from '../support/sockets.js';

function spin(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

describeOnEveryDriver(
  'the stall sentinel',
  () => {
    it('names the callback that kept a turn, and tells of its descriptor', async () => {
      const stalls: Stall[] = [];
      using watch = watchStalls({ slowMs: 40, onStall: stall => stalls.push(stall) });
      expect(watch).to.have.property('close');
      const { client, server } = unixPair();
      server.onData = function slowHandler() {
        spin(60);
      };
      client.send('x');
      await until(() => stalls.some(({ turn }) => turn?.phase === 'events'));
      const stall = stalls.find(({ turn }) => turn?.phase === 'events')!;
      expect(stall.kind).to.equal('slow turn');
      expect(stall.turn!.phaseMs).to.be.least(60);
      expect(stall.message).to.match(/a turn took \d+ ms, most of it in callbacks of events: .*onData slowHandler/);
      const suspect = stall.suspects.find(({ callbacks }) => callbacks.includes('onData slowHandler'))!;
      expect(suspect.descriptor).to.deep.include({ fd: server.ownFd, unsentBytes: 0 });
    });

    it('tells what Node ran between two turns', async () => {
      const stalls: Stall[] = [];
      using watch = watchStalls({ slowMs: 40, everyMs: 0, onStall: stall => stalls.push(stall) });
      expect(watch).to.have.property('close');
      const { client, server } = unixPair();
      const reading = server.read();
      client.send('x');
      await reading;
      spin(60);
      await until(() => stalls.some(({ turn }) => turn?.phase === 'node'));
    });

    it('tells one of many, and counts the others', async () => {
      const stalls: Stall[] = [];
      using watch = watchStalls({ slowMs: 5, everyMs: 300, onStall: stall => stalls.push(stall) });
      expect(watch).to.have.property('close');
      const { client, server } = unixPair();
      server.onData = () => {
        spin(10);
        client.send('x');
      };
      client.send('x');
      await until(() => stalls.length >= 2);
      expect(stalls[1].suppressed).to.be.above(0);
      expect(stalls[1].message).to.match(/more since the last one/);
    });

    it('warns the process where it has no handler', async () => {
      const warned = once(process, 'warning') as Promise<[Error]>;
      using watch = watchStalls({ slowMs: 40 });
      expect(watch).to.have.property('close');
      const { client, server } = unixPair();
      server.onData = () => spin(60);
      client.send('x');
      const [warning] = await warned;
      expect(warning.name).to.equal('PolluxStallWarning');
    });

    it('publishes to whoever has subscribed to pollux:turn:slow alone', async () => {
      const turns: SlowTurn[] = [];
      const listener = (turn: unknown) => turns.push(turn as SlowTurn);
      subscribe('pollux:turn:slow', listener);
      const { client, server } = unixPair();
      server.onData = () => spin(150);
      client.send('x');
      await until(() => turns.some(({ phase }) => phase === 'events'));
      unsubscribe('pollux:turn:slow', listener);
      const { owners } = turns.find(({ phase }) => phase === 'events')!;
      expect(owners).to.include(server);
    });

    it('refuses options that make no sense', () => {
      expect(() => watchStalls({ slowMs: 0 })).to.throw(RangeError, /slowMs/);
      expect(() => watchStalls({ onStall: 1 as never })).to.throw(TypeError, /onStall/);
    });
  },
  ['level'],
);
