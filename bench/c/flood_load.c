/*
 * A flood through a proxy: the origin that sends it and the clients that swallow it, in one process.
 *
 *   flood_load CONNECTIONS
 *
 * Listens as the origin on 127.0.0.1, prints {"port":N}, and then obeys its standard input: the line `run PROXY_PORT
 * MEGABYTES` opens CONNECTIONS connections to the proxy, has the origin send that many megabytes over them in all, counts
 * what comes, and answers one line of JSON when every connection has ended. Ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256
#define MAX_DESCRIPTORS 65536
#define PIECE_BYTES (256 * 1024)
#define SILENCE_MS 20000

static char piece[PIECE_BYTES];
static int listener;
static volatile uint64_t bytes_each;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

static void watch(int poller, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

/* The origin: whoever connects gets its share and FIN. */
static void *serve(void *unused) {
  static uint64_t left[MAX_DESCRIPTORS];
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[MAX_EVENTS];
  watch(poller, listener, EPOLLIN);
  for (;;) {
    int count = epoll_wait(poller, events, MAX_EVENTS, -1);
    for (int index = 0; index < count; index++) {
      int fd = events[index].data.fd;
      if (fd == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0 || accepted >= MAX_DESCRIPTORS) continue;
        left[accepted] = bytes_each;
        watch(poller, accepted, EPOLLOUT);
        continue;
      }
      uint64_t want = left[fd] < PIECE_BYTES ? left[fd] : PIECE_BYTES;
      ssize_t sent = want == 0 ? 0 : send(fd, piece, want, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) continue;
      if (sent > 0) left[fd] -= sent;
      if (sent < 0 || left[fd] == 0) close(fd);
    }
  }
  return unused;
}

static uint64_t swallow(int port, int connections) {
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int index = 0; index < connections; index++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    watch(poller, fd, EPOLLIN);
  }
  uint64_t total = 0;
  struct epoll_event events[MAX_EVENTS];
  for (int open = connections; open > 0;) {
    int count = epoll_wait(poller, events, MAX_EVENTS, SILENCE_MS);
    if (count == 0) {
      fprintf(stderr, "nothing came for %d ms; %d connections are open\n", SILENCE_MS, open);
      exit(1);
    }
    for (int index = 0; index < count; index++) {
      int fd = events[index].data.fd;
      /* MSG_TRUNC: TCP throws the bytes away instead of copying them, which leaves more of the core to the origin. */
      ssize_t received = recv(fd, NULL, 1 << 22, MSG_TRUNC | MSG_DONTWAIT);
      if (received > 0) total += received;
      if (received > 0 || (received < 0 && errno == EAGAIN)) continue;
      if (received < 0) fail("recv");
      close(fd);
      open--;
    }
  }
  close(poller);
  return total;
}

int main(int argc, char **argv) {
  int connections = argc > 1 ? atoi(argv[1]) : 1;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 4096) < 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  pthread_t origin;
  if (pthread_create(&origin, NULL, serve, NULL) != 0) fail("pthread_create");
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  char line[128];
  while (fgets(line, sizeof line, stdin) != NULL) {
    int port;
    unsigned long megabytes;
    if (sscanf(line, "run %d %lu", &port, &megabytes) != 2) return 2;
    bytes_each = (megabytes << 20) / connections;
    uint64_t before = now_ns(), bytes = swallow(port, connections);
    printf("{\"bytes\":%llu,\"elapsedNs\":%llu}\n", (unsigned long long)bytes, (unsigned long long)(now_ns() - before));
    fflush(stdout);
  }
  return 0;
}
