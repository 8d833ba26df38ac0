/**
 * One backend's run: a server and a client, of a process each or more, on loopback; and the two accounts laid side by
 * side.
 */
import type { ReactorMode } from '../../../core/driver/mode.js';
import type { Layout } from '../layout.js';
import { expectedHeld, type LoopbackPlan } from '../plan.js';
import type { BackendResult, SideResult } from '../result.js';
import { Side } from './side.js';
import type { SideProgress } from '../tally.js';
import { resultOf } from '../verdict.js';

const HOST = '127.0.0.1';
/**
 * The client has closed all of its own by then. A server with too little processor time may have much to read still.
 */
const PATIENCE_MS = 30_000;

export class Pair {
  private readonly server: Side;
  private readonly client: Side;
  private flooding = false;
  private isStopped = false;

  constructor(
    private readonly backend: string,
    private readonly plan: LoopbackPlan,
    private readonly layout: Layout,
  ) {
    this.server = new Side('server', layout.processes);
    this.client = new Side('client', layout.processes);
  }

  /** The server's, then the client's. */
  progress(): SideProgress[] {
    return [this.server.progress, this.client.progress];
  }

  /** Ends the pushing early; `run` then resolves with what there is. */
  stop(): void {
    this.isStopped = true;
    if (this.flooding) this.client.stop();
    else this.kill();
  }

  kill(): void {
    this.server.kill();
    this.client.kill();
  }

  /**
   * Never rejects: what went wrong is the verdict.
   *
   * @param onFlood the threads are up, and the time begins.
   */
  async run(onFlood: () => void): Promise<BackendResult> {
    const { backend, plan } = this;
    try {
      const [server, client] = await Promise.race([this.converse(onFlood), this.server.failed, this.client.failed]);
      const expected = this.isStopped ? 0 : expectedHeld(plan, this.layout.connections);
      return resultOf(backend, plan.mode, server, client, expected);
    } catch (error) {
      const verdict = this.isStopped && !this.flooding ? 'interrupted before it began' : (error as Error).message;
      return failedResult(backend, plan.mode, verdict);
    } finally {
      this.kill();
    }
  }

  private async converse(onFlood: () => void): Promise<[SideResult, SideResult]> {
    const { server, client, plan, layout, backend } = this;
    const run = { backend, mode: plan.mode };
    await Promise.all([server.prepare(run), client.prepare(run)]);
    // A port for each thread, and a thread of the client for each port: nothing is as even.
    const places = await server.serve({ host: HOST, port: 0, isShared: false, patienceMs: PATIENCE_MS });
    const ports = places.map(({ port }) => port);
    this.flooding = true;
    onFlood();
    await client.flood(plan, HOST, layout.connections, ports);
    // Both count what they hold before the first connection is closed.
    await server.count();
    const sent = await client.finish();
    return [await server.finish(), sent];
  }
}

function failedResult(backend: string, mode: ReactorMode, verdict: string): BackendResult {
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
