import { expect } from 'chai';
import { backendFactory } from '../../src/backends/registry.js';
import type { Examination } from '../../src/cli/doctor/examination.js';
import { runPollux } from './run-pollux.js';

async function examine(polluxBackend?: string): Promise<{ status: number | null; findings: Examination }> {
  const { status, stdout } = await runPollux(['doctor', '--json'], { polluxBackend });
  return { status, findings: JSON.parse(stdout) as Examination };
}

describe('pollux doctor', () => {
  let findings: Examination;

  before(async () => {
    ({ findings } = await examine());
  });

  it('--json prints one object of the documented shape', async () => {
    const { status, stdout, stderr } = await runPollux(['doctor', '--json']);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).to.have.length(1);
    expect(JSON.parse(stdout)).to.have.all.keys(
      ...['pollux', 'runtime', 'system', 'backends', 'chosen', 'features', 'limits', 'verdict'],
    );
  });

  it('names the runtime and the system', () => {
    expect(findings.pollux).to.match(/^\d+\.\d+\.\d+/);
    expect(findings.runtime).to.deep.equal({ name: 'node', version: process.versions.node, loop: 'libuv' });
    const { system } = findings;
    expect(system).to.have.all.keys('platform', 'arch', 'kernel', 'libc', 'processors', 'memoryBytes');
    expect(system).to.include({ platform: process.platform, arch: process.arch });
    expect(system.kernel).to.match(/\S+ \S+/);
    expect(system.libc).to.be.a('string').that.is.not.empty;
    expect(system.processors).to.be.at.least(1);
    expect(system.memoryBytes).to.be.above(0);
  });

  it('says of every backend whether it runs and why', () => {
    expect(findings.backends.map(({ name }) => name)).to.include.members(['epoll', 'poll']);
    for (const backend of findings.backends) {
      const factory = backendFactory(backend.name);
      const probe = factory.probe();
      expect(backend).to.have.all.keys('name', 'available', 'reason', 'fix', 'preference', 'modes', 'description');
      expect(backend).to.include({
        available: probe.available,
        fix: probe.fix ?? null,
        preference: factory.preference,
      });
      expect(backend.reason).to.be.a('string').that.is.not.empty;
      expect(backend.modes === null).to.equal(!probe.available);
    }
    expect(findings.backends.find(({ name }) => name === 'poll')!.description).to.have.all.keys(
      ...['edge', 'changes', 'waitCost', 'refuses', 'reportsData', 'timeoutStepNs', 'maxRegistrations'],
    );
  });

  it('names the backend that a program gets which asks for nothing', async () => {
    expect(findings.chosen).to.have.all.keys('backend', 'reason');
    const forced = await examine('poll');
    expect(forced.findings.chosen).to.deep.equal({ backend: 'poll', reason: 'chosen by POLLUX_BACKEND' });
  });

  it('says of every feature whether it is here, whether it is used, and why', () => {
    const names = findings.features.map(({ name }) => name);
    // What has become a backend is reported as one.
    const backends = findings.backends.map(({ name }) => name);
    expect([...names, ...backends]).to.include.members(['io_uring', 'kqueue', 'event loop', 'eventfd', 'IPv6']);
    for (const feature of findings.features) {
      expect(feature).to.have.all.keys('name', 'available', 'used', 'reason', 'fix');
      expect(feature.available).to.be.a('boolean');
      expect(feature.used).to.be.a('boolean');
      expect(feature.reason).to.be.a('string').that.is.not.empty;
      expect(feature.fix === null || feature.fix.length > 0).to.be.true;
    }
  });

  it('says of every limit how large it is, what it stops, and how to raise it where it is low', () => {
    const names = findings.limits.map(({ name }) => name);
    expect(names).to.include.members(['nofile', 'memlock']);
    if (process.platform === 'linux') {
      expect(names).to.include.members([
        'net.core.somaxconn',
        'net.ipv4.ip_local_port_range',
        'fs.pipe-max-size',
        'fs.pipe-user-pages-soft',
        'fs.epoll.max_user_watches',
      ]);
    }
    for (const limit of findings.limits) {
      expect(limit).to.have.all.keys('name', 'value', 'unit', 'status', 'effect', 'fix');
      expect(limit.status).to.be.oneOf(['ok', 'warn', 'unknown']);
      if (limit.status !== 'ok') continue;
      expect(limit.value === null || limit.value > 0).to.be.true;
    }
    for (const limit of findings.limits) expect(limit.fix !== null, limit.name).to.equal(limit.status === 'warn');
  });

  it('warns of a low ulimit -n, with its value and the remedy', async () => {
    const { stdout } = await runPollux(['doctor', '--json'], { openFiles: 300 });
    const nofile = (JSON.parse(stdout) as Examination).limits.find(({ name }) => name === 'nofile')!;
    expect(nofile).to.include({ value: 300, status: 'warn' });
    expect(nofile.fix).to.match(/ulimit -n/);
  });

  it('exits 1 and says why where POLLUX_BACKEND names a backend that is not there', async () => {
    const { status, findings: forced } = await examine('epol');
    expect(status).to.equal(1);
    expect(forced.chosen).to.equal(null);
    expect(forced.verdict).to.match(/there is no 'epol'/);
  });

  it('prints for people what is wrong and what to do, under headings', async () => {
    const { status, stdout, stderr } = await runPollux(['doctor'], { openFiles: 300 });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout)
      .to.match(/^Backends$/m)
      .and.match(/^Features$/m)
      .and.match(/^Limits$/m);
    expect(stdout).to.match(/^ {2}warn {2}nofile +300 descriptors .*\n +fix: ulimit/m);
    expect(stdout).to.match(/Pollux runs here\.\n$/);
  });
});
