/** One client of examples/reverse.ts: what it sends is cut into lines, and what it may cost is bounded. */
import { BufferList, type Connection } from 'pollux';
import { type QueueSender } from 'pollux/threads';

const NEWLINE = 10;
const MAX_LINE_BYTES = 4096;
/** Of lines without an answer and answers that the client has not taken. Beyond, it is not read until it takes some. */
const MAX_OWED_BYTES = 64 * 1024;
export const NUMBER_BYTES = 6;
/** Answers become owed bytes of the connection; below its low-water mark there is room again. */
export const LIMITS = { highWaterBytes: MAX_OWED_BYTES / 2, lowWaterBytes: MAX_OWED_BYTES / 4 };

export interface Patience {
  /** To send a line in, from its first byte on. */
  readonly lineMs: number;
  /** To take some of what is sent. */
  readonly unreadMs: number;
}

export class Client {
  private readonly unread = new BufferList();
  private underWayBytes = 0;
  /** A line waits for room in the mailbox of the other thread. */
  private waiting = false;
  private ended = false;
  private lineTimer: NodeJS.Timeout | undefined;

  /** @param number which no other client ever has: descriptors are used again, and an answer may find its client gone. */
  constructor(
    private readonly number: number,
    readonly connection: Connection,
    private readonly lines: QueueSender<Uint8Array>,
    private readonly patience: Patience,
  ) {
    connection.setTimeouts({ idleMs: 60_000, writeMs: patience.unreadMs });
    connection.onDrain = () => this.advance();
    connection.onEnd = () => this.finish();
    connection.onData = chunk => {
      this.unread.append(chunk);
      this.advance();
      this.keepRest();
    };
  }

  /** @param line yours again after the call. */
  answer(line: Uint8Array): void {
    this.underWayBytes -= line.length;
    this.connection.send(line);
    this.advance();
  }

  /** No line is taken any more: closes when the last one is answered. */
  finish(): void {
    this.ended = true;
    this.connection.pause();
    this.advance();
  }

  release(): void {
    clearTimeout(this.lineTimer);
    this.unread.release();
  }

  /** Sends lines to the other thread as long as there is room for their answers: the one place that holds the client back. */
  private advance(): void {
    const { connection, unread } = this;
    if (connection.isClosed) return;
    let end = unread.indexOf(NEWLINE);
    for (; end >= 0 && end <= MAX_LINE_BYTES && this.hasRoom; end = unread.indexOf(NEWLINE)) this.post(end + 1);
    if (end > MAX_LINE_BYTES || (end < 0 && unread.length > MAX_LINE_BYTES)) {
      connection.destroy(new Error('a line too long'));
    } else if (!this.hasRoom) {
      // The clock of a line stands still while it is not read.
      this.stopClock();
      connection.pause();
    } else if (this.ended) {
      if (this.underWayBytes === 0) void connection.close();
    } else {
      connection.resume();
      if (unread.length > 0) {
        this.lineTimer ??= setTimeout(() => connection.destroy(new Error('a line too slow')), this.patience.lineMs);
      }
    }
  }

  private get hasRoom(): boolean {
    return !this.waiting && this.underWayBytes + this.connection.queuedBytes < MAX_OWED_BYTES;
  }

  private post(lengthBytes: number): void {
    this.stopClock();
    const number = Buffer.alloc(NUMBER_BYTES);
    number.writeUIntBE(this.number, 0, NUMBER_BYTES);
    const message = this.unread.split(lengthBytes).prepend(number);
    this.underWayBytes += lengthBytes;
    if (this.lines.trySend(message)) return;
    this.waiting = true;
    this.lines.send(message).then(
      () => {
        this.waiting = false;
        this.advance();
      },
      (failure: Error) => this.connection.destroy(failure),
    );
  }

  private stopClock(): void {
    clearTimeout(this.lineTimer);
    this.lineTimer = undefined;
  }

  /** A piece of a line may stay for long: in memory of its own it does not keep what it was received with from use. */
  private keepRest(): void {
    if (this.unread.length > MAX_LINE_BYTES) return;
    const rest = this.unread.toBytes();
    this.unread.release();
    this.unread.append(rest);
  }
}
