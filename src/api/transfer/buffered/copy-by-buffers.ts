/** `copy` where an end has TLS, so that the kernel can't read or write it. */
import { checkInteger } from '../../../base/arguments.js';
import { TransferAccount } from '../../../core/transfers/account.js';
import { RelayAccount } from '../../../core/transfers/relay/relay-account.js';
import { Connection } from '../../stream/connection.js';
import type { DiskFile } from '../../file/disk-file.js';
import {
  FILE_TO_STREAM_OPTIONS,
  STREAM_COPY_OPTIONS,
  STREAM_TO_FILE_OPTIONS,
  type StreamToFileCopyOptions,
  type StreamToFileValues,
} from '../copy-options.js';
import { checkFileEnd, fileReceiving, isPath, OpenedFiles, type FileEnd } from '../file-ends.js';
import { OpenedFirst } from '../opened-first.js';
import { fileSending, pathSending } from '../send-file.js';
import { startTransfer, type Transfer, type TransferOptions } from '../transfer.js';
import { BufferedCopy, type BufferedPlan } from './buffered-copy.js';
import { filePlan, portOf } from './buffered-ends.js';
import { FileSink } from './file-ends.js';
import { isBuffered, type BufferedEnd } from './port.js';

type End = FileEnd | Connection | BufferedEnd;

/** @param options of which nothing was checked. */
export function copyByBuffers(source: End, target: End, options: TransferOptions): Transfer | Transfer<RelayAccount> {
  if (!isStream(source)) return copyFromFile(source, target as BufferedEnd, options);
  if (!isStream(target)) return copyToFile(source, target, options);
  return startTransfer({
    engine: new BufferedCopy(new RelayAccount()),
    table: STREAM_COPY_OPTIONS,
    options,
    prepare: ({ length }) => {
      const [from, to] = [portOf('source', source), portOf('target', target)];
      return { source: from.source('source'), sink: to.sink('target'), maxBytes: length, why: (from.why ?? to.why)! };
    },
  });
}

function copyFromFile(source: FileEnd, target: BufferedEnd, options: TransferOptions): Transfer {
  return startTransfer({
    engine: new BufferedCopy(new TransferAccount('buffers')),
    table: FILE_TO_STREAM_OPTIONS,
    options,
    prepare: ({ from, length }) => {
      checkFileEnd('source', source);
      const part = { offset: from, length };
      const sending = isPath(source) ? pathSending('source', source, part) : fileSending(source, part);
      return filePlan(sending, target, 'target');
    },
  });
}

function copyToFile(source: Connection | BufferedEnd, target: FileEnd, options: StreamToFileCopyOptions): Transfer {
  const engine = new BufferedCopy(new TransferAccount('buffers'));
  const table = STREAM_TO_FILE_OPTIONS;
  const check = ({ to, length }: StreamToFileValues): void => {
    checkFileEnd('target', target);
    if (length !== Infinity) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - to);
  };
  const plan = (file: DiskFile, values: StreamToFileValues): BufferedPlan => {
    const port = portOf('source', source);
    const { offset, lengthBytes, releaseFile } = fileReceiving(file, values);
    const sink = new FileSink(file, offset, releaseFile);
    return { source: port.source('source'), sink, maxBytes: lengthBytes, why: port.why! };
  };
  if (!isPath(target)) {
    const prepare = (values: StreamToFileValues) => {
      check(values);
      return plan(target, values);
    };
    return startTransfer({ engine, table, options, prepare });
  }
  const prepare = (values: StreamToFileValues) => {
    check(values);
    return async (files: OpenedFiles) => plan(await files.open(target, options.to === undefined ? 'w' : 'rw'), values);
  };
  return startTransfer({ engine: new OpenedFirst(engine, new OpenedFiles()), table, options, prepare });
}

function isStream(end: End): end is Connection | BufferedEnd {
  return end instanceof Connection || isBuffered(end);
}
