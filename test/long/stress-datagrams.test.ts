/** `pollux stress --transport udp` as it is meant: eight threads a side, a million datagrams, each accounted for. */
import process from 'node:process';
import { expect } from 'chai';
import { parseReport } from '../cli/report-shape.js';
import { runPollux } from '../cli/run-pollux.js';

const MILLION = 1_000_000;

describe('a million datagrams', () => {
  it('are sent, and received or dropped by the kernel, to the last one', async function () {
    this.timeout(600_000);
    const args = ['stress', '--transport', 'udp', '--datagrams', String(MILLION), '--message', '64-1024', '--json'];
    const { status, stdout } = await runPollux(args);
    const [{ datagrams, server, client, verdict }] = parseReport(stdout).results;
    expect(verdict).to.equal('ok');
    expect(datagrams).to.include({ sent: MILLION, refused: 0 });
    const { received, dropped, unaccounted } = datagrams!;
    expect(received + (dropped ?? 0) + unaccounted).to.equal(MILLION);
    if (process.platform === 'linux') expect(unaccounted).to.equal(0);
    expect([server!.threads, client!.threads]).to.deep.equal([8, 8]);
    expect(server!.latencyMs!.count).to.equal(received);
    expect(client!.latencyMs!.count).to.equal(MILLION);
    expect([server!.leftOpen, client!.leftOpen]).to.deep.equal([0, 0]);
    expect(status).to.equal(0);
  });
});
