/**
 * From bytes to messages, one step at a time. llhttp says what is a message; this keeps where its parts are, and the
 * ceilings.
 */
import { BufferList } from '../../index.js';
import {
  BREAK_OFF,
  Llhttp,
  OK,
  PAUSED,
  PAUSED_UPGRADE,
  REQUESTS,
  ROOM_BYTES,
  SKIP_BODY,
  type Callbacks,
  type MessageKind,
} from './llhttp.js';
import { MessageHead } from './message-head.js';
import { mayHaveBody } from './response-head.js';

/** What a parser bounds, whatever comes. */
export interface MessageCeilings {
  /** Of the target of a request, in bytes. */
  readonly maxTargetBytes: number;
  /** Of target and fields together, in bytes. */
  readonly maxHeadBytes: number;
  readonly maxFields: number;
}

/**
 * What `parse` found.
 *
 * - 'more': all was parsed, and the message goes on, or none has begun.
 * - 'head': a head whose body follows.
 * - 'whole': a head, and the message has no body.
 * - 'end': the body has ended.
 * - 'bad': what came is no message that may be answered; `refusal` says why. Nothing is parsed any more.
 */
export type Step = 'more' | 'head' | 'whole' | 'end' | 'bad';

/** Why a message can't be taken, and the status that says so. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
}

/** What a parser does beside telling messages. */
export interface ParserOptions {
  /**
   * Leaves bodies that are not in chunks in the input: the head is told as 'whole', and the caller takes the
   * body before it parses on.
   */
  readonly leavesBody?: boolean;
  /** Collects the fields behind the last chunk. */
  readonly keepsTrailers?: boolean;
}

/**
 * Sizes of chunks, their extensions and trailers may take so many bytes, and so many more for each byte of the body.
 */
const FREE_FRAMING_BYTES = 16 * 1024;
const FRAMING_PER_BYTE = 8;

/** Parses the messages of one direction of one connection. `close` frees its memory. */
export class MessageParser implements Callbacks {
  /** Of the message that is being parsed: made anew for each. */
  head: MessageHead | undefined = undefined;
  refusal: Refusal | undefined = undefined;
  /** Bytes of the body that were parsed: take them. */
  readonly body = new BufferList();
  /** How long the body is so far. */
  bodyBytes = 0;
  /** Set it before the head of a response to HEAD comes: its fields speak of a body that it does not have. */
  skipsBody = false;
  /** Fields behind the last chunk of the body that has ended, if they are kept. */
  trailers: [name: string, value: string][] = [];

  private readonly llhttp = Llhttp.get();
  private readonly parser: number;
  private stage: 'head' | 'body' = 'head';
  private isMessageOver = false;
  private isPaused = false;
  private isClosed = false;
  private hasBegun = false;
  /** The head so far, from its first part to the end of the last piece of input, and where its parts are in it. */
  private text = '';
  private spans: number[] = [];
  /** What is added to an address to have its place in the text. */
  private shift = 0;
  private framingBytes = 0;
  /** The last that was told was a part of a name of a trailer. */
  private isWithinName = false;
  private readonly bodyRanges: number[] = [];

  constructor(
    private readonly kind: MessageKind,
    private readonly ceilings: MessageCeilings,
    private readonly options: ParserOptions = {},
  ) {
    this.parser = this.llhttp.make(kind);
  }

  /** Frees its memory. Twice is allowed. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.llhttp.free(this.parser);
    this.body.release();
  }

  /** Whether a head has begun and is not whole. */
  get isWithinHead(): boolean {
    return this.stage === 'head' && this.hasBegun;
  }

  /** Parses from the front of `input`, up to the next event, and consumes what it has parsed. */
  parse(input: BufferList): Step {
    if (this.isClosed || this.refusal !== undefined) return 'bad';
    const { llhttp } = this;
    // A body of no bytes is over without another one.
    let isAwaited = this.isPaused && !this.isMessageOver;
    if (this.isPaused) this.goOn();
    while (input.length > 0 || isAwaited) {
      isAwaited = false;
      const length = Math.min(input.length, ROOM_BYTES);
      const { memory, room } = llhttp;
      if (length > 0) input.copyTo(memory, room, 0, length);
      this.hasBegun ||= length > 0;
      this.shift = this.text.length - room;
      const result = llhttp.execute(this.parser, length, this);
      this.takeParsed(input, result === OK ? length : llhttp.stoppedAt(this.parser));
      if (this.refusal !== undefined) return 'bad';
      if (result === PAUSED) return this.pause();
      // The message before offered to leave HTTP. A user of that offer parses no more here, so nobody has taken it.
      if (result === PAUSED_UPGRADE) llhttp.resumeAfterUpgrade(this.parser);
      else if (result !== OK) return this.refuse(result);
      if (this.stage === 'head' && this.spans.length > 0) this.keepText(length);
    }
    return 'more';
  }

  /** The stream has ended. @returns 'end' where a body ends with it, 'bad' within a message, 'more' between two. */
  finish(): Step {
    if (this.isClosed || this.isPaused || this.refusal !== undefined) return 'more';
    if (this.stage === 'head' && !this.hasBegun) return 'more';
    const result = this.llhttp.finish(this.parser, this);
    if (this.isMessageOver) return 'end';
    return result === OK ? 'more' : this.refuse(result);
  }

  // Told by llhttp

  onUrl(at: number, length: number): number {
    if (this.note(0, at, length) <= this.ceilings.maxTargetBytes) return OK;
    return this.breakOff(414, `a target of more than ${this.ceilings.maxTargetBytes} bytes`);
  }

  onStatus(at: number, length: number): number {
    this.note(0, at, length);
    return OK;
  }

  onFieldName(at: number, length: number): number {
    if (this.stage === 'body') return this.noteTrailer(at, length, true);
    const { spans } = this;
    if (spans.length === 0) this.note(0, at, 0);
    // Else it is the rest of a name that the piece before ended in.
    const isNew = spans.length % 4 === 2;
    if (isNew && spans.length === 2 + 4 * this.ceilings.maxFields) {
      return this.breakOff(431, `more than ${this.ceilings.maxFields} fields`);
    }
    return this.checkHead(this.note(isNew ? spans.length : spans.length - 2, at, length));
  }

  onFieldValue(at: number, length: number): number {
    if (this.stage === 'body') return this.noteTrailer(at, length, false);
    const count = this.spans.length;
    return this.checkHead(this.note(count % 4 === 0 ? count : count - 2, at, length));
  }

  onHeadersComplete(status: number, upgrade: number, keepAlive: number): number {
    const { llhttp, parser, spans } = this;
    if (spans.length === 0) this.note(0, llhttp.room, 0);
    const text = this.text + llhttp.memory.toString('latin1', this.unkept, spans[spans.length - 1] - this.shift);
    const facts = {
      method: status === 0 ? llhttp.methodOf(parser) : '',
      status,
      major: llhttp.majorOf(parser),
      minor: llhttp.minorOf(parser),
      keepAlive: keepAlive !== 0,
      upgrade: upgrade !== 0,
    };
    this.head = new MessageHead(facts, text, spans);
    this.text = '';
    this.spans = [];
    this.bodyBytes = 0;
    this.framingBytes = 0;
    if (this.options.keepsTrailers === true && this.trailers.length > 0) this.trailers = [];
    if (this.skipsBody || this.isBodyLeft(status)) return SKIP_BODY;
    // Of a request it is known at once, and then the end follows within the same call.
    return this.kind === REQUESTS && !this.head.hasBody ? OK : PAUSED;
  }

  onBody(at: number, length: number): number {
    const start = at - this.llhttp.room;
    this.bodyRanges.push(start, start + length);
    return OK;
  }

  onMessageComplete(): number {
    this.isMessageOver = true;
    return PAUSED;
  }

  /** Notes where a part is, or where its rest is. @returns where it ends in the text. */
  private note(index: number, at: number, length: number): number {
    const { spans } = this;
    if (spans.length === 0) this.shift = -at;
    const start = at + this.shift;
    if (index === spans.length) spans.push(start, start + length);
    else spans[index + 1] = start + length;
    return start + length;
  }

  /** Whether what follows the head is not for the parser. */
  private isBodyLeft(status: number): boolean {
    if (this.options.leavesBody !== true) return false;
    return (this.kind !== REQUESTS && !mayHaveBody(status)) || this.head!.count('transfer-encoding') === 0;
  }

  /** Trailers count as framing, whether they are kept or not. */
  private noteTrailer(at: number, length: number, isName: boolean): number {
    if (this.options.keepsTrailers !== true) return OK;
    const { trailers, llhttp } = this;
    const text = llhttp.memory.toString('latin1', at, at + length);
    const last = trailers[trailers.length - 1];
    if (!isName) last[1] += text;
    else if (this.isWithinName) last[0] += text;
    else if (trailers.length === this.ceilings.maxFields) {
      return this.breakOff(431, `more than ${this.ceilings.maxFields} trailers`);
    } else trailers.push([text, '']);
    this.isWithinName = isName;
    return OK;
  }

  private checkHead(end: number): number {
    if (end <= this.ceilings.maxHeadBytes) return OK;
    return this.breakOff(431, `a head of more than ${this.ceilings.maxHeadBytes} bytes`);
  }

  private breakOff(status: number, why: string): number {
    this.refusal = { status, why };
    return BREAK_OFF;
  }

  /** The address from which on the head is not in the text yet. */
  private get unkept(): number {
    return this.text.length - this.shift;
  }

  /** The head goes on in the next piece. */
  private keepText(length: number): void {
    const { memory, room } = this.llhttp;
    this.text += memory.toString('latin1', this.unkept, room + length);
    this.checkHead(this.text.length);
  }

  private takeParsed(input: BufferList, parsed: number): void {
    const { bodyRanges } = this;
    let position = 0;
    let inBody = 0;
    for (let at = 0; at < bodyRanges.length; at += 2) {
      const start = bodyRanges[at];
      const length = bodyRanges[at + 1] - start;
      input.consume(start - position);
      using part = input.split(length);
      this.body.append(part);
      position = start + length;
      inBody += length;
    }
    bodyRanges.length = 0;
    input.consume(Math.max(parsed - position, 0));
    if (this.stage === 'head') return;
    this.bodyBytes += inBody;
    this.framingBytes += parsed - inBody;
    if (this.framingBytes > FREE_FRAMING_BYTES + this.bodyBytes * FRAMING_PER_BYTE) {
      this.breakOff(400, 'a body whose framing is many times as long as its content');
    }
  }

  private pause(): Step {
    this.isPaused = true;
    const wasInHead = this.stage === 'head';
    if (wasInHead) this.stage = 'body';
    if (!this.isMessageOver) return 'head';
    return wasInHead ? 'whole' : 'end';
  }

  private goOn(): void {
    this.isPaused = false;
    this.llhttp.resume(this.parser);
    if (!this.isMessageOver) return;
    this.isMessageOver = false;
    this.hasBegun = false;
    this.stage = 'head';
    this.head = undefined;
  }

  private refuse(result: number): Step {
    this.refusal ??= { status: 400, why: this.llhttp.reasonOf(this.parser, result) };
    return 'bad';
  }
}
