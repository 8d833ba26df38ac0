/** The kernel's part of sendFile with faults at given calls, and a disk that has only some of a file in memory. */
import { readSync } from 'node:fs';
import type { FileToSocketCalls } from '../../src/core/transfers/files/file-to-socket.js';
import type { FileOnDevice, FileReads } from '../../src/core/transfers/files/file-reads.js';
import type { Done } from '../../src/sys/ffi/blocking-call.js';
import { EAGAIN, EBUSY, EINTR, EINVAL, EIO } from '../../src/sys/ffi/errno.js';
import { FreebsdSendfile, nativeSendfile, type SendfileCalls } from '../../src/sys/socket/sendfile.js';
import { read, close, pipe, write } from '../../src/sys/file/io.js';
import { addressOf } from '../../src/sys/ffi/memory.js';
import { FreebsdKernel } from '../sys/freebsd-sendfile.js';

/** What one call does: as many bytes as it says, at most, and then an errno; 'pass' is what the kernel does by itself. */
export interface Fault {
  readonly kind: 'pass' | 'short' | 'EAGAIN' | 'EINTR' | 'EBUSY' | 'EINVAL' | 'EIO';
  /** Share of what was asked that goes all the same, from 0 to 1. */
  readonly share: number;
}

const NUMBERS = { EAGAIN, EINTR, EBUSY, EINVAL, EIO };
export const PASS: Fault = { kind: 'pass', share: 1 };

/** Answers calls by a script; when it is at its end, all pass. */
export class FaultScript {
  calls = 0;

  constructor(private readonly faults: readonly Fault[]) {}

  next(): Fault {
    return this.faults[this.calls++] ?? PASS;
  }
}

function sharedBytes({ share }: Fault, askedBytes: number): number {
  return Math.min(askedBytes, Math.floor(askedBytes * share));
}

/** Linux: bytes or an errno, never both. */
class FaultyLinuxSendfile implements SendfileCalls {
  readonly takesHeader = false;
  readonly refusesToWait = false;
  failure = 0;
  private readonly native = nativeSendfile();

  constructor(private readonly script: FaultScript) {}

  send(socket: number, file: number, offset: number, lengthBytes: number): number {
    const fault = this.script.next();
    const bytes = fault.kind === 'pass' ? lengthBytes : sharedBytes(fault, lengthBytes);
    this.failure = 0;
    if (bytes > 0) {
      const sent = this.native.send(socket, file, offset, bytes);
      this.failure = this.native.failure;
      return sent;
    }
    if (fault.kind === 'pass' || fault.kind === 'short') this.failure = EINTR;
    else this.failure = NUMBERS[fault.kind];
    return 0;
  }
}

/** Reads of a disk: what is in memory is given, and each read takes a turn of the loop. */
class SlowDisk implements FileReads {
  reads = 0;

  /** @param coldEvery every so many looks find the file not in memory; 0 for never. */
  constructor(
    private readonly coldEvery: number,
    private readonly memory: (address: number, bytes: Buffer) => void,
    private readonly faults: FaultScript,
  ) {}

  private looks = 0;

  isResident(): boolean {
    this.looks++;
    return this.coldEvery === 0 || this.looks % this.coldEvery !== 0;
  }

  read({ fd }: FileOnDevice, address: number, lengthBytes: number, offset: number, done: Done): void {
    this.reads++;
    const fault = this.faults.next();
    const wanted = fault.kind === 'short' ? Math.max(1, sharedBytes(fault, lengthBytes)) : lengthBytes;
    setImmediate(() => {
      if (fault.kind === 'EIO') {
        done(-EIO);
        return;
      }
      const bytes = Buffer.alloc(wanted);
      const length = readSync(fd, bytes, 0, wanted, offset);
      this.memory(address, bytes.subarray(0, length));
      done(length);
    });
  }
}

export interface FaultyKernel {
  readonly calls: FileToSocketCalls;
  readonly script: FaultScript;
  readonly disk: SlowDisk;
  close(): void;
}

export interface FaultOptions {
  readonly system: 'linux' | 'freebsd';
  readonly faults?: readonly Fault[];
  readonly readFaults?: readonly Fault[];
  readonly coldEvery?: number;
}

export function faultyKernel({ system, faults = [], readFaults = [], coldEvery = 0 }: FaultOptions): FaultyKernel {
  const script = new FaultScript(faults);
  const ends = pipe();
  const store = (address: number, bytes: Buffer) => {
    for (let stored = 0; stored < bytes.length; stored += 4096) {
      const piece = Uint8Array.from(bytes.subarray(stored, stored + 4096));
      write(ends[1], addressOf(piece), piece.length);
      read(ends[0], address + stored, piece.length);
    }
  };
  const disk = new SlowDisk(coldEvery, store, new FaultScript(readFaults));
  let freebsd: FreebsdKernel | undefined;
  let sendfile: SendfileCalls;
  if (system === 'linux') {
    sendfile = new FaultyLinuxSendfile(script);
  } else {
    freebsd = new FreebsdKernel((_, availableBytes) => {
      const fault = script.next();
      if (fault.kind === 'pass') return { sentBytes: availableBytes, errno: 0 };
      const sentBytes = sharedBytes(fault, availableBytes);
      if (fault.kind !== 'short') return { sentBytes, errno: NUMBERS[fault.kind] };
      return { sentBytes, errno: sentBytes < availableBytes ? EAGAIN : 0 };
    });
    const kernel = freebsd;
    sendfile = new FreebsdSendfile(kernel.call, () => kernel.errno);
  }
  return {
    calls: { sendfile, reads: disk },
    script,
    disk,
    close: () => {
      freebsd?.close();
      ends.forEach(close);
    },
  };
}
