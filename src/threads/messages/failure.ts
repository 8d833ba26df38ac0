/**
 * What was thrown, on its way to the thread that asked. v8.serialize would keep of an error its message, its stack and
 * one of seven names; the code of a system call that failed would be lost.
 */
import { serialize } from 'node:v8';
import { isError } from '../../base/kinds.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { shown } from '../../base/arguments.js';

/** Beyond, a failure travels without stacks, and then alone; a value that is no error is told of only. */
const MAX_BYTES = 16 * 1024;
/** What is left of the message then, and of one that the mailbox has hardly room for. */
const MAX_MESSAGE_LENGTH = 4000;
const SHORT_MESSAGE_LENGTH = 20;
/** Causes of causes, and errors in errors. */
const MAX_DEPTH = 4;
/** Of all that a failure holds: errors may hold each other in circles. */
const MAX_ERRORS = 256;

const CLASSES = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, IoError, Error } as const;
type ClassName = keyof typeof CLASSES | 'AggregateError';
const CLASS_NAMES = Object.keys(CLASSES) as (keyof typeof CLASSES)[];

/** What system errors have besides, Node's and ours. */
const FIELDS = ['code', 'errno', 'syscall', 'target', 'path'] as const;
type Fields = Partial<Record<(typeof FIELDS)[number], string | number>>;

interface PackedError {
  readonly kind: 'error';
  /** The nearest class that the other thread has too. */
  readonly base: ClassName;
  readonly name: string;
  readonly message: string;
  readonly fields: Fields;
  readonly stack?: string;
  readonly cause?: Packed;
  /** Of an AggregateError. */
  readonly errors?: readonly Packed[];
}

type Packed = PackedError | { readonly kind: 'value'; readonly value: unknown };

/** @param maxBytes what the other thread's mailbox takes. @returns the bytes of a value. Never throws. */
export function packFailure(reason: unknown, maxBytes: number): Uint8Array {
  try {
    const allowed = Math.min(maxBytes, MAX_BYTES);
    const whole = serialize(new Packing(true).pack(reason, 0));
    if (whole.length <= allowed) return whole;
    if (!isError(reason)) {
      return packShort(told(`what it threw has ${whole.length} bytes; allowed: up to ${MAX_BYTES}`), maxBytes);
    }
    const withoutStacks = serialize(new Packing(false).pack(reason, 0));
    if (withoutStacks.length <= allowed) return withoutStacks;
    return packShort(new Packing(false).packError(reason, MAX_DEPTH), maxBytes);
  } catch {
    // It is a trap for code that looks at it.
    return packShort(told("it threw what can't be looked at"), maxBytes);
  }
}

function packShort({ base, name, message, fields }: PackedError, maxBytes: number): Uint8Array {
  const short = serialize({ kind: 'error', base, name, message: message.slice(0, MAX_MESSAGE_LENGTH), fields });
  if (short.length <= maxBytes) return short;
  return serialize(told(message.slice(0, SHORT_MESSAGE_LENGTH)));
}

function told(message: string): PackedError {
  return { kind: 'error', base: 'Error', name: 'Error', message, fields: {} };
}

/** @param packed what `packFailure` made, deserialised. @returns the error, or the value that was thrown. */
export function unpackFailure(packed: unknown): unknown {
  return unpack(packed as Packed);
}

class Packing {
  private errorsLeft = MAX_ERRORS;

  constructor(private readonly withStacks: boolean) {}

  pack(reason: unknown, depth: number): Packed {
    if (isError(reason)) return this.packError(reason, depth);
    try {
      serialize(reason);
      return { kind: 'value', value: reason };
    } catch {
      return told(`it threw what can't be cloned: ${shown(reason)}`);
    }
  }

  packError(error: Error, depth: number): PackedError {
    const fields: Fields = {};
    for (const field of FIELDS) {
      const value = read(error, field);
      if (typeof value === 'string' || typeof value === 'number') fields[field] = value;
    }
    const name = text(read(error, 'name'), 'Error');
    const [stack, cause, errors] = ['stack', 'cause', 'errors'].map(property => read(error, property));
    const goesOn = depth < MAX_DEPTH;
    return {
      kind: 'error',
      base: classOf(error, name, fields),
      name,
      message: text(read(error, 'message'), "its message can't be read"),
      fields,
      ...(this.withStacks && typeof stack === 'string' && { stack }),
      ...(goesOn && 'cause' in error && this.hasRoom() && { cause: this.pack(cause, depth + 1) }),
      ...(goesOn &&
        error instanceof AggregateError &&
        Array.isArray(errors) && { errors: this.packAll(errors, depth) }),
    };
  }

  private packAll(errors: readonly unknown[], depth: number): Packed[] {
    const packed: Packed[] = [];
    for (const error of errors) if (this.hasRoom()) packed.push(this.pack(error, depth + 1));
    return packed;
  }

  private hasRoom(): boolean {
    return this.errorsLeft-- > 0;
  }
}

function classOf(error: Error, name: string, { code }: Fields): ClassName {
  if (error instanceof AggregateError) return 'AggregateError';
  const base = CLASS_NAMES.find(each => error instanceof CLASSES[each]) ?? CLASS_NAMES.find(each => each === name);
  return base === undefined || (base === 'IoError' && code === undefined) ? 'Error' : base;
}

/** A user's getter may throw. */
function read(error: Error, property: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[property];
  } catch {
    return undefined;
  }
}

function text(value: unknown, otherwise: string): string {
  try {
    return value === undefined ? otherwise : `${value as string}`;
  } catch {
    return otherwise;
  }
}

function unpack(packed: Packed): unknown {
  if (packed.kind === 'value') return packed.value;
  const error = errorOf(packed);
  const { name, fields, stack, cause, errors } = packed;
  // An IoError has them by itself.
  for (const field of FIELDS)
    if (!(field in error) && field in fields) Object.assign(error, { [field]: fields[field] });
  if (error.name !== name) define(error, 'name', name);
  if (stack !== undefined) define(error, 'stack', stack);
  if (cause !== undefined) define(error, 'cause', unpack(cause));
  if (errors !== undefined) define(error, 'errors', errors.map(unpack));
  return error;
}

function errorOf({ base, message, fields }: PackedError): Error {
  if (base === 'AggregateError') return new AggregateError([], message);
  if (base !== 'IoError') return new CLASSES[base](message);
  const error = new IoError(fields.code!, String(fields.syscall), fields.target as string | undefined);
  define(error, 'message', message);
  return error;
}

/** As errors have them: not among what is enumerated. */
function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, writable: true, configurable: true });
}
