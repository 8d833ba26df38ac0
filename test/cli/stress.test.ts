import { expect } from 'chai';
import { probeBackends } from '../../src/backends/registry.js';
import { REACTOR_MODES } from '../../src/core/driver/mode.js';
import { parseReport } from './report-shape.js';
import { runPollux, untilHeld } from './run-pollux.js';

const CONNECTIONS = 50;
const THREADS = 2;
const short = ['stress', '--threads', `${THREADS}`, '--connections', `${CONNECTIONS}`, '--rate', '1000', '--json'];
// Other tests register backends of their own in this process; the command has none of them.
const backends = probeBackends()
  .filter(({ name, probe }) => ['epoll', 'io_uring', 'kqueue', 'poll'].includes(name) && probe.available)
  .map(({ name }) => name);

describe('pollux stress', function () {
  this.slow(5000);

  for (const backend of backends) {
    for (const mode of REACTOR_MODES) {
      it(`${backend}, ${mode}: holds all connections and loses not a byte`, async () => {
        const args = [...short, '--backend', backend, '--mode', mode];
        const { status, stdout } = await runPollux(args, { onStderr: untilHeld(CONNECTIONS) });
        const report = parseReport(stdout);
        expect(report).to.deep.include({ limits: [], verdict: 'ok' });
        expect(report.asked).to.deep.equal({
          sides: 'both',
          backends: [backend],
          transport: 'tcp',
          mode,
          threads: THREADS,
          connections: CONNECTIONS,
          rate: 1000,
          message: '16k',
          datagrams: null,
          durationSeconds: 5,
          durationFrom: 'all open',
        });
        expect(report.results).to.have.length(1);
        const [result] = report.results;
        expect(result).to.include({ backend, mode, connectionsHeld: CONNECTIONS, lostBytes: 0, verdict: 'ok' });
        const server = result.server!;
        const client = result.client!;
        expect(result.bytes).to.equal(server.bytes).and.to.equal(client.bytes).and.be.above(0);
        for (const side of [server, client]) {
          expect(side.connections).to.deep.equal({
            held: CONNECTIONS,
            peak: CONNECTIONS,
            opened: CONNECTIONS,
            closed: CONNECTIONS,
            failed: 0,
          });
          expect(side).to.include({ processes: 1, threads: THREADS });
          expect(side.heldByThread).to.deep.equal({ least: CONNECTIONS / THREADS, most: CONNECTIONS / THREADS });
          expect(side.rssBytes).to.be.above(10_000_000);
          expect(side.errors).to.deep.equal({});
          expect(side.events).to.be.above(0);
          expect(side.systemCalls).to.be.above(0);
          expect(side.changes.asked).to.be.above(0);
          expect(side.cpuSeconds).to.be.above(0);
          expect(side.mbPerSecond).to.be.closeTo(side.bytes / 1e6 / side.seconds, 1 + side.mbPerSecond / 100);
        }
        expect(status).to.equal(0);
      });
    }
  }

  it('--every-backend runs all that work here and prints them side by side', async () => {
    const args = [
      'stress',
      '--threads',
      '1',
      '--every-backend',
      '--connections',
      '10',
      '--rate',
      '1000',
      '--duration',
      '1',
    ];
    const { status, stdout, stderr } = await runPollux(args);
    expect(status, stderr).to.equal(0);
    for (const backend of backends) {
      expect(stdout).to.match(new RegExp(`${backend} server +${backend} client`));
      expect(stdout).to.match(new RegExp(`^${backend}: ok, [\\d,]+ bytes sent and received, none lost$`, 'm'));
    }
    for (const row of ['connections held', 'MB/s', 'events/s', 'system calls per MB', 'CPU seconds per GB', 'errors']) {
      expect(stdout).to.match(new RegExp(`^${row} `, 'm'));
    }
  });

  it('clips the connections to `ulimit -n`, says so, and goes on', async () => {
    const args = [...short, '--threads', '1', '--connections', '500', '--rate', '5000'];
    const { status, stdout } = await runPollux(args, { openFiles: 200, onStderr: untilHeld(136) });
    const report = parseReport(stdout);
    expect(report.limits).to.deep.equal([
      { name: 'nofile', value: 200, asked: 564, effect: '136 connections instead of 500' },
    ]);
    expect(report.asked.connections).to.equal(500);
    expect(report.results[0]).to.include({ connectionsHeld: 136, verdict: 'ok', lostBytes: 0 });
    expect(status).to.equal(0);
  });

  it('ends early at Ctrl-C and still prints its results', async () => {
    const args = ['stress', '--threads', '2', '--connections', '10', '--rate', '1000', '--duration', '60', '--json'];
    const { status, stdout } = await runPollux(args, { onStderr: untilHeld(10) });
    const report = parseReport(stdout);
    expect(report).to.include({ interrupted: true, verdict: 'ok' });
    expect(report.results[0]).to.include({ connectionsHeld: 10, lostBytes: 0 });
    expect(status).to.equal(0);
  });
});

describe('pollux stress server and client, apart', function () {
  this.slow(5000);

  it('agree on every byte', async () => {
    let client: ReturnType<typeof runPollux> | undefined;
    const server = await runPollux(
      ['stress', 'server', '--threads', '2', '--backend', 'poll', '--port', '0', '--json'],
      {
        onStderr(text, interrupt) {
          const port = /^listening on 127\.0\.0\.1:(\d+) \(poll, level\)$/m.exec(text)?.[1];
          if (client !== undefined || port === undefined) return;
          const flood = ['stress', 'client', '--threads', '2', '--port', port, '--connections', '20', '--rate', '1000'];
          client = runPollux([...flood, '--size', '4k', '--json'], { onStderr: untilHeld(20) });
          void client.then(interrupt);
        },
      },
    );
    const sent = parseReport((await client!).stdout);
    const received = parseReport(server.stdout);
    expect(sent.verdict).to.equal('ok');
    expect(received).to.include({ verdict: 'ok', interrupted: true });
    expect(sent.asked).to.include({ sides: 'client', message: '4k' });
    expect(received.asked).to.include({ sides: 'server', connections: null, rate: null, message: null });
    const [{ server: sink, client: noClient, lostBytes }] = received.results;
    expect({ noClient, lostBytes, noServer: sent.results[0].server }).to.deep.equal({
      noClient: null,
      lostBytes: null,
      noServer: null,
    });
    expect(sink!.bytes).to.equal(sent.results[0].client!.bytes).and.be.above(0);
    expect([sink!.connections.opened, sent.results[0].connectionsHeld]).to.deep.equal([20, 20]);
    expect([server.status, (await client!).status]).to.deep.equal([0, 0]);
  });

  it('the server ends by itself after --duration, with nothing to complain of if nobody came', async () => {
    const { status, stdout } = await runPollux([
      'stress',
      'server',
      '--threads',
      '1',
      '--port',
      '0',
      '--duration',
      '0.1',
      '--json',
    ]);
    expect(parseReport(stdout)).to.include({ verdict: 'ok', interrupted: false });
    expect(status).to.equal(0);
  });

  it('the client gives up when nobody listens, counts the errors by kind, and exits 1', async () => {
    const args = [
      'stress',
      'client',
      '--threads',
      '2',
      '--port',
      '1',
      '--connections',
      '20',
      '--rate',
      '1000',
      '--duration',
      '60',
    ];
    const { status, stdout } = await runPollux([...args, '--json']);
    const report = parseReport(stdout);
    const { connections, errors } = report.results[0].client!;
    expect(connections.opened).to.equal(0);
    expect(errors).to.have.all.keys('ECONNREFUSED');
    expect(errors.ECONNREFUSED).to.equal(connections.failed).and.be.above(0);
    expect(report.verdict).to.match(/ECONNREFUSED/);
    expect(status).to.equal(1);
  });
});
