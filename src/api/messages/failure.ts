/**
 * What was thrown, on its way to the thread that asked. v8.serialize would keep of an error its message, its stack and one
 * of seven names; the code of a system call that failed would be lost.
 */
import { serialize } from 'node:v8';
import { IoError } from '../../sys/io-error.js';
import { shown } from '../arguments.js';

/** Beyond, a failure travels without its stack and its cause; a value that is no error is told of only. */
const MAX_BYTES = 16 * 1024;
/** What is left of the message then, and of one that the mailbox has hardly room for. */
const MAX_MESSAGE_LENGTH = 4000;
const SHORT_MESSAGE_LENGTH = 20;
/** Causes of causes. */
const MAX_DEPTH = 4;

const CLASSES = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, IoError, Error } as const;
type ClassName = keyof typeof CLASSES;
const CLASS_NAMES = Object.keys(CLASSES) as ClassName[];

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
}

type Packed = PackedError | { readonly kind: 'value'; readonly value: unknown };

/** @param maxBytes what the other thread's mailbox takes. @returns the bytes of a value. Never throws. */
export function packFailure(reason: unknown, maxBytes: number): Uint8Array {
  const whole = serialize(pack(reason, 0));
  if (whole.length <= Math.min(maxBytes, MAX_BYTES)) return whole;
  const told =
    reason instanceof Error
      ? reason
      : new Error(`what it threw has ${whole.length} bytes; allowed: up to ${MAX_BYTES}`);
  const { base, name, message, fields } = packError(told, MAX_DEPTH);
  const short = serialize({ kind: 'error', base, name, message: message.slice(0, MAX_MESSAGE_LENGTH), fields });
  if (short.length <= maxBytes) return short;
  return serialize({
    kind: 'error',
    base: 'Error',
    name: 'Error',
    message: message.slice(0, SHORT_MESSAGE_LENGTH),
    fields: {},
  });
}

/** @param packed what `packFailure` made, deserialised. @returns the error, or the value that was thrown. */
export function unpackFailure(packed: unknown): unknown {
  return unpack(packed as Packed);
}

function pack(reason: unknown, depth: number): Packed {
  if (reason instanceof Error) return packError(reason, depth);
  try {
    serialize(reason);
    return { kind: 'value', value: reason };
  } catch {
    return packError(new Error(`it threw what can't be cloned: ${shown(reason)}`), MAX_DEPTH);
  }
}

function packError(error: Error, depth: number): PackedError {
  const fields: Fields = {};
  for (const field of FIELDS) {
    const value = (error as Fields)[field];
    if (typeof value === 'string' || typeof value === 'number') fields[field] = value;
  }
  return {
    kind: 'error',
    base: CLASS_NAMES.find(name => error instanceof CLASSES[name])!,
    name: String(error.name),
    message: String(error.message),
    fields,
    ...(typeof error.stack === 'string' && { stack: error.stack }),
    ...('cause' in error && depth < MAX_DEPTH && { cause: pack(error.cause, depth + 1) }),
  };
}

function unpack(packed: Packed): unknown {
  if (packed.kind === 'value') return packed.value;
  const error = errorOf(packed);
  const { name, fields, stack, cause } = packed;
  // An IoError has them by itself.
  for (const field of FIELDS)
    if (!(field in error) && field in fields) Object.assign(error, { [field]: fields[field] });
  if (error.name !== name) define(error, 'name', name);
  if (stack !== undefined) define(error, 'stack', stack);
  if (cause !== undefined) define(error, 'cause', unpack(cause));
  return error;
}

function errorOf({ base, message, fields }: PackedError): Error {
  if (base !== 'IoError') return new CLASSES[base](message);
  const error = new IoError(fields.code!, String(fields.syscall), fields.target as string | undefined);
  define(error, 'message', message);
  return error;
}

/** As errors have them: not among what is enumerated. */
function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, writable: true, configurable: true });
}
