/** Configuration files of the two commands: what is wrong with one is told with its place, and `--check` starts nothing. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProxyFile } from '../../../src/cli/config/proxy-file.js';
import { readServeFile } from '../../../src/cli/config/serve-file.js';
import { runPollux } from '../run-pollux.js';

const READERS = { serve: readServeFile, proxy: readProxyFile };
const POOL = 'pool: { upstreams: [{ port: 1 }] }\n';

describe('configuration files', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'pollux-config-'))));
  after(() => rmSync(folder, { recursive: true }));

  function written(text: string, name = 'config.yaml'): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  for (const [command, text, says] of [
    ['serve', '', '1:1: the file: null; allowed: an object'],
    ['serve', 'directory: [\n', '2:1: Flow sequence'],
    ['serve', 'directory: a\ndirectory: b\n', '2:1: Map keys must be unique'],
    ['serve', 'directory: .\n', '1:1: listen: missing'],
    ['serve', 'listen: { port: 80 }\n', '1:1: directory: undefined; allowed: a path'],
    [
      'serve',
      'listen:\n  - port: 80\n  - prot: 81\ndirectory: .\n',
      "3:5: listen[1]: 'prot' is no option; allowed: backlog,",
    ],
    [
      'serve',
      'listen: { port: 80 }\ndirectory: .\nlsting: true\n',
      "3:1: the file: 'lsting' is no option; allowed: accept,",
    ],
    [
      'serve',
      'listen: { port: 80 }\ndirectory: .\nthreads:\n  many\n',
      "4:3: threads: 'many'; allowed: integers from 1 to 256",
    ],
    [
      'serve',
      'listen: { port: 80 }\ndirectory: .\nhosts:\n  a.b:\n    directory: .\n    index: 7\n',
      "6:12: hosts['a.b'].index: number",
    ],
    [
      'serve',
      'listen: { port: 80 }\ndirectory: .\nhosts: { a.b: { directory: ., cache: { maxFiles: 0 } } }\n',
      "3:50: hosts['a.b'].cache.maxFiles: 0",
    ],
    [
      'serve',
      '{"listen": {"port": 80},\n "directory": ".",\n "listing": "yes"}\n',
      "3:13: listing: 'yes'; allowed: true, false",
    ],
    [
      'serve',
      'listen: { path: /x }\ndirectory: .\nthreads: 2\n',
      "1:17: listen[0].path: given beside accept: 'reuseport'",
    ],
    [
      'proxy',
      `${POOL}listen: { port: 80, pool: wbe }\npools: { web: { upstreams: [{ port: 2 }] } }\n`,
      "2:27: listen[0].pool: 'wbe'; allowed: 'web'",
    ],
    [
      'proxy',
      `${POOL}listen: { port: 80, access: { rules: [{ deny: 10.0.0.0/99 }] } }\n`,
      "2:47: listen.access.rules[0].deny: '10.0.0.0/99'; allowed: networks",
    ],
    [
      'proxy',
      `${POOL}listen: { port: 80, tls: { certificate: /none, key: /none } }\n`,
      '2:41: listen[0].tls.certificate: ENOENT',
    ],
    ['proxy', `${POOL}`, '1:1: listen: missing'],
    ['proxy', `${POOL}listen: [{ port: 80 }, { path: /x }]\nthreads: 2\n`, '2:24: listen[1].port: missing'],
    ['proxy', 'listen: { port: 80 }\n', '1:1: pool: missing'],
  ] as const) {
    it(`${command}: ${JSON.stringify(text)} is refused at ${says}`, async () => {
      const file = written(text);
      const failure: unknown = await READERS[command](file).catch((error: unknown) => error);
      expect((failure as Error).message).to.satisfy((message: string) => message.startsWith(`${file}:${says}`));
    });
  }

  it('may name their schema', async () => {
    const file = written('$schema: ./serve.json\nlisten: { port: 0 }\ndirectory: .\n');
    expect((await readServeFile(file)).options).to.deep.equal({ directory: '.' });
  });

  it('--check says that one is right, or exits 1', async () => {
    const right = written(`${POOL}listen: { port: 80 }\n`);
    expect(await runPollux(['proxy', '--config', right, '--check'])).to.deep.equal({
      status: 0,
      stdout: `pollux proxy: ${right} is right\n`,
      stderr: '',
    });
    const wrong = written('directory: .\n');
    const { status, stderr } = await runPollux(['serve', '--config', wrong, '--check']);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^pollux: .*config\.yaml:1:1: listen: missing; allowed: \{ port \}, /);
  });

  it('stand for the other flags', async () => {
    const file = written('');
    for (const [args, says] of [
      [['serve', 'x', '--config', file], /--config: not with x; the file says it/],
      [['serve', '--config', file, '--port', '1'], /--config: not with --port/],
      [['proxy', '--config', file, '-l', '80'], /--config: not with --listen/],
      [['proxy', '--check', '-l', '80', '-u', '81'], /--check: only with --config/],
    ] as const) {
      const { status, stderr } = await runPollux(args);
      expect(stderr).to.match(says);
      expect(status).to.equal(2);
    }
  });
});
