/* Answers of FreeBSD's kernel to calls that Linux answers otherwise, put before the C library by LD_PRELOAD. Numbers and
   structures are this machine's; the rules are those that FreeBSD 14.0 and 15.0 were seen to follow. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* kern.ipc.maxsockbuf, less what its mbufs need. */
#define MOST_BUFFER_BYTES 1864135
/* Datagrams of 10 bytes and less that the queue of a Unix socket takes. */
#define SMALL_DATAGRAM_BYTES 10

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int refuse(int error) {
  errno = error;
  return -1;
}

static int option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  int saved = errno;
  if (getsockopt(fd, SOL_SOCKET, name, &value, &length) != 0) value = -1;
  errno = saved;
  return value;
}

static int is_unix_datagram(int fd) {
  return option(fd, SO_DOMAIN) == AF_UNIX && option(fd, SO_TYPE) == SOCK_DGRAM;
}

/* An error waits to be told; asking for it would take it. */
static int is_broken(int fd) {
  struct pollfd entry = {fd, 0, 0};
  return option(fd, SO_TYPE) == SOCK_STREAM && REAL(poll)(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

/* koffi asks the C library by its name; the whole program is asked, this library first. */
void *dlopen(const char *name, int flags) {
  if (name != NULL && strncmp(name, "libc.so", 7) == 0) name = NULL;
  return REAL(dlopen)(name, flags);
}

/* A reset that races with the close is told by it. The descriptor is closed all the same. */
int close(int fd) {
  int is_reset = is_broken(fd) && option(fd, SO_ERROR) == ECONNRESET;
  int result = REAL(close)(fd);
  return is_reset && result == 0 ? refuse(ECONNRESET) : result;
}

/* That the write side is over comes before the error which ended it. That stays in SO_ERROR. */
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  return is_broken(fd) ? refuse(EPIPE) : REAL(send)(fd, bytes, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  return is_broken(fd) ? refuse(EPIPE) : REAL(sendmsg)(fd, message, flags);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t length) {
  if (option(out, SO_TYPE) < 0) return refuse(ENOTSOCK);
  return is_broken(out) ? refuse(EPIPE) : REAL(sendfile)(out, in, offset, length);
}

/* POLLRDHUP is known to sockets. A file that is asked for it is never ready, a device says POLLNVAL. A Unix socket for
   datagrams always has room. */
int poll(struct pollfd *entries, nfds_t count, int timeout) {
  int result = REAL(poll)(entries, count, timeout);
  for (nfds_t index = 0; result >= 0 && index < count; index++) {
    struct pollfd *entry = &entries[index];
    struct stat status;
    short before = entry->revents;
    if (fstat(entry->fd, &status) != 0) continue;
    if (S_ISSOCK(status.st_mode)) {
      if ((entry->events & POLLOUT) != 0 && is_unix_datagram(entry->fd)) entry->revents |= POLLOUT;
    } else if ((entry->events & POLLRDHUP) != 0 && !S_ISFIFO(status.st_mode)) {
      entry->revents = S_ISCHR(status.st_mode) ? POLLNVAL : 0;
    }
    result += (entry->revents != 0) - (before != 0);
  }
  return result;
}

/* What is over the maximum is refused, and not clipped. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF) && *(const int *)value > MOST_BUFFER_BYTES)
    return refuse(ENOBUFS);
  return REAL(setsockopt)(fd, level, name, value, length);
}

/* The file of a socket can't be opened. */
int openat(int directory, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int result = REAL(openat)(directory, path, flags, va_arg(rest, int));
  va_end(rest);
  return result < 0 && errno == ENXIO ? refuse(EOPNOTSUPP) : result;
}
