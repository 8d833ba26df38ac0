/** The balancers by themselves: fairness, and what moves when an upstream goes. */
import { expect } from 'chai';
import { array, assert, constant, integer, property, record, uniqueArray } from 'fast-check';
import type { Balancer } from '../../../src/servers/proxy/balancers/balancer.js';
import { LeastConnections } from '../../../src/servers/proxy/balancers/least-connections.js';
import { RandomTwo } from '../../../src/servers/proxy/balancers/random-two.js';
import { RoundRobin } from '../../../src/servers/proxy/balancers/round-robin.js';
import { SourceHash } from '../../../src/servers/proxy/balancers/source-hash.js';
import { Random } from '../../../src/base/random.js';
import { propertyRuns } from '../../property-runs.js';

const seededRandom = (seed: number) => {
  const random = new Random(seed);
  return () => random.next() / 2 ** 32;
};

interface Server {
  readonly name: string;
  readonly weight: number;
  active: number;
}

const servers = (...weights: number[]): Server[] =>
  weights.map((weight, index) => ({ name: `10.0.0.${index}:80`, weight, active: 0 }));

function counts(balancer: Balancer, among: readonly Server[], times: number): number[] {
  const chosen = Array.from({ length: times }, () => balancer.choose(among, ''));
  return among.map(server => chosen.filter(each => each === server).length);
}

/** Names of one shape, since they are hashed. */
const fleets = uniqueArray(integer({ min: 1, max: 250 }), { minLength: 2, maxLength: 12 }).map(hosts =>
  hosts.map(host => ({ name: `10.0.0.${host}:80`, weight: 1, active: 0 })),
);

describe('round robin', () => {
  it('gives each its weight in every round', () => {
    assert(
      property(array(integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), weights => {
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        const balancer = new RoundRobin();
        const among = servers(...weights);
        for (let rounds = 0; rounds < 3; rounds++) expect(counts(balancer, among, round)).to.deep.equal(weights);
      }),
      propertyRuns(100),
    );
  });

  it('spreads the turns of a heavy one', () => {
    const balancer = new RoundRobin();
    const among = servers(5, 1, 1);
    const turns = Array.from({ length: 7 }, () => among.indexOf(balancer.choose(among)));
    expect(turns).to.deep.equal([0, 0, 1, 0, 2, 0, 0]);
  });

  it('is off by less than one turn at any time', () => {
    assert(
      property(
        array(integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
        integer({ min: 1, max: 200 }),
        (weights, times) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          counts(new RoundRobin(), servers(...weights), times).forEach((count, index) => {
            expect(Math.abs(count - (times * weights[index]) / total)).to.be.below(weights.length);
          });
        },
      ),
      propertyRuns(100),
    );
  });
});

describe('least connections', () => {
  it('never chooses one that is busier for its weight than another', () => {
    const server = record({
      name: constant('x'),
      weight: integer({ min: 1, max: 10 }),
      active: integer({ min: 0, max: 50 }),
    });
    assert(
      property(array(server, { minLength: 1, maxLength: 8 }), among => {
        const { active, weight } = new LeastConnections().choose(among);
        for (const other of among) {
          expect((active + 1) * other.weight).to.be.at.most((other.active + 1) * weight);
        }
      }),
      propertyRuns(200),
    );
  });

  it('gives equals their turns', () => {
    expect(counts(new LeastConnections(), servers(1, 1, 1), 9)).to.deep.equal([3, 3, 3]);
  });
});

describe('random two', () => {
  it('never gives a connection to the busiest of many', () => {
    const among = servers(1, 1, 1, 1);
    among[2].active = 10;
    const [, , busiest] = counts(new RandomTwo(seededRandom(7)), among, 500);
    expect(busiest).to.equal(0);
  });

  it('evens out what is held', () => {
    const balancer = new RandomTwo(seededRandom(8));
    const among = servers(1, 1, 1, 1, 1);
    for (let times = 0; times < 1000; times++) balancer.choose(among).active++;
    for (const { active } of among) expect(active).to.be.within(190, 210);
  });

  it('chooses the only one', () => {
    const among = servers(1);
    expect(new RandomTwo().choose(among)).to.equal(among[0]);
  });
});

describe('source hash', () => {
  const sources = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);

  it('moves nobody but the sources of an upstream that goes, who are about one of n', () => {
    assert(
      property(fleets, integer({ min: 0, max: 11 }), (fleet, place) => {
        const gone = fleet[place % fleet.length];
        const left = fleet.filter(server => server !== gone);
        const balancer = new SourceHash();
        let moved = 0;
        for (const source of sources) {
          const before = balancer.choose(fleet, source);
          const after = new SourceHash().choose(left, source);
          if (before === gone) moved++;
          else expect(after).to.equal(before);
        }
        expect(moved / sources.length).to.be.below(1 / fleet.length + 0.08);
      }),
      propertyRuns(20),
    );
  });

  it('shares sources out by weight', () => {
    const balancer = new SourceHash();
    const among = servers(1, 1, 2);
    const chosen = sources.map(source => among.indexOf(balancer.choose(among, source)));
    [0.25, 0.25, 0.5].forEach((share, index) => {
      const found = chosen.filter(each => each === index).length / sources.length;
      expect(found).to.be.closeTo(share, 0.05);
    });
  });
});
