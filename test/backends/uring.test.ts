/** What is the ring's own, beside the contract: files held open, completions beyond its room, and where it is refused. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { PRIORITY, READABLE, WRITABLE } from '../../src/backends/contract.js';
import { UringBackend } from '../../src/backends/uring/backend.js';
import { probeUring, uringFactory } from '../../src/backends/uring/factory.js';
import { explainRefusal } from '../../src/backends/uring/refusal.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { close } from '../../src/sys/file/io.js';
import type { Ring } from '../../src/sys/uring/ring.js';
import { realWorld as world } from '../../src/verify/conformance/real-world.js';
import { compiled } from '../support/compiled.js';

const IO_URING_SETUP = 425;
const IO_URING_ENTER = 426;
const EPERM = 1;
const ENOSYS = 38;

describe('the backend of io_uring', () => {
  let backend: UringBackend;

  before(function () {
    if (!uringFactory.probe().available) this.skip();
  });

  afterEach(() => backend.close());

  /** Waits that report something, until none does. @returns tokens in the order of their reports. */
  function harvest(): number[] {
    const seen: number[] = [];
    for (let waits = 0; waits < 1000 && backend.wait(0) > 0; waits++) {
      seen.push(...backend.events.tokens.subarray(0, backend.events.count));
    }
    return seen;
  }

  for (const mode of ['level', 'edge', 'oneshot'] as const) {
    it(`a descriptor that is unregistered and closed is closed for its peer, at once (${mode})`, () => {
      backend = new UringBackend();
      const watcher = new UringBackend();
      const [ours, theirs] = world.socketPair();
      const token = backend.register(ours, READABLE, mode);
      backend.wait(0);
      backend.unregister(token);
      world.close(ours);
      try {
        // A poll in the ring would hold the file, and the peer would hear nothing.
        const peer = watcher.register(theirs, READABLE, 'level');
        expect(watcher.wait(0)).to.equal(1);
        watcher.unregister(peer);
      } finally {
        watcher.close();
        world.close(theirs);
      }
    });
  }

  it('closing it lets go of all files at once', () => {
    backend = new UringBackend();
    const pairs = Array.from({ length: 50 }, () => world.socketPair());
    for (const [ours] of pairs) backend.register(ours, READABLE, 'level');
    backend.wait(0);
    backend.close();
    const watcher = new UringBackend();
    for (const [ours, theirs] of pairs) {
      world.close(ours);
      watcher.register(theirs, READABLE, 'oneshot');
    }
    expect(watcher.wait(0)).to.equal(pairs.length);
    watcher.close();
    for (const [, theirs] of pairs) world.close(theirs);
  });

  for (const mode of ['level', 'edge'] as const) {
    it(`regression 46: a ring that is too small for what happens loses nothing (${mode})`, () => {
      backend = new UringBackend({ size: { submissions: 4, completions: 8 }, maxEvents: 16 });
      const pairs = Array.from({ length: 100 }, () => world.socketPair());
      const tokens = pairs.map(([ours]) => backend.register(ours, READABLE, mode));
      expect(backend.wait(0)).to.equal(0);
      for (let round = 0; round < 3; round++) {
        for (const [, theirs] of pairs) world.write(theirs, 1);
        const missing = new Set(tokens);
        for (let waits = 0; waits < 100 && missing.size > 0; waits++) {
          backend.wait(1e9);
          for (const token of backend.events.tokens.subarray(0, backend.events.count)) missing.delete(token);
        }
        expect(missing.size, `round ${round}`).to.equal(0);
        for (const [ours] of pairs) world.read(ours);
        if (mode === 'level') expect(backend.wait(0)).to.equal(0);
        else harvest();
      }
      // And the waker, whose poll ends too where there is no room.
      for (let count = 0; count < 50; count++) backend.wake();
      expect(backend.wait(1e9)).to.equal(0);
      expect(backend.counters.wakes).to.equal(1);
      expect(backend.wait(0)).to.equal(0);
      expect(backend.counters.wakes).to.equal(1);
      for (const token of tokens) backend.unregister(token);
      for (const pair of pairs) pair.forEach(fd => world.close(fd));
    });
  }

  it('what was read before the wait is not reported, though it had ended the poll', () => {
    backend = new UringBackend();
    const [ours, theirs] = world.socketPair();
    const token = backend.register(ours, READABLE, 'level');
    backend.wait(0);
    world.write(theirs, 1);
    world.read(ours);
    expect(backend.wait(5e6)).to.equal(0);
    world.write(theirs, 1);
    expect(backend.wait(1e9)).to.equal(1);
    backend.unregister(token);
    world.close(ours);
    world.close(theirs);
  });

  for (const mode of ['level', 'edge', 'oneshot'] as const) {
    it(`ordinary bytes are not urgent, though the wake says so (${mode})`, () => {
      backend = new UringBackend();
      const [ours, theirs] = world.tcpPair();
      const token = backend.register(ours, PRIORITY, mode);
      backend.wait(0);
      world.write(theirs, 1);
      expect(backend.wait(5e6)).to.equal(0);
      expect(world.sendUrgent(theirs)).to.equal(true);
      expect(backend.wait(1e9)).to.equal(1);
      expect(backend.events.readiness[0]).to.equal(PRIORITY);
      backend.unregister(token);
      world.close(ours);
      world.close(theirs);
    });
  }

  it('a wait makes one system call, changes included', () => {
    backend = new UringBackend();
    const pairs = Array.from({ length: 100 }, () => world.socketPair());
    const tokens = pairs.map(([ours]) => backend.register(ours, 0, 'level'));
    backend.wait(0);
    for (const token of tokens) backend.modify(token, WRITABLE);
    const { systemCalls } = backend.counters;
    expect(backend.wait(-1)).to.equal(pairs.length);
    expect(backend.counters.systemCalls - systemCalls).to.be.at.most(2);
    for (const token of tokens) backend.unregister(token);
    for (const pair of pairs) pair.forEach(fd => world.close(fd));
  });

  describe('whose ring fails', () => {
    const EBADR = 53;
    let pair: readonly [number, number];
    let token: number;

    beforeEach(() => {
      backend = new UringBackend();
      pair = world.socketPair();
      token = backend.register(pair[0], READABLE, 'edge');
      backend.wait(0);
    });

    afterEach(() => pair.forEach(fd => world.close(fd)));

    /** The ring of the moment, which nobody else has to see. */
    function ringOf(): Ring {
      return (backend as unknown as { polls: { ring: Ring } }).polls.ring;
    }

    it('regression 46: completions that were lost are made up for by another ring', () => {
      const ring = ringOf();
      const { enter } = ring;
      // What the kernel says where it had no memory for a completion, which is gone then.
      ring.enter = (...args) => {
        enter.apply(ring, args);
        ring.seen(ring.count);
        return EBADR;
      };
      world.write(pair[1], 1);
      expect(backend.wait(1e9)).to.equal(1);
      expect(backend.events.tokens[0]).to.equal(token);
      expect(ringOf()).to.not.equal(ring);
      backend.wake();
      expect(backend.wait(1e9)).to.equal(0);
      expect(backend.counters.wakes).to.equal(1);
      backend.unregister(token);
    });

    it('regression 47: a profile that forbids the call later ends the backend with an error, and no other call', () => {
      const ring = ringOf();
      ring.enter = () => EPERM;
      expect(() => backend.wait(0)).to.throw(IoError, /^io_uring_enter: EPERM/);
      expect(() => backend.wait(0)).to.throw(IoError, /EINVAL, the backend is closed/);
      expect(() => backend.register(pair[1], READABLE, 'level')).to.throw(IoError, /the backend is closed/);
      backend.unregister(token);
      expect(backend.has(token)).to.equal(false);
      backend.close();
      // The number was not closed: it might have been another's.
      close(ring.fd);
    });
  });

  it('leaves neither descriptors nor mappings', () => {
    const left = () => [
      readdirSync('/proc/self/fd').length,
      readFileSync('/proc/self/maps', 'latin1').split('[io_uring]').length,
    ];
    const before = left();
    for (let round = 0; round < 20; round++) {
      backend = new UringBackend();
      backend.wait(0);
      backend.close();
    }
    expect(left()).to.deep.equal(before);
  });
});

describe('where io_uring is refused', () => {
  let refuse: string;

  before(function () {
    const { program, reason } = process.platform === 'linux' ? compiled(resolve('test/support/refuse.c')) : {};
    if (program === undefined) {
      this.test!.title += ` (skipped: ${reason ?? 'seccomp is Linux’s'})`;
      this.skip();
    }
    refuse = program;
  });

  const script = `
    import { chooseBackend, probeBackends } from 'pollux/backends';
    const { backend, reason } = chooseBackend();
    const { probe } = probeBackends().find(({ name }) => name === 'io_uring');
    const chosen = backend.name;
    backend.close();
    let asked = 'works';
    try { chooseBackend('io_uring').backend.close(); } catch (error) { asked = error.message; }
    console.log(JSON.stringify({ chosen, reason, probe, asked }));`;

  interface Findings {
    chosen: string;
    reason: string;
    probe: { available: boolean; reason: string; fix?: string };
    asked: string;
  }

  /** What a program finds that runs under a profile. */
  function under(command: readonly string[]): Findings {
    const args = [...command.slice(1), process.execPath, '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(command[0], args, {
      encoding: 'utf8',
      env: { ...process.env, POLLUX_BACKEND: '' },
    });
    expect(stderr).to.equal('');
    return JSON.parse(stdout) as Findings;
  }

  const refusals: readonly [string, number, number, RegExp][] = [
    [
      'io_uring_setup with EPERM',
      EPERM,
      IO_URING_SETUP,
      /io_uring_setup: EPERM; (a sandbox|kernel\.io_uring_disabled)/,
    ],
    ['io_uring_setup with ENOSYS', ENOSYS, IO_URING_SETUP, /io_uring_setup: ENOSYS; the kernel is too old/],
    ['io_uring_enter with EPERM', EPERM, IO_URING_ENTER, /io_uring_enter: EPERM; a sandbox/],
    ['io_uring_enter with ENOSYS', ENOSYS, IO_URING_ENTER, /io_uring_enter: ENOSYS/],
  ];
  for (const [title, errno, call, reason] of refusals) {
    it(`regression 47: ${title}: epoll is taken, and who asks for the ring hears why`, () => {
      const found = under([refuse, `${errno}`, `${call}`]);
      expect(found.chosen).to.equal('epoll');
      expect(found.probe.available).to.equal(false);
      expect(found.probe.reason).to.match(reason);
      expect(found.probe.fix).to.be.a('string');
      expect(found.asked)
        .to.match(/^backend 'io_uring' does not run here: /)
        .and.match(reason);
    });
  }

  it('with little memory to lock it works, or says that this is why not', () => {
    const { probe } = under(['/bin/sh', '-c', 'ulimit -l 0 && exec "$0" "$@"']);
    const here = probeUring();
    if (probe.available) expect(probe.reason).to.equal(here.reason);
    else expect(probe.reason).to.match(/ulimit -l|io_uring_setup/);
  });
});

describe('what the factory of io_uring says', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  for (const release of ['5.4.0', '5.15.167-generic', '6.0.19']) {
    it(`of Linux ${release}: too old to be trusted`, () => {
      const probe = probeUring(release);
      expect(probe.available).to.equal(false);
      expect(probe.reason).to.equal(`rings are trusted from Linux 6.1 on; this is Linux ${release}`);
    });
  }

  for (const release of ['6.1.0', '6.12.3', '7.0.0']) {
    it(`of Linux ${release}: what the test of a ring says`, () => {
      expect(probeUring(release)).to.deep.equal(probeUring());
    });
  }

  it('of the setting that shuts it', () => {
    const refusal = new IoError(EPERM, 'io_uring_setup');
    expect(explainRefusal(refusal, 2).reason).to.match(/io_uring_disabled is 2, which shuts it for everybody/);
    expect(explainRefusal(refusal, 1).reason).to.match(/all but privileged users/);
    expect(explainRefusal(refusal, 1).fix).to.equal('sysctl -w kernel.io_uring_disabled=0');
  });
});
