/** `pollux stress` with many threads and processes: what it is spread over, and what is left when some of it dies. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseReport } from './report-shape.js';
import { runPollux, untilHeld } from './run-pollux.js';

const dyingThread = fileURLToPath(new URL('./dying-thread.js', import.meta.url));
const long = ['stress', '--threads', '2', '--connections', '20', '--rate', '1000', '--duration', '60', '--json'];

/** The processes that a process has started, as Linux lists them. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** The server and the client of a run, and none while there is but one of them. */
function sidesOf(pid: number): number[] {
  const children = childrenOf(pid);
  return children.length < 2 ? [] : children;
}

function isAlive(pid: number): boolean {
  try {
    // In a container without init no process reaps a zombie; it has ended all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise(resolve => setTimeout(resolve, 20));
}

describe('pollux stress over threads and processes', function () {
  this.slow(5000);

  it('spreads connections over threads as evenly as they can be', async () => {
    const args = ['stress', '--threads', '3', '--connections', '50', '--rate', '1000', '--json'];
    const { status, stdout } = await runPollux(args, { onStderr: untilHeld(50) });
    const [{ server, client, verdict }] = parseReport(stdout).results;
    expect(verdict).to.equal('ok');
    for (const side of [server!, client!]) {
      expect(side).to.include({ processes: 1, threads: 3 });
      expect(side.heldByThread).to.deep.equal({ least: 16, most: 17 });
    }
    expect(status).to.equal(0);
  });

  it('takes as many processes as `ulimit -n` needs, and loses nothing', async () => {
    const args = ['stress', '--threads', '4', '--connections', '400', '--rate', '4000', '--json'];
    const { status, stdout } = await runPollux(args, { openFiles: 320, onStderr: untilHeld(400) });
    const report = parseReport(stdout);
    expect(report.limits).to.deep.equal([
      { name: 'nofile', value: 320, asked: 544, effect: '2 processes a side instead of 1' },
    ]);
    expect(report.results[0]).to.include({ connectionsHeld: 400, verdict: 'ok', lostBytes: 0 });
    for (const side of [report.results[0].server!, report.results[0].client!]) {
      expect(side).to.include({ processes: 2, threads: 4 });
      expect(side.heldByThread).to.deep.equal({ least: 100, most: 100 });
    }
    expect(status).to.equal(0);
  });

  it('has no more threads than connections', async () => {
    const args = ['stress', '--threads', '8', '--connections', '2', '--rate', '1000', '--json'];
    const { stdout } = await runPollux(args, { onStderr: untilHeld(2) });
    const report = parseReport(stdout);
    expect(report.asked.threads).to.equal(8);
    expect(report.results[0].client).to.include({ threads: 2 });
    expect(report.verdict).to.equal('ok');
  });

  it('opens all connections that were asked for, where no duration was given', async () => {
    const args = ['stress', '--threads', '2', '--connections', '8', '--rate', '4', '--json'];
    // It ends five seconds after the last one; a test need not wait for that.
    const { stdout } = await runPollux(args, { onStderr: untilHeld(8) });
    const report = parseReport(stdout);
    expect(report.asked).to.include({ durationFrom: 'all open', durationSeconds: 5 });
    expect(report).to.include({ interrupted: true, verdict: 'ok' });
    expect(report.results[0].connectionsHeld).to.equal(8);
  });

  it('says which thread died and of what, ends at once, exits 1', async () => {
    const args = [...long, '--backend', 'poll'];
    const { status, stdout } = await runPollux(args, { nodeOptions: `--import=${dyingThread}` });
    const report = parseReport(stdout);
    expect(report.verdict).to.match(/^poll: the (server|client): worker \d died: made to die$/);
    expect(report.results[0]).to.include({ server: null, client: null });
    expect(status).to.equal(1);
  });

  it('`stress server` says so too', async () => {
    const args = ['stress', 'server', '--threads', '2', '--port', '0'];
    const { status, stdout, stderr } = await runPollux(args, { nodeOptions: `--import=${dyingThread}` });
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^pollux: the server: worker \d died: made to die$/m);
  });

  if (process.platform === 'linux') {
    it('says which process was killed, leaves no other one, exits 1', async () => {
      let children: number[] = [];
      const { status, stdout } = await runPollux(long, {
        onStderr: (_, __, pid) => {
          if (children.length > 0) return;
          children = sidesOf(pid);
          if (children.length === 0) return;
          process.kill(children[0], 'SIGKILL');
        },
      });
      const report = parseReport(stdout);
      expect(children).to.have.length(2);
      expect(report.verdict).to.match(/: the server ended early \(SIGKILL\)$/);
      expect(status).to.equal(1);
      await allGone(children);
    });

    it('leaves no process when the command itself is killed', async () => {
      let children: number[] = [];
      const { status, stdout } = await runPollux(long, {
        onStderr: (_, __, pid) => {
          if (children.length > 0) return;
          children = sidesOf(pid);
          if (children.length === 0) return;
          process.kill(pid, 'SIGKILL');
        },
      });
      expect(children).to.have.length(2);
      expect({ status, stdout }).to.deep.equal({ status: null, stdout: '' });
      await allGone(children);
    });

    it('a second Ctrl-C ends it even where its processes hang, and leaves none of them', async () => {
      let children: number[] = [];
      let again: NodeJS.Timeout | undefined;
      const { status, stdout } = await runPollux(long, {
        onStderr: (_, interrupt, pid) => {
          if (children.length > 0) return;
          children = sidesOf(pid);
          if (children.length === 0) return;
          for (const child of children) process.kill(child, 'SIGSTOP');
          // Two at once would be one to the kernel.
          again = setInterval(interrupt, 50);
        },
      });
      clearInterval(again);
      expect(children).to.have.length(2);
      expect({ status, stdout }).to.deep.equal({ status: 130, stdout: '' });
      await allGone(children);
    });
  }
});
