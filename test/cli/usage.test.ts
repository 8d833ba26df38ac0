import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runPollux } from './run-pollux.js';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Misuse {
  readonly args: readonly string[];
  readonly says: RegExp;
}

const misuses: readonly Misuse[] = [
  { args: [], says: /Usage: pollux/ },
  { args: ['frobnicate'], says: /unknown command 'frobnicate'/ },
  { args: ['doctor', '--bogus'], says: /unknown option '--bogus'/ },
  { args: ['conformance', '--profile', 'macos'], says: /--profile: only with --replay/ },
  { args: ['conformance', '--replay', 'x', '--backend', 'poll'], says: /--backend: not with --replay/ },
  {
    args: ['stress', '--backend', 'nope'],
    says: /'nope' is invalid\. Allowed choices are epoll, kqueue, io_uring, poll/,
  },
  { args: ['stress', '--mode', 'fast'], says: /'fast' is invalid\. Allowed choices are level, edge, oneshot/ },
  { args: ['stress', '--rate', '0'], says: /--rate .* '0' is invalid\. Allowed: numbers above 0/ },
  { args: ['stress', '--duration', '-1'], says: /--duration .* '-1' is invalid\. Allowed: seconds above 0/ },
  { args: ['stress', '--connections', '1.5'], says: /--connections .* '1\.5' is invalid\. Allowed: integers from 1/ },
  { args: ['stress', '--size', '0'], says: /--size .* '0' is invalid\. Allowed: bytes \(64, 16k\), a range/ },
  { args: ['stress', '--size', '17m'], says: /--size .* '17m' is invalid/ },
  {
    args: ['stress', '--message', '4096-64'],
    says: /--message .* '4096-64' is invalid\. Allowed: bytes \(64, 16k\), a range \(64-4096\), exp:MEAN/,
  },
  {
    args: ['stress', '--message', '64', '--size', '64'],
    says: /'--size <bytes>' cannot be used with option '--message/,
  },
  {
    args: ['stress', '--transport', 'udp', '--message', '64k'],
    says: /--message: 65536 bytes are too many for a datagram\. Allowed: up to 65507/,
  },
  { args: ['stress', '--transport', 'sctp'], says: /'sctp' is invalid\. Allowed choices are tcp, udp, unix/ },
  { args: ['stress', 'server', '--transport', 'unix'], says: /'unix' is invalid\. Allowed choices are tcp, udp\./ },
  { args: ['stress', '--datagrams', '5'], says: /--datagrams: only with --transport udp/ },
  { args: ['stress', '--threads', '0'], says: /--threads .* '0' is invalid\. Allowed: integers from 1 to 256/ },
  { args: ['stress', '--threads', 'many'], says: /--threads .* 'many' is invalid\. Allowed: integers from 1 to 256/ },
  { args: ['stress', 'server', '--threads', '257'], says: /--threads .* '257' is invalid/ },
  { args: ['stress', '--full', '--connections', '5'], says: /'--full' cannot be used with option '--connections/ },
  { args: ['stress', '--backend', 'poll', '--every-backend'], says: /cannot be used with option '--every-backend'/ },
  {
    args: ['stress', 'server', '--port', '65536'],
    says: /--port .* '65536' is invalid\. Allowed: integers from 0 to 65535/,
  },
  { args: ['stress', 'client', '--port', '0'], says: /--port .* '0' is invalid\. Allowed: integers from 1 to 65535/ },
  { args: ['stress', 'server', '--rate', '5'], says: /unknown option '--rate'/ },
  { args: ['stress', 'server', 'extra'], says: /too many arguments/ },
  { args: ['stress', '--backend', 'poll', 'server'], says: /--backend stands before 'server'/ },
];

describe('pollux, misused', () => {
  for (const { args, says } of misuses) {
    it(`'pollux ${args.join(' ')}' exits 2 and says what is allowed`, async () => {
      const { status, stdout, stderr } = await runPollux(args);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(says);
      if (args.length > 0) expect(stderr).to.match(/^pollux: /);
    });
  }

  it('an unknown name in POLLUX_BACKEND exits 2 and says where it came from', async () => {
    const { status, stderr } = await runPollux(['stress'], { polluxBackend: 'epol' });
    expect(status).to.equal(2);
    expect(stderr).to.match(/^pollux: POLLUX_BACKEND: .*there is no 'epol'/);
  });

  it('a model in POLLUX_BACKEND is for the commands that run on one, and the others say so', async () => {
    const rows = ['conformance', '--only', 'never shorter', '--json'];
    const { status, stdout } = await runPollux(rows, { polluxBackend: 'model:freebsd-14' });
    expect(status).to.equal(0);
    expect(stdout).to.contain('model freebsd-14');
    const refused = await runPollux(['stress'], { polluxBackend: 'model:freebsd-14' });
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(
      /^pollux: POLLUX_BACKEND: .*models are for pollux conformance and pollux stress events/,
    );
  });

  it('an address that is not of this machine exits 1 with the system call and the address', async () => {
    const { status, stdout, stderr } = await runPollux(['stress', 'server', '--host', '192.0.2.1', '--port', '0']);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^pollux: bind 192\.0\.2\.1:0: EADDRNOTAVAIL/);
  });
});

describe('pollux', () => {
  it('--version prints the version of the package', async () => {
    expect(await runPollux(['--version'])).to.deep.equal({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('--help names every subcommand', async () => {
    const { status, stdout } = await runPollux(['--help']);
    expect(status).to.equal(0);
    for (const name of ['doctor', 'stress', 'conformance']) expect(stdout).to.match(new RegExp(`^  ${name} `, 'm'));
  });
});
