/*
 * Load for servers of files, as a closed loop: every connection has one request in flight. It is kept alive, or with `close`
 * the server ends it behind the answer and another takes its place.
 *
 *   http_load PORT CONNECTIONS PATH BODY_BYTES [close]
 *
 * Prints {"connected":N}, and then obeys its standard input: the line `run MILLISECONDS` makes every connection ask for PATH
 * and await the answer for that long, lets what is in flight come home, and answers one line of JSON. Ends when its standard
 * input does. Every answer has to be a 200 with a Content-Length of BODY_BYTES, and as many bytes. The bodies are thrown away
 * in the kernel (MSG_TRUNC), so that the load is not what is measured.
 *
 * The server is at 127.0.0.1. The source addresses are 127.0.0.2 to 127.0.0.65 in turn, since TIME_WAIT keeps each port of
 * one address for a while.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define MAX_EVENTS 1024
#define MAX_HEAD_BYTES 4096
#define DISCARD_BYTES (1 << 20)
#define SILENCE_MS 20000
#define SOURCES 64

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

struct connection {
  int fd;
  int head_bytes;
  long long body_left;
  uint64_t asked_at_ns;
  char head[MAX_HEAD_BYTES + 1];
};

static struct connection *connections;
static int connection_count;
static long long body_bytes;
static char request[1024];
static int request_bytes;
static char discarded[DISCARD_BYTES];
static int port;
static int ends_each;
static uint64_t opened;

static void refuse(const char *what) {
  fprintf(stderr, "http_load: %s\n", what);
  exit(1);
}

static void open_connection(int epoll, int index) {
  struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + opened++ % SOURCES)};
  struct sockaddr_in target = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0) fail("bind");
  /* On the loopback the handshake is over when this returns. */
  if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  connections[index].fd = fd;
}

static void ask(int epoll, int index) {
  struct connection *connection = &connections[index];
  connection->head_bytes = 0;
  connection->body_left = -1;
  connection->asked_at_ns = now_ns();
  if (connection->fd < 0) open_connection(epoll, index);
  if (send(connection->fd, request, request_bytes, MSG_NOSIGNAL) != request_bytes) fail("send");
}

/* The head is looked at before it is taken, so that what is taken ends where the body begins. */
static int receive_head(struct connection *connection) {
  ssize_t length = recv(connection->fd, connection->head, MAX_HEAD_BYTES, MSG_PEEK | MSG_DONTWAIT);
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

/* Returns 1 when the server's FIN has come and the connection is closed. */
static int receive_end(struct connection *connection) {
  ssize_t length = recv(connection->fd, discarded, 1, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length > 0) refuse("more came than was announced");
  close(connection->fd);
  connection->fd = -1;
  return 1;
}

/* Returns 1 when the whole answer has come, and the end of its connection where that is to come. */
static int receive(struct connection *connection) {
  if (connection->body_left < 0 && !receive_head(connection)) return 0;
  if (connection->body_left == 0) return !ends_each || receive_end(connection);
  long long wanted = connection->body_left < DISCARD_BYTES ? connection->body_left : DISCARD_BYTES;
  ssize_t length = recv(connection->fd, discarded, wanted, MSG_TRUNC | MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length == 0) refuse("the server closed a connection in the middle of a body");
  connection->body_left -= length;
  return connection->body_left == 0 && (!ends_each || receive_end(connection));
}

static void run(int epoll, uint64_t duration_ns) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t requests = 0, started = now_ns(), deadline = started + duration_ns, now = started;
  int in_flight = connection_count;
  memset(histogram, 0, sizeof histogram);
  for (int i = 0; i < connection_count; i++) ask(epoll, i);
  while (in_flight > 0) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, SILENCE_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) refuse("no byte for a long time");
    for (int i = 0; i < count; i++) {
      int index = events[i].data.u32;
      if (!receive(&connections[index])) continue;
      now = now_ns();
      histogram[bucket_of(now - connections[index].asked_at_ns)]++;
      requests++;
      if (now < deadline) {
        ask(epoll, index);
      } else {
        in_flight--;
      }
    }
  }
  print_result(requests, now - started);
}

int main(int argc, char **argv) {
  char line[128];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  int arguments_fit = argc == 5 || (argc == 6 && strcmp(argv[5], "close") == 0);
  port = arguments_fit ? atoi(argv[1]) : 0;
  connection_count = arguments_fit ? atoi(argv[2]) : 0;
  body_bytes = arguments_fit ? atoll(argv[4]) : 0;
  if (connection_count < 1 || body_bytes < 1) {
    fprintf(stderr, "usage: http_load PORT CONNECTIONS PATH BODY_BYTES [close]\n");
    return 2;
  }
  ends_each = argc == 6;
  request_bytes = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", argv[3],
                           ends_each ? "Connection: close\r\n" : "");
  connections = calloc(connection_count, sizeof *connections);
  if (connections == NULL) fail("calloc");
  for (int i = 0; i < connection_count; i++) {
    connections[i].fd = -1;
    if (!ends_each) open_connection(epoll, i);
  }
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
