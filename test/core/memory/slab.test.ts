import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { Slab, type Lease } from '../../../src/core/memory/slab.js';
import { addressOf } from '../../../src/sys/ffi/memory.js';
import { propertyRuns } from '../../property-runs.js';

const POISON = 0xdb;

/** Two blocks of four chunks at most, unless told otherwise. */
function smallSlab(options: { maxBytes?: number; debug?: boolean } = {}): Slab {
  return new Slab({ chunkBytes: 1024, chunksPerBlock: 4, maxBytes: 8192, debug: false, ...options });
}

function leases(slab: Slab, count: number): Lease[] {
  return Array.from({ length: count }, () => slab.lease()!);
}

describe('core: slab', () => {
  it('holds no memory before the first lease', () => {
    const slab = smallSlab();
    expect([slab.heldBytes, slab.freeChunks, slab.leasedChunks]).to.deep.equal([0, 0, 0]);
  });

  it('lends chunks of its size at the addresses where their bytes lie, none of them twice', () => {
    const slab = smallSlab();
    const lent = leases(slab, 8);
    const addresses = lent.map(lease => lease.address).sort((a, b) => a - b);
    for (const lease of lent) {
      expect(lease.chunkBytes).to.equal(1024);
      expect(lease.address).to.equal(addressOf(lease.bytes));
      expect(lease.boxedAddress[0]).to.equal(lease.address);
    }
    for (let index = 1; index < 8; index++) expect(addresses[index] - addresses[index - 1]).to.be.at.least(1024);
    for (const [index, lease] of lent.entries()) lease.bytes.fill(index);
    for (const [index, lease] of lent.entries()) expect(lease.bytes.every(byte => byte === index)).to.equal(true);
  });

  it('lends the chunk released last first', () => {
    const slab = smallSlab();
    const [first, second, third] = leases(slab, 3);
    first.release();
    third.release();
    second.release();
    expect(leases(slab, 3)).to.deep.equal([second, third, first]);
  });

  it('counts what is on loan, and the most that ever was', () => {
    const slab = smallSlab();
    const lent = leases(slab, 5);
    expect([slab.leasedChunks, slab.peakChunks, slab.heldBytes, slab.freeChunks]).to.deep.equal([5, 5, 8192, 3]);
    for (const lease of lent) lease.release();
    slab.lease();
    expect([slab.leasedChunks, slab.peakChunks]).to.deep.equal([1, 5]);
  });

  describe('shares', () => {
    it('the chunk comes back with the last one', () => {
      const slab = smallSlab();
      const lease = slab.lease()!;
      lease.retain();
      lease.retain();
      lease.release();
      lease.release();
      expect([lease.shares, slab.leasedChunks]).to.deep.equal([1, 1]);
      lease.release();
      expect([lease.shares, slab.leasedChunks]).to.deep.equal([0, 0]);
    });

    it('a chunk lent again starts with one share', () => {
      const slab = smallSlab();
      const lease = slab.lease()!;
      lease.release();
      expect(slab.lease()).to.equal(lease);
      expect(lease.shares).to.equal(1);
    });
  });

  describe('the ceiling', () => {
    it('is never exceeded: lease gives undefined', () => {
      const slab = smallSlab();
      leases(slab, 8);
      expect(slab.lease()).to.equal(undefined);
      expect([slab.heldBytes, slab.leasedChunks]).to.deep.equal([8192, 8]);
    });

    it('is not exceeded by a part of a block', () => {
      const slab = smallSlab({ maxBytes: 8191 });
      leases(slab, 4);
      expect(slab.lease()).to.equal(undefined);
    });

    it('tells once when there is memory again', () => {
      const slab = smallSlab();
      let told = 0;
      slab.onAvailable = () => void told++;
      const lent = leases(slab, 8);
      lent.pop()!.release();
      expect(told).to.equal(0);
      slab.lease();
      expect(slab.lease()).to.equal(undefined);
      expect(slab.lease()).to.equal(undefined);
      lent.pop()!.release();
      lent.pop()!.release();
      expect(told).to.equal(1);
    });

    it('has a chunk ready when it tells', () => {
      const slab = smallSlab();
      const lent = leases(slab, 8);
      slab.lease();
      let got: Lease | undefined;
      slab.onAvailable = () => {
        got = slab.lease();
      };
      lent[3].release();
      expect(got).to.equal(lent[3]);
    });
  });

  describe('regression 38: releases', () => {
    it('a double release is refused, and frees nothing twice', () => {
      const slab = smallSlab();
      const lease = slab.lease()!;
      lease.release();
      expect(() => lease.release()).to.throw(Error, 'chunk released twice (POLLUX_DEBUG=1');
      expect([slab.leasedChunks, slab.freeChunks]).to.deep.equal([0, 4]);
    });

    it('retaining and using a released chunk is refused', () => {
      const lease = smallSlab().lease()!;
      lease.check('use');
      lease.release();
      expect(() => lease.retain()).to.throw(Error, 'retain of a chunk that was released');
      expect(() => lease.check('reading')).to.throw(Error, 'reading of a chunk that was released');
    });

    it('debug: a released chunk is poisoned', () => {
      const lease = smallSlab({ debug: true }).lease()!;
      lease.bytes.fill(1);
      lease.retain();
      lease.release();
      expect(lease.bytes[0]).to.equal(1);
      lease.release();
      expect(lease.bytes.every(byte => byte === POISON)).to.equal(true);
    });

    it('debug: the refusal says where the chunk was released', () => {
      const lease = smallSlab({ debug: true }).lease()!;
      function theCulprit(): void {
        lease.release();
      }
      theCulprit();
      expect(() => lease.release()).to.throw(Error, /chunk released twice, here:[^]*theCulprit/);
    });

    it('a share of an earlier loan is refused, and takes nothing from the next one', () => {
      const slab = smallSlab();
      const lease = slab.lease()!;
      const earlier = lease.generation;
      lease.release();
      expect(slab.lease()).to.equal(lease);
      expect(() => lease.check('reading', earlier)).to.throw(Error, 'reading of a chunk that was released');
      expect(() => lease.retain(earlier)).to.throw(Error, 'retain of a chunk that was released');
      expect(() => lease.release(earlier)).to.throw(Error, 'chunk released twice');
      expect([lease.shares, slab.leasedChunks]).to.deep.equal([1, 1]);
    });

    it('debug: warns of a chunk that was never released, saying who leased it, and of no other', () => {
      const { stderr, status } = spawnSync(
        process.execPath,
        ['--expose-gc', new URL('../fixtures/lost-lease.js', import.meta.url).pathname],
        { encoding: 'utf8', timeout: 10_000 },
      );
      expect([status, stderr.match(/a chunk was never released/g)?.length]).to.deep.equal([0, 1]);
      expect(stderr).to.match(/PolluxLeakWarning: a chunk was never released; leased here:[^]*forgetsIt/);
    });

    it('debug is what POLLUX_DEBUG says by default', () => {
      const before = process.env.POLLUX_DEBUG;
      try {
        process.env.POLLUX_DEBUG = '1';
        const lease = new Slab({ chunkBytes: 64 }).lease()!;
        lease.release();
        expect(lease.bytes[0]).to.equal(POISON);
        delete process.env.POLLUX_DEBUG;
        const other = new Slab({ chunkBytes: 64 }).lease()!;
        other.release();
        expect(other.bytes[0]).to.equal(0);
      } finally {
        if (before === undefined) delete process.env.POLLUX_DEBUG;
        else process.env.POLLUX_DEBUG = before;
      }
    });

    it('after a peak the memory goes back, but for a block', () => {
      const slab = smallSlab({ maxBytes: 64 * 4096 });
      const lent = leases(slab, 64 * 4);
      expect(slab.heldBytes).to.equal(64 * 4096);
      const kept = lent.splice(130, 1)[0];
      for (const lease of lent) lease.release();
      expect(slab.heldBytes).to.be.at.most(2 * 4096);
      expect([slab.leasedChunks, slab.freeChunks]).to.deep.equal([1, slab.heldBytes / 1024 - 1]);
      kept.bytes.fill(9);
      kept.release();
      expect(slab.heldBytes).to.be.at.most(2 * 4096);
    });

    it('lending one chunk over and over does not look for what could be trimmed', () => {
      const slab = smallSlab();
      for (const lease of leases(slab, 5)) lease.release();
      expect(slab.heldBytes).to.equal(4096);
      let trims = 0;
      slab.trim = () => ++trims;
      for (let round = 0; round < 20; round++) slab.lease()!.release();
      expect([trims, slab.heldBytes]).to.deep.equal([0, 4096]);
    });

    it('trim gives idle blocks back at once, never one of which a chunk is on loan', () => {
      const slab = smallSlab({ maxBytes: 16 * 4096 });
      const lent = leases(slab, 64);
      // A chunk of each of the first twelve blocks stays on loan, so that usage is too high for a trim by itself.
      const kept = lent.filter((_, index) => index < 48 && index % 4 < 3);
      for (const lease of lent) if (!kept.includes(lease)) lease.release();
      const held = slab.heldBytes;
      expect(slab.trim()).to.equal(held - slab.heldBytes);
      expect(slab.heldBytes).to.equal(13 * 4096);
      expect(slab.trim()).to.equal(0);
      for (const lease of kept) lease.release();
      expect(slab.leasedChunks).to.equal(0);
    });
  });

  it('cannot be transferred away', () => {
    const { bytes } = smallSlab().lease()!;
    // Node 20 copies what is marked, later versions refuse.
    try {
      structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    } catch (error) {
      expect((error as Error).name).to.equal('DataCloneError');
    }
    expect(bytes.byteLength).to.equal(1024);
  });

  describe('options', () => {
    for (const chunkBytes of [0, -1, 3, 1000, 0.5, NaN, Infinity]) {
      it(`refuse chunkBytes: ${chunkBytes}`, () => {
        expect(() => new Slab({ chunkBytes })).to.throw(
          RangeError,
          `chunkBytes: ${chunkBytes}; allowed: powers of two`,
        );
      });
    }
    for (const chunksPerBlock of [0, -2, 1.5, NaN]) {
      it(`refuse chunksPerBlock: ${chunksPerBlock}`, () => {
        expect(() => new Slab({ chunksPerBlock })).to.throw(RangeError, `chunksPerBlock: ${chunksPerBlock}; allowed`);
      });
    }
    for (const maxBytes of [0, 4095, NaN]) {
      it(`refuse maxBytes: ${maxBytes}, which is less than a block`, () => {
        const refused = () => new Slab({ chunkBytes: 1024, chunksPerBlock: 4, maxBytes });
        expect(refused).to.throw(RangeError, `maxBytes: ${maxBytes}; allowed: from one block (4096 bytes)`);
      });
    }
  });

  it('keeps its books whatever is leased, retained and released', () => {
    const step = fc.tuple(fc.constantFrom('lease', 'lease', 'retain', 'release', 'release', 'trim'), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), steps => {
        const slab = smallSlab({ maxBytes: 6 * 4096, debug: true });
        const shares: Lease[] = [];
        let told = 0;
        slab.onAvailable = () => void told++;
        for (const [kind, which] of steps) {
          const lease = shares[which % Math.max(shares.length, 1)] as Lease | undefined;
          if (kind === 'lease') {
            const lent = slab.lease();
            expect(lent === undefined).to.equal(slab.leasedChunks === 24);
            if (lent !== undefined) {
              expect(shares).to.not.include(lent);
              shares.push(lent);
            }
          } else if (kind === 'trim') {
            slab.trim();
          } else if (lease !== undefined && kind === 'retain') {
            lease.retain();
            shares.push(lease);
          } else if (lease !== undefined) {
            shares.splice(shares.indexOf(lease), 1);
            lease.release();
          }
          const lent = new Set(shares).size;
          expect(slab.leasedChunks).to.equal(lent);
          expect(slab.heldBytes).to.equal((lent + slab.freeChunks) * 1024);
          expect(slab.heldBytes).to.be.at.most(6 * 4096);
        }
        for (const lease of shares) lease.release();
        expect(slab.leasedChunks).to.equal(0);
        expect(slab.heldBytes).to.be.at.most(4096);
        expect(told).to.be.at.most(steps.length);
      }),
      propertyRuns(150),
    );
  });
});
