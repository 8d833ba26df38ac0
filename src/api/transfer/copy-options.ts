/** Options of `copy`, for each pair of ends. */
import { anything, bytesAtMost, integer, type OptionTable, type OptionValues } from '../../base/options.js';
import { TRANSFER_OPTIONS, type TransferOptions } from './transfer.js';

/** Of a copy from a connection to a connection. */
export interface StreamCopyOptions extends TransferOptions {
  /** How many bytes. Infinity, the default, is up to the end of the stream. */
  readonly length?: number;
}

/** Of a copy from a file to a connection. */
export interface FileToStreamCopyOptions extends TransferOptions {
  /** Where in the file to begin, in bytes. Default 0. At or after its end there is nothing to copy. */
  readonly from?: number;
  /** How many bytes. Default: up to where the file ends now. */
  readonly length?: number;
}

/** Of a copy from a connection to a file. */
export interface StreamToFileCopyOptions extends StreamCopyOptions {
  /** Where in the file to begin, in bytes. Default 0. What it has before and behind the range stays. */
  readonly to?: number;
}

/** Of a copy from a file to a file. */
export interface FileCopyOptions extends TransferOptions {
  /** Where in the source to begin, in bytes. Default 0. At or after its end there is nothing to copy. */
  readonly from?: number;
  /** Where in the target to begin, in bytes. Default 0. What it has before and behind the range stays. */
  readonly to?: number;
  /** How many bytes. Default: up to where the source ends now. */
  readonly length?: number;
  /** See `Transfer.bytesPerSecond`. Holes, and blocks that are shared and not copied, are not counted against it. */
  readonly bytesPerSecond?: number;
}

export const STREAM_COPY_OPTIONS = {
  ...TRANSFER_OPTIONS,
  length: bytesAtMost('all', Infinity),
} satisfies OptionTable<StreamCopyOptions>;

export const FILE_TO_STREAM_OPTIONS = {
  ...TRANSFER_OPTIONS,
  from: integer(0, Number.MAX_SAFE_INTEGER, 0),
  // Its bound depends on where the range begins.
  length: anything<number>(),
} satisfies OptionTable<FileToStreamCopyOptions>;

export const STREAM_TO_FILE_OPTIONS = {
  ...STREAM_COPY_OPTIONS,
  to: integer(0, Number.MAX_SAFE_INTEGER, 0),
} satisfies OptionTable<StreamToFileCopyOptions>;

export const FILE_COPY_OPTIONS = {
  ...FILE_TO_STREAM_OPTIONS,
  to: integer(0, Number.MAX_SAFE_INTEGER, 0),
} satisfies OptionTable<FileCopyOptions>;

export type StreamToFileValues = OptionValues<typeof STREAM_TO_FILE_OPTIONS>;
