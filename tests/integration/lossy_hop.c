/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lossy_hop: a cable with faults. Carries every Ethernet frame between two interfaces, untouched
 * and with its addresses, but of the SIP packets (UDP, port 5060) it loses some, doubles some and
 * lets some be overtaken by later ones, in both directions; which ones is told by the seed.
 *
 *	lossy_hop INTERFACE INTERFACE LOST_PERCENT DOUBLED_PERCENT LATE_PERCENT SEED
 *
 * Prints "ready"; at TERM, what it has done.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIP_PORT  5060
#define FRAME_MAX 66000
#define HELD_MAX  64
#define HOLD_MS   40

/* Each frame has a virtio_net_hdr in front: on a veth the sender leaves checksums to a card that is
 * not there, and only this header tells the next one so. */
#define OFFLOAD_LEN 10

struct held {
	uint8_t *frame;
	size_t len;
	int to;
	uint64_t due_ms;
};

struct hop {
	int fd[2];
	unsigned lost_percent, doubled_percent, late_percent;
	uint64_t random;
	struct held held[HELD_MAX];
	unsigned long long sip, lost, doubled, late;
};

static volatile sig_atomic_t ended;

static void on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "lossy_hop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* xorshift64: the same seed gives the same faults */
static bool happens(struct hop *h, unsigned percent)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return h->random % 100 < percent;
}

static int open_interface(const char *name)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq everything = {.mr_type = PACKET_MR_PROMISC};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	ll.sll_ifindex = everything.mr_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || !ll.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof(everything)) !=
		0 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) != 0)
		die(name);
	return fd;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* IPv4 without fragments is enough for the lab. */
static bool is_sip(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETH_HLEN, *udp;

	if (len < ETH_HLEN + 20 + 8 || get16(frame + 12) != ETH_P_IP || ip[9] != IPPROTO_UDP)
		return false;
	udp = ip + (ip[0] & 15) * 4;
	if (udp + 8 > frame + len)
		return false;
	return get16(udp) == SIP_PORT || get16(udp + 2) == SIP_PORT;
}

static void pass_on(struct hop *h, int to, const uint8_t *data, size_t len)
{
	if (write(h->fd[to], data, len) < 0 && errno != EAGAIN && errno != ENOBUFS &&
	    errno != EMSGSIZE)
		die("write");
}

/* False: there is no room to hold it back. */
static bool hold_back(struct hop *h, int to, const uint8_t *data, size_t len)
{
	for (int i = 0; i < HELD_MAX; i++) {
		struct held *held = &h->held[i];

		if (held->frame)
			continue;
		held->frame = malloc(len);
		if (!held->frame)
			return false;
		memcpy(held->frame, data, len);
		held->len = len;
		held->to = to;
		held->due_ms = now_ms() + HOLD_MS;
		return true;
	}
	return false;
}

static void release_held(struct hop *h)
{
	uint64_t now = now_ms();

	for (int i = 0; i < HELD_MAX; i++) {
		struct held *held = &h->held[i];

		if (!held->frame || held->due_ms > now)
			continue;
		pass_on(h, held->to, held->frame, held->len);
		free(held->frame);
		held->frame = NULL;
	}
}

static void frame_came(struct hop *h, int to, const uint8_t *data, size_t len)
{
	if (!is_sip(data + OFFLOAD_LEN, len - OFFLOAD_LEN)) {
		pass_on(h, to, data, len);
		return;
	}
	h->sip++;
	if (happens(h, h->lost_percent)) {
		h->lost++;
		return;
	}
	if (happens(h, h->doubled_percent)) {
		h->doubled++;
		pass_on(h, to, data, len);
	}
	if (happens(h, h->late_percent) && hold_back(h, to, data, len))
		h->late++;
	else
		pass_on(h, to, data, len);
}

static void empty(struct hop *h, int from)
{
	static uint8_t data[FRAME_MAX];
	ssize_t len;

	while ((len = read(h->fd[from], data, sizeof(data))) > 0)
		if ((size_t)len > OFFLOAD_LEN + ETH_HLEN)
			frame_came(h, !from, data, (size_t)len);
	if (len < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		die("read");
}

static unsigned percent(const char *text)
{
	int n = atoi(text);

	return n < 0 ? 0 : n > 100 ? 100 : (unsigned)n;
}

int main(int argc, char **argv)
{
	static struct hop h;
	struct sigaction action = {.sa_handler = on_signal};
	struct pollfd fds[2];

	if (argc != 7) {
		fprintf(stderr,
		    "usage: lossy_hop INTERFACE INTERFACE LOST_PERCENT DOUBLED_PERCENT "
		    "LATE_PERCENT SEED\n");
		return 2;
	}
	h.lost_percent = percent(argv[3]);
	h.doubled_percent = percent(argv[4]);
	h.late_percent = percent(argv[5]);
	h.random = strtoull(argv[6], NULL, 10) * 2654435769U + 88172645463325252U;
	for (int i = 0; i < 2; i++) {
		h.fd[i] = open_interface(argv[1 + i]);
		fds[i] = (struct pollfd){h.fd[i], POLLIN, 0};
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!ended) {
		if (poll(fds, 2, HOLD_MS / 2) > 0)
			for (int i = 0; i < 2; i++)
				empty(&h, i);
		release_held(&h);
	}
	printf("of %llu SIP packets %llu lost, %llu doubled, %llu late\n", h.sip, h.lost, h.doubled,
	    h.late);
	return 0;
}
