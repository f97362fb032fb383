/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtp_load: full-duplex streams of G.711 packets (172 bytes, every 20 ms or --period-ms, spread
 *evenly over time) between two hosts, and what became of them: loss, one-way delay and jitter, and
 *the work that the program between them had with each packet.
 *
 *	rtp_load --lan HOST=ADDRESS --wan HOST=ADDRESS [OPTION...] <TARGETS
 *
 * HOST is a network namespace. Each line of TARGETS is a stream: "A.B.C.D:PORT E.F.G.H:PORT", where
 * its LAN end sends and where its WAN end does. Both ends of stream i stand on port --port + 2i.
 *
 * The sender writes its time into the packet; the time of arrival is the kernel's stamp, so that
 * the sink need not be awake when a packet comes, and costs little: it empties the sockets in turn.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define PACKET_LEN  172
#define SWEEP_NS    40000000ULL
#define GRACE_NS    300000000ULL /* for packets that are still on their way */
#define BATCH       16
#define STREAMS_MAX 20000
#define LATE_NS     20000000 /* a phone's buffer is about one packet long */

struct end {
	int fd;
	uint32_t ssrc;
	uint16_t seq;
	uint64_t received;
	int64_t last_transit_ns;
	double jitter_ns; /* RFC 3550 6.4.1 */
};

struct options {
	char lan_host[32], wan_host[32];
	struct sockaddr_in lan, wan;
	unsigned port, seconds, warm_up_ms, period_ms;
	struct load_cpu cpu;
};

struct run {
	struct end (*stream)[2];
	size_t count;
	uint64_t period_ns;
	uint64_t sent, unsent, late;
	struct load_times delay;
	atomic_bool measuring, over;
};

/* --- sending ------------------------------------------------------------------------------ */

struct payload {          /* behind the RTP header */
	uint64_t sent_ns; /* CLOCK_REALTIME */
	uint64_t measured;
};

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void send_packet(struct run *run, struct end *e)
{
	uint8_t packet[PACKET_LEN] = {0x80, 0};
	struct payload load = {
	    .measured = atomic_load_explicit(&run->measuring, memory_order_relaxed)};

	put16(packet + 2, e->seq);
	put16(packet + 4, (uint32_t)e->seq * 160 >> 16);
	put16(packet + 6, (uint32_t)e->seq * 160);
	put16(packet + 8, e->ssrc >> 16);
	put16(packet + 10, e->ssrc);
	e->seq++;
	load.sent_ns = load_now_ns(CLOCK_REALTIME);
	memcpy(packet + 12, &load, sizeof(load));
	if (send(e->fd, packet, sizeof(packet), 0) != PACKET_LEN)
		run->unsent += load.measured;
	else
		run->sent += load.measured;
}

static void *sender(void *arg)
{
	struct run *run = arg;
	size_t ends = run->count * 2;
	uint64_t start = load_now_ns(CLOCK_MONOTONIC);

	prctl(PR_SET_TIMERSLACK, 1UL);
	for (uint64_t k = 0; !atomic_load_explicit(&run->over, memory_order_relaxed); k++) {
		uint64_t due = start + k * run->period_ns / ends;

		if (load_now_ns(CLOCK_MONOTONIC) < due)
			load_sleep_until_ns(due);
		send_packet(run, &run->stream[k / 2 % run->count][k % 2]);
	}
	return NULL;
}

/* --- receiving ---------------------------------------------------------------------------- */

static int64_t arrival_ns(struct msghdr *msg)
{
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	}
	return 0;
}

static void received(struct run *run, struct end *e, struct msghdr *msg, const uint8_t *packet)
{
	struct payload load;
	int64_t transit_ns, change_ns;

	memcpy(&load, packet + 12, sizeof(load));
	if (!load.measured)
		return;
	transit_ns = arrival_ns(msg) - (int64_t)load.sent_ns;
	if (e->received++) {
		change_ns = transit_ns - e->last_transit_ns;
		e->jitter_ns += ((double)llabs(change_ns) - e->jitter_ns) / 16;
	}
	e->last_transit_ns = transit_ns;
	run->late += transit_ns > LATE_NS;
	load_times_add(&run->delay, transit_ns);
}

static void empty_socket(struct run *run, struct end *e)
{
	static uint8_t packet[BATCH][256];
	static char control[BATCH][CMSG_SPACE(sizeof(struct timespec))];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	int n;

	do {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){packet[i], sizeof(packet[i])};
			msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
			    .msg_iovlen = 1,
			    .msg_control = control[i],
			    .msg_controllen = sizeof(control[i])};
		}
		n = recvmmsg(e->fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			if (msg[i].msg_len == PACKET_LEN)
				received(run, e, &msg[i].msg_hdr, packet[i]);
	} while (n == BATCH);
}

static void *sink(void *arg)
{
	struct run *run = arg;
	uint64_t last = 0;

	for (;;) {
		uint64_t start = load_now_ns(CLOCK_MONOTONIC);

		for (size_t i = 0; i < run->count; i++)
			for (int side = 0; side < 2; side++)
				empty_socket(run, &run->stream[i][side]);
		if (last && start > last + GRACE_NS)
			return NULL;
		if (!last && atomic_load(&run->over))
			last = start;
		load_sleep_until_ns(start + SWEEP_NS);
	}
}

/* --- the run ------------------------------------------------------------------------------ */

static void open_end(struct end *e, struct sockaddr_in local, struct sockaddr_in target,
    uint32_t ssrc)
{
	int on = 1;

	e->fd = load_socket(local, 0);
	e->ssrc = ssrc;
	if (setsockopt(e->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
		load_die("SO_TIMESTAMPNS");
	if (connect(e->fd, (struct sockaddr *)&target, sizeof(target)) != 0)
		load_die("connect");
}

static size_t read_targets(struct sockaddr_in (*target)[2])
{
	char lan[32], wan[32];
	size_t n = 0;

	while (n < STREAMS_MAX && scanf("%31s %31s", lan, wan) == 2) {
		target[n][0] = load_address_of(lan);
		target[n++][1] = load_address_of(wan);
	}
	return n;
}

static void open_streams(struct run *run, const struct options *o)
{
	static struct sockaddr_in target[STREAMS_MAX][2];
	const char *host[2] = {o->lan_host, o->wan_host};

	run->count = read_targets(target);
	run->stream = calloc(run->count ? run->count : 1, sizeof(*run->stream));
	if (!run->stream || !run->count)
		load_die("no streams");
	for (int side = 0; side < 2; side++) {
		struct sockaddr_in local = side ? o->wan : o->lan;

		load_enter_host(host[side]);
		for (size_t i = 0; i < run->count; i++) {
			local.sin_port = htons((uint16_t)(o->port + 2 * i));
			open_end(&run->stream[i][side], local, target[i][side],
			    (uint32_t)(2 * i + (size_t)side + 1));
		}
	}
}

static void report(const struct run *run, const struct options *o)
{
	uint64_t got = run->delay.count,
		 expected = run->count * 2000ULL * o->seconds / o->period_ms;
	double jitter_us = 0, packets = got ? (double)got : 1;

	for (size_t i = 0; i < run->count; i++)
		jitter_us += (run->stream[i][0].jitter_ns + run->stream[i][1].jitter_ns) / 2000;
	printf("streams=%zu packets=%llu lost=%llu late=%llu offered_percent=%llu p50_us=%u "
	       "p99_us=%u "
	       "max_us=%llu jitter_us=%.1f process_us=%.2f machine_us=%.2f\n",
	    run->count, (unsigned long long)got,
	    (unsigned long long)(run->sent > got ? run->sent - got : 0),
	    (unsigned long long)run->late, (unsigned long long)(100 * run->sent / expected),
	    load_times_us(&run->delay, 500), load_times_us(&run->delay, 990),
	    (unsigned long long)(run->delay.max_ns / 1000), jitter_us / (double)run->count,
	    (double)o->cpu.program_ns / 1000 / packets, (double)o->cpu.machine_ns / 1000 / packets);
}

static void read_host(const char *text, char host[32], struct sockaddr_in *addr)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals - text > 31) {
		errno = EINVAL;
		load_die(text);
	}
	snprintf(host, 32, "%.*s", (int)(equals - text), text);
	*addr = load_address(equals + 1, 0);
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {{"lan", 1, NULL, 'l'}, {"wan", 1, NULL, 'w'},
	    {"port", 1, NULL, 'p'}, {"seconds", 1, NULL, 's'}, {"period-ms", 1, NULL, 'e'},
	    {"warm-up-ms", 1, NULL, 'u'}, {"pid", 1, NULL, 'i'}, {0}};
	int c;

	*o = (struct options){.port = 10000, .seconds = 3, .warm_up_ms = 500, .period_ms = 20};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'l':
			read_host(optarg, o->lan_host, &o->lan);
			break;
		case 'w':
			read_host(optarg, o->wan_host, &o->wan);
			break;
		case 'p':
			o->port = (unsigned)atoi(optarg);
			break;
		case 's':
			o->seconds = (unsigned)atoi(optarg);
			break;
		case 'e':
			o->period_ms = (unsigned)atoi(optarg);
			break;
		case 'u':
			o->warm_up_ms = (unsigned)atoi(optarg);
			break;
		case 'i':
			load_cpu_add(&o->cpu, optarg);
			break;
		default:
			exit(2);
		}
	}
	if (!o->lan_host[0] || !o->wan_host[0] || !o->seconds || !o->period_ms) {
		fprintf(stderr,
		    "usage: rtp_load --lan HOST=ADDRESS --wan HOST=ADDRESS [--port N] "
		    "[--seconds N] [--period-ms N] [--warm-up-ms N] [--pid N]... <TARGETS\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct run run;
	pthread_t threads[2];
	struct options o;

	read_options(&o, argc, argv);
	load_raise_descriptor_limit();
	load_times_init(&run.delay);
	run.period_ns = o.period_ms * 1000000ULL;
	open_streams(&run, &o);
	if (pthread_create(&threads[0], NULL, sender, &run) ||
	    pthread_create(&threads[1], NULL, sink, &run))
		load_die("thread");
	usleep(o.warm_up_ms * 1000);
	load_cpu_start(&o.cpu);
	atomic_store(&run.measuring, true);
	load_sleep_until_ns(load_now_ns(CLOCK_MONOTONIC) + o.seconds * 1000000000ULL);
	atomic_store(&run.measuring, false);
	load_cpu_stop(&o.cpu);
	atomic_store(&run.over, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	report(&run, &o);
	return 0;
}
