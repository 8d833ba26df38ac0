/** Registers the backend 'seeded', which has the bug that SEEDED_BUG names: of the conformance suite's, or of the lab's. */
import process from 'node:process';
import { backendFactory, registerBackend } from 'pollux/backends';
import type { Backend } from '../../src/backends/contract.js';
import { brokenBackends } from './conformance/broken-backends.js';
import { seededBugs, seededTimerBugs } from './lab/broken-backends.js';

const bugs = new Map<string, (inner: Backend) => Backend>(
  [...brokenBackends, ...seededBugs, ...seededTimerBugs].map(({ bug, breakIt }) => [bug, breakIt]),
);
const breakIt = bugs.get(process.env.SEEDED_BUG ?? '');
if (breakIt === undefined) throw new Error(`SEEDED_BUG: allowed: ${[...bugs.keys()].join(', ')}`);

const poll = backendFactory('poll');
registerBackend({ ...poll, name: 'seeded', preference: 0, open: options => breakIt(poll.open(options)) });
