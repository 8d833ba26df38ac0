/** The schemas against the tables: what one refuses the other does, too. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { PROXY_FILE } from '../../../src/cli/config/proxy-file.js';
import { schemas } from '../../../src/cli/config/schemas.js';
import { SERVE_FILE } from '../../../src/cli/config/serve-file.js';
import { valuesOf } from '../../../src/base/options.js';

type Members = Readonly<Record<string, unknown>>;

const TABLES = { 'serve.json': SERVE_FILE, 'proxy.json': PROXY_FILE };
const LEAST: Readonly<Record<keyof typeof TABLES, Members>> = {
  'serve.json': { listen: { port: 80 }, directory: '.' },
  'proxy.json': { listen: { port: 80 }, pool: { upstreams: [{ port: 81 }] } },
};

/** Changes of the least file, by a path of names, that both must judge alike. */
const CHANGES: readonly (readonly [file: keyof typeof TABLES, isRight: boolean, change: Members])[] = [
  ['serve.json', true, {}],
  [
    'serve.json',
    true,
    {
      listen: [
        { port: 0, host: '::1', ipv6Only: true },
        { path: '/run/x', mode: 0o600 },
      ],
    },
  ],
  ['serve.json', false, { listen: { port: -1 } }],
  ['serve.json', false, { listen: { port: '80' } }],
  ['serve.json', false, { listen: { fd: '3' } }],
  ['serve.json', false, { listing: 1 }],
  ['serve.json', false, { lisitng: true }],
  ['serve.json', false, { directory: 7 }],
  ['serve.json', false, { directory: '' }],
  ['serve.json', true, { errorPages: { 404: 'a.html', 503: 'b.html' } }],
  ['serve.json', false, { errorPages: { 200: 'a.html' } }],
  ['serve.json', false, { errorPages: { 404: '/a.html' } }],
  ['serve.json', false, { errorPages: [] }],
  ['serve.json', true, { types: { '.wgsl': 'text/wgsl' } }],
  ['serve.json', false, { types: { wgsl: 'text/wgsl' } }],
  ['serve.json', true, { rules: [{ match: '*', cacheControl: 'no-store', fields: { 'X-A': ['b', 3] } }] }],
  ['serve.json', false, { rules: [{ cacheControl: 'no-store' }] }],
  ['serve.json', false, { rules: { match: '*' } }],
  ['serve.json', true, { redirects: [{ from: '/a', to: 'https://b/', status: 308 }] }],
  ['serve.json', false, { redirects: [{ from: '/a', to: '/b', status: 304 }] }],
  ['serve.json', false, { redirects: [{ from: 'a', to: '/b' }] }],
  ['serve.json', false, { redirects: [{ from: '/a' }] }],
  ['serve.json', true, { cors: '*' }],
  ['serve.json', true, { cors: ['https://a'] }],
  ['serve.json', false, { cors: 'https://a' }],
  ['serve.json', true, { hosts: { '*.a.example': { directory: '.', listing: true } } }],
  ['serve.json', false, { hosts: { 'a.example': {} } }],
  ['serve.json', false, { hosts: { 'A:80': { directory: '.' } } }],
  ['serve.json', true, { tls: { certificate: 'c', key: 'k', watch: false } }],
  ['serve.json', false, { tls: { certificate: 'c' } }],
  ['serve.json', false, { accessLog: { format: 'json' } }],
  ['serve.json', false, { accessLog: { to: 'x', format: 'xml' } }],
  ['serve.json', false, { threads: 0 }],
  ['serve.json', false, { accept: 'combined' }],
  ['serve.json', false, { onError: 'x' }],
  ['proxy.json', true, {}],
  ['proxy.json', true, { pools: { a: { upstreams: [{ path: '/x' }] } }, timeouts: { idleMs: 0.5 } }],
  ['proxy.json', false, { pool: { upstreams: [] } }],
  ['proxy.json', false, { pool: {} }],
  ['proxy.json', false, { pool: { upstreams: [{ port: 0 }] } }],
  ['proxy.json', false, { pool: { upstreams: [{ port: 1 }], health: { failures: 0 } } }],
  ['proxy.json', true, { listen: { port: 1, access: { rules: [{ allow: '::1' }, { deny: ['10.0.0.0/8'] }] } } }],
  ['proxy.json', false, { listen: { port: 1, access: { rules: [{ permit: '::1' }] } } }],
  ['proxy.json', false, { listen: { port: 1, access: { rules: [{}] } } }],
  [
    'proxy.json',
    true,
    { listen: { port: 1, trustedProxies: ['unix', '::1'], routes: [{ serverNames: 'A.b', pool: 'x' }] } },
  ],
  ['proxy.json', false, { listen: { port: 1, routes: [{ serverNames: 'a b', pool: 'x' }] } }],
  ['proxy.json', false, { listen: { port: 1, routes: [{ serverNames: 'a' }] } }],
  ['proxy.json', true, { listen: { port: 1, tls: { certificate: 'c', key: 'k' } } }],
  ['proxy.json', false, { listen: { port: 1, tls: { cert: 'c', key: 'k' } } }],
  ['proxy.json', false, { limits: { connections: 1.5 } }],
  ['proxy.json', true, { limits: { bytesPerSecond: 0.5, classes: { slow: { bytesPerSecond: 1 } } } }],
  ['proxy.json', false, { limits: { classes: { slow: {} } } }],
  ['proxy.json', false, { onEnd: 'x' }],
];

describe('the schemas of configuration files', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  const compiled = new Map([...schemas()].map(([name, schema]) => [name, ajv.compile(schema)]));

  for (const [file, isRight, change] of CHANGES) {
    it(`${file} ${isRight ? 'allows' : 'refuses'} ${JSON.stringify(change)}, as the table does`, () => {
      const value = { ...LEAST[file], ...change };
      const check = () => valuesOf(TABLES[file], value);
      if (isRight) expect(check).not.to.throw();
      else expect(check).to.throw(/allowed|is no option/);
      expect(compiled.get(file)!(value)).to.equal(isRight);
    });
  }
});
