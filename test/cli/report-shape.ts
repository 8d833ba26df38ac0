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
    ...['sides', 'backends', 'transport', 'mode', 'threads', 'connections', 'rate', 'message', 'datagrams'],
    ...['durationSeconds', 'durationFrom'],
  );
  for (const note of report.limits) expect(note).to.have.all.keys('name', 'value', 'asked', 'effect');
  for (const result of report.results) checkResult(result);
  return report;
}

function checkResult(result: BackendResult): void {
  expect(result).to.have.all.keys(
    ...['backend', 'mode', 'connectionsHeld', 'bytes', 'mbPerSecond', 'lostBytes', 'datagrams', 'server', 'client'],
    'verdict',
  );
  for (const side of [result.server, result.client]) if (side !== null) checkSide(side);
}

function checkSide(side: SideResult): void {
  const {
    connections,
    heldByThread,
    changes,
    loopLagMs,
    latencyMs,
    messages,
    datagrams,
    perSecond,
    errors,
    ...numbers
  } = side;
  expect(connections).to.have.all.keys('held', 'peak', 'opened', 'closed', 'failed');
  expect(heldByThread).to.have.all.keys('least', 'most');
  expect(changes).to.have.all.keys('asked', 'sent');
  for (const delays of [loopLagMs, latencyMs]) {
    if (delays !== null) expect(delays).to.have.all.keys('count', 'p50', 'p90', 'p99', 'p999', 'max');
  }
  if (messages !== null) expect(messages).to.be.at.least(0);
  if (datagrams !== null) {
    expect(datagrams).to.have.all.keys('sent', 'refused', 'received', 'truncated', 'dropped');
  }
  for (const sample of perSecond) {
    expect(sample).to.have.all.keys(
      ...['second', 'connections', 'mbPerSecond', 'messagesPerSecond', 'cpuSecondsPerSecond'],
    );
  }
  expect(numbers).to.have.all.keys(
    ...['bytes', 'seconds', 'mbPerSecond', 'events', 'eventsPerSecond', 'systemCalls', 'systemCallsPerMb'],
    ...['cpuSeconds', 'cpuSecondsPerGb', 'processes', 'threads', 'rssBytes', 'leftOpen'],
  );
  const all = { ...connections, ...heldByThread, ...changes, ...loopLagMs, ...numbers, ...errors };
  for (const [name, value] of Object.entries(all)) {
    expect(value, name).to.be.a('number').and.satisfy(Number.isFinite);
    expect(value, name).to.be.at.least(0);
  }
}
