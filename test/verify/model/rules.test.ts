/** Rules of FreeBSD 14 that hold for many programs, played in all their variants; what was recorded is in replay.test.ts. */
import { expect } from 'chai';
import { ModelTarget } from '../../../src/verify/conformance/traces/model/target.js';
import { replay } from '../../../src/verify/conformance/traces/replay.js';
import type { Scenario, Step } from '../../../src/verify/conformance/traces/trace.js';
import { DEVICES } from '../../../src/verify/model/things/device.js';
import { profiles, type ProfileName } from '../../../src/verify/model/profile.js';

const ALL: readonly ProfileName[] = [
  'freebsd-14',
  'freebsd-12',
  'freebsd-11',
  'macos',
  'openbsd',
  'netbsd-10',
  'netbsd-11',
];
/** How a knote is asked for, and whether it is reported again: each time, after news, once. */
const MODES = [
  { flags: [], again: 'always' },
  { flags: ['CLEAR'], again: 'news' },
  { flags: ['ONESHOT'], again: 'never' },
  { flags: ['DISPATCH'], again: 'never' },
] as const;
const ANY = { min: 0 };

function expectPlayed(name: string, steps: readonly Step[], profile: ProfileName = 'freebsd-14'): void {
  const scenario = { name, area: 'eof', about: name, recordings: 1, steps } as unknown as Scenario;
  const [result] = replay([scenario], each => new ModelTarget(profiles[profile], each));
  expect(result).to.include({ outcome: 'same' }, `${name}: ${JSON.stringify(result)}`);
}

function change(ident: string, filter: string, flags: readonly string[]): object {
  return { ident, filter, flags, fflags: [], data: 0, udata: 1 };
}

function look(events: readonly object[], changes: readonly object[] = []): Step {
  const wait = { kq: 'q', changes, nevents: 8, timeoutMs: 0, order: 'any' };
  return { op: 'kevent', ...wait, returned: events.length, errno: null, events };
}

const step = (op: string, rest: object): Step => ({ op, errno: null, ...rest });
const pair = [step('kqueue', { as: 'q' }), step('tcpPair', { as: ['a', 'b'] })];
const sleep = (ms: number): Step => ({ op: 'sleepMs', ms });

describe('the rules of the model of FreeBSD 14', () => {
  for (const { flags, again } of MODES) {
    const mode = flags[0] ?? 'level';

    it(`READ after our own shutdown is told of each arrival as its mode says (${mode})`, () => {
      const eof = { ident: 'a', filter: 'READ', flags: [...flags, 'EOF'], fflags: [], data: 0, udata: 1 };
      for (const how of ['RD', 'RDWR']) {
        for (const isArmedBefore of [true, false]) {
          for (const sizes of [[1], [2, 3], [5000, 1, 20_000], [40_000]]) {
            const arm = look([], [change('a', 'READ', ['ADD', ...flags])]);
            const shut = step('shutdown', { fd: 'a', how });
            const first = isArmedBefore
              ? [arm, shut, look([eof])]
              : [shut, look([eof], [change('a', 'READ', ['ADD', ...flags])])];
            const arrivals = sizes.flatMap(bytes => [
              look(again === 'always' ? [eof] : []),
              step('write', { fd: 'b', bytes, returned: bytes }),
              sleep(20),
              look(again === 'never' ? [] : [eof]),
              step('read', { fd: 'a', max: 10, returned: 0 }),
            ]);
            const fin = [step('close', { fd: 'b' }), sleep(20), look(again === 'never' ? [] : [eof])];
            expectPlayed(`shutdown(${how}), ${mode}, ${sizes.join()}`, [...pair, ...first, ...arrivals, ...fin]);
          }
        }
      }
    });

    it(`a full sender whose peer closes with unread bytes is told of the reset on both filters (${mode})`, () => {
      const gone = (filter: string) => ({
        ...{ ident: 'a', filter, flags: [...flags, 'EOF'] },
        ...{ fflags: ['ECONNRESET'], data: filter === 'READ' ? 0 : ANY, udata: 1 },
      });
      for (const chunk of [1000, 4096, 65_536]) {
        for (const restMs of [0, 10, 100, 1000]) {
          for (const readBytes of [0, 1, 2000]) {
            for (const filters of [['READ', 'WRITE'], ['WRITE', 'READ'], ['WRITE']]) {
              const name = `full by ${chunk}, rest ${restMs}, read ${readBytes}, ${filters.join()}, ${mode}`;
              expectPlayed(name, [
                ...pair,
                step('fill', { fd: 'a', chunk, total: ANY, errno: 'EAGAIN' }),
                ...(readBytes === 0 ? [] : [step('read', { fd: 'b', max: readBytes, returned: readBytes })]),
                sleep(restMs),
                step('fill', { fd: 'a', chunk: 1, total: ANY, errno: 'EAGAIN' }),
                look(
                  [],
                  filters.map(filter => change('a', filter, ['ADD', ...flags])),
                ),
                step('close', { fd: 'b' }),
                sleep(60),
                look(filters.map(gone)),
                look(again === 'always' ? filters.map(gone) : []),
                step('write', { fd: 'a', bytes: 1, returned: -1, errno: 'EPIPE' }),
              ]);
            }
          }
        }
      }
    });
  }

  it('read and write on a kqueue descriptor are refused, by each system in its own words', () => {
    for (const profile of ALL) {
      const errno = profile.startsWith('freebsd') ? 'EOPNOTSUPP' : 'ENXIO';
      for (const number of [1, 100]) {
        expectPlayed(
          `a kqueue read and written, ${profile}`,
          [
            step('kqueue', { as: 'q' }),
            step('read', { fd: 'q', max: number, returned: -1, errno }),
            step('write', { fd: 'q', bytes: number, returned: -1, errno }),
            step('dup', { fd: 'q', as: 'copy' }),
            step('read', { fd: 'copy', max: number, returned: -1, errno }),
          ],
          profile,
        );
      }
    }
  });

  it('devices are there, can be read and written as open(2) was asked to, and not be watched', () => {
    for (const name of DEVICES) {
      for (const access of ['RDONLY', 'WRONLY', 'RDWR']) {
        const [reads, writes] = [access !== 'WRONLY', access !== 'RDONLY'];
        const refused = { flags: ['ERROR'], fflags: [], data: 19, udata: 1, error: 'ENODEV' };
        const filters = ['READ', 'WRITE', 'VNODE'];
        const takes = writes && name !== 'full';
        expectPlayed(`/dev/${name}, ${access}`, [
          step('kqueue', { as: 'q' }),
          step('open', { path: `/dev/${name}`, flags: [access], as: 'd' }),
          look(
            filters.map(filter => ({ ident: 'd', filter, ...refused })),
            filters.map(filter => change('d', filter, ['ADD'])),
          ),
          reads
            ? step('read', { fd: 'd', max: 10, returned: name === 'null' ? 0 : 10 })
            : step('read', { fd: 'd', max: 10, returned: -1, errno: 'EBADF' }),
          takes
            ? step('write', { fd: 'd', bytes: 10, returned: 10 })
            : step('write', { fd: 'd', bytes: 10, returned: -1, errno: writes ? 'ENOSPC' : 'EBADF' }),
        ]);
      }
    }
  });
});
