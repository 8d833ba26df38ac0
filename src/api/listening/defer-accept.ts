/** Listeners whose connections come only when there is something to read: accept filters, TCP_DEFER_ACCEPT. */
import { IPPROTO_TCP, SOL_SOCKET, SO_ACCEPTFILTER, TCP_DEFER_ACCEPT } from '../../sys/ffi/constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { setOption } from '../../sys/socket/socket.js';

/** 'data': the first byte; 'http': a whole request head (FreeBSD and NetBSD; elsewhere as 'data'). */
export type DeferAccept = 'off' | 'data' | 'http';

export const DEFER_ACCEPT: readonly DeferAccept[] = ['off', 'data', 'http'];

/** Linux hands a silent connection over all the same after this long, rounded up to its next retransmission. */
const SILENT_SECONDS = 10;

const FILTER_NAMES = { data: 'dataready', http: 'httpready' } as const;
/** struct accept_filter_arg: a name of 16 bytes and an argument of 240. */
const FILTER_BYTES = 256;
/** What says that this kernel can't, now: no such filter loaded (kldload accf_data, accf_http), no such option. */
const ABSENT: readonly string[] = ['ENOENT', 'ENOPROTOOPT', 'EOPNOTSUPP'];

/**
 * Has the kernel keep connections back. To be called on a socket that listens already.
 *
 * @returns what the kernel does: 'off' where it has nothing of the kind.
 * @throws IoError EINVAL: another filter is set.
 */
export function deferAccept(fd: number, until: DeferAccept): DeferAccept {
  if (until === 'off') return 'off';
  try {
    if (SO_ACCEPTFILTER >= 0) {
      setOption(fd, SOL_SOCKET, SO_ACCEPTFILTER, filterArgument(FILTER_NAMES[until]));
      return until;
    }
    if (TCP_DEFER_ACCEPT < 0) return 'off';
    setOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, SILENT_SECONDS);
    return 'data';
  } catch (error) {
    if (error instanceof IoError && ABSENT.includes(error.code)) return 'off';
    throw error;
  }
}

function filterArgument(name: string): Uint8Array {
  const argument = new Uint8Array(FILTER_BYTES);
  argument.set(Buffer.from(name));
  return argument;
}
