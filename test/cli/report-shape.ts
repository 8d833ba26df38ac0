/** The documented shape of a stress report, field by field. */
import { expect } from 'chai';
import type { BackendResult, SideResult, StressReport } from '../../src/cli/stress/result.js';

/** @param stdout must hold one JSON object and nothing else. */
export function parseReport(stdout: string): StressReport {
  expect(stdout.trimEnd().split('\n')).to.have.length(1);
  const report = JSON.parse(stdout) as StressReport;
  expect(report).to.have.all.keys(
    ...['pollux', 'runtime', 'kernel', 'asked', 'limits', 'results', 'interrupted', 'verdict'],
  );
  expect(report.asked).to.have.all.keys(
    ...['sides', 'backends', 'mode', 'threads', 'connections', 'rate', 'sizeBytes', 'durationSeconds', 'durationFrom'],
  );
  for (const note of report.limits) expect(note).to.have.all.keys('name', 'value', 'asked', 'effect');
  for (const result of report.results) checkResult(result);
  return report;
}

function checkResult(result: BackendResult): void {
  expect(result).to.have.all.keys(
    ...['backend', 'mode', 'connectionsHeld', 'bytes', 'mbPerSecond', 'lostBytes', 'server', 'client', 'verdict'],
  );
  for (const side of [result.server, result.client]) if (side !== null) checkSide(side);
}

function checkSide(side: SideResult): void {
  const { connections, heldByThread, changes, loopLagMs, errors, ...numbers } = side;
  expect(connections).to.have.all.keys('held', 'peak', 'opened', 'closed', 'failed');
  expect(heldByThread).to.have.all.keys('least', 'most');
  expect(changes).to.have.all.keys('asked', 'sent');
  expect(loopLagMs).to.have.all.keys('p50', 'p99', 'max');
  expect(numbers).to.have.all.keys(
    ...['bytes', 'seconds', 'mbPerSecond', 'events', 'eventsPerSecond', 'systemCalls', 'systemCallsPerMb'],
    ...['cpuSeconds', 'cpuSecondsPerGb', 'processes', 'threads', 'rssBytes'],
  );
  const all = { ...connections, ...heldByThread, ...changes, ...loopLagMs, ...numbers, ...errors };
  for (const [name, value] of Object.entries(all)) {
    expect(value, name).to.be.a('number').and.satisfy(Number.isFinite);
    expect(value, name).to.be.at.least(0);
  }
}
