// Mutation testing of what guards bytes, descriptors and wake-ups: each area with the tests that are to notice.
// `npm run test:mutants -- ring driver` chooses areas; scripts/mutants.js says which one in MUTANTS_AREA.
import process from 'node:process';

export const areas = {
  ring: { mutate: ['src/base/**/*.ts'], tests: ['dist/test/base/*.test.js'] },
  mailbox: {
    mutate: ['src/core/mailbox/*.ts', 'src/core/inbox.ts'],
    tests: ['dist/test/core/mailbox*.test.js', 'dist/test/api/messages/receivers.test.js'],
  },
  driver: {
    mutate: ['src/core/readiness-driver.ts', 'src/core/operation*.ts'],
    tests: ['dist/test/core/readiness-driver.test.js', 'dist/test/core/operation*.test.js'],
  },
  operations: {
    mutate: ['src/core/operations/*.ts'],
    tests: ['dist/test/core/operations.test.js', 'dist/test/core/recorded-syscalls.test.js'],
  },
  memory: {
    mutate: ['src/core/slab.ts', 'src/core/segment.ts', 'src/core/buffer-list.ts', 'src/core/receive-buffer.ts'],
    tests: ['dist/test/core/slab.test.js', 'dist/test/core/buffer-list.test.js'],
  },
  timers: { mutate: ['src/core/timers.ts'], tests: ['dist/test/core/timers.test.js'] },
  backends: {
    mutate: ['src/backends/*.ts', 'src/backends/{epoll,poll}/*.ts'],
    tests: ['dist/test/conformance/*.test.js', 'dist/test/backends/select.test.js'],
  },
  kqueue: {
    mutate: ['src/backends/kqueue/*.ts'],
    tests: ['dist/test/backends/kqueue*.test.js', 'dist/test/conformance/*.test.js'],
  },
};

const { mutate, tests } = areas[process.env.MUTANTS_AREA] ?? { mutate: [], tests: [] };

export default {
  mutate,
  // Types are no judge here: a mutant that does not compile is still run.
  buildCommand: 'tsc -b tsconfig.mutants.json',
  ignorePatterns: ['dist', 'docs', 'examples', 'bench'],
  testRunner: 'command',
  commandRunner: { command: `mocha --no-config --bail --exit --timeout 20000 --reporter dot ${tests.join(' ')}` },
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `dist/mutants/${process.env.MUTANTS_AREA}.json` },
  tempDirName: 'dist/mutants/work',
};
