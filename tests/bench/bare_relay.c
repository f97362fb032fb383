/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare_relay: the yardstick of the benchmark. What relaying costs when nothing else is done: epoll,
 * recvfrom(), sendto(). No source check, no counters, no RTCP.
 *
 *	bare_relay [-c] LAN WAN LAN_PEER WAN_PEER PORT PEER_PORT COUNT
 *
 * Stream i stands on LAN:PORT+2i and WAN:PORT+2i, its far ends on LAN_PEER:PEER_PORT+2i and
 * WAN_PEER:PEER_PORT+2i. -c connects the sockets. Prints "ready", and ends on TERM.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64

struct end {
	int fd;
	struct sockaddr_in peer;
	struct end *other;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in address(const char *host, unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		die(host);
	return sin;
}

static void open_end(struct end *e, struct sockaddr_in local, struct sockaddr_in peer,
    struct end *other, bool connected)
{
	e->peer = peer;
	e->other = other;
	e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->fd < 0)
		die("socket");
	if (bind(e->fd, (struct sockaddr *)&local, sizeof(local)) != 0)
		die("bind");
	if (connected && connect(e->fd, (struct sockaddr *)&peer, sizeof(peer)) != 0)
		die("connect");
}

static void watch(int epoll, struct end *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, e->fd, &event) != 0)
		die("epoll_ctl");
}

static void relay(const struct end *e, bool connected)
{
	char packet[2048];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(e->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return;
	if (connected)
		n = send(e->other->fd, packet, (size_t)n, 0);
	else
		n = sendto(e->other->fd, packet, (size_t)n, 0, (struct sockaddr *)&e->other->peer,
		    sizeof(e->other->peer));
	(void)n; /* a packet that cannot be sent is lost, as on any link */
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	bool connected = argc > 1 && strcmp(argv[1], "-c") == 0;
	char **arg = argv + 1 + connected;
	struct epoll_event ready[EVENTS];
	unsigned port, peer_port, count;
	struct end(*streams)[2];
	int epoll;

	if (argc - connected != 8) {
		fprintf(stderr,
		    "usage: bare_relay [-c] LAN WAN LAN_PEER WAN_PEER PORT PEER_PORT "
		    "COUNT\n");
		return 2;
	}
	port = (unsigned)atoi(arg[4]);
	peer_port = (unsigned)atoi(arg[5]);
	count = (unsigned)atoi(arg[6]);
	raise_descriptor_limit();
	streams = calloc(count, sizeof(*streams));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!streams || epoll < 0)
		die("start");
	for (unsigned i = 0; i < count; i++)
		for (int side = 0; side < 2; side++) {
			struct end *e = &streams[i][side];

			open_end(e, address(arg[side], port + 2 * i),
			    address(arg[2 + side], peer_port + 2 * i), &streams[i][!side],
			    connected);
			watch(epoll, e);
		}
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, ready, EVENTS, -1);

		for (int i = 0; i < n; i++)
			relay(ready[i].data.ptr, connected);
	}
}
