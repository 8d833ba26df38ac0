import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { watchProcess, watchTimer, type ProcessEnd } from '../../../src/index.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { refusal } from '../../support/refusal.js';
import { atEnd } from '../../support/sockets.js';
import { kept, Told } from './told.js';

/** A shell that waits for a line and then runs it. */
function shell(): ChildProcess {
  const child = spawn('sh', ['-c', 'read line; eval "$line"'], { stdio: ['pipe', 'ignore', 'inherit'] });
  atEnd(() => child.kill('SIGKILL'));
  return child;
}

/** Without giving Node a turn to reap it. Linux. */
function waitForZombie(pid: number): void {
  while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')) continue;
}

describeOnEveryDriver(
  'watchProcess()',
  () => {
    for (const exitCode of [0, 7, 255]) {
      it(`a child that exits with ${exitCode}`, async () => {
        const child = shell();
        const watch = kept(watchProcess(child.pid!));
        const exit = once(child, 'close');
        child.stdin!.end(`exit ${exitCode}\n`);
        expect(await watch.next()).to.deep.equal({ exitCode, signal: undefined, status: exitCode << 8 });
        expect(watch.isClosed).to.equal(true);
        // Node still learns of it: nothing was reaped behind its back.
        expect(await exit).to.deep.equal([exitCode, null]);
      });
    }

    it('a child that a signal ends', async () => {
      const child = shell();
      const told = new Told<ProcessEnd>();
      kept(watchProcess(child.pid!, told.handler));
      const [next, exit] = [told.next(), once(child, 'close')];
      child.kill('SIGKILL');
      expect(await next).to.deep.equal({ exitCode: undefined, signal: 'SIGKILL', status: 9 });
      await exit;
    });

    it('a process that is nobody here has for a child: its end, and how where the system tells', async () => {
      // The shell's child outlives it, is inherited by init (or a reaper), and tells its number first.
      const child = spawn('sh', ['-c', '(read line; exit 3) <&3 & echo $!'], {
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      });
      const closed = once(child, 'close');
      const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
      const watch = kept(watchProcess(Number(line)));
      (child.stdio[3] as NodeJS.WritableStream).end('go\n');
      const end = await watch.next();
      expect(end).to.have.keys('exitCode', 'signal', 'status');
      if (end!.status !== undefined) expect(end).to.deep.equal({ exitCode: 3, signal: undefined, status: 768 });
      await closed;
    });

    it('a child that ended while this thread was busy', async function () {
      if (platform !== 'linux') this.skip();
      const child = shell();
      const exit = once(child, 'close');
      const watch = kept(watchProcess(child.pid!));
      child.kill('SIGTERM');
      // Not a turn of the loop goes by before it is a zombie.
      waitForZombie(child.pid!);
      expect(await watch.next()).to.include({ signal: 'SIGTERM' });
      await exit;
    });

    it('a zombie is told at once', async function () {
      if (platform !== 'linux') this.skip();
      const child = shell();
      const exit = once(child, 'close');
      child.kill('SIGTERM');
      waitForZombie(child.pid!);
      const watch = kept(watchProcess(child.pid!));
      expect(await watch.next()).to.include({ signal: 'SIGTERM' });
      await exit;
    });

    it('two watches of one process', async () => {
      const child = shell();
      const watches = [kept(watchProcess(child.pid!)), kept(watchProcess(child.pid!))];
      const exit = once(child, 'close');
      child.stdin!.end('exit 1\n');
      for (const watch of watches) expect(await watch.next()).to.include({ exitCode: 1 });
      await exit;
    });

    it('a dead process: ESRCH, and the backend goes on', async () => {
      const child = shell();
      const exit = once(child, 'close');
      child.stdin!.end('exit 0\n');
      await exit;
      expect(() => watchProcess(child.pid!)).to.throw(Error, `process ${child.pid}: ESRCH, there is no such process`);
      expect(await kept(watchTimer({ after: 1 })).next()).to.equal(1);
    });

    it('this very process, as long as it lives', () => {
      kept(watchProcess(process.pid)).close();
    });

    it('refuses what is no process', () => {
      for (const pid of [0, -1, 1.5, NaN, 2 ** 31]) expect(() => watchProcess(pid)).to.throw(RangeError, `pid: ${pid}`);
      expect(() => watchProcess('5' as never)).to.throw(RangeError, "pid: '5'; allowed: integers from 1");
      expect(() => watchProcess(1, {} as never)).to.throw(TypeError, 'onEnd: Object; allowed: a function');
      expect(refusal(() => watchProcess(0x7fffffff))).to.equal('ESRCH');
    });
  },
  ['level'],
);
