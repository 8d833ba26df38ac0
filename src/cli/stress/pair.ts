/** One backend's run: a server and a client, a process each, on loopback; and the two accounts laid side by side. */
import type { Mode } from '../../core/readiness-driver.js';
import type { LoopbackPlan } from './plan.js';
import type { BackendResult, SideResult } from './result.js';
import { SideProcess } from './side-process.js';
import type { SideProgress } from './tally.js';
import { resultOf } from './verdict.js';

const HOST = '127.0.0.1';
const START_MS = 15_000;
const ANSWER_MS = 15_000;
/** More than both sides give their connections to be closed. */
const FINISH_MS = 45_000;

export class Pair {
  private readonly server = new SideProcess('server');
  private readonly client = new SideProcess('client');
  private flooding = false;
  private cancelled = false;

  constructor(
    private readonly backend: string,
    private readonly plan: LoopbackPlan,
  ) {}

  /** The server's, then the client's. */
  progress(): SideProgress[] {
    return [this.server.progress, this.client.progress];
  }

  /** Ends the pushing early; `run` then resolves with what there is. */
  stop(): void {
    if (this.flooding) {
      this.client.order({ order: 'stop' });
    } else {
      this.cancelled = true;
      this.kill();
    }
  }

  kill(): void {
    this.server.kill();
    this.client.kill();
  }

  /** Never rejects: what went wrong is the verdict. */
  async run(): Promise<BackendResult> {
    const { backend, plan } = this;
    try {
      const [server, client] = await this.converse();
      return resultOf(backend, plan.mode, server, client);
    } catch (error) {
      const verdict = this.cancelled ? 'interrupted before it began' : (error as Error).message;
      return failedResult(backend, plan.mode, verdict);
    } finally {
      this.kill();
    }
  }

  private async converse(): Promise<[SideResult, SideResult]> {
    const { server, client, plan } = this;
    const { mode, connections, rate, sizeBytes, durationSeconds } = plan;
    const common = { backend: this.backend, mode, host: HOST };
    server.order({ order: 'serve', plan: { ...common, port: 0, durationSeconds: undefined } });
    const { port } = await server.next('listening', START_MS);
    client.order({ order: 'flood', plan: { ...common, port, connections, rate, sizeBytes, durationSeconds } });
    this.flooding = true;
    await client.next('pushed', START_MS + durationSeconds * 1000);
    // Both count what they hold before the first connection is closed.
    server.order({ order: 'count' });
    await server.next('counted', ANSWER_MS);
    client.order({ order: 'finish' });
    const sent = await client.next('result', FINISH_MS);
    server.order({ order: 'finish' });
    const received = await server.next('result', FINISH_MS);
    return [received.result, sent.result];
  }
}

function failedResult(backend: string, mode: Mode, verdict: string): BackendResult {
  return {
    backend,
    mode,
    connectionsHeld: 0,
    bytes: 0,
    mbPerSecond: 0,
    lostBytes: null,
    server: null,
    client: null,
    verdict,
  };
}
