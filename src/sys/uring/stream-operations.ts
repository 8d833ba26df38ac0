/** Submissions that move the bytes of stream sockets. */
import { MSG_NOSIGNAL } from '../ffi/constants.js';
import {
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
  IORING_RECV_MULTISHOT,
  IOSQE_BUFFER_SELECT,
} from './abi.js';
import type { Ring } from './ring.js';

const RECEIVE = IORING_OP_RECV | IOSQE_BUFFER_SELECT | IORING_RECV_MULTISHOT;
const WORD_RANGE = 2 ** 32;

type StreamRing = Pick<Ring, 'prepare'>;

/**
 * Receives into provided buffers, again and again. It completes with the bytes of one buffer; with 0 at the end of the
 * stream, with ENOBUFS where no buffer is left, with what the stream broke with: each of these is its last.
 */
export function prepareReceive(ring: StreamRing, fd: number, low: number, high: number): void {
  ring.prepare(RECEIVE, fd, 0, 0, 0, 0, low, high);
}

/**
 * Completes with the bytes that the socket took, once it has taken some. The memory must stay as it is until then.
 */
export function prepareSend(
  ring: StreamRing,
  fd: number,
  address: number,
  lengthBytes: number,
  low: number,
  high: number,
): void {
  const addressHigh = Math.floor(address / WORD_RANGE);
  ring.prepare(
    IORING_OP_SEND,
    fd,
    address - addressHigh * WORD_RANGE,
    addressHigh,
    lengthBytes,
    MSG_NOSIGNAL,
    low,
    high,
  );
}

/** As `prepareSend`. @param header address of a struct msghdr, which the kernel has read once `enter` returns. */
export function prepareSendMessage(ring: StreamRing, fd: number, header: number, low: number, high: number): void {
  const addressHigh = Math.floor(header / WORD_RANGE);
  ring.prepare(IORING_OP_SENDMSG, fd, header - addressHigh * WORD_RANGE, addressHigh, 1, MSG_NOSIGNAL, low, high);
}
