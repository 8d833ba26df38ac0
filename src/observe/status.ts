/**
 * The status socket: a Unix socket on which a process says once a second what it does, as one line of JSON. `pollux
 * top` shows it; `nc -U` and `jq` read it as well. While nobody is connected nothing is measured or made.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { connect } from '../api/stream/connect.js';
import type { Connection } from '../api/stream/connection.js';
import { listen } from '../api/listening/listen.js';
import type { Listener } from '../api/listening/listener.js';
import { shown } from '../base/arguments.js';
import { anything, integer, required, valuesOf, type OptionTable, type OptionValues } from '../base/options.js';
import { clearTimeout, setTimeout } from '../base/runtime-functions.js';
import { IoError } from '../sys/ffi/io-error.js';
import { snapshotProcess } from './process-snapshot.js';
import type { SnapshotSource } from './runtime-snapshot.js';
import { SNAPSHOT_OPTIONS } from './thread-snapshot.js';

/** Options of `exposeStatus`. */
export interface StatusOptions {
  /** Where: a path in a directory of your own. The file gets the mode 0600. */
  readonly path: string;
  /** Whose workers are shown beside this thread. */
  readonly runtime?: SnapshotSource;
  /** What the process is called. Default: the name of its program. */
  readonly title?: string;
  /** Milliseconds from one line to the next, from 100. Default 1000. */
  readonly intervalMs?: number;
  /** Connections that a line lists of each thread. Default 20. */
  readonly connections?: number;
}

const STATUS_OPTIONS = {
  path: required(checkPath),
  runtime: anything<SnapshotSource>(),
  title: anything<string>(),
  intervalMs: integer(100, 3_600_000, 1000),
  connections: SNAPSHOT_OPTIONS.connections,
} satisfies OptionTable<StatusOptions>;

/** Clients at a time; more are turned away. */
const MOST_CLIENTS = 8;
const OWNER_ALONE = 0o600;

/**
 * Shows what this process does on a Unix socket, to its own user alone. It keeps no process alive.
 *
 *     const status = await exposeStatus({ path: `/run/user/${process.getuid()}/chat.sock`, runtime });
 *
 *     $ pollux top /run/user/1000/chat.sock
 *
 * A socket file that is left of a process which has ended is replaced; one at which somebody listens, another user's,
 * and what is no socket are not.
 *
 * @returns what closes it again, and removes its file.
 * @throws IoError (by the promise) EADDRINUSE, EACCES, ENOENT and their like. @throws TypeError, RangeError an option
 *   that makes no sense, named.
 */
export async function exposeStatus(options: StatusOptions): Promise<StatusSocket> {
  const values = valuesOf(STATUS_OPTIONS, options);
  const { path, title = basename(process.argv[1] ?? 'node') } = values;
  const bound = { path, mode: OWNER_ALONE };
  let listener: Listener;
  try {
    listener = await listen(bound);
  } catch (error) {
    if (!(error instanceof IoError && error.code === 'EADDRINUSE' && (await isAbandoned(path)))) throw error;
    unlinkSync(path);
    listener = await listen(bound);
  }
  return new StatusSocket(listener.unref(), { ...values, title });
}

function checkPath(name: string, path: string): void {
  if (typeof path === 'string' && path !== '') return;
  throw new TypeError(`${name}: ${shown(path)}; allowed: the path of a socket`);
}

type Settings = OptionValues<typeof STATUS_OPTIONS> & { readonly title: string };

/** The socket on which a process shows its status, made by `exposeStatus`. */
export class StatusSocket {
  private readonly clients = new Set<Connection>();
  private timer: NodeJS.Timeout | undefined = undefined;
  private isMaking = false;

  /** @internal Made by `exposeStatus`. */
  constructor(
    private readonly listener: Listener,
    private readonly settings: Settings,
  ) {
    listener.onConnection = client => this.onClient(client);
  }

  get path(): string {
    return this.settings.path;
  }

  /** Ends all clients, and removes the socket's file. Twice is allowed. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const client of this.clients) client.destroy();
    await this.listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private onClient(client: Connection): void {
    if (this.clients.size >= MOST_CLIENTS) {
      client.destroy();
      return;
    }
    client.unref();
    this.clients.add(client);
    client.onData = () => {
      // There is nothing to be said here.
    };
    client.onClose = () => this.clients.delete(client);
    if (!this.isMaking) void this.tell();
  }

  /** A line for each client, and the next one later. A client that has not taken the last gets none. */
  private async tell(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.clients.size === 0) return;
    const { title, runtime, intervalMs, connections } = this.settings;
    this.isMaking = true;
    try {
      const line = `${JSON.stringify(await snapshotProcess(title, runtime, { connections }))}\n`;
      for (const client of this.clients) if (client.queuedBytes === 0 && !client.isClosed) client.send(line);
    } catch {
      // The thread's reactor is closed, or a runtime of another version is asked: those who are connected wait for the
      // next line.
    } finally {
      this.isMaking = false;
      if (this.clients.size > 0) this.timer = setTimeout(() => void this.tell(), intervalMs).unref();
    }
  }
}

/** Whether a path is a socket of this user's at which nobody listens. */
async function isAbandoned(path: string): Promise<boolean> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSocket() !== true || stats.uid !== process.getuid?.()) return false;
  try {
    (await connect({ path })).destroy();
    return false;
  } catch (error) {
    return error instanceof IoError && error.code === 'ECONNREFUSED';
  }
}
