/*
 * Load for echo servers, as a closed loop: every connection has one message in flight.
 *
 *   echo_load PORT CONNECTIONS MESSAGE_BYTES
 *
 * Connects to 127.0.0.1, prints {"connected":N}, and then obeys its standard input: the line `run MILLISECONDS` makes
 * every connection send and await echoes for that long, lets what is in flight come home, and answers one line of JSON.
 * Between two runs nothing is in flight, so whatever the server counted between them belongs to exactly these messages.
 * Ends when its standard input does. Every message carries a number of its own, which is checked.
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
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define MAX_MESSAGE_BYTES 65536
#define MAX_EVENTS 1024
#define SILENCE_MS 10000

struct connection {
  int fd;
  int received;
  uint64_t number;
  uint64_t sent_at_ns;
};

static struct connection *connections;
static int connection_count;
static int message_bytes;
static char message[MAX_MESSAGE_BYTES];
static char buffer[MAX_MESSAGE_BYTES];
static uint64_t next_number;

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

static void send_message(struct connection *connection, uint64_t at_ns) {
  connection->number = next_number++;
  connection->received = 0;
  connection->sent_at_ns = at_ns;
  memcpy(message, &connection->number, sizeof connection->number);
  if (send(connection->fd, message, message_bytes, MSG_NOSIGNAL) != message_bytes) fail("send");
}

/* Returns 1 when the whole message has come back. */
static int receive(struct connection *connection) {
  ssize_t length = recv(connection->fd, buffer, message_bytes, 0);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length == 0) {
    fprintf(stderr, "echo_load: the server closed a connection\n");
    exit(1);
  }
  memcpy(message, &connection->number, sizeof connection->number);
  if (memcmp(buffer, message + connection->received, length) != 0) {
    fprintf(stderr, "echo_load: an echo differs from what was sent\n");
    exit(1);
  }
  connection->received += length;
  return connection->received == message_bytes;
}

static void run(int epoll, uint64_t duration_ns) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t requests = 0, started = now_ns(), deadline = started + duration_ns, now = started;
  int in_flight = connection_count;
  memset(histogram, 0, sizeof histogram);
  for (int i = 0; i < connection_count; i++) send_message(&connections[i], now_ns());
  while (in_flight > 0) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, SILENCE_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) {
      fprintf(stderr, "echo_load: no echo for %d ms, %d in flight\n", SILENCE_MS, in_flight);
      exit(1);
    }
    for (int i = 0; i < count; i++) {
      struct connection *connection = &connections[events[i].data.u32];
      if (!receive(connection)) continue;
      now = now_ns();
      histogram[bucket_of(now - connection->sent_at_ns)]++;
      requests++;
      if (now < deadline) {
        send_message(connection, now);
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
  connection_count = argc == 4 ? atoi(argv[2]) : 0;
  message_bytes = argc == 4 ? atoi(argv[3]) : 0;
  if (connection_count < 1 || message_bytes < 8 || message_bytes > MAX_MESSAGE_BYTES) {
    fprintf(stderr, "usage: echo_load PORT CONNECTIONS MESSAGE_BYTES (8 to %d)\n", MAX_MESSAGE_BYTES);
    return 2;
  }
  connections = calloc(connection_count, sizeof *connections);
  if (connections == NULL) fail("calloc");
  for (int i = 0; i < message_bytes; i++) message[i] = (char)i;
  connect_all(epoll, atoi(argv[1]));
  printf("{\"connected\":%d}\n", connection_count);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned milliseconds;
    if (sscanf(line, "run %u", &milliseconds) != 1) {
      fprintf(stderr, "echo_load: unknown command: %s", line);
      return 2;
    }
    run(epoll, milliseconds * 1000000ull);
  }
  return 0;
}
