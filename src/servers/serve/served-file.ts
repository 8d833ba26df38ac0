/** One form of a file, ready to be sent: its bytes or its descriptor, and heads that were written beforehand. */
import type { DiskFile } from '../../index.js';
import { connectionLine, httpDate, statusLine } from '../http/response-head.js';
import type { Coding, Form } from './content-coding.js';
import type { Validators } from './preconditions.js';

/** What a form is made of. */
export interface ServedParts {
  readonly coding: Coding;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedMs: number;
  /** The bytes, of a file that is small; otherwise `file` is open. */
  readonly content: Buffer | undefined;
  readonly file: DiskFile | undefined;
  /** Fields of a response that has the content: its type, its rules. */
  readonly fields: string;
}

const DATE_BYTES = 29;
const DATE_NAME = 'Date: ';

/** A message that was prepared, but for the time. */
class Prepared {
  private readonly message: Buffer;
  private readonly dateAt: number;
  private date: string;

  constructor(
    status: string,
    rest: string,
    readonly content: Buffer | undefined,
  ) {
    this.date = httpDate();
    this.dateAt = status.length + DATE_NAME.length;
    const head = Buffer.from(`${status}${DATE_NAME}${this.date}\r\n${rest}\r\n`, 'latin1');
    this.headBytes = head.length;
    this.message = content === undefined ? head : Buffer.concat([head, content]);
  }

  readonly headBytes: number;

  /** With the time of now. It is the same memory each time: what sends it copies what has to wait. */
  get now(): Buffer {
    const date = httpDate();
    if (date !== this.date) {
      this.date = date;
      this.message.write(date, this.dateAt, DATE_BYTES, 'latin1');
    }
    return this.message;
  }
}

/** One form of a file. Its owner closes it; a transfer that is under way then comes to its end. */
export class ServedFile implements Form, Validators {
  readonly coding: Coding;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly content: Buffer | undefined;
  readonly file: DiskFile | undefined;
  /** Fields that tell the version: also of 304. */
  readonly versionFields: string;
  /** Fields of the content. */
  readonly contentFields: string;
  /** For 200, by `variantOf`. */
  private readonly prepared: (Prepared | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(parts: ServedParts) {
    this.coding = parts.coding;
    this.sizeBytes = parts.sizeBytes;
    this.etag = parts.etag;
    this.modifiedMs = parts.modifiedMs;
    this.content = parts.content;
    this.file = parts.file;
    this.versionFields = `ETag: ${parts.etag}\r\nLast-Modified: ${new Date(parts.modifiedMs).toUTCString()}\r\n`;
    this.contentFields = parts.fields;
  }

  /** Head and, of a small file, content, as they answer GET. Send it at once. */
  message(minor: number, keepAlive: boolean): Buffer {
    return this.prepare(minor, keepAlive).now;
  }

  /** As they answer HEAD. */
  head(minor: number, keepAlive: boolean): Buffer {
    const prepared = this.prepare(minor, keepAlive);
    return prepared.now.subarray(0, prepared.headBytes);
  }

  /** Status line and fields of a response with a part of the content, or none, but for what says how long it is. */
  headFor(status: number, minor: number, keepAlive: boolean): string {
    const fields = status === 304 ? this.versionFields : `${this.versionFields}${this.contentFields}`;
    return `${statusLine(minor, status)}Date: ${httpDate()}\r\n${fields}${connectionLine(minor, keepAlive)}`;
  }

  close(): void {
    // A file that was only read has nothing to tell when it closes.
    this.file?.close().catch(() => {});
  }

  private prepare(minor: number, keepAlive: boolean): Prepared {
    const variant = (minor > 0 ? 2 : 0) + (keepAlive ? 1 : 0);
    const made = this.prepared[variant];
    if (made !== undefined) return made;
    const length = `Content-Length: ${this.sizeBytes}\r\nAccept-Ranges: bytes\r\n`;
    const rest = `${this.versionFields}${this.contentFields}${length}${connectionLine(minor, keepAlive)}`;
    return (this.prepared[variant] = new Prepared(statusLine(minor, 200), rest, this.content));
  }
}
