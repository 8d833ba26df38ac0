/**
 * The head of an HTTP message, as it was received: names and values are cut out of its text when they are asked for.
 */

/** What framing says of a head, as llhttp understood it. */
export interface HeadFacts {
  /** 'GET'; '' for a response. */
  readonly method: string;
  /** 200; 0 for a request. */
  readonly status: number;
  readonly major: number;
  readonly minor: number;
  /** Whether another message may follow on this connection. */
  readonly keepAlive: boolean;
  /** Whether both sides may leave HTTP behind it: `Upgrade`, or CONNECT. */
  readonly upgrade: boolean;
}

/** The head of a message: start line and fields. Field values are text of Latin-1, without white space around them. */
export class MessageHead implements HeadFacts, Iterable<[name: string, value: string]> {
  readonly method: string;
  readonly status: number;
  readonly major: number;
  readonly minor: number;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;

  /**
   * @param text from the target (or the reason) on.
   * @param spans where target, names and values begin and end in it.
   * @internal Made by a MessageParser.
   */
  constructor(
    facts: HeadFacts,
    private readonly text: string,
    private readonly spans: readonly number[],
  ) {
    this.method = facts.method;
    this.status = facts.status;
    this.major = facts.major;
    this.minor = facts.minor;
    this.keepAlive = facts.keepAlive;
    this.upgrade = facts.upgrade;
  }

  /** The target of a request as it was sent: '/a?b'. Of a response, the reason. */
  get target(): string {
    const { spans } = this;
    return this.text.slice(spans[0], spans[1]);
  }

  /** Whether one space stands behind the target, as it must. llhttp takes several. */
  get isSpacedRight(): boolean {
    const { text, spans } = this;
    return spans.length === 2 || text.startsWith(' HTTP/', spans[1]);
  }

  /** The length that it declares for its body; undefined without one. */
  get contentLength(): number | undefined {
    const value = this.get('content-length');
    return value === undefined ? undefined : Number(value);
  }

  /** Whether its fields declare a body of at least one byte, or a chunked one. */
  get hasBody(): boolean {
    return this.find('transfer-encoding', 2) > 0 || (this.contentLength ?? 0) > 0;
  }

  /** How many fields there are. */
  get fieldCount(): number {
    return (this.spans.length - 2) / 4;
  }

  /**
   * The value of a field; of several with that name, all of them behind commas.
   *
   * @param name in lower case.
   */
  get(name: string): string | undefined {
    let value: string | undefined;
    for (let at = this.find(name, 2); at > 0; at = this.find(name, at + 4)) {
      value = value === undefined ? this.valueAt(at) : `${value}, ${this.valueAt(at)}`;
    }
    return value;
  }

  /** The name of a field as it was sent. @param index from 0. */
  nameAt(index: number): string {
    const { text, spans } = this;
    return text.slice(spans[4 * index + 2], spans[4 * index + 3]);
  }

  /** The value of a field. @param index from 0. */
  valueOf(index: number): string {
    return this.valueAt(4 * index + 2);
  }

  /** Whether a field makes the answer depend on something: `If-...` or `Range`. */
  get isConditional(): boolean {
    const { text, spans } = this;
    for (let at = 2; at < spans.length; at += 4) {
      const first = text.charCodeAt(spans[at]) | 0x20;
      const length = spans[at + 1] - spans[at];
      if (first === 0x69 && text.charCodeAt(spans[at] + 2) === 0x2d) return true;
      if (first === 0x72 && length === 5) return true;
    }
    return false;
  }

  /** How many fields have that name. @param name in lower case. */
  count(name: string): number {
    let count = 0;
    for (let at = this.find(name, 2); at > 0; at = this.find(name, at + 4)) count++;
    return count;
  }

  /** Names as they were sent, and values, in their order. */
  *[Symbol.iterator](): Iterator<[name: string, value: string]> {
    const { text, spans } = this;
    for (let at = 2; at < spans.length; at += 4) yield [text.slice(spans[at], spans[at + 1]), this.valueAt(at)];
  }

  private find(name: string, from: number): number {
    const { text, spans } = this;
    for (let at = from; at < spans.length; at += 4) {
      const start = spans[at];
      const end = spans[at + 1];
      if (end - start === name.length && isName(text, start, name)) return at;
    }
    return -1;
  }

  private valueAt(at: number): string {
    const { text, spans } = this;
    const start = spans[at + 2];
    let end = spans[at + 3];
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
  }
}

/** Names consist of characters that this bit makes small or leaves as they are. */
function isName(text: string, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    if ((text.charCodeAt(start + at) | 0x20) !== name.charCodeAt(at)) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
