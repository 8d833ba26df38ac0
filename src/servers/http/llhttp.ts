/**
 * llhttp, the parser that Node itself has, in WebAssembly: the build that undici publishes, which the bundle carries as
 * a file. One instance a thread; no code but this project's runs inside a call of it.
 */
import { readFileSync } from 'node:fs';
import { packageFile } from '../../base/package-file.js';

/** What kind of messages a parser expects. */
export const REQUESTS = 1;
export const RESPONSES = 2;
export type MessageKind = typeof REQUESTS | typeof RESPONSES;

/** Results of `execute`. */
export const OK = 0;
/** Returned by `onHeadersComplete`: the message has no body, whatever its fields say. */
export const SKIP_BODY = 1;
export const PAUSED = 21;
export const PAUSED_UPGRADE = 22;
/** What a callback returns to end the parsing. */
export const BREAK_OFF = -1;

/** How many bytes are parsed by one call. */
export const ROOM_BYTES = 64 * 1024;

/** What a parser is told while it runs; positions are addresses in the memory of the instance. */
export interface Callbacks {
  onUrl(at: number, lengthBytes: number): number;
  onStatus(at: number, lengthBytes: number): number;
  onFieldName(at: number, lengthBytes: number): number;
  onFieldValue(at: number, lengthBytes: number): number;
  onHeadersComplete(status: number, upgrade: number, keepAlive: number): number;
  onBody(at: number, lengthBytes: number): number;
  onMessageComplete(): number;
}

/** What is used of the runtime's WebAssembly, whose types come with those of browsers only. */
interface Runtime {
  readonly Module: new (source: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(lengthBytes: number): number;
  llhttp_alloc(kind: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, at: number, lengthBytes: number): number;
  llhttp_finish(parser: number): number;
  llhttp_resume(parser: number): void;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_errno_name(errno: number): number;
  llhttp_method_name(method: number): number;
}

/** The parser whose `execute` is under way: a call of llhttp calls nobody else. */
let running: Callbacks | undefined;

/** The instance of this thread. */
export class Llhttp {
  private static ofThread: Llhttp | undefined;
  /** Where the bytes lie that `execute` parses. */
  readonly room: number;
  private readonly methods = new Map<number, string>();
  private bytes: Buffer;

  private constructor(private readonly wasm: Exports) {
    this.room = wasm.malloc(ROOM_BYTES);
    this.bytes = Buffer.from(wasm.memory.buffer);
  }

  static get(): Llhttp {
    return (this.ofThread ??= new Llhttp(instantiate()));
  }

  /** The memory, as it is now: it moves when it grows. */
  get memory(): Buffer {
    const { buffer } = this.wasm.memory;
    if (this.bytes.buffer !== buffer) this.bytes = Buffer.from(buffer);
    return this.bytes;
  }

  /** @returns the address of a parser. It is yours: `free` it. */
  make(kind: MessageKind): number {
    return this.wasm.llhttp_alloc(kind);
  }

  free(parser: number): void {
    this.wasm.llhttp_free(parser);
  }

  /** Parses what was put into `room`. */
  execute(parser: number, lengthBytes: number, callbacks: Callbacks): number {
    running = callbacks;
    const result = this.wasm.llhttp_execute(parser, this.room, lengthBytes);
    running = undefined;
    return result;
  }

  /** Says that the stream has ended. @returns OK where a message may end so. */
  finish(parser: number, callbacks: Callbacks): number {
    running = callbacks;
    const result = this.wasm.llhttp_finish(parser);
    running = undefined;
    return result;
  }

  resume(parser: number): void {
    this.wasm.llhttp_resume(parser);
  }

  resumeAfterUpgrade(parser: number): void {
    this.wasm.llhttp_resume_after_upgrade(parser);
  }

  /** How many bytes of `room` were parsed when it stopped. */
  stoppedAt(parser: number): number {
    return this.wasm.llhttp_get_error_pos(parser) - this.room;
  }

  methodOf(parser: number): string {
    const number = this.wasm.llhttp_get_method(parser);
    let name = this.methods.get(number);
    if (name === undefined) this.methods.set(number, (name = this.text(this.wasm.llhttp_method_name(number))));
    return name;
  }

  majorOf(parser: number): number {
    return this.wasm.llhttp_get_http_major(parser);
  }

  minorOf(parser: number): number {
    return this.wasm.llhttp_get_http_minor(parser);
  }

  /** Why it stopped: 'HPE_INVALID_HEADER_TOKEN: Invalid header value char'. */
  reasonOf(parser: number, result: number): string {
    const name = this.text(this.wasm.llhttp_errno_name(result));
    const at = this.wasm.llhttp_get_error_reason(parser);
    return at === 0 ? name : `${name}: ${this.text(at)}`;
  }

  private text(at: number): string {
    const { memory } = this;
    return memory.toString('latin1', at, memory.indexOf(0, at));
  }
}

function instantiate(): Exports {
  const source = readFileSync(packageFile('dist/lib/llhttp.wasm'));
  const env = {
    wasm_on_message_begin: () => OK,
    wasm_on_url: (_: number, at: number, length: number) => running!.onUrl(at, length),
    wasm_on_status: (_: number, at: number, length: number) => running!.onStatus(at, length),
    wasm_on_header_field: (_: number, at: number, length: number) => running!.onFieldName(at, length),
    wasm_on_header_value: (_: number, at: number, length: number) => running!.onFieldValue(at, length),
    wasm_on_headers_complete: (_: number, status: number, upgrade: number, keepAlive: number) =>
      running!.onHeadersComplete(status, upgrade, keepAlive),
    wasm_on_body: (_: number, at: number, length: number) => running!.onBody(at, length),
    wasm_on_message_complete: () => running!.onMessageComplete(),
  };
  const { Instance, Module } = (globalThis as unknown as { WebAssembly: Runtime }).WebAssembly;
  const wasm = new Instance(new Module(source), { env }).exports as Exports;
  wasm._initialize();
  return wasm;
}
