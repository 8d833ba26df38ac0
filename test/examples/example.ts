/** Runs the programs of examples/ as their readers do. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import process from 'node:process';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settling } from '../../src/api/settling.js';

export interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

export class Example {
  stdout = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcessWithoutNullStreams;
  private heard = settling<void>();

  /** @param program one of examples/ by its name, or the path of a file. */
  constructor(program: string, ...args: string[]) {
    const file = isAbsolute(program)
      ? program
      : fileURLToPath(new URL(`../../examples/${program}.js`, import.meta.url));
    this.child = spawn(process.execPath, [file, ...args]);
    let stderr = '';
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      const { resolve } = this.heard;
      this.heard = settling<void>();
      resolve();
    });
    this.ended = new Promise(resolve => {
      this.child.on('close', status => {
        this.heard.resolve();
        resolve({ status, stderr });
      });
    });
  }

  /** Waits for a line that matches. @throws Error the program ended before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`it ended: ${JSON.stringify(await this.ended)}`);
      await this.heard.promise;
    }
  }

  /** The port that it says it listens on. */
  async port(): Promise<number> {
    return Number((await this.says(/^listening on .*(?:port: |127\.0\.0\.1:)(\d+)/m))[1]);
  }

  /** Asks it to end, as from the keyboard. */
  interrupt(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** For the end of a test that failed. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** A client of Node's own. */
export class Client {
  received = '';
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private heard = settling<void>();

  constructor(options: NetConnectOpts) {
    this.socket = connect(options);
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
      const { resolve } = this.heard;
      this.heard = settling<void>();
      resolve();
    });
    this.connected = new Promise(resolve => this.socket.on('connect', resolve));
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', () => resolve());
      this.socket.on('error', reject);
    });
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** Sends FIN, and waits until the other side has closed too. */
  async end(): Promise<string> {
    this.socket.end();
    await this.closed;
    return this.received;
  }

  async receives(text: string): Promise<void> {
    while (!this.received.includes(text)) await this.heard.promise;
  }
}
