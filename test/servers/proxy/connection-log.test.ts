import { expect } from 'chai';
import type { SessionRecord } from '../../../src/servers.js';
import { ConnectionLog } from '../../../src/servers/proxy/session/connection-log.js';
import { ask, deadPort, leavesNothing, LOOPBACK, named, proxying, until } from './upstreams.js';

describe('the log of a proxy', () => {
  leavesNothing();

  it('has a line for each client, with its address and what it moved', async () => {
    const lines: string[] = [];
    const origin = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: origin.port }] };
    const proxy = await proxying({ pool, connectionLog: { to: { write: line => lines.push(line) } } });
    await ask(proxy, 'hello');
    await until(() => lines.length === 1);
    const where = `127\\.0\\.0\\.1 default/127\\.0\\.0\\.1:${origin.port}`;
    expect(lines[0]).to.match(
      new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z ${where} \\S+ \\d+ms in=5 out=7( ".*")?\\n$`),
    );
  });

  it('says in JSON why a client came to nothing', async () => {
    const lines: string[] = [];
    const pool = { upstreams: [{ host: LOOPBACK, port: await deadPort() }] };
    const to = { write: (line: string) => lines.push(line) };
    const proxy = await proxying({ pool, connectionLog: { to, format: 'json' } });
    await ask(proxy);
    await until(() => lines.length === 1);
    const record = JSON.parse(lines[0]) as Record<string, unknown>;
    expect(record).to.include({ client: LOOPBACK, pool: 'default', upstream: '', outcome: 'unreachable' });
    expect(record.failure).to.match(/ECONNREFUSED/);
  });

  it('keeps to one line whatever a failure says, and survives a sink that throws', async () => {
    const lines: string[] = [];
    const record: SessionRecord = {
      outcome: 'invalid',
      source: '',
      upstream: '',
      pool: '',
      bytesToUpstream: 0,
      bytesToClient: 0,
      durationMs: 1.6,
      failure: new Error('a\nb "c"'),
    };
    const log = await ConnectionLog.open({ format: 'text', to: { write: line => lines.push(line) } });
    log.write(record);
    expect(lines[0].replace(/^\S+ /, '')).to.equal('- -/- invalid 2ms in=0 out=0 "a\\nb \\"c\\""\n');
    const warned = new Promise(resolve => process.once('warning', resolve));
    const throwing = await ConnectionLog.open({
      format: 'text',
      to: {
        write: () => {
          throw new Error('no room');
        },
      },
    });
    throwing.write(record);
    expect(await warned).to.have.property('message', 'no room');
  });
});
