/*
 * Load of short connections on an echo server, as a closed loop: connect, send one message, receive its echo, send FIN, await
 * the server's FIN, close. One such connection is under way in each of SLOTS at any time.
 *
 *   connect_load PORT SLOTS MESSAGE_BYTES
 *
 * Prints {"slots":N} and then obeys its standard input: the line `run MILLISECONDS` opens connections to 127.0.0.1 for that
 * long, lets those under way come to their end, and answers one line of JSON. So whatever the server counted between two runs,
 * closing included, belongs to exactly these connections. Ends when its standard input does.
 *
 * The source addresses are 127.0.0.2 to 127.0.0.65 in turn, since TIME_WAIT keeps each port of one address for a while.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define MAX_MESSAGE_BYTES 65536
#define MAX_EVENTS 1024
#define SILENCE_MS 10000
#define SOURCES 64

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum state { CONNECTING, ECHOING, ENDING };

struct slot {
  int fd;
  int received;
  enum state state;
  uint64_t number;
  uint64_t opened_at_ns;
};

static struct slot *slots;
static int slot_count;
static int port;
static int message_bytes;
static char message[MAX_MESSAGE_BYTES];
static char buffer[MAX_MESSAGE_BYTES];
static uint64_t opened;

static void refuse(const char *what) {
  fprintf(stderr, "connect_load: %s\n", what);
  exit(1);
}

static void open_connection(int epoll, int index, uint64_t at_ns) {
  struct slot *slot = &slots[index];
  struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + opened % SOURCES)};
  struct sockaddr_in target = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = index};
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0) fail("bind");
  if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) fail("connect");
  slot->fd = fd;
  slot->received = 0;
  slot->state = CONNECTING;
  slot->number = opened++;
  slot->opened_at_ns = at_ns;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void send_message(int epoll, int index) {
  struct slot *slot = &slots[index];
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  memcpy(message, &slot->number, sizeof slot->number);
  if (send(slot->fd, message, message_bytes, MSG_NOSIGNAL) != message_bytes) fail("send");
  slot->state = ECHOING;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, slot->fd, &event) < 0) fail("epoll_ctl");
}

static void receive_echo(struct slot *slot) {
  ssize_t length = recv(slot->fd, buffer, message_bytes, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length < 0) fail("recv");
  if (length == 0) refuse("the server closed a connection before its echo");
  memcpy(message, &slot->number, sizeof slot->number);
  if (memcmp(buffer, message + slot->received, length) != 0) refuse("an echo differs from what was sent");
  slot->received += length;
  if (slot->received < message_bytes) return;
  if (shutdown(slot->fd, SHUT_WR) < 0) fail("shutdown");
  slot->state = ENDING;
}

/* Returns 1 when the server's FIN has come and the connection is closed. */
static int receive_end(struct slot *slot) {
  ssize_t length = recv(slot->fd, buffer, message_bytes, 0);
  if (length < 0 && errno == EAGAIN) return 0;
  if (length < 0) fail("recv");
  if (length > 0) refuse("more came than was sent");
  close(slot->fd);
  return 1;
}

static void run(int epoll, uint64_t duration_ns) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t requests = 0, started = now_ns(), deadline = started + duration_ns, now = started;
  int under_way = slot_count;
  memset(histogram, 0, sizeof histogram);
  for (int i = 0; i < slot_count; i++) open_connection(epoll, i, now_ns());
  while (under_way > 0) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, SILENCE_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) refuse("the server has been silent for 10 s");
    for (int i = 0; i < count; i++) {
      int index = events[i].data.u32;
      struct slot *slot = &slots[index];
      if (slot->state == CONNECTING) {
        send_message(epoll, index);
      } else if (slot->state == ECHOING) {
        receive_echo(slot);
      } else if (receive_end(slot)) {
        now = now_ns();
        histogram[bucket_of(now - slot->opened_at_ns)]++;
        requests++;
        if (now < deadline) open_connection(epoll, index, now);
        else under_way--;
      }
    }
  }
  print_result(requests, now - started);
}

int main(int argc, char **argv) {
  char line[128];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  port = argc == 4 ? atoi(argv[1]) : 0;
  slot_count = argc == 4 ? atoi(argv[2]) : 0;
  message_bytes = argc == 4 ? atoi(argv[3]) : 0;
  if (slot_count < 1 || message_bytes < 8 || message_bytes > MAX_MESSAGE_BYTES) {
    fprintf(stderr, "usage: connect_load PORT SLOTS MESSAGE_BYTES (8 to %d)\n", MAX_MESSAGE_BYTES);
    return 2;
  }
  slots = calloc(slot_count, sizeof *slots);
  if (slots == NULL) fail("calloc");
  for (int i = 0; i < message_bytes; i++) message[i] = (char)i;
  printf("{\"slots\":%d}\n", slot_count);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned milliseconds;
    if (sscanf(line, "run %u", &milliseconds) != 1) {
      fprintf(stderr, "connect_load: unknown command: %s", line);
      return 2;
    }
    run(epoll, milliseconds * 1000000ull);
  }
  return 0;
}
