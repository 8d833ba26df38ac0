/*
 * Load for servers of files, as a closed loop: every connection has one request in flight and is kept alive.
 *
 *   http_load PORT CONNECTIONS PATH BODY_BYTES
 *
 * Connects to 127.0.0.1, prints {"connected":N}, and then obeys its standard input: the line `run MILLISECONDS` makes
 * every connection ask for PATH and await the answer for that long, lets what is in flight come home, and answers one line
 * of JSON. Ends when its standard input does. Every answer has to be a 200 with a Content-Length of BODY_BYTES, and as many
 * bytes. The bodies are thrown away in the kernel (MSG_TRUNC), so that the load is not what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 1024
#define MAX_HEAD_BYTES 4096
#define DISCARD_BYTES (1 << 20)
#define SILENCE_MS 20000

struct connection {
  int fd;
  int head_bytes;
  long long body_left;
  char head[MAX_HEAD_BYTES + 1];
};

static struct connection *connections;
static int connection_count;
static long long body_bytes;
static char request[1024];
static int request_bytes;
static char discarded[DISCARD_BYTES];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void refuse(const char *what) {
  fprintf(stderr, "http_load: %s\n", what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

static void connect_all(int epoll, int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  for (int i = 0; i < connection_count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
    connections[i].fd = fd;
  }
}

static void ask(struct connection *connection) {
  connection->head_bytes = 0;
  connection->body_left = -1;
  if (send(connection->fd, request, request_bytes, MSG_NOSIGNAL) != request_bytes) fail("send");
}

/* The head is looked at before it is taken, so that what is taken ends where the body begins. */
static int receive_head(struct connection *connection) {
  ssize_t length = recv(connection->fd, connection->head, MAX_HEAD_BYTES, MSG_PEEK);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length == 0) refuse("the server closed a connection");
  connection->head[length] = 0;
  char *end = strstr(connection->head, "\r\n\r\n");
  if (end == NULL) {
    if (length == MAX_HEAD_BYTES) refuse("a head without an end");
    return 0;
  }
  if (strncmp(connection->head, "HTTP/1.1 200 ", 13) != 0) refuse("an answer that is not 200");
  char *field = strcasestr(connection->head, "\r\ncontent-length:");
  if (field == NULL || field > end || atoll(field + 17) != body_bytes) refuse("another length than was expected");
  if (recv(connection->fd, connection->head, end + 4 - connection->head, 0) < 0) fail("recv");
  connection->body_left = body_bytes;
  return 1;
}

/* Returns 1 when the whole answer has come. */
static int receive(struct connection *connection) {
  if (connection->body_left < 0 && !receive_head(connection)) return 0;
  if (connection->body_left == 0) return 1;
  long long wanted = connection->body_left < DISCARD_BYTES ? connection->body_left : DISCARD_BYTES;
  ssize_t length = recv(connection->fd, discarded, wanted, MSG_TRUNC);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length == 0) refuse("the server closed a connection in the middle of a body");
  connection->body_left -= length;
  return connection->body_left == 0;
}

static void run(int epoll, uint64_t duration_ns) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t requests = 0, started = now_ns(), deadline = started + duration_ns, now = started;
  int in_flight = connection_count;
  for (int i = 0; i < connection_count; i++) ask(&connections[i]);
  while (in_flight > 0) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, SILENCE_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) refuse("no byte for a long time");
    for (int i = 0; i < count; i++) {
      struct connection *connection = &connections[events[i].data.u32];
      if (!receive(connection)) continue;
      now = now_ns();
      requests++;
      if (now < deadline) {
        ask(connection);
      } else {
        in_flight--;
      }
    }
  }
  printf("{\"requests\":%llu,\"elapsedNs\":%llu}\n", (unsigned long long)requests, (unsigned long long)(now - started));
  fflush(stdout);
}

int main(int argc, char **argv) {
  char line[128];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  connection_count = argc == 5 ? atoi(argv[2]) : 0;
  body_bytes = argc == 5 ? atoll(argv[4]) : 0;
  if (connection_count < 1 || body_bytes < 1) {
    fprintf(stderr, "usage: http_load PORT CONNECTIONS PATH BODY_BYTES\n");
    return 2;
  }
  request_bytes = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[3]);
  connections = calloc(connection_count, sizeof *connections);
  if (connections == NULL) fail("calloc");
  connect_all(epoll, atoi(argv[1]));
  printf("{\"connected\":%d}\n", connection_count);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned milliseconds;
    if (sscanf(line, "run %u", &milliseconds) != 1) {
      fprintf(stderr, "http_load: unknown command: %s", line);
      return 2;
    }
    run(epoll, milliseconds * 1000000ull);
  }
  return 0;
}
