// Mutation testing of what guards bytes, descriptors and wake-ups: each area with the tests that are to notice.
// `npm run test:mutants -- ring driver` chooses areas; scripts/mutants/main.js says which one in MUTANTS_AREA.
import process from 'node:process';

/** Tests that run on every driver run on epoll by level alone. */
const OTHER_DRIVERS = ['(poll, ', ', edge)', ', oneshot)'];

export const areas = {
  ring: { mutate: ['src/threads/ring/*.ts'], tests: ['threads/ring/ring', 'threads/ring/ring-sides'] },
  numbers: { mutate: ['src/base/{sequence,token}.ts'], tests: ['base/sequence', 'base/token'] },
  owners: {
    mutate: ['src/sys/file/owned-descriptors.ts'],
    tests: ['sys/file/owned-descriptors', 'threads/service/parked-descriptors'],
  },
  mailbox: {
    mutate: ['src/threads/mailbox/*.ts', 'src/core/reactor/inbox.ts'],
    tests: ['threads/mailbox/lane', 'threads/mailbox/turn'],
  },
  memory: {
    mutate: ['src/core/memory/{slab,segment,segment-bytes,receive-buffer,lost-leases}.ts'],
    tests: ['slab', 'kept-chunks', 'buffer-list', 'receive-buffer'].map(name => `core/memory/${name}`),
  },
  lists: {
    mutate: ['src/core/memory/{buffer-list,moved-parts,iovec-table}.ts'],
    tests: ['core/memory/buffer-list', 'core/memory/moved-parts'],
  },
  timers: {
    mutate: ['src/core/reactor/timers.ts'],
    tests: ['core/reactor/timers'],
    skip: ['takes and frees 100,000 timers'],
  },
  driver: {
    mutate: [
      'src/core/driver/{readiness-driver,operation-queue,finished-operations,ready-list,registered,harvest,asked-interest}.ts',
      'src/core/operations/operation.ts',
    ],
    tests: [
      'core/driver/readiness-driver',
      'core/driver/registered',
      'core/operations/operation-life',
      'core/operations/await-hang-up',
      'core/reactor/reactor',
    ],
  },
  operations: {
    mutate: ['src/core/operations/*.ts', '!src/core/operations/operation.ts'],
    tests: [
      'core/operations/operations',
      'core/operations/await-hang-up',
      'api/stream/connect',
      'api/listening/listen',
      'api/datagram/bind-datagram',
      'api/transfer/send-file',
    ],
    skip: OTHER_DRIVERS,
  },
  transfers: {
    mutate: [
      'src/core/transfers/relay/{relay,relay-*,one-way,buffer-conduit,pipe-conduit,pipe-pool}.ts',
      'src/core/transfers/files/{file-to-socket,file-supply,socket-to-file,write-behind}.ts',
      'src/core/transfers/files/*-states.ts',
    ],
    tests: [
      'core/transfers/relay/relay-states',
      'core/transfers/files/file-to-socket-states',
      'core/transfers/files/socket-to-file-states',
      'api/transfer/join',
      'api/transfer/copy-connection',
      'api/transfer/send-file',
    ],
    skip: OTHER_DRIVERS,
  },
  backends: {
    mutate: ['src/backends/kit/{registrations,event-batch,wake}.ts', 'src/backends/{epoll,poll}/*.ts'],
    tests: ['verify/conformance/epoll', 'verify/conformance/poll', 'backends/epoll-forget'],
    // A process without descriptors can load one file, the bundle, but not all those that it is made of.
    skip: ['opening it in a process without descriptors left'],
  },
  kqueue: {
    mutate: ['src/backends/kqueue/*.ts'],
    tests: ['backends/kqueue', 'backends/kqueue-events', 'backends/kqueue-sources'],
  },
};

const { mutate, tests, skip = [] } = areas[process.env.MUTANTS_AREA] ?? { mutate: [], tests: [] };
const isSample = Number(process.env.MUTANTS_SAMPLE ?? 1) > 1;

export default {
  mutate,
  // Types are no judge here: a mutant that does not compile is still run.
  buildCommand: 'node scripts/mutants/compile.js',
  ignorePatterns: [
    'dist/{mutants,lib,bench,examples}',
    'dist/**/*.{d.ts,map}',
    '{bench,docs,examples}',
    'test/**/*.ts',
  ],
  testRunner: 'mocha-in-worker',
  plugins: ['./scripts/mutants/runner.js', './scripts/mutants/left-out.js'],
  ignorers: ['adds-nothing', 'sample'],
  mochaFiles: tests.map(name => `dist/test/${name}.test.js`),
  mochaSkip: skip,
  warnings: { unknownOptions: false },
  coverageAnalysis: 'perTest',
  // A message guards nothing. Of a sample, which is one of statements, whole blocks would be the greater part.
  mutator: { excludedMutations: isSample ? ['StringLiteral', 'BlockStatement'] : ['StringLiteral'] },
  maxTestRunnerReuse: 50,
  concurrency: 1,
  timeoutMS: 4_000,
  timeoutFactor: 2,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `dist/mutants/${process.env.MUTANTS_AREA}.json` },
  tempDirName: 'dist/mutants/work',
};
