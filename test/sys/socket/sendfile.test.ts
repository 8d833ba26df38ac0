import { expect } from 'chai';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { IovecTable } from '../../../src/core/memory/iovec-table.js';
import { AF_INET, MSG_DONTWAIT, SHUT_WR, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { EAGAIN, EBADF, EINTR, EINVAL, errnoName, errnoNumber } from '../../../src/sys/ffi/errno.js';
import { close } from '../../../src/sys/file/io.js';
import { NativeBlock } from '../../../src/sys/ffi/memory.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import {
  DarwinSendfile,
  FreebsdSendfile,
  LinuxSendfile,
  nativeSendfile,
  SF_NODISKIO,
  type IovecRange,
} from '../../../src/sys/socket/sendfile.js';
import { openSocket, recv, shutdown, socketpair } from '../../../src/sys/socket/socket.js';
import { FreebsdKernel, MemoryWindow } from '../freebsd-sendfile.js';

type Bounded = number | { min?: number; max?: number; seen: number | number[] };

/** A step of a recorded scenario; test/fixtures/kqueue has the file that the words are from. */
interface Step {
  op: string;
  as?: string | string[];
  fd?: string;
  path?: string;
  size?: number;
  flags?: string[];
  file?: string;
  sock?: string;
  offset?: number;
  nbytes?: number;
  headers?: string[];
  trailers?: string[];
  returned?: number;
  errno?: string | null;
  sbytes?: Bounded | 'untouched';
  total?: Bounded;
  crc32?: string;
}

interface Scenario {
  name: string;
  area: string;
  about: string;
  steps: Step[];
}

const FIXTURE = path.join('test', 'fixtures', 'kqueue', 'freebsd-14.jsonl');
const recorded = readFileSync(FIXTURE, 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Scenario)
  .filter(({ area }) => area === 'sendfile');

/** Steps that prepare or watch what the call does not look at. */
const IRRELEVANT = new Set(['kqueue', 'kevent', 'sleepMs', 'lseek', 'fill']);

function seen(value: Bounded): number {
  if (typeof value === 'number') return value;
  return typeof value.seen === 'number' ? value.seen : value.seen[0];
}

function textRange(texts: string[] | undefined, kept: unknown[]): IovecRange | undefined {
  if (texts === undefined) return undefined;
  const table = new IovecTable(texts.length);
  for (const text of texts) {
    const block = new NativeBlock(text.length);
    block.bytes.set(Buffer.from(text));
    table.add(block.address, text.length);
    kept.push(block);
  }
  kept.push(table);
  return table;
}

function received(fd: number): Buffer {
  const block = new NativeBlock(256 * 1024);
  const parts: Buffer[] = [];
  for (;;) {
    const length = recv(fd, block.address, block.lengthBytes, MSG_DONTWAIT);
    if (length <= 0) return Buffer.concat(parts);
    parts.push(Buffer.from(block.bytes.slice(0, length)));
  }
}

describe('sendfile', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'pollux-sendfile-'))));
  after(() => rmSync(folder, { recursive: true }));

  describe('with the seven arguments of FreeBSD, as recorded', () => {
    it('has all the scenarios', () => expect(recorded).to.have.length(31));

    for (const scenario of recorded) it(`${scenario.name}: ${scenario.about}`, () => replay(scenario, folder));
  });

  it('says of macOS what went, with EAGAIN and EINTR too', () => {
    const memory = new MemoryWindow();
    let answer = { errno: 0, sent: 100 };
    const calls = new DarwinSendfile(
      (file, socket, offset, lengthAddress, framing, flags) => {
        expect([file, socket, offset, framing, flags]).to.deep.equal([3, 4, 5, 0, 0]);
        expect(Number(memory.load(lengthAddress, 8).readBigUInt64LE())).to.equal(100);
        memory.store(lengthAddress, answer.sent);
        return answer.errno === 0 ? 0 : -1;
      },
      () => answer.errno,
    );
    const outcomes: [sent: number, errno: number, expected: number][] = [
      [100, 0, 100],
      [30, 0, 30],
      [40, EAGAIN, 40],
      [0, EAGAIN, 0],
      [7, EINTR, 7],
      [100, EBADF, 0],
    ];
    for (const [sent, errno, expected] of outcomes) {
      answer = { sent, errno };
      expect([calls.send(4, 3, 5, 100), calls.failure]).to.deep.equal([expected, errno]);
    }
    memory.close();
  });

  it('says of Linux what went and what failed', () => {
    let answer = 7;
    const calls = new LinuxSendfile(
      () => answer,
      () => EINVAL,
    );
    expect([calls.send(1, 2, 2 ** 40 + 3, 9), calls.failure]).to.deep.equal([7, 0]);
    answer = -1;
    expect([calls.send(1, 2, 0, 9), calls.failure]).to.deep.equal([0, EINVAL]);
    answer = 0;
    expect([calls.send(1, 2, 0, 9), calls.failure]).to.deep.equal([0, 0]);
  });

  it('sends a range of a real file, past 4 GiB too', function () {
    if (platform !== 'linux') this.skip();
    const name = path.join(folder, 'sparse');
    writeFileSync(name, '');
    const file = openSync(name, 'r+');
    const [left, right] = socketpair();
    try {
      const start = 5 * 2 ** 30;
      ftruncateSync(file, start + 10);
      const calls = nativeSendfile();
      expect(calls.send(left, file, start, 100)).to.equal(10);
      expect(received(right)).to.deep.equal(Buffer.alloc(10));
      expect(calls.send(left, file, start + 10, 100), 'at the end').to.equal(0);
      expect(calls.failure).to.equal(0);
    } finally {
      [left, right].forEach(close);
      closeSync(file);
    }
  });
});

/** What a scenario works with: its descriptors by name, its files in a folder of this machine. */
class Stage {
  private readonly numbers = new Map<string, number>();
  private readonly closed = new Set<string>();

  constructor(private readonly prefix: string) {}

  bind(as: string | string[], numbers: number[]): void {
    [as].flat().forEach((name, index) => this.numbers.set(name, numbers[index]));
  }

  fd(name: string): number {
    return this.numbers.get(name)!;
  }

  path(name: string): string {
    return this.prefix + name;
  }

  close(name: string): void {
    this.closed.add(name);
    close(this.fd(name));
  }

  closeAll(): void {
    for (const name of this.numbers.keys()) if (!this.closed.has(name)) this.close(name);
  }
}

function replay(scenario: Scenario, folder: string): void {
  const stage = new Stage(path.join(folder, `${scenario.name}-`));
  let step: Step;
  const kernel = new FreebsdKernel((_, availableBytes) => {
    const { sbytes, errno } = step;
    const sentBytes = sbytes === 'untouched' ? 0 : seen(sbytes!);
    expect(sentBytes).to.be.at.most(availableBytes);
    return { sentBytes, errno: errno === null ? 0 : errnoNumber(errno!), leavesCount: sbytes === 'untouched' };
  });
  const calls = new FreebsdSendfile(kernel.call, () => kernel.errno);
  const run: Record<string, () => void> = {
    socketpair: () => stage.bind(step.as!, socketpair()),
    tcpPair: () => stage.bind(step.as!, socketpair()),
    unconnectedSocket: () => stage.bind(step.as!, [openSocket(AF_INET, SOCK_STREAM)]),
    listen: () => stage.bind(step.as!, [openSocket(AF_INET, SOCK_STREAM)]),
    makeFile: () => {
      const content = Buffer.from(Array.from({ length: step.size! }, (_, index) => index % 251));
      writeFileSync(stage.path(step.path!), content);
      expect(checksum(content)).to.equal(step.crc32);
    },
    open: () => stage.bind(step.as!, [openSync(stage.path(step.path!), step.flags![0] === 'RDONLY' ? 'r' : 'r+')]),
    truncate: () => truncateSync(stage.path(step.path!), step.size),
    close: () => stage.close(step.fd!),
    shutdown: () => shutdown(stage.fd(step.fd!), SHUT_WR),
    sendfile: () => sendStep(step, calls, kernel, stage),
    drain: () => {
      const bytes = received(stage.fd(step.fd!));
      if (typeof step.total === 'number') expect(bytes.length).to.equal(step.total);
      if (step.crc32 !== undefined) expect(checksum(bytes)).to.equal(step.crc32);
    },
  };
  try {
    for (step of scenario.steps) {
      if (!IRRELEVANT.has(step.op)) run[step.op]();
    }
  } finally {
    kernel.close();
    stage.closeAll();
  }
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

function sendStep(step: Step, calls: FreebsdSendfile, kernel: FreebsdKernel, stage: Stage): void {
  const kept: unknown[] = [];
  const flags = step.flags?.includes('NODISKIO') ? SF_NODISKIO : 0;
  const [headers, trailers] = [textRange(step.headers, kept), textRange(step.trailers, kept)];
  const before = kernel.asked.length;
  const sent = calls.sendFramed(
    stage.fd(step.sock!),
    stage.fd(step.file!),
    step.offset!,
    step.nbytes!,
    flags,
    headers,
    trailers,
  );
  expect(sent, 'bytes').to.equal(step.sbytes === 'untouched' ? 0 : seen(step.sbytes!));
  expect(calls.failure === 0 ? null : errnoName(calls.failure), 'errno').to.equal(step.errno);
  expect(kernel.asked[before]).to.deep.equal({
    offset: step.offset,
    lengthBytes: step.nbytes,
    flags,
    headers: step.headers ?? [],
    trailers: step.trailers ?? [],
  });
}
