/** Where things move to: a thread of its own for each test, that of `receiver.ts`, and a directory for what has a path. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type Peer } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { destroyTracked } from '../../support/sockets.js';

export class Destination {
  readonly directory = mkdtempSync(join(tmpdir(), 'pollux-move-'));
  readonly runtime: Runtime;
  private readonly endpoint: Endpoint;
  private paths = 0;

  private constructor(private readonly before: readonly string[]) {
    this.endpoint = openEndpoint();
    const entry = new URL('receiver.js', import.meta.url);
    this.runtime = new Runtime({ entry, workers: 1, endpoint: this.endpoint });
  }

  static async open(): Promise<Destination> {
    const destination = new Destination(openDescriptors());
    await destination.runtime.start();
    return destination;
  }

  /** The thread. */
  get peer(): Peer {
    return this.runtime.workers[0].peer;
  }

  /** One that nothing has yet. */
  newPath(): string {
    return join(this.directory, `${this.paths++}`);
  }

  /** Ends what the test has tracked as well. @throws AssertionError something was left open. */
  async close(): Promise<void> {
    destroyTracked();
    await this.runtime.stop(0);
    this.endpoint.close();
    currentReactor().close();
    rmSync(this.directory, { recursive: true });
    expect(openDescriptors(), 'descriptors left open').to.deep.equal(this.before);
  }
}
