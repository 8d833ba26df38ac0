import { expect } from 'chai';
import { DiskPool } from '../../../src/core/disk/pool.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';

/** Calls of a disk that answers when the test says so. */
class SlowDisk {
  readonly begun: string[] = [];
  readonly answers = new Map<string, Done>();

  call(name: string): (done: Done) => void {
    return done => {
      this.begun.push(name);
      this.answers.set(name, done);
    };
  }
}

const LIMITS = { calls: 3, callsPerDevice: 2, callsWaiting: 4, callsWaitingPerDevice: 4 };

describe('DiskPool', () => {
  it('leaves room for other disks when one does not answer', () => {
    const pool = new DiskPool(LIMITS);
    const disk = new SlowDisk();
    for (const name of ['slow 1', 'slow 2', 'slow 3', 'slow 4']) pool.submit(1, disk.call(name), () => {});
    pool.submit(2, disk.call('other'), () => {});
    expect(disk.begun).to.deep.equal(['slow 1', 'slow 2', 'other']);
    expect([pool.running, pool.waiting]).to.deep.equal([3, 2]);
  });

  it('gives devices their turns, and the calls of one their order', () => {
    const pool = new DiskPool({ ...LIMITS, calls: 1 });
    const disk = new SlowDisk();
    const names = ['a1', 'a2', 'a3', 'b1', 'c1'];
    for (const name of names) pool.submit(name.charCodeAt(0), disk.call(name), () => {});
    while (pool.running > 0) disk.answers.get(disk.begun[disk.begun.length - 1])!(0);
    // Those that come join the end of the row, where the first device stood again from its first turn on.
    expect(disk.begun).to.deep.equal(['a1', 'a2', 'b1', 'c1', 'a3']);
  });

  it('refuses no release, however many calls wait', async () => {
    const pool = new DiskPool(LIMITS);
    const disk = new SlowDisk();
    for (let index = 0; index < 6; index++) pool.submit(1, disk.call('read'), () => {});
    expect(() => pool.submit(1, disk.call('read'), () => {})).to.throw('ENOBUFS');
    const released = pool.release(2, disk.call('close'));
    disk.answers.get('close')!(0);
    expect(await released).to.equal(0);
  });

  it('takes back a call that has not begun, and none that has', () => {
    const pool = new DiskPool({ ...LIMITS, calls: 1 });
    const disk = new SlowDisk();
    const told: string[] = [];
    const first = pool.submit(1, disk.call('first'), () => told.push('first'));
    const second = pool.submit(1, disk.call('second'), () => told.push('second'));
    const third = pool.submit(2, disk.call('third'), () => told.push('third'));
    expect([pool.cancel(first), pool.cancel(second), pool.cancel(second)]).to.deep.equal([false, true, false]);
    disk.answers.get('first')!(0);
    expect(disk.begun).to.deep.equal(['first', 'third']);
    expect(pool.cancel(third)).to.equal(false);
    disk.answers.get('third')!(0);
    expect(told).to.deep.equal(['first', 'third']);
    expect([pool.running, pool.waiting]).to.deep.equal([0, 0]);
  });

  it('refuses what nobody could wait for', () => {
    const pool = new DiskPool(LIMITS);
    const disk = new SlowDisk();
    for (let index = 0; index < 6; index++) pool.submit(1, disk.call(`${index}`), () => {});
    expect(() => pool.submit(1, disk.call('too many'), () => {})).to.throw(/ENOBUFS.* 4 for this one/);
    disk.answers.get('0')!(0);
    pool.submit(1, disk.call('one more'), () => {});
  });

  it('has room for another disk when the queue of one is full, and an end for all together', () => {
    const pool = new DiskPool({ ...LIMITS, callsWaiting: 6 });
    const disk = new SlowDisk();
    for (let index = 0; index < 6; index++) pool.submit(1, disk.call('hangs'), () => {});
    expect(() => pool.submit(1, disk.call('too many'), () => {})).to.throw('ENOBUFS');
    for (const name of ['runs', 'waits', 'waits too']) pool.submit(2, disk.call(name), () => {});
    expect(disk.begun).to.deep.equal(['hangs', 'hangs', 'runs']);
    expect(() => pool.submit(3, disk.call('too many'), () => {})).to.throw(/ENOBUFS.* 6 calls wait for disks already/);
  });

  it('begins the next call also when somebody throws at an answer', () => {
    const pool = new DiskPool({ ...LIMITS, calls: 1 });
    const disk = new SlowDisk();
    pool.submit(1, disk.call('first'), () => {
      throw new Error('of the user');
    });
    pool.submit(1, disk.call('second'), () => {});
    expect(() => disk.answers.get('first')!(0)).to.throw('of the user');
    expect(disk.begun).to.deep.equal(['first', 'second']);
  });

  it('rejects what a signal took back, and answers what it could not', async () => {
    const pool = new DiskPool({ ...LIMITS, calls: 1 });
    const disk = new SlowDisk();
    const controller = new AbortController();
    const begun = pool.call(1, disk.call('begun'), controller.signal);
    const waiting = pool.call(1, disk.call('waiting'), controller.signal);
    const outcome = waiting.catch((reason: unknown) => reason);
    controller.abort(new Error('enough'));
    expect(((await outcome) as Error).message).to.equal('enough');
    disk.answers.get('begun')!(-9);
    expect(await begun).to.equal(-9);
    expect(disk.begun).to.deep.equal(['begun']);
  });

  it('keeps its promises under random loads', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
    for (let round = 0; round < 200; round++) {
      const pool = new DiskPool({
        calls: 1 + random(4),
        callsPerDevice: 1 + random(3),
        callsWaiting: 1000,
        callsWaitingPerDevice: 1000,
      });
      const running = new Map<string, Done>();
      const perDevice = [0, 0, 0];
      let ended = 0;
      let cancelled = 0;
      const total = 40;
      for (let index = 0; index < total; index++) {
        const device = random(3);
        const name = `${index}`;
        const call = pool.submit(
          device,
          done => {
            perDevice[device]++;
            running.set(name, done);
          },
          () => {
            perDevice[device]--;
            ended++;
          },
        );
        if (random(8) === 0 && pool.cancel(call)) cancelled++;
        if (random(2) === 0 && running.size > 0) {
          const [chosen] = [...running.keys()].slice(random(running.size));
          const done = running.get(chosen)!;
          running.delete(chosen);
          done(0);
        }
        expect(pool.running).to.equal(running.size);
      }
      while (running.size > 0) {
        const [[name, done]] = running;
        running.delete(name);
        done(0);
      }
      expect(ended + cancelled).to.equal(total);
      expect([pool.running, pool.waiting, ...perDevice]).to.deep.equal([0, 0, 0, 0, 0]);
    }
  });
});
