/** The numbers of <linux/io_uring.h>, which are the same on every processor. */

/** Calls that came late enough to have one number everywhere. */
export const IO_URING_SETUP = 425;
export const IO_URING_ENTER = 426;
export const IO_URING_REGISTER = 427;

/** Flags of io_uring_setup(2). */
export const IORING_SETUP_CQSIZE = 1 << 3;
export const IORING_SETUP_SUBMIT_ALL = 1 << 7;
export const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
export const IORING_SETUP_DEFER_TASKRUN = 1 << 13;
export const IORING_SETUP_NO_SQARRAY = 1 << 16;

/** What a ring can do, as setup reports it. */
export const IORING_FEAT_SINGLE_MMAP = 1 << 0;
export const IORING_FEAT_NODROP = 1 << 1;
export const IORING_FEAT_EXT_ARG = 1 << 8;
export const IORING_FEAT_CQE_SKIP = 1 << 11;

/**
 * Errors of io_uring_enter(2) that Node has no names for: the time is over, and completions were lost for want of
 * memory.
 */
export const ETIME = 62;
export const EBADR = 53;

/** struct io_uring_params: 32-bit words by their index. */
export const PARAMS_BYTES = 120;
export const PARAM_SQ_ENTRIES = 0;
export const PARAM_CQ_ENTRIES = 1;
export const PARAM_FLAGS = 2;
export const PARAM_FEATURES = 5;
/** struct io_sqring_offsets within it, and then struct io_cqring_offsets. */
export const SQ_OFF_HEAD = 10;
export const SQ_OFF_TAIL = 11;
export const SQ_OFF_FLAGS = 14;
export const SQ_OFF_ARRAY = 16;
export const CQ_OFF_HEAD = 20;
export const CQ_OFF_TAIL = 21;
export const CQ_OFF_CQES = 25;

/** Offsets of mmap(2) on the ring's descriptor. */
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x10000000;

/** In the flags of the submission ring: completions wait in the kernel for room in the ring. */
export const IORING_SQ_CQ_OVERFLOW = 1 << 1;

/** Flags of io_uring_enter(2). */
export const IORING_ENTER_GETEVENTS = 1 << 0;
export const IORING_ENTER_EXT_ARG = 1 << 3;

/** struct io_uring_sqe: 64 bytes, whose words these are. */
export const SQE_BYTES = 64;
export const SQE_WORDS = SQE_BYTES / 4;
/** opcode, flags and ioprio, from the low byte up. */
export const SQE_OPCODE = 0;
export const SQE_FD = 1;
export const SQE_ADDR_LOW = 4;
export const SQE_ADDR_HIGH = 5;
export const SQE_LEN = 6;
/** Flags of the operation: the events of a poll. */
export const SQE_OP_FLAGS = 7;
export const SQE_USER_DATA_LOW = 8;
export const SQE_USER_DATA_HIGH = 9;

/** Bits of a submission's flags, as they stand in its first word. */
export const IOSQE_CQE_SKIP_SUCCESS = (1 << 6) << 8;
/** The kernel takes a buffer of the group that the submission names; group 0 if it names none. */
export const IOSQE_BUFFER_SELECT = (1 << 5) << 8;

/** In ioprio of a receive: it goes on until it fails, is cancelled, the stream ends or there is no buffer. */
export const IORING_RECV_MULTISHOT = (1 << 1) << 16;

export const IORING_OP_NOP = 0;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_SENDMSG = 9;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_SEND = 26;
export const IORING_OP_RECV = 27;

/** In `len` of a poll: it stays armed, and completes each time that something new happens. */
export const IORING_POLL_ADD_MULTI = 1 << 0;

/** struct io_uring_cqe: 16 bytes, whose words these are. */
export const CQE_BYTES = 16;
export const CQE_WORDS = CQE_BYTES / 4;
export const CQE_USER_DATA_LOW = 0;
export const CQE_USER_DATA_HIGH = 1;
export const CQE_RES = 2;
export const CQE_FLAGS = 3;

/** The completion names a buffer, in the upper half of its flags. */
export const IORING_CQE_F_BUFFER = 1 << 0;
export const CQE_BUFFER_SHIFT = 16;
/** The submission will complete again. */
export const IORING_CQE_F_MORE = 1 << 1;

/** struct io_uring_getevents_arg, in words: sigmask, its size, min_wait_usec, the address of a struct timespec. */
export const GETEVENTS_ARG_BYTES = 24;
export const GETEVENTS_TS = 4;

/** io_uring_register(2): a ring of provided buffers. */
export const IORING_REGISTER_PBUF_RING = 22;
/** A buffer serves several receives, each behind the last, until it is full. */
export const IOU_PBUF_RING_INC = 1 << 1;
/** struct io_uring_buf_reg, in words: address, entries, group and flags. */
export const BUF_REG_BYTES = 40;
export const BUF_REG_ENTRIES = 2;
export const BUF_REG_GROUP_AND_FLAGS = 3;
/** struct io_uring_buf: address, length, id. The tail of the ring is in the last two bytes of the first. */
export const BUF_BYTES = 16;
export const BUF_LENGTH_WORD = 2;
export const BUF_ID_HALF = 6;
export const BUF_TAIL_HALF = 7;
