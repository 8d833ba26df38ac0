/** What open watches mean for the life of a process. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { backendsHere } from '../../support/every-driver.js';

const program = fileURLToPath(new URL('programs/lifetime.js', import.meta.url));

async function outputOf(backend: string, what: string): Promise<string> {
  const env = { ...process.env, POLLUX_BACKEND: backend };
  const child = spawn(process.execPath, [program, what], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('ready')) child.kill('SIGUSR2');
  });
  const [status] = (await once(child, 'close')) as [number | null];
  expect(status).to.equal(0);
  return output;
}

for (const backend of backendsHere()) {
  describe(`watches and the life of a process (${backend})`, () => {
    it('those that are not referenced let it exit', async () => {
      expect(await outputOf(backend, 'unref')).to.equal('over');
    });

    it('closed ones let it exit', async () => {
      expect(await outputOf(backend, 'closed')).to.equal('over');
    });

    it('a timer that expires once keeps it alive until then', async () => {
      expect(await outputOf(backend, 'timer')).to.equal('expired, over');
    });

    it('a signal is waited for, and wakes a thread that has nothing else to do', async () => {
      expect(await outputOf(backend, 'signal')).to.equal('ready, signal, over');
    });
  });
}
