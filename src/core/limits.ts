/** Every bound of core, with its reason. Nothing in Pollux grows past one of these. */
import process from 'node:process';

/**
 * Memory of one receive call and unit of the slab. 64 KiB takes what a TCP window brings in one call and still lies in
 * the second-level cache.
 */
export const CHUNK_BYTES = 64 * 1024;

/** Rest of a chunk that is still worth a receive call; below it a fresh chunk is taken. */
export const MIN_RECEIVE_BYTES = 16 * 1024;

/**
 * Chunks that the kernel has to receive into, where a ring receives ahead: what all sockets together bring in one wait.
 * Of a small pool at most this share.
 */
export const PROVIDED_BUFFERS = 8;
export const PROVIDED_SHARE = 1 / 8;

/**
 * What a connection sends in one turn before a call takes it to the kernel: less goes with the next wait. From here on
 * a call costs little beside the copying of the bytes.
 */
export const CARRIED_SEND_BYTES = 16 * 1024;

/**
 * Lists that are lent to callbacks in turn. One that was kept by mistake throws when it is used; with a single list
 * it would show the bytes of whatever connection is being served at that moment.
 */
export const LENT_LISTS = 64;

/** Receive calls for one descriptor in one turn: 256 KiB at most, so that a flood on one can't starve the others. */
export const RECEIVES_PER_TURN = 4;

/** Connections taken from one listener in one turn; the rest waits in the kernel's backlog while others are served. */
export const ACCEPTS_PER_TURN = 64;

/**
 * Attempts in a row that brought as many connections as were expected, after which twice as many are. Each attempt that
 * expects too many costs one call that says so.
 */
export const FULFILLED_ACCEPTS = 4;

/**
 * How long a listener that lets nobody new in goes on accepting: handshakes that were under way come to their end. On
 * loopback, with busy processors, the last came after 2 ms. A round trip of a network may be longer than any stop
 * should take.
 */
export const LAST_ACCEPTS_MS = 20;

/**
 * Datagrams received from one socket, or sent by it, in one turn: 4 MiB of the longest, a tenth of a millisecond of
 * small ones.
 */
export const DATAGRAMS_PER_TURN = 64;

/** Longest datagram that can be asked for: UDP has 65,527 bytes at most, Unix sockets what their buffer takes. */
export const MAX_DATAGRAM_BYTES = 1024 * 1024;

/** What a datagram that waits is counted as beside its bytes, since empty ones take memory too. */
export const QUEUED_DATAGRAM_BYTES = 256;

/**
 * How long sending rests where the kernel says that there is no room and nothing tells when there is: the queue of
 * another Unix socket that is not the connected peer, a network interface on FreeBSD and macOS. It doubles as long as
 * that lasts.
 */
export const DATAGRAM_REST_MS = 1;
export const LONGEST_DATAGRAM_REST_MS = 64;

/**
 * Bytes handed to the kernel for one descriptor in one turn once it had to wait; a fast reader can't starve the others.
 */
export const SEND_BYTES_PER_TURN = 1024 * 1024;

/**
 * Bytes of a file handed to the kernel for one descriptor in one turn: no copy through the process, so more than of
 * memory; with half of it a gigabyte takes a tenth more CPU time.
 */
export const SENDFILE_BYTES_PER_TURN = 2 * 1024 * 1024;

/**
 * Bytes moved in one turn before timers and the host's loop get their chance; the events that are left come in the next
 * turn, before any new ones. Some 2 ms of copying.
 */
export const BYTES_PER_TURN = 4 * 1024 * 1024;

/**
 * Waits of one turn, as long as each brings events. Without going round the host's loop for each batch an echo costs
 * some 8 per cent less CPU time; its timers and promises wait that much longer.
 */
export const WAITS_PER_TURN = 4;

/** Buffers of one vectored call. IOV_MAX is 1024 everywhere; past some dozens another call costs little. */
export const IOVECS_PER_CALL = 64;

/**
 * What waits to be sent is copied together if it is smaller than this, into pieces of this size: each piece costs some
 * hundred bytes of bookkeeping, which the bounds of queues don't count. Larger ones are moved as they are.
 */
export const COPY_BYTES = 16 * 1024;

/** How long a listener rests after the process ran out of descriptors. */
export const EMFILE_REST_MS = 100;

/**
 * Events of one descriptor in a row that brought nothing. A readiness that is reported again and again without a byte
 * moving is a spin (a half-closed or reset peer, a duplicate of a closed descriptor): it is disarmed and reported.
 */
export const FRUITLESS_EVENTS = 1024;

/**
 * Ceiling for the buffers of one thread. A receiver that keeps more than is left for all receives no more until it
 * releases some.
 */
export const MAX_BUFFER_BYTES = 256 * 1024 * 1024;

/**
 * The part of these buffers that transfers and queues may hold. The rest is left to receiving: peers that take nothing
 * must not make the thread deaf to the others.
 */
export const HELD_SHARE = 1 / 2;

/**
 * Memory for one transfer where that part is used up: little enough for thousands of transfers, and still worth a call.
 */
export const POCKET_BYTES = 16 * 1024;

/**
 * Chunks or pockets that one receiver may keep whatever the others keep: beyond, it must keep less than is left for
 * all. What a connection needs to have a message at hand and to receive the next.
 */
export const KEPT_ANYWAY = 4;

/**
 * What a transfer limited in bytes per second may catch up with at once, as time: at half of it it wakes up, some 20
 * times a second, so that a slow rate does not mean a call per byte.
 */
export const PACE_BURST_MS = 100;

/** Bytes of a file that a pool thread reads ahead at once: a few of the kernel's own read-ahead windows (128 KiB). */
export const READ_AHEAD_BYTES = 256 * 1024;

/**
 * How far ahead of what is sent a file is read: enough to keep a disk busy, and no more than one socket takes in a
 * turn.
 */
export const READ_AHEAD_WINDOW_BYTES = SENDFILE_BYTES_PER_TURN;

/**
 * Transfers that wait for their turn to write to one connection: a pipeline longer than this is a peer that never
 * reads.
 */
export const WRITE_TURNS = 1024;

/**
 * Capacities asked for a pipe that bytes are spliced through, until one is granted. The largest that a user gets
 * without privileges saves a third of the time that 256 KiB take, and that half of what the default of 64 KiB takes.
 */
export const PIPE_BYTES: readonly number[] = [1024 * 1024, 256 * 1024];

/** A pipe smaller than this (the kernel's quota for a user is used up) costs more calls than a copy costs time. */
export const MIN_PIPE_BYTES = 64 * 1024;

/** Empty pipes kept by a thread while transfers are under way. A pipe is taken for as long as bytes lie in it. */
export const POOLED_PIPES = 16;

/**
 * Pipes of a thread that hold bytes, for sinks that don't take them: half of what a user without privileges gets
 * (`pipe-user-pages-soft`, for all processes), and no descriptors to speak of. Beyond, bytes go through buffers.
 */
export const TAKEN_PIPES = 32;

/** How long no pipe is asked for after the system had none; bytes go through buffers meanwhile. */
export const PIPE_REST_MS = 1000;

/** Bytes that one direction of a join moves in one turn; a fast pair can't starve the others. */
export const RELAY_BYTES_PER_TURN = 1024 * 1024;

/** A receive call that brings this much speaks for splicing, which saves two copies and costs a pipe. */
export const SPLICE_FROM_BYTES = 32 * 1024;

/** So many of them in a row, and a join splices: one alone may be a large message. */
export const SPLICE_AFTER_FILLS = 2;

/** A splice that brings less than this was not worth it. */
export const SPLICE_LEAST_BYTES = 8 * 1024;

/** So many of them in a row, and a join goes back to plain calls. */
export const SPLICE_SMALL_FILLS = 4;
/** Room for messages in a thread's mailbox. Untouched pages of it cost no memory, and a message may take half of it. */
export const MAILBOX_BYTES = 1024 * 1024;

/** Threads that can send to one mailbox at a time; a slot costs 128 bytes. */
export const MAILBOX_SENDERS = 64;

/** Messages of other threads that are handed on in one turn, before descriptors get their chance. */
export const RECORDS_PER_TURN = 1024;

/**
 * How long the mailbox is looked into after messages were sent or received, before the turn goes on: what another
 * thread takes to wake up and answer. See `Patience`.
 */
export const PATIENCE_MS = 0.015;

/**
 * Room for what the runtime has to say to a thread, such as which connections are its: beside its messages, since it
 * must never wait behind what users send. A batch of connections takes 4 bytes each; so it is full when thousands wait
 * to be taken.
 */
export const CONTROL_BYTES = 64 * 1024;

/** Messages after which what the runtime has to say comes again before the next: their handlers may take long. */
export const MESSAGES_BEFORE_CONTROL = 16;

/** Accepted connections that go to a thread in one message: a quarter of what the longest one holds. */
export const CONNECTIONS_PER_BATCH = 1024;

/**
 * Bytes that may wait in the sender's own memory until a receiver has room, what each message costs besides its payload
 * included. Beyond, sending is refused. Messages that a receiver may hold back and those that it may not count apart.
 */
export const WAITING_BYTES = 16 * 1024 * 1024;

/** What an entry that waits costs beside its bytes: its objects, and the promise of who waits for it. */
export const ENTRY_BYTES = 512;

/**
 * Bytes that the queues of a thread keep that nobody reads, each alone and all together. Beyond, senders are asked to
 * hold back, so that they grow by what is in the mailbox at most.
 */
export const UNREAD_BYTES_PER_QUEUE = 256 * 1024;
export const UNREAD_BYTES = 16 * 1024 * 1024;

/** Requests to one thread that wait for their answers at a time: some 30 MiB of promises. */
export const REQUESTS_PER_PEER = 65_536;

/** Answers, and their bytes, that wait for the address of a thread that asked and is not known here. */
export const POSTPONED_ANSWERS = 4096;
export const POSTPONED_BYTES = 16 * 1024 * 1024;

/**
 * Threads that have ended and are remembered: numbers are not given out twice, and of older ones nothing can be under
 * way.
 */
export const ENDED_THREADS = 16 * 1024;

/** How long a thread that leaves waits for another that is about to wake it: a thousand times what a wake takes. */
export const FAREWELL_MS = 1000;

/**
 * How long a thread that is to end is given to load Pollux and start its reactor before. It takes a twentieth of a
 * second by itself, and seconds where hundreds start at once; beyond that it hangs in what the process loads into each
 * thread (`--import`), and not in koffi.
 */
export const LOADING_MS = 30_000;

/** The same for all threads that a thread has started, when it ends itself: nobody is to take that for a hang. */
export const LOADING_AT_EXIT_MS = 5000;

/** Threads of libuv's pool, which all threads of the process share; libuv's own default is 4. */
const POOL_THREADS = Math.max(1, Number(process.env.UV_THREADPOOL_SIZE) || 4);

/**
 * Calls that wait for a disk at the same time, of one thread and of all threads of the process. A thread of the pool is
 * left to Node's own files and names.
 */
export const DISK_CALLS = Math.max(1, POOL_THREADS - 1);

/** How many of them may wait for one device, so that a slow disk can't take them all. */
export const DISK_CALLS_PER_DEVICE = Math.max(1, Math.floor(POOL_THREADS / 2));

/**
 * The same for file systems that are not of this machine (NFS, FUSE, what nobody knows), whose calls may never come
 * back: so two of them that hang leave a thread to the others.
 */
export const DISK_CALLS_PER_SERVER = Math.max(1, Math.floor(POOL_THREADS / 4));

/** For all such file systems together, however many hang: one is left to the disks of this machine. */
export const DISK_CALLS_TO_SERVERS = Math.max(1, POOL_THREADS - 2);

/** How long a thread lets others go first that have waited for its place on the pool: they are awake by then. */
export const LET_OTHERS_GO_MS = 1;

/**
 * Calls that wait for their turn at one disk; beyond it they are refused: a program that asks for more never looks
 * back.
 */
export const DISK_CALLS_WAITING_PER_DEVICE = 16 * 1024;

/** The same for all disks together, some 32 MiB: three that hang leave room for the others. */
export const DISK_CALLS_WAITING = 4 * DISK_CALLS_WAITING_PER_DEVICE;

/** Bytes of one call on the pool: some tens of milliseconds of a slow disk, after which others have their turn. */
export const DISK_BYTES_PER_CALL = 16 * 1024 * 1024;

/** A lease of a file, and a read of a direct one: an array, which on Node 20 has at most 4 GiB. */
export const FILE_ARRAY_BYTES = 2 ** 30;

/**
 * What a copy inside the kernel takes at a time, by how long that lasts: long enough to be worth a call, and no longer.
 */
export const COPY_MS_PER_CALL = 50;
export const COPY_BYTES_PER_CALL_MIN = 1024 * 1024;
export const COPY_BYTES_PER_CALL_MAX = 128 * 1024 * 1024;

/** Bytes that files have out of the system's memory at once, in one turn of the loop: half a millisecond of copying. */
export const NOW_BYTES_PER_TURN = 4 * 1024 * 1024;

/** Calls of the same, so that a loop of small reads lets the other events through. */
export const NOW_CALLS_PER_TURN = 256;

/** Memory of one copy from file to file where the kernel can't do it: a call takes longer than its way to the pool. */
export const COPY_BUFFER_BYTES = 1024 * 1024;

/** Splices by the kernel (SO_SPLICE) in a row that ended without a byte, and a join stops asking for them. */
export const BARREN_SPLICES = 4;

/** Bytes received for a file that the disk has not taken yet: enough for one write while the next is being received. */
export const SOCKET_TO_FILE_BYTES = 512 * 1024;

/** What came after our FIN on a connection that nobody reads, and is kept for a reader who comes late. */
export const LATE_READER_BYTES = 64 * 1024;

/**
 * Errors of single connections in a row after which a listener takes them for its own, and rests. Ten thousand clients
 * that leave before they are accepted do not come in one row; a sandbox that refuses accept4(2) refuses it always.
 */
export const REFUSED_ACCEPTS = 256;

/**
 * Items of a work queue that are not told yet, and what they may take: an item that waits has its bytes and two
 * promises.
 */
export const WORK_ITEMS = 65_536;
export const WORK_BYTES = 256 * 1024 * 1024;
