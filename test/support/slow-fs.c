/* slow-fs MOUNTPOINT: a file system that is slow, hangs or fails on command. It speaks the protocol of /dev/fuse by itself, so
   that it needs a C compiler and root, and no library. Each name that begins with "f" is a regular file, with "e" a missing one.

   Commands come by standard input, one a line, and are answered by a line:
     OPERATION DELAY_MS ERRNO   what becomes of lookup, getattr, statfs, open, read, write, flush or release from now on:
                                the answer comes so much later (-1: never), and is this error (0: none)
     size N, content N          what files say they have, and what they have
     blocks N                   what they say to take on the disk, in bytes
     direct 0|1                 files are opened with FOPEN_DIRECT_IO: the system keeps nothing of them in memory
     keep 0|1                   what the system has in memory stays from one open to the next
     ttl SECONDS                how long names and attributes are good for
     inode N                    files have numbers from here on
     calls OPERATION            answered by how often it was asked
     go                         what is waiting is answered now; answered by how many that were
     sent                       answered by the bytes that were read
   It ends, and unmounts, with its standard input. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOKUP, GETATTR, STATFS, OPEN, READ, WRITE, FLUSH, RELEASE, OPERATIONS };
static const char *names[] = {"lookup", "getattr", "statfs", "open", "read", "write", "flush", "release"};
static long delays[OPERATIONS], errors[OPERATIONS], calls[OPERATIONS];
static long long claimed_bytes = 1 << 20, content_bytes = 1 << 20, first_inode = 0, sent_bytes = 0,
                 blocks_bytes = -1;
static int is_direct = 0, keeps = 0, ttl_seconds = 0;

/* Files by name: their number is their place here, and 2. */
static char files[512][64];
static int file_count = 0;

struct answer {
  struct answer *next;
  long long due_ms;
  uint64_t unique;
  int error;
  size_t bytes;
  char data[];
};
static struct answer *waiting;
static int device;

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void reply(uint64_t unique, int error, const void *data, size_t bytes) {
  static char buffer[sizeof(struct fuse_out_header) + (1 << 21)];
  struct fuse_out_header header = {sizeof header + bytes, -error, unique};
  memcpy(buffer, &header, sizeof header);
  if (bytes > 0) memcpy(buffer + sizeof header, data, bytes);
  /* ENOENT: whoever asked was interrupted. */
  if (write(device, buffer, header.len) < 0 && errno != ENOENT) perror("slow-fs: write");
}

static void answer(int operation, uint64_t unique, int error, const void *data, size_t bytes) {
  calls[operation]++;
  if (errors[operation] != 0) error = errors[operation];
  if (error != 0) bytes = 0;
  if (delays[operation] == 0) {
    reply(unique, error, data, bytes);
    return;
  }
  struct answer *later = malloc(sizeof *later + bytes);
  later->due_ms = delays[operation] < 0 ? INT64_MAX : now_ms() + delays[operation];
  later->unique = unique;
  later->error = error;
  later->bytes = bytes;
  if (bytes > 0) memcpy(later->data, data, bytes);
  later->next = waiting;
  waiting = later;
}

static long let_go(void) {
  long count = 0;
  for (struct answer *each = waiting; each != NULL; each = each->next, count++) each->due_ms = 0;
  return count;
}

static int answer_due(void) {
  long long now = now_ms(), next = INT64_MAX;
  for (struct answer **at = &waiting; *at != NULL;) {
    struct answer *each = *at;
    if (each->due_ms <= now) {
      reply(each->unique, each->error, each->data, each->bytes);
      *at = each->next;
      free(each);
      continue;
    }
    if (each->due_ms < next) next = each->due_ms;
    at = &each->next;
  }
  return next == INT64_MAX ? -1 : (int)(next - now);
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attr = {.ino = node, .nlink = 1, .blksize = 4096};
  if (node == FUSE_ROOT_ID) {
    attr.mode = S_IFDIR | 0755;
    attr.nlink = 2;
  } else {
    attr.ino = first_inode + node;
    attr.mode = S_IFREG | 0644;
    attr.size = claimed_bytes;
    attr.blocks = ((blocks_bytes < 0 ? claimed_bytes : blocks_bytes) + 511) / 512;
  }
  return attr;
}

static uint64_t node_of(const char *name) {
  for (int index = 0; index < file_count; index++) {
    if (strcmp(files[index], name) == 0) return index + 2;
  }
  if (name[0] != 'f' || file_count == 512 || strlen(name) > 63) return 0;
  strcpy(files[file_count], name);
  return ++file_count + 1;
}

/* The bytes of test/api/files.ts. */
static void fill(char *bytes, uint64_t offset, size_t length) {
  for (size_t index = 0; index < length; index++) {
    uint64_t place = (offset + index) % 65521;
    bytes[index] = (place * 31 + (place >> 8) * 7 + 3) & 255;
  }
}

static void serve(struct fuse_in_header *in) {
  void *body = in + 1;
  switch (in->opcode) {
    case FUSE_INIT: {
      struct fuse_init_out out = {.major = 7, .minor = 31, .max_readahead = 131072, .max_write = 131072};
      reply(in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_LOOKUP: {
      uint64_t node = in->nodeid == FUSE_ROOT_ID ? node_of(body) : 0;
      struct fuse_entry_out out = {.nodeid = node, .entry_valid = ttl_seconds, .attr_valid = ttl_seconds};
      out.attr = attributes(node);
      answer(LOOKUP, in->unique, node == 0 ? ENOENT : 0, &out, sizeof out);
      return;
    }
    case FUSE_CREATE: {
      uint64_t node = node_of((char *)body + sizeof(struct fuse_create_in));
      struct { struct fuse_entry_out entry; struct fuse_open_out open; } out = {0};
      out.entry.nodeid = node;
      out.entry.attr = attributes(node);
      out.open.open_flags = is_direct ? FOPEN_DIRECT_IO : 0;
      answer(OPEN, in->unique, node == 0 ? EACCES : 0, &out, sizeof out);
      return;
    }
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr_valid = ttl_seconds, .attr = attributes(in->nodeid)};
      answer(GETATTR, in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_SETATTR: {
      struct fuse_setattr_in *set = body;
      if (set->valid & FATTR_SIZE) claimed_bytes = content_bytes = set->size;
      struct fuse_attr_out out = {.attr_valid = ttl_seconds, .attr = attributes(in->nodeid)};
      reply(in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_STATFS: {
      struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255, .frsize = 4096}};
      answer(STATFS, in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_OPENDIR:
    case FUSE_OPEN: {
      struct fuse_open_out out = {.open_flags = (is_direct ? FOPEN_DIRECT_IO : 0) | (keeps ? FOPEN_KEEP_CACHE : 0)};
      if (in->opcode == FUSE_OPENDIR) reply(in->unique, 0, &out, sizeof out);
      else answer(OPEN, in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_READ: {
      static char bytes[1 << 21];
      struct fuse_read_in *ask = body;
      long long left = content_bytes - (long long)ask->offset;
      size_t length = left <= 0 ? 0 : left < ask->size ? left : ask->size;
      fill(bytes, ask->offset, length);
      sent_bytes += length;
      answer(READ, in->unique, 0, bytes, length);
      return;
    }
    case FUSE_WRITE: {
      struct fuse_write_in *ask = body;
      struct fuse_write_out out = {.size = ask->size};
      answer(WRITE, in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_RELEASE:
      answer(RELEASE, in->unique, 0, NULL, 0);
      return;
    case FUSE_FLUSH:
      answer(FLUSH, in->unique, 0, NULL, 0);
      return;
    case FUSE_RELEASEDIR:
    case FUSE_FSYNC:
    case FUSE_ACCESS:
      reply(in->unique, 0, NULL, 0);
      return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    default:
      reply(in->unique, ENOSYS, NULL, 0);
  }
}

static void obey(char *line) {
  char word[32] = "", other[32] = "";
  long long first = 0, second = 0;
  sscanf(line, "%31s %31s", word, other);
  sscanf(line, "%*s %lld %lld", &first, &second);
  for (int index = 0; index < OPERATIONS; index++) {
    if (strcmp(word, "calls") == 0 && strcmp(other, names[index]) == 0) {
      printf("%ld\n", calls[index]);
      return;
    }
    if (strcmp(word, names[index]) != 0) continue;
    delays[index] = first;
    errors[index] = second;
  }
  if (strcmp(word, "size") == 0) claimed_bytes = first;
  if (strcmp(word, "blocks") == 0) blocks_bytes = first;
  if (strcmp(word, "content") == 0) content_bytes = first;
  if (strcmp(word, "direct") == 0) is_direct = first;
  if (strcmp(word, "keep") == 0) keeps = first;
  if (strcmp(word, "ttl") == 0) ttl_seconds = first;
  if (strcmp(word, "inode") == 0) first_inode = first;
  if (strcmp(word, "go") == 0) printf("%ld\n", let_go());
  else if (strcmp(word, "sent") == 0) printf("%lld\n", sent_bytes);
  else printf("ok\n");
}

int main(int argc, char **argv) {
  static char request[(1 << 20) + 4096];
  char options[128], line[256];
  if (argc != 2) return fprintf(stderr, "usage: slow-fs MOUNTPOINT\n"), 2;
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) return perror("/dev/fuse"), 3;
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  if (mount("slow-fs", argv[1], "fuse.slow-fs", MS_NOSUID | MS_NODEV, options) < 0) return perror("mount"), 3;
  printf("mounted\n");
  fflush(stdout);
  setvbuf(stdin, NULL, _IONBF, 0);
  for (;;) {
    struct pollfd polled[] = {{device, POLLIN, 0}, {0, POLLIN, 0}};
    poll(polled, 2, answer_due());
    if (polled[0].revents & POLLIN) {
      ssize_t length = read(device, request, sizeof request);
      if (length > 0) serve((struct fuse_in_header *)request);
      else if (errno == ENODEV) break;
    }
    if (polled[1].revents & (POLLIN | POLLHUP)) {
      if (fgets(line, sizeof line, stdin) == NULL) break;
      obey(line);
      fflush(stdout);
    }
  }
  umount2(argv[1], MNT_DETACH);
  return 0;
}
