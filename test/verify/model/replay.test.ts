import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compare } from '../../../src/verify/conformance/traces/differences.js';
import { ModelTarget } from '../../../src/verify/conformance/traces/model/target.js';
import { record } from '../../../src/verify/conformance/traces/recording.js';
import { replay } from '../../../src/verify/conformance/traces/replay.js';
import { parseTraces, type Scenario, type Step } from '../../../src/verify/conformance/traces/trace.js';
import { profiles, type ProfileName } from '../../../src/verify/model/profile.js';

const fixture = new URL('../../../../test/fixtures/kqueue/freebsd-14.jsonl', import.meta.url);
const scenarios = parseTraces(readFileSync(fixture, 'utf8'));
const profile = profiles['freebsd-14'];

/** Calls next to kqueue, which other tests drive by the same recordings. */
const OTHERS = ['sendfile', 'syscalls'];

function play(list: readonly Scenario[]) {
  return replay(list, scenario => new ModelTarget(profile, scenario));
}

describe('the model of FreeBSD 14 and what a kernel answered', () => {
  const areas = [...new Set(scenarios.map(({ area }) => area))].filter(area => !OTHERS.includes(area));

  for (const area of areas) {
    it(`answers all of the area ${area} as recorded`, () => {
      const results = play(scenarios.filter(scenario => scenario.area === area));
      expect(results.filter(({ outcome }) => outcome !== 'same')).to.deep.equal([]);
      expect(results).to.have.length.greaterThan(0);
    });
  }

  it('leaves out, with a reason, what it has no means for', () => {
    const skipped = play(scenarios.filter(({ area }) => OTHERS.includes(area))).filter(
      ({ outcome }) => outcome === 'skipped',
    );
    expect(skipped).to.have.length.greaterThan(0);
    for (const { reason } of skipped) expect(reason).to.match(/^the model has no|^the socket option|^listeners that/);
  });

  it('notices every event that is recorded otherwise', () => {
    // Each scenario with one answer bent: a comparison that can't fail would take them all.
    const bent = scenarios
      .filter(({ area, variants }) => !OTHERS.includes(area) && variants === undefined)
      .map(bend)
      .filter(scenario => scenario !== undefined);
    expect(bent).to.have.length.greaterThan(350);
    expect(play(bent).filter(({ outcome }) => outcome !== 'different')).to.deep.equal([]);
  });
});

describe('the model of FreeBSD 15', () => {
  const fixture15 = new URL('../../../../test/fixtures/kqueue/freebsd-15.jsonl', import.meta.url);
  const changed = parseTraces(readFileSync(fixture15, 'utf8'));
  const playAs = (name: ProfileName, list: readonly Scenario[]) =>
    replay(list, scenario => new ModelTarget(profiles[name], scenario));

  it('answers as recorded where FreeBSD 15 differs from 14', () => {
    const results = playAs('freebsd-15', changed);
    expect(results.map(({ outcome }) => outcome)).to.deep.equal(changed.map(() => 'same'));
  });

  it('differs there from the model of FreeBSD 14, and in nothing else that was recorded', () => {
    const names = changed.map(({ name }) => name).sort();
    const differing = (name: ProfileName, list: readonly Scenario[]) =>
      playAs(name, list)
        .filter(({ outcome }) => outcome === 'different')
        .map(({ name }) => name)
        .sort();
    expect(differing('freebsd-14', changed)).to.deep.equal(names);
    expect(differing('freebsd-15', scenarios)).to.deep.equal(names);
  });
});

describe('a recording', () => {
  it('of the model is in the format of traces, and the model answers it as recorded', () => {
    const programs = scenarios.filter(({ area }) => !OTHERS.includes(area));
    const recording = record(programs, 'a model', scenario => new ModelTarget(profile, scenario));
    expect(recording.skipped).to.deep.equal([]);
    const lines = recording.scenarios.map(scenario => JSON.stringify(scenario)).join('\n');
    const results = play(parseTraces(lines));
    expect(results.filter(({ outcome }) => outcome !== 'same')).to.deep.equal([]);
    expect(results.length).to.be.greaterThan(400);
  });

  it('compares the numbers of errnos, since FreeBSD has two names for one', () => {
    const target = new ModelTarget(profile, { name: 'a', area: 'a', about: '', steps: [] });
    const differences = (errno: string) =>
      compare({ op: 'read', returned: -1, errno: 'EOPNOTSUPP' }, 0, { results: { returned: -1, errno } }, target);
    expect(differences('ENOTSUP')).to.deep.equal([]);
    expect(differences('EINVAL')).to.have.length(1);
  });

  it('of a step that fails is told for its scenario, and the others are played', () => {
    const line = (name: string, ...steps: Step[]) => JSON.stringify({ name, area: 'a', about: '', steps });
    const blocking: Step = { op: 'kevent', kq: 'q', nevents: 1, timeoutMs: null, returned: 1 };
    const text = [
      line('good', { op: 'kqueue', as: 'q', errno: null }),
      line('blocks', { op: 'kqueue', as: 'q' }, blocking),
      line('nonsense', { op: 'close', fd: 'nobody' }),
      line('good too', { op: 'kqueue', as: 'q', errno: null }),
    ].join('\n');
    const results = play(parseTraces(text));
    expect(results.map(({ outcome }) => outcome)).to.deep.equal(['same', 'different', 'different', 'same']);
    expect(results[1].differences[0]).to.include({ step: 1, op: 'kevent', field: 'failure' });
    expect(results[1].differences[0].answered).to.match(/block for ever/);
    expect(results[2].differences[0].answered).to.match(/'nobody' names nothing yet/);
  });

  it('is refused with the number of the line that is none', () => {
    expect(() => parseTraces('{"name":"a","area":"b","steps":[]}\nnonsense')).to.throw(SyntaxError, /^line 2: no JSON/);
    expect(() => parseTraces('{"name":"a"}')).to.throw(SyntaxError, /^line 1: this is no trace: a scenario has a name/);
    expect(() => parseTraces('{"name":"a","area":"b","steps":[{}]}')).to.throw(
      SyntaxError,
      /every step of 'a' has an op/,
    );
    expect(() => parseTraces('\n')).to.throw(SyntaxError, /no scenario/);
    const twice = '{"name":"a","area":"b","steps":[]}';
    expect(() => parseTraces(`${twice}\n${twice}`)).to.throw(
      SyntaxError,
      /^line 2: line 1 has a scenario of the name 'a' already/,
    );
  });
});

/** The scenario with other user data in its last event; undefined if it has no event. */
function bend(scenario: Scenario): Scenario | undefined {
  const steps = structuredClone(scenario.steps) as Step[];
  const last = steps.findLast(({ events }) => (events as unknown[] | undefined)?.length);
  if (last === undefined) return undefined;
  const events = last.events as { udata?: unknown }[];
  events[events.length - 1].udata = 987_654;
  return { ...scenario, steps };
}
