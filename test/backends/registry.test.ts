import { expect } from 'chai';
import type { Backend, BackendFactory } from '../../src/backends/contract.js';
import { EpollBackend } from '../../src/backends/epoll/backend.js';
import { PollBackend } from '../../src/backends/poll/backend.js';
import {
  backendFactory,
  backendNames,
  chooseBackend,
  openBackend,
  probeBackends,
  registerBackend,
} from '../../src/backends/registry.js';
import { builtInBackends } from './built-in-backends.js';

/** A factory that this kernel lacks, whatever the kernel. Registered once: the table is the process's. */
const absent: BackendFactory = {
  name: 'absent-for-test',
  preference: 1000,
  description: backendFactory('poll').description,
  probe: () => ({ available: false, reason: 'no such facility on this kernel', fix: 'use another kernel' }),
  open: () => {
    throw new Error('opened although it is not available');
  },
};

/** Runs a body with POLLUX_BACKEND set, or unset, and sets it back. */
function withVariable(value: string | undefined, body: () => void): void {
  const before = process.env.POLLUX_BACKEND;
  const set = (to: string | undefined) => {
    if (to === undefined) delete process.env.POLLUX_BACKEND;
    else process.env.POLLUX_BACKEND = to;
  };
  set(value);
  try {
    body();
  } finally {
    set(before);
  }
}

/** Opens and closes. Returns what was chosen and why. */
function choice(name?: string): [string, string] {
  const { backend, reason } = chooseBackend(name);
  backend.close();
  return [backend.name, reason];
}

describe('backends: select', () => {
  before(() => registerBackend(absent));

  it('knows those of Pollux', () => {
    expect(backendNames()).to.include.members(['epoll', 'poll']);
    expect(backendFactory('poll').name).to.equal('poll');
  });

  it('lists the preferred first', () => {
    const preferences = probeBackends().map(({ preference }) => preference);
    expect(preferences).to.deep.equal([...preferences].sort((a, b) => b - a));
    expect(backendNames()).to.deep.equal(probeBackends().map(({ name }) => name));
  });

  it('says of each whether it runs here, and why', () => {
    for (const { name, probe } of probeBackends()) {
      expect(probe.available, name).to.be.a('boolean');
      expect(probe.reason, name).to.match(/\S+ \S+/);
    }
    const { probe } = probeBackends().find(({ name }) => name === absent.name)!;
    expect(probe).to.deep.equal({
      available: false,
      reason: 'no such facility on this kernel',
      fix: 'use another kernel',
    });
  });

  it('opens each that runs here by its name', () => {
    for (const name of builtInBackends()) expect(choice(name)).to.deep.equal([name, 'asked for by name']);
  });

  for (const name of [undefined, 'auto']) {
    it(`${name === undefined ? 'without a name' : "with 'auto'"}, opens the preferred of those that run here, and says what it passed over`, () => {
      withVariable(undefined, () => {
        const [chosen, reason] = choice(name);
        expect(chosen).to.equal(builtInBackends()[0]);
        expect(reason).to.match(/^preferred of those that run here/);
        expect(reason).to.contain('passed over: absent-for-test (no such facility on this kernel)');
      });
    });
  }

  it('POLLUX_BACKEND decides where no name is given, and says so', () => {
    withVariable('poll', () => {
      expect(choice()).to.deep.equal(['poll', 'chosen by POLLUX_BACKEND']);
      expect(choice('auto')).to.deep.equal(['poll', 'chosen by POLLUX_BACKEND']);
    });
  });

  it('a name given goes before POLLUX_BACKEND', () => {
    const [preferred] = builtInBackends();
    withVariable('poll', () => expect(choice(preferred)).to.deep.equal([preferred, 'asked for by name']));
  });

  for (const value of ['', 'auto']) {
    it(`POLLUX_BACKEND='${value}' decides nothing`, () => {
      withVariable(value, () => expect(choice()[0]).to.equal(builtInBackends()[0]));
    });
  }

  it('refuses an unknown name, and lists those that are known', () => {
    const message = /^backend: there is no 'nope'; there are: .*epoll.*poll.*, auto$/;
    expect(() => openBackend('nope')).to.throw(TypeError, message);
    expect(() => backendFactory('nope')).to.throw(TypeError, message);
    withVariable('nope', () => expect(() => openBackend()).to.throw(TypeError, message));
  });

  it('never replaces a backend that was asked for by name, and says why and what to do', () => {
    const message = "backend 'absent-for-test' does not run here: no such facility on this kernel; use another kernel";
    expect(() => openBackend('absent-for-test')).to.throw(Error, message);
    withVariable('absent-for-test', () => expect(() => openBackend()).to.throw(Error, message));
  });

  it('registers a backend once', () => {
    expect(() => registerBackend(absent)).to.throw(
      TypeError,
      "name: a backend 'absent-for-test' is registered already",
    );
    expect(() => registerBackend({ ...absent, name: 'epoll' })).to.throw(TypeError, "'epoll' is registered already");
  });

  for (const name of ['', 'auto', 'Epoll', 'my backend', '9p', '-x', 'ünix', 'constructor ']) {
    it(`refuses the name '${name}'`, () => {
      expect(() => registerBackend({ ...absent, name })).to.throw(TypeError, `name: '${name}'; allowed: one word`);
      expect(backendNames()).to.not.include(name);
    });
  }

  it('hands the options to the backend', () => {
    const seen: number[] = [];
    // Other tests of this process must not find it.
    let available = true;
    const recording: BackendFactory = {
      ...absent,
      name: 'recording-for-test',
      preference: -1,
      probe: () => ({ available, reason: 'it only writes down its options' }),
      open: options => {
        seen.push(options!.maxEvents!);
        return { name: 'recording-for-test' } as Backend;
      },
    };
    registerBackend(recording);
    openBackend('recording-for-test', { maxEvents: 17 });
    available = false;
    expect(seen).to.deep.equal([17]);
  });

  it('room for events is that of the options', () => {
    for (const name of builtInBackends()) {
      const backend = openBackend(name, { maxEvents: 7 });
      expect(backend.events.tokens.length).to.equal(7);
      backend.close();
    }
  });

  it('the classes can be made by hand as well', () => {
    for (const backend of [new PollBackend(), ...(process.platform === 'linux' ? [new EpollBackend()] : [])]) {
      expect(backend.wait(0)).to.equal(0);
      backend.close();
    }
  });
});
