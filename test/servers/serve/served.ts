/** Folders of files, servers of them, and clients that look at what comes. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createStaticServer, type StaticServer, type StaticServerOptions } from '../../../src/servers.js';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** To be made within `describe`: its folder lives as long as the suite, its servers as long as the test. */
export class Served {
  folder = '';
  private readonly servers: StaticServer[] = [];

  constructor(files: Readonly<Record<string, string | Buffer>>) {
    before(() => {
      this.folder = mkdtempSync(join(tmpdir(), 'pollux-served-'));
      for (const [name, content] of Object.entries(files)) this.write(name, content);
    });
    afterEach(async () => {
      for (const server of this.servers.splice(0)) await server.close();
    });
    after(() => rmSync(this.folder, { recursive: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Makes a file that seems to be an hour old, so that its tag is strong. */
  write(name: string, content: string | Buffer, ageMs = 3_600_000): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
    const time = (Date.now() - ageMs) / 1000;
    utimesSync(this.path(name), time, time);
  }

  async server(options: Partial<StaticServerOptions> = {}): Promise<StaticServer> {
    const server = await createStaticServer({
      directory: this.folder,
      listen: { port: 0, host: '127.0.0.1' },
      onError: failure => {
        throw failure;
      },
      ...options,
    });
    this.servers.push(server);
    return server;
  }
}

/** Asks once, on a connection of its own. */
export function ask(
  { port }: StaticServer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, response => {
      buffer(response).then(body => resolve({ status: response.statusCode!, headers: response.headers, body }), reject);
    });
    request.on('error', reject).end();
  });
}

/** Descriptors of this process that lie in a folder, the folder itself among them; 0 on a system that does not list them. */
export function openBelow(folder: string): number {
  if (!existsSync('/proc/self/fd')) return 0;
  const numbers = readdirSync('/proc/self/fd');
  return numbers.filter(number => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith(folder);
    } catch {
      return false; // The one that listed them.
    }
  }).length;
}
