/** `pollux stress` over Unix sockets and datagrams, and what it writes to files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'chai';
import type { StressReport } from '../../../src/cli/stress/result.js';
import { parseReport } from '../report-shape.js';
import { runPollux, untilHeld } from '../run-pollux.js';

/** Two threads a side, a stop by itself. */
const small = ['stress', '--threads', '2', '--limit', '60'];

describe('pollux stress: transports', function () {
  this.slow(5000);

  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-test-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('unix: loses no byte, times each message, leaves no file and no descriptor', async () => {
    const args = [...small, '--transport', 'unix', '--connections', '20', '--rate', '1000', '--message', '100-5000'];
    const tmp = { TMPDIR: directory };
    const { status, stdout } = await runPollux([...args, '--json'], { onStderr: untilHeld(20), env: tmp });
    const report = parseReport(stdout);
    expect(report.asked).to.include({ transport: 'unix', message: '100-5000' });
    const [{ server, client, lostBytes, verdict, datagrams }] = report.results;
    expect({ verdict, lostBytes, datagrams }).to.deep.equal({ verdict: 'ok', lostBytes: 0, datagrams: null });
    expect(server!.messages).to.equal(client!.messages).and.be.above(0);
    expect(server!.latencyMs!.count).to.equal(server!.messages);
    expect(client!.latencyMs!.p50).to.be.at.most(client!.latencyMs!.max);
    expect([server!.leftOpen, client!.leftOpen]).to.deep.equal([0, 0]);
    expect(readdirSync(directory)).to.deep.equal([]);
    expect(status).to.equal(0);
  });

  it('udp: each datagram was received, refused, or dropped by the kernel', async () => {
    const json = join(directory, 'result.json');
    const csv = join(directory, 'seconds.csv');
    const args = [...small, '--transport', 'udp', '--datagrams', '4001', '--message', '64:3,1400:1'];
    const { status, stdout } = await runPollux([...args, '--json', json, '--csv', csv]);
    const report = JSON.parse(readFileSync(json, 'utf8')) as StressReport;
    parseReport(JSON.stringify(report));
    const { datagrams, server, client, verdict } = report.results[0];
    const { sent, received, refused, dropped, unaccounted } = datagrams!;
    expect({ verdict, sent, refused }).to.deep.equal({ verdict: 'ok', sent: 4001, refused: 0 });
    expect(received + (dropped ?? 0) + unaccounted).to.equal(4001);
    if (process.platform === 'linux') expect(unaccounted).to.equal(0);
    else expect(dropped).to.equal(null);
    expect(server!.messages).to.equal(received).and.to.equal(server!.latencyMs!.count);
    expect(client!.connections).to.deep.equal({ held: 2, peak: 2, opened: 2, closed: 2, failed: 0 });
    // For people, and no line that is rewritten: standard output is no terminal.
    expect(stdout).to.match(/4,001 datagrams sent, [\d,]+ received, 0 refused, /);
    expect(status).to.equal(0);
    const [head, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n');
    const columns = head.split(',');
    const rows = lines.map(line => Object.fromEntries(line.split(',').map((cell, index) => [columns[index], cell])));
    expect(columns.slice(0, 4)).to.deep.equal(['backend', 'second', 'side', 'thread']);
    const sentInCsv = rows.filter(row => row.side === 'client').reduce((sum, row) => sum + Number(row.messages), 0);
    expect(sentInCsv).to.be.at.most(4001);
    expect(new Set(rows.map(({ thread }) => thread))).to.deep.equal(new Set(['1', '2']));
  });

  it('udp, nobody there: the client counts what was refused, gives up, and exits 1', async () => {
    const args = ['stress', 'client', '--transport', 'udp', '--threads', '1', '--port', '1', '--duration', '60'];
    const { status, stdout } = await runPollux([...args, '--json']);
    const [{ client }] = parseReport(stdout).results;
    expect(client!.datagrams!.refused).to.be.above(0).and.to.equal(client!.errors.ECONNREFUSED);
    expect(status).to.equal(1);
  });

  it('ends by itself after --limit, with its results, and exits 1', async () => {
    const args = ['stress', '--threads', '1', '--connections', '5', '--duration', '60', '--limit', '1', '--json'];
    const { status, stdout } = await runPollux(args);
    const report = parseReport(stdout);
    expect(report).to.include({ interrupted: false });
    expect(report.verdict).to.match(/^\w+: ended by --limit after 1 s/);
    expect(status).to.equal(1);
  });

  it('a file that can’t be opened is named before anything starts', async () => {
    const { status, stdout, stderr } = await runPollux(['stress', '--csv', join(directory, 'none', 'x.csv')]);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^pollux: --csv .*none\/x\.csv: ENOENT/);
  });
});
