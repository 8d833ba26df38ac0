/** The judge where poll(2) tells less than the backend, and more than there is: as on FreeBSD, played on this kernel. */
import { expect } from 'chai';
import { BOTH_END, ERROR, PEER_END, READABLE, WRITABLE } from '../../../src/backends/contract.js';
import { REGISTRATION_MODES } from '../../../src/backends/kit/modes.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { realWorld } from '../../../src/verify/conformance/real-world.js';
import { subjectNamed, type Subject } from '../../../src/verify/conformance/subject.js';
import type { World } from '../../../src/verify/conformance/world.js';
import { runCampaign } from '../../../src/verify/lab/campaign.js';
import { subjectNames } from './describe-campaigns.js';

const PROGRAMS = 25;
const HANG_UP = BOTH_END | PEER_END | READABLE | WRITABLE;

/** poll(2) says nothing of errors, and says that a socket has hung up whose own write side was ended. */
function pollOfFreebsd(seesErrors: boolean): World {
  const ended = new Set<number>();
  return Object.assign(Object.create(realWorld) as World, {
    seesErrors,
    holds(fd: number, mayHaveEnded = true) {
      const isHungUp = mayHaveEnded && ended.has(fd);
      return (realWorld.holds(fd, mayHaveEnded) & ~ERROR) | (isHungUp ? HANG_UP : 0);
    },
    socketPair() {
      const pair = realWorld.socketPair();
      for (const fd of pair) ended.delete(fd);
      return pair;
    },
    endWriting(fd: number) {
      realWorld.endWriting(fd);
      ended.add(fd);
    },
    dup2(fd: number, onto: number) {
      realWorld.dup2(fd, onto);
      ended.delete(onto);
    },
    close(fd: number) {
      ended.delete(fd);
      realWorld.close(fd);
    },
  });
}

function campaign(name: string, seesErrors: boolean) {
  const { factory } = subjectNamed(name).enter();
  const subject: Subject = { name, enter: () => ({ world: pollOfFreebsd(seesErrors), factory }) };
  const goesOn = (programs: number) => programs < PROGRAMS;
  return runCampaign({ subject, modes: REGISTRATION_MODES, firstSeed: 1, unbatched: false, goesOn });
}

describe('the judge with a poll(2) like that of FreeBSD', () => {
  before(function () {
    if (platform !== 'linux') this.skip();
  });

  for (const name of subjectNames.filter(each => !each.startsWith('model:'))) {
    it(`finds nothing wrong with ${name}`, () => {
      expect(campaign(name, false).failure).to.equal(undefined);
    });

    it(`takes ${name} for wrong where poll(2) is taken for the whole truth`, () => {
      expect(campaign(name, true).failure).to.include({ rule: 'phantom' });
    });
  }
});
