/**
 * One backend's run: a server and a client, of a process each or more, on loopback; and the two accounts laid side by
 * side.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReactorMode } from '../../../core/driver/mode.js';
import { sumUp } from '../account.js';
import type { Layout } from '../layout.js';
import { expectedHeld, pushingSeconds, type LoopbackPlan, type ServerPlan } from '../plan.js';
import type { BackendResult, SideResult } from '../result.js';
import { Side } from './side.js';
import { STAMP_BYTES } from '../traffic/stamp.js';
import { resultOf } from '../verdict.js';
import type { CsvFile } from '../watching/csv-file.js';
import type { SidesProgress } from '../watching/thread-deltas.js';
import { Watch } from '../watching/watch.js';

const HOST = '127.0.0.1';
/**
 * The client has closed all of its own by then. A server with too little processor time may have much to read still.
 */
const PATIENCE_MS = 30_000;

export class Pair {
  private readonly server: Side;
  private readonly client: Side;
  /** Of its Unix sockets. */
  private directory: string | undefined;
  private watch: Watch | undefined;
  private flooding = false;
  private isStopped = false;

  constructor(
    private readonly backend: string,
    private readonly plan: LoopbackPlan,
    private readonly layout: Layout,
    private readonly csv: CsvFile | undefined,
  ) {
    this.server = new Side('server', layout.processes);
    this.client = new Side('client', layout.processes);
  }

  private progress(): SidesProgress {
    return [
      { side: 'server', processes: this.server.progress },
      { side: 'client', processes: this.client.progress },
    ];
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
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
    this.directory = undefined;
  }

  /**
   * Never rejects: what went wrong is the verdict.
   */
  async run(): Promise<BackendResult> {
    const { backend, plan } = this;
    try {
      const [server, client] = await Promise.race([this.converse(), this.server.failed, this.client.failed]);
      const expected = this.isStopped ? 0 : expectedHeld(plan, this.layout.connections);
      return resultOf(backend, plan.mode, server, client, expected);
    } catch (error) {
      const verdict = this.isStopped && !this.flooding ? 'interrupted before it began' : (error as Error).message;
      return failedResult(backend, plan.mode, verdict);
    } finally {
      this.watch?.stop();
      this.kill();
    }
  }

  private async converse(): Promise<[SideResult, SideResult]> {
    const { server, client, plan, layout, backend } = this;
    const run = { backend, mode: plan.mode };
    await Promise.all([server.prepare(run), client.prepare(run)]);
    // A port for each thread, and a thread of the client for each port: nothing is as even.
    const places = await server.serve(this.serverPlan());
    const targets = places.map(({ place }) => place);
    this.flooding = true;
    const durationSeconds = pushingSeconds(plan);
    const read = () => this.progress();
    const watch = (this.watch = new Watch({ backend, title: backend, durationSeconds, csv: this.csv, read }));
    await client.flood(plan, layout.connections, targets, this.isStamped);
    watch.endSampling();
    // Both count what they hold before the first connection is closed.
    await server.count();
    const sent = await client.finish();
    const datagrams = sent.flatMap(({ threads }) => threads.map(thread => thread.datagrams?.sent ?? 0));
    const { samples } = watch;
    return [sumUp(await server.finish(datagrams), samples.server), sumUp(sent, samples.client)];
  }

  private get isStamped(): boolean {
    return this.plan.sizes.least >= STAMP_BYTES;
  }

  private serverPlan(): ServerPlan {
    const { transport, sizes } = this.plan;
    const stampedBytes = this.isStamped ? sizes.most : null;
    const common = { transport, isShared: false, patienceMs: PATIENCE_MS, stampedBytes };
    if (transport !== 'unix') return { ...common, at: { host: HOST, port: 0 } };
    this.directory = mkdtempSync(join(tmpdir(), 'pollux-stress-'));
    return { ...common, at: { directory: this.directory } };
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
    datagrams: null,
    server: null,
    client: null,
    verdict,
  };
}
