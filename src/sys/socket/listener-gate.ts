/**
 * A gate that the kernel keeps before a listening socket: nobody new comes in, and whom it has let in can be accepted
 * still. Without it a backlog of 0 still takes a connection in the moment between the last accept(2) and close(2),
 * which resets it.
 *
 * Linux, TCP: a filter on the socket drops what asks for a new connection, and nothing else, so that handshakes under
 * way come to their end. A client that was dropped asks again after a second, when nothing or another process
 * listens. Linux, Unix sockets: once shut down for reading, connect(2) fails with ECONNREFUSED; it queues a
 * connection under the same lock, so that nothing is under way. Of FreeBSD, macOS and the others no such gate is
 * known to us.
 */
import { SHUT_RD, SOL_SOCKET, SO_ATTACH_FILTER, SO_DETACH_FILTER } from '../ffi/constants.js';
import { IoError } from '../ffi/io-error.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';
import { poll, PollfdArray, POLLRDHUP } from '../poll/poll.js';
import { setOption, shutdown } from './socket.js';

/**
 * 'open': there is no gate here. 'closing': nobody new is let in, and handshakes under way come to their end.
 * 'closed': all who got in wait to be accepted.
 */
export type GateState = 'open' | 'closing' | 'closed';

/**
 * struct sock_filter, 16-bit code, two 8-bit jumps and a 32-bit operand each. A filter of a TCP socket sees a packet
 * from its TCP header on, over IPv4 and IPv6.
 */
const DROP_NEW_CONNECTIONS = [
  { code: 0x30, jumpTrue: 0, jumpFalse: 0, operand: 13 }, // ldb [13]: the flags
  { code: 0x54, jumpTrue: 0, jumpFalse: 0, operand: 0x12 }, // and SYN | ACK
  { code: 0x15, jumpTrue: 0, jumpFalse: 1, operand: 0x02 }, // jeq SYN
  { code: 0x06, jumpTrue: 0, jumpFalse: 0, operand: 0 }, // ret 0: drop
  { code: 0x06, jumpTrue: 0, jumpFalse: 0, operand: 0xffffffff }, // ret all of it
] as const;
const INSTRUCTION_BYTES = 8;

/** struct sock_fprog: a 16-bit count, and at its second 64-bit word the address of the instructions. */
const PROGRAM_BYTES = 16;
const PROGRAM_ADDRESS_WORD = 2;

/**
 * Closes the gate of a listening socket, for all descriptors of it; it can't be opened again. Twice is allowed.
 *
 * @returns 'open' also where the kernel refuses (a sandbox without socket filters).
 */
export function closeGate(fd: number, isUnix: boolean): GateState {
  if (platform !== 'linux') return 'open';
  if (isUnix) return shutdown(fd, SHUT_RD) === 0 ? 'closed' : 'open';
  const instructions = new NativeBlock(DROP_NEW_CONNECTIONS.length * INSTRUCTION_BYTES);
  for (const [index, { code, jumpTrue, jumpFalse, operand }] of DROP_NEW_CONNECTIONS.entries()) {
    instructions.u32[index * 2] = code | (jumpTrue << 16) | (jumpFalse << 24);
    instructions.u32[index * 2 + 1] = operand;
  }
  const program = new NativeBlock(PROGRAM_BYTES);
  program.u32[0] = DROP_NEW_CONNECTIONS.length;
  storeWord(program.u32, PROGRAM_ADDRESS_WORD, instructions.address);
  return wasSet(fd, SO_ATTACH_FILTER, program.bytes) ? 'closing' : 'open';
}

/** A connection that came in while its listener's gate was closing has inherited the filter: takes it off. */
export function liftFilter(fd: number): void {
  // ENOENT: it came before the filter.
  wasSet(fd, SO_DETACH_FILTER, 0);
}

/** Whether the gate of a listening Unix socket is closed, perhaps by another thread that has a descriptor of it. */
export function isUnixGateClosed(fd: number): boolean {
  if (platform !== 'linux') return false;
  const entry = new PollfdArray(1);
  entry.set(0, fd, POLLRDHUP);
  return poll(entry, 1, 0) > 0 && (entry.revents(0) & POLLRDHUP) !== 0;
}

function wasSet(fd: number, option: number, value: number | Uint8Array): boolean {
  try {
    setOption(fd, SOL_SOCKET, option, value);
    return true;
  } catch (error) {
    if (error instanceof IoError) return false;
    throw error;
  }
}
