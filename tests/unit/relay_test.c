/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay with real sockets on the loopback network:
 *
 *   phone 127.0.0.11 - leg 0 127.0.0.1 | relay | leg 1 127.0.0.2 - carrier 127.0.0.12
 *                                                                  stranger 127.0.0.13
 *
 * Packets may still be on their way when the peers change. So each test first repeats a packet
 * until the new peers let it through, and then looks at what must not get through.
 */
#include "failing_alloc.h"

#include "build-config.h"
#include "media/flow.c"
#include "media/waiter.h"

#include <errno.h>

static int failing_waiter_add(struct waiter *w, struct waiter_item *item)
{
	return alloc_fails() ? ENOMEM : waiter_add(w, item);
}

#define waiter_add failing_waiter_add
#include "media/relay.c"
#undef waiter_add
#ifdef LINUX_EXTRAS
#include "media/waiter_epoll.c"
#else
#include "media/waiter_poll.c"
#endif

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "base/udp.h"
#include "tap.h"

#define PATIENCE_MS 60000 /* until a test that waits in vain gives up */
#define AGAIN_MS    10

#define LEG0     "127.0.0.1"
#define LEG1     "127.0.0.2"
#define PHONE    "127.0.0.11"
#define CARRIER  "127.0.0.12"
#define STRANGER "127.0.0.13"

static struct loop *loop;

struct end {
	int fd;
	struct addr addr;
};

struct world {
	struct relay *relay;
	struct flow *flow;
	struct addr local[2][FLOW_CHANNELS]; /* the flow's sockets */
	struct end phone[FLOW_CHANNELS], carrier[FLOW_CHANNELS], stranger[FLOW_CHANNELS];
};

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a = {0};

	addr_parse(&a, ip, port);
	return a;
}

/* --- far ends --------------------------------------------------------------------------------- */

static bool end_open(struct end *e, const char *ip)
{
	struct addr want = at(ip, 0);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return udp_open(&want, &e->fd) == 0 &&
	    getsockname(e->fd, (struct sockaddr *)&ss, &len) == 0 &&
	    addr_set(&e->addr, (struct sockaddr *)&ss, len) == 0;
}

static void say_n(const struct end *e, const struct addr *to, const void *data, size_t len)
{
	(void)!sendto(e->fd, data, len, 0, &to->u.sa, addr_len(to));
}

static void say(const struct end *e, const struct addr *to, const char *text)
{
	say_n(e, to, text, strlen(text));
}

/* The next packet within wait_ms, with its sender; NULL if there is none. */
static const char *hear_within(const struct end *e, int wait_ms, struct addr *from)
{
	static char text[256];
	struct pollfd p = {.fd = e->fd, .events = POLLIN};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0)
		return NULL;
	n = recvfrom(e->fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&ss, &len);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	if (from)
		addr_set(from, (struct sockaddr *)&ss, len);
	return text;
}

static const char *hear(const struct end *e, struct addr *from)
{
	return hear_within(e, PATIENCE_MS, from);
}

static bool silent(const struct end *e)
{
	return hear_within(e, 0, NULL) == NULL;
}

/* Repeats text until the other end hears it; then takes away what else was on the way. */
static bool say_until_heard(const struct end *e, const struct addr *to, const struct end *other,
    const char *text)
{
	const char *heard = NULL;
	char last[64];

	for (int tries = 0; tries < PATIENCE_MS / AGAIN_MS && !heard; tries++) {
		say(e, to, text);
		heard = hear_within(other, AGAIN_MS, NULL);
	}
	if (!heard)
		return false;
	snprintf(last, sizeof(last), "last %s", text);
	say(e, to, last);
	while (heard && strcmp(heard, last) != 0)
		heard = hear(other, NULL);
	return heard != NULL;
}

/* --- the flow between them -------------------------------------------------------------------- */

static struct flow_peer peer_at(uint64_t id, const struct end end[FLOW_CHANNELS])
{
	return (struct flow_peer){.id = id,
	    .rtp = {.signalled = end[FLOW_RTP].addr, .sendable = true},
	    .rtcp = {.signalled = end[FLOW_RTCP].addr, .sendable = true}};
}

static void set_peer(struct world *w, unsigned leg, uint64_t id, const struct end end[])
{
	struct flow_peer p = peer_at(id, end);

	is_int(relay_flow_peers(w->relay, w->flow, leg, &p, 1), 0, "a peer is set");
}

/* A flow on ports that nobody uses. */
static int add_flow(struct relay *r, const char *ip0, const char *ip1, int dscp, struct flow **out,
    uint16_t *port)
{
	static uint16_t next = 20000;
	int err = EADDRINUSE;

	for (int tries = 0; tries < 1000 && err == EADDRINUSE; tries++) {
		struct flow_setup setup = {.dscp = dscp};

		*port = next;
		next = next < 60000 ? (uint16_t)(next + 2) : 20000;
		setup.local[0] = at(ip0, *port);
		setup.local[1] = at(ip1, *port);
		err = relay_flow_add(r, &setup, out);
	}
	return err;
}

static struct flow_leg_stats stats(const struct flow *f, unsigned leg)
{
	struct flow_stats s;

	relay_flow_stats(f, &s);
	return s.leg[leg];
}

static bool patient(uint64_t since_ms)
{
	loop_once(loop, 1);
	return loop_clock_ms() < since_ms + PATIENCE_MS;
}

static bool wait_rejected(const struct flow *f, unsigned leg, uint64_t count)
{
	uint64_t since = loop_clock_ms();

	while (stats(f, leg).rejected < count && patient(since))
		;
	return stats(f, leg).rejected == count;
}

static void world_close(struct world *w)
{
	relay_free(w->relay);
	for (int ch = 0; ch < FLOW_CHANNELS; ch++) {
		close(w->phone[ch].fd);
		close(w->carrier[ch].fd);
		close(w->stranger[ch].fd);
	}
}

static bool world_open(struct world *w)
{
	uint16_t port;

	memset(w, 0, sizeof(*w));
	for (int ch = 0; ch < FLOW_CHANNELS; ch++) {
		if (!end_open(&w->phone[ch], PHONE) || !end_open(&w->carrier[ch], CARRIER) ||
		    !end_open(&w->stranger[ch], STRANGER))
			return ok(false, "sockets for the far ends");
	}
	if (relay_new(&w->relay, loop))
		return ok(false, "a relay");
	if (add_flow(w->relay, LEG0, LEG1, 46, &w->flow, &port))
		return ok(false, "a flow");
	for (uint16_t ch = 0; ch < FLOW_CHANNELS; ch++) {
		w->local[0][ch] = at(LEG0, (uint16_t)(port + ch));
		w->local[1][ch] = at(LEG1, (uint16_t)(port + ch));
	}
	return true;
}

static bool world_open_answered(struct world *w)
{
	if (!world_open(w))
		return false;
	set_peer(w, 0, 1, w->phone);
	set_peer(w, 1, 2, w->carrier);
	return ok(say_until_heard(&w->phone[0], &w->local[0][0], &w->carrier[0], "ready"),
	    "the call is up");
}

/* --- what is relayed -------------------------------------------------------------------------- */

static void test_before_the_answer(void)
{
	struct world w;
	uint64_t since = loop_clock_ms(), rejected;

	if (!world_open(&w))
		return;
	say(&w.phone[0], &w.local[0][0], "hello?");
	ok(wait_rejected(w.flow, 0, 1), "no peers: even the phone is rejected");
	say(&w.stranger[1], &w.local[1][1], "spam");
	ok(wait_rejected(w.flow, 1, 1), "... and a stranger's RTCP");

	set_peer(&w, 0, 1, w.phone);
	while (stats(w.flow, 0).packets == 0 && patient(since))
		say(&w.phone[0], &w.local[0][0], "hello?");
	ok(stats(w.flow, 0).packets > 0, "offered: the phone's packets count");
	rejected = stats(w.flow, 1).rejected;
	say(&w.stranger[0], &w.local[1][0], "spam");
	say(&w.stranger[1], &w.local[1][1], "spam");
	ok(wait_rejected(w.flow, 1, rejected + 2), "... a stranger is rejected");
	ok(silent(&w.phone[0]) && silent(&w.phone[1]), "... and not heard");
	is_int((long long)stats(w.flow, 1).sent, 0, "... and nothing has left");
	world_close(&w);
}

static void test_both_ways(void)
{
	struct world w;
	struct addr from;

	if (!world_open_answered(&w))
		return;
	say(&w.phone[0], &w.local[0][0], "from the phone");
	is_str(hear(&w.carrier[0], &from), "from the phone", "the carrier hears the phone");
	ok(addr_equal(&from, &w.local[1][0]), "... from its own leg's address and port");
	say(&w.carrier[1], &w.local[1][0], "from elsewhere");
	is_str(hear(&w.phone[0], &from), "from elsewhere", "the phone hears the carrier");
	ok(addr_equal(&from, &w.local[0][0]), "... from its own leg's address and port");
	say(&w.phone[0], &w.local[0][0], "symmetric");
	is_str(hear(&w.carrier[1], NULL), "symmetric", "the answer goes to where it came from");

	say(&w.phone[1], &w.local[0][1], "report");
	is_str(hear(&w.carrier[1], &from), "report", "RTCP too");
	ok(addr_equal(&from, &w.local[1][1]), "... from the odd port");
	say(&w.carrier[1], &w.local[1][1], "report back");
	is_str(hear(&w.phone[1], &from), "report back", "... and back");
	is_int((long long)stats(w.flow, 1).rtcp_packets, 1, "... counted as RTCP");
	ok(stats(w.flow, 0).last_seen_ms > 0, "the time of the last packet is known");
	world_close(&w);
}

static void lead_to(struct relay *r, struct flow *f, uint16_t port)
{
	struct flow_peer p = {.id = 9,
	    .rtp = {.signalled = at(LEG1, port), .sendable = true},
	    .rtcp = {.signalled = at(LEG1, (uint16_t)(port + 1)), .sendable = true}};

	is_int(relay_flow_peers(r, f, 1, &p, 1), 0, "a leg leads to the other flow");
}

/* Two calls that meet: a leg of each is the other one's far end. */
static void test_across(void)
{
	struct world w;
	struct flow *second;
	struct flow_peer carrier;
	struct addr from;
	uint16_t first_port, second_port;

	if (!world_open(&w) || add_flow(w.relay, LEG0, LEG1, -1, &second, &second_port) != 0)
		return;
	first_port = addr_port(&w.local[1][0]);
	carrier = peer_at(2, w.carrier);
	set_peer(&w, 0, 1, w.phone);
	is_int(relay_flow_peers(w.relay, second, 0, &carrier, 1), 0, "the other end");
	lead_to(w.relay, w.flow, second_port);
	lead_to(w.relay, second, first_port);
	for (uint16_t ch = 0; ch < FLOW_CHANNELS; ch++) {
		struct addr theirs = at(LEG0, (uint16_t)(second_port + ch));

		say(&w.phone[ch], &w.local[0][ch], "there");
		is_str(hear(&w.carrier[ch], &from), "there", "through both flows");
		ok(addr_equal(&from, &theirs), "... from where the far end knows us");
		say(&w.carrier[ch], &theirs, "and back");
		is_str(hear(&w.phone[ch], &from), "and back", "... and back");
		ok(addr_equal(&from, &w.local[0][ch]), "... to who had spoken");
	}
	is_int((long long)stats(second, 1).packets, 2, "both flows count what passes");
	is_int((long long)stats(second, 0).sent, 2, "... and what leaves");
	is_int((long long)stats(w.flow, 1).packets + (long long)stats(w.flow, 1).rejected, 2,
	    "... each packet once");

	/* one end goes, the other moves on */
	relay_flow_remove(w.relay, second, NULL, NULL);
	relay_settle(w.relay);
	say(&w.phone[0], &w.local[0][0], "nobody");
	set_peer(&w, 1, 2, w.carrier);
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.carrier[0], "moved"),
	    "one that has gone is led to no more");

	/* a leg that leads to itself */
	lead_to(w.relay, w.flow, first_port);
	say(&w.phone[0], &w.local[0][0], "round");
	set_peer(&w, 1, 2, w.carrier);
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.carrier[0], "out"), "... and we live");
	world_close(&w);
}

static void test_stranger(void)
{
	struct world w;

	if (!world_open_answered(&w))
		return;
	for (unsigned leg = 0; leg < 2; leg++) {
		uint64_t before = stats(w.flow, leg).rejected;

		for (int ch = 0; ch < FLOW_CHANNELS; ch++) {
			say(&w.stranger[0], &w.local[leg][ch], "spam");
			say(&w.stranger[1], &w.local[leg][ch], "spam");
		}
		ok(wait_rejected(w.flow, leg, before + 4), "a stranger's packets are rejected");
	}
	say(&w.phone[0], &w.local[0][0], "clean");
	is_str(hear(&w.carrier[0], NULL), "clean", "the carrier has not heard the stranger");
	say(&w.carrier[0], &w.local[1][0], "clean");
	is_str(hear(&w.phone[0], NULL), "clean", "the phone has not heard the stranger");
	ok(silent(&w.stranger[0]) && silent(&w.stranger[1]), "the stranger has heard nothing");
	ok(silent(&w.phone[1]) && silent(&w.carrier[1]), "there was no RTCP");
	world_close(&w);
}

static void test_retarget(void)
{
	struct world w;
	uint64_t rejected;

	if (!world_open_answered(&w))
		return;
	say(&w.carrier[0], &w.local[1][0], "latch");
	is_str(hear(&w.phone[0], NULL), "latch", "the first carrier is latched");
	set_peer(&w, 1, 2, w.stranger); /* a re-INVITE moves the call */
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.stranger[0], "moved"), "the call moves");
	while (hear_within(&w.carrier[0], 0, NULL))
		;
	rejected = stats(w.flow, 1).rejected;
	say(&w.carrier[0], &w.local[1][0], "still here");
	ok(wait_rejected(w.flow, 1, rejected + 1), "the old peer is rejected");
	say(&w.phone[0], &w.local[0][0], "private");
	is_str(hear(&w.stranger[0], NULL), "private", "the new peer hears");
	ok(silent(&w.carrier[0]), "... the old one does not");
	ok(silent(&w.phone[0]), "... and is not heard");

	world_close(&w);
}

static void test_mute(void)
{
	struct world w;
	uint64_t since = loop_clock_ms(), rejected, said = 0;

	if (!world_open_answered(&w))
		return;
	rejected = stats(w.flow, 1).rejected;
	is_int(relay_flow_peers(w.relay, w.flow, 1, NULL, 0), 0, "the leg is muted");
	for (; stats(w.flow, 1).rejected == rejected && patient(since); said++)
		say(&w.carrier[0], &w.local[1][0], "hello?");
	while (stats(w.flow, 1).rejected + stats(w.flow, 1).packets < rejected + said &&
	    patient(since))
		;
	while (hear_within(&w.phone[0], 0, NULL)) /* said before it took effect */
		;
	rejected = stats(w.flow, 1).rejected;
	say(&w.carrier[0], &w.local[1][0], "hello?");
	ok(wait_rejected(w.flow, 1, rejected + 1), "... its peer is rejected");
	ok(silent(&w.phone[0]), "... and not heard");
	set_peer(&w, 1, 2, w.carrier);
	ok(say_until_heard(&w.carrier[0], &w.local[1][0], &w.phone[0], "back"),
	    "... until it returns");
	world_close(&w);
}

static void test_early_dialogs(void)
{
	struct world w;
	struct flow_peer both[2];

	if (!world_open_answered(&w))
		return;
	both[0] = peer_at(2, w.carrier);
	both[1] = peer_at(3, w.stranger);
	is_int(relay_flow_peers(w.relay, w.flow, 1, both, 2), 0, "two early dialogs");
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.stranger[0], "both"), "one hears");
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.carrier[0], "both"), "the other too");
	world_close(&w);
}

static void test_sizes(void)
{
	static uint8_t sent[60000], got[65536];
	struct world w;
	struct pollfd p;
	ssize_t n = -1;

	if (!world_open_answered(&w))
		return;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 / 3);
	say_n(&w.phone[0], &w.local[0][0], "", 0);
	say_n(&w.phone[0], &w.local[0][0], sent, sizeof(sent));
	p = (struct pollfd){.fd = w.carrier[0].fd, .events = POLLIN};
	if (poll(&p, 1, PATIENCE_MS) == 1)
		n = recv(w.carrier[0].fd, got, sizeof(got), 0);
	is_int(n, sizeof(sent), "an empty datagram is dropped, a huge one arrives");
	ok(memcmp(sent, got, sizeof(sent)) == 0, "... unchanged");
	is_int((long long)stats(w.flow, 0).empty, 1, "the empty one is counted");
	say_n(&w.phone[0], &w.local[0][0], "x", 1);
	is_str(hear(&w.carrier[0], NULL), "x", "one byte arrives");
	world_close(&w);
}

/* Also when the source gets a socket of its own while packets wait at the first one. */
static void test_burst(void)
{
	enum { BURST = 200 };
	int first_wrong = -1;

	for (int round = 0; round < 20 && first_wrong < 0; round++) {
		struct world w;
		char text[16];

		if (!world_open_answered(&w))
			return;
		for (int i = 0; i < BURST; i++) {
			snprintf(text, sizeof(text), "%d", i);
			say(&w.phone[0], &w.local[0][0], text);
		}
		for (int i = 0; i < BURST && first_wrong < 0; i++) {
			const char *heard = hear(&w.carrier[0], NULL);

			if (!heard || atoi(heard) != i)
				first_wrong = i;
		}
		world_close(&w);
	}
	is_int(first_wrong, -1, "bursts arrive whole and in order");
}

static void test_peer_without_socket(void)
{
	struct world w;
	struct addr gone;

	if (!world_open_answered(&w))
		return;
	gone = w.carrier[0].addr;
	close(w.carrier[0].fd);
	for (int i = 0; i < 20; i++) /* each one brings an ICMP error */
		say(&w.phone[0], &w.local[0][0], "anybody?");
	is_int(udp_open(&gone, &w.carrier[0].fd), 0,
	    "the carrier's port is closed and opens again");
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &w.carrier[0], "back"), "... and hears");
	ok(say_until_heard(&w.carrier[0], &w.local[1][0], &w.phone[0], "back"), "... and is heard");
	world_close(&w);
}

static void test_unreachable(void)
{
	struct world w;
	struct flow_peer p;
	uint64_t since = loop_clock_ms();

	if (!world_open_answered(&w))
		return;
	p = peer_at(2, w.carrier);
	p.rtp.signalled = at("::1", 4000); /* the leg's socket is IPv4 */
	is_int(relay_flow_peers(w.relay, w.flow, 1, &p, 1), 0, "a peer that cannot be reached");
	while (stats(w.flow, 1).unsent == 0 && patient(since))
		say(&w.phone[0], &w.local[0][0], "hello?");
	ok(stats(w.flow, 1).unsent > 0, "... is counted, and nothing else");
	world_close(&w);
}

static void test_both_families(void)
{
	struct world w;
	struct end six[FLOW_CHANNELS];
	struct flow_peer p;
	uint16_t port;

	if (!end_open(&six[0], "::1")) {
		printf("# no IPv6 here\n");
		return;
	}
	if (!end_open(&six[1], "::1") || !world_open(&w))
		return;
	relay_flow_remove(w.relay, w.flow, NULL, NULL);
	is_int(add_flow(w.relay, LEG0, "::1", 46, &w.flow, &port), 0, "a flow from IPv4 to IPv6");
	set_peer(&w, 0, 1, w.phone);
	p = peer_at(2, six);
	is_int(relay_flow_peers(w.relay, w.flow, 1, &p, 1), 0, "an IPv6 peer");
	w.local[0][0] = at(LEG0, port);
	w.local[1][0] = at("::1", port);
	ok(say_until_heard(&w.phone[0], &w.local[0][0], &six[0], "4 to 6"), "... hears IPv4");
	ok(say_until_heard(&six[0], &w.local[1][0], &w.phone[0], "6 to 4"), "... and is heard");
	close(six[0].fd);
	close(six[1].fd);
	world_close(&w);
}

/* --- priority marks --------------------------------------------------------------------------- */

/* The mark of the next packet; -1: none came. */
static int hear_dscp(const struct end *e)
{
	struct pollfd p = {.fd = e->fd, .events = POLLIN};
	struct addr from;
	char data[64];
	size_t len;
	int dscp = -1;

	if (poll(&p, 1, PATIENCE_MS) <= 0 ||
	    udp_recv_dscp(e->fd, data, sizeof(data), &len, &from, &dscp))
		return -1;
	return dscp;
}

/* From a phone to a far end on that address; `copy`: through a flow that copies. */
static void test_marks_to(const char *far_ip, const char *leg1, int family, bool copy)
{
	struct flow_setup setup = {.dscp = 46, .copy_dscp = copy};
	struct world w;
	struct end far[FLOW_CHANNELS];
	struct flow_peer p;
	int err = EADDRINUSE;

	if (!end_open(&far[0], far_ip)) {
		printf("# no %s here\n", far_ip);
		return;
	}
	if (!end_open(&far[1], far_ip) || !world_open(&w))
		return;
	for (uint16_t port = 40000; err == EADDRINUSE && port < 60000; port += 2) {
		setup.local[0] = at(LEG0, port);
		setup.local[1] = at(leg1, port);
		err = relay_flow_add(w.relay, &setup, &w.flow);
	}
	is_int(err, 0, "a flow");
	set_peer(&w, 0, 1, w.phone);
	p = peer_at(2, far);
	relay_flow_peers(w.relay, w.flow, 1, &p, 1);
	udp_tell_dscp(far[0].fd, family);
	say(&w.phone[0], &setup.local[0], "unmarked");
	is_int(hear_dscp(&far[0]), 46, "what comes without a mark gets ours");
	udp_set_dscp(w.phone[0].fd, AF_INET, 34);
	say(&w.phone[0], &setup.local[0], "marked");
	is_int(hear_dscp(&far[0]), copy ? 34 : 46, copy ? "a mark is copied" : "... and so do all");
	udp_set_dscp(w.phone[0].fd, AF_INET, 0);
	say(&w.phone[0], &setup.local[0], "unmarked");
	is_int(hear_dscp(&far[0]), 46, "... and ours is back");
	close(far[0].fd);
	close(far[1].fd);
	world_close(&w);
}

static void test_marks(void)
{
	for (int copy = 0; copy < 2; copy++) {
		test_marks_to(CARRIER, LEG1, AF_INET, copy);
		test_marks_to("::1", "::1", AF_INET6, copy);
	}
}

/* --- sockets of one's own --------------------------------------------------------------------- */

/* Both ends speak until each may have a socket of its own. */
static bool speak_steadily(struct world *w)
{
	bool heard = true;

	for (int i = 0; heard && i <= RELAY_STEADY_MAX; i++) {
		say(&w->phone[0], &w->local[0][0], "steady");
		heard = hear(&w->carrier[0], NULL) != NULL;
		say(&w->carrier[0], &w->local[1][0], "steady");
		heard = heard && hear(&w->phone[0], NULL) != NULL;
	}
	return heard;
}

/* Only after the relay thread is gone may one look. */
static bool had_twins(const struct flow *f)
{
	const struct relay_flow *rf = container_of(f, struct relay_flow, flow);

	return rf->twin[0].sock.item.fd >= 0 && rf->twin[1].sock.item.fd >= 0;
}

static void end_thread(struct relay *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	waiter_wake(r->waiter);
	pthread_join(r->thread, NULL);
	r->stop = false;
}

static void stop_thread(struct relay *r)
{
	end_thread(r);
	start_thread(r);
}

/* After a restart all streams are due in the same twentieth of a second. */
static void test_twins_in_turn(void)
{
	struct world w;
	struct relay_flow *rf;

	if (!world_open_answered(&w))
		return;
	end_thread(w.relay);
	rf = container_of(w.flow, struct relay_flow, flow);
	for (int i = 0; i < 2 * RELAY_STEADY_MAX; i++) {
		relay_twin_note(w.relay, &rf->sock[0][FLOW_RTP], &w.phone[0].addr, 1000);
		relay_twin_note(w.relay, &rf->sock[1][FLOW_RTP], &w.carrier[0].addr, 1000);
	}
	ok(rf->twin[1].sock.item.fd < 0, "no look opens a second socket of its own");
	relay_twin_note(w.relay, &rf->sock[1][FLOW_RTP], &w.carrier[0].addr, 2000);
#ifdef LINUX_EXTRAS
	ok(had_twins(w.flow), "... the next one does");
#else
	ok(!had_twins(w.flow), "... nor does the next one here");
#endif
	start_thread(w.relay);
	world_close(&w);
}

static void test_twins(void)
{
	struct world w;
	struct end elsewhere;
	struct addr from;
	struct flow_setup setup = {.dscp = -1};
	struct flow *other;
	uint64_t rejected;

	if (!world_open_answered(&w) || !end_open(&elsewhere, PHONE))
		return;
	ok(speak_steadily(&w), "a steady stream both ways");
	stop_thread(w.relay);
#ifdef LINUX_EXTRAS
	ok(had_twins(w.flow), "each end has a socket of its own");
#else
	ok(!had_twins(w.flow), "no end has a socket of its own here");
#endif
	say(&w.phone[0], &w.local[0][0], "hello");
	is_str(hear(&w.carrier[0], &from), "hello", "the stream goes on");
	ok(addr_equal(&from, &w.local[1][0]), "... from the same port");
	rejected = stats(w.flow, 0).rejected;
	say(&w.stranger[0], &w.local[0][0], "spam");
	ok(wait_rejected(w.flow, 0, rejected + 1), "a stranger is rejected as ever");
	ok(say_until_heard(&elsewhere, &w.local[0][0], &w.carrier[0], "moved"),
	    "another port of the phone succeeds when it has been quiet");
	say(&w.carrier[0], &w.local[1][0], "there");
	is_str(hear(&elsewhere, NULL), "there", "... who then hears");
	say(&w.phone[0], &w.local[0][0], "back");
	is_str(hear(&w.carrier[0], NULL), "back", "the signalled port is always taken");

	set_peer(&w, 1, 2, w.stranger); /* a re-INVITE moves the call */
	rejected = stats(w.flow, 1).rejected;
	say(&w.carrier[0], &w.local[1][0], "still here");
	ok(wait_rejected(w.flow, 1, rejected + 1), "who is no peer any more is rejected");
	say(&w.phone[0], &w.local[0][0], "private");
	is_str(hear(&w.stranger[0], NULL), "private", "... the new one hears");
	ok(silent(&w.carrier[0]), "... the old one does not");

	setup.local[0] = w.local[0][0];
	setup.local[1] = w.local[1][0];
	is_int(relay_flow_add(w.relay, &setup, &other), EADDRINUSE, "nobody shares its ports");
	relay_flow_remove(w.relay, w.flow, NULL, NULL);
	relay_settle(w.relay);
	is_int(relay_flow_add(w.relay, &setup, &w.flow), 0, "... which are free with its end");
	close(elsewhere.fd);
	world_close(&w);
}

/* --- what is held back ------------------------------------------------------------------------ */

static void say_rtp(const struct end *e, const struct addr *to, uint8_t seq)
{
	const char packet[] = {(char)0x80, 0, 1, (char)seq, 0, 0, 0, 0, 1, 2, 3, 4,
	    (char)('a' + seq)};

	say_n(e, to, packet, sizeof(packet));
}

/* The packet's letter; RTP carries it behind its header. */
static char hear_rtp(const struct end *e)
{
	const char *heard = hear(e, NULL);

	return heard ? heard[12] : '-';
}

/* The same flow once more, but that what comes by that leg is held back. */
static bool hold_back(struct relay *r, struct flow **f, uint16_t port, unsigned leg)
{
	struct flow_setup setup = {.local = {at(LEG0, port), at(LEG1, port)}, .dscp = -1};

	setup.delay_us[leg] = 500000;
	relay_flow_remove(r, *f, NULL, NULL);
	relay_settle(r);
	return relay_flow_add(r, &setup, f) == 0;
}

static bool world_open_held(struct world *w)
{
	if (!world_open(w))
		return false;
	if (!hold_back(w->relay, &w->flow, addr_port(&w->local[0][0]), 0))
		return ok(false, "a flow");
	set_peer(w, 0, 1, w->phone);
	set_peer(w, 1, 2, w->carrier);
	say_rtp(&w->phone[0], &w->local[0][0], 0);
	is_int(hear_rtp(&w->carrier[0]), 'a', "a first packet is no stream yet, and goes through");
	return true;
}

/* The last of them is heard before it is counted. */
static bool has_sent(struct flow *flow, unsigned leg, uint64_t packets)
{
	for (int waited = 0; waited < PATIENCE_MS && stats(flow, leg).sent < packets; waited++)
		poll(NULL, 0, 1);
	return stats(flow, leg).sent == packets;
}

static void test_held(void)
{
	static const uint8_t order[] = {1, 3, 2, 5, 4, 6};
	struct world w;
	struct addr from;

	if (!world_open_held(&w))
		return;
	for (size_t i = 0; i < sizeof(order); i++)
		say_rtp(&w.phone[0], &w.local[0][0], order[i]);
	say(&w.phone[0], &w.local[0][0], "STUN");
	is_str(hear(&w.carrier[0], NULL), "STUN", "what is no RTP overtakes the stream");
	say(&w.phone[1], &w.local[0][1], "report");
	is_str(hear(&w.carrier[1], NULL), "report", "... RTCP too");
	for (char c = 'b'; c <= 'g'; c++)
		is_int(hear_rtp(&w.carrier[0]), c, "... which follows, in order");
	say_rtp(&w.phone[0], &w.local[0][0], 7);
	is_int(hear_rtp(&w.carrier[0]), 'h', "... and goes on");
	say(&w.carrier[0], &w.local[1][0], "back");
	is_str(hear(&w.phone[0], &from), "back", "the other direction is as ever");
	ok(has_sent(w.flow, 1, 10), "all have left");
	world_close(&w);
}

/* Whoever was the peer when it came hears nothing when it leaves. */
static void test_held_retarget(void)
{
	struct world w;
	uint64_t since = loop_clock_ms();

	if (!world_open_held(&w))
		return;
	say_rtp(&w.phone[0], &w.local[0][0], 1);
	while (stats(w.flow, 0).packets < 2 && patient(since))
		;
	set_peer(&w, 1, 2, w.stranger);
	is_int(hear_rtp(&w.stranger[0]), 'b', "what was held goes to the new peer");
	ok(silent(&w.carrier[0]), "... and not to the old one");
	say_rtp(&w.phone[0], &w.local[0][0], 2);
	while (stats(w.flow, 0).packets < 3 && patient(since))
		;
	relay_flow_remove(w.relay, w.flow, NULL, NULL);
	relay_settle(w.relay);
	ok(silent(&w.stranger[0]), "what is held when the flow ends goes nowhere");
	world_close(&w);
}

/* What one flow hands to another is held back there, too. */
static void test_held_across(bool by_both)
{
	static const uint8_t order[] = {1, 3, 2, 5, 4, 6};
	struct world w;
	struct flow *second;
	struct flow_peer carrier;
	uint16_t first_port, port;

	if (!world_open(&w) || add_flow(w.relay, LEG0, LEG1, -1, &second, &port) != 0)
		return;
	first_port = addr_port(&w.local[1][0]);
	ok(hold_back(w.relay, &second, port, 1), "a flow that holds back");
	if (by_both)
		ok(hold_back(w.relay, &w.flow, first_port, 0), "... and another one");
	carrier = peer_at(2, w.carrier);
	set_peer(&w, 0, 1, w.phone);
	is_int(relay_flow_peers(w.relay, second, 0, &carrier, 1), 0, "the other end");
	lead_to(w.relay, w.flow, port);
	lead_to(w.relay, second, first_port);

	say_rtp(&w.phone[0], &w.local[0][0], 0);
	is_int(hear_rtp(&w.carrier[0]), 'a', "a first packet goes through both flows");
	for (size_t i = 0; i < sizeof(order); i++)
		say_rtp(&w.phone[0], &w.local[0][0], order[i]);
	say(&w.phone[0], &w.local[0][0], "STUN");
	is_str(hear(&w.carrier[0], NULL), "STUN", "... and so does what is no RTP");
	for (char c = 'b'; c <= 'g'; c++)
		is_int(hear_rtp(&w.carrier[0]), c, "the stream follows in order");
	ok(has_sent(second, 0, 8), "all have left");
	relay_flow_remove(w.relay, second, NULL, NULL);
	world_close(&w);
}

/* --- beginning and end of a flow -------------------------------------------------------------- */

static void on_gone(void *arg)
{
	++*(int *)arg;
}

static bool wait_gone(const int *count, int want)
{
	uint64_t since = loop_clock_ms();

	while (*count < want && patient(since))
		;
	return *count == want;
}

static void test_remove(void)
{
	struct world w;
	struct flow_setup setup = {.dscp = -1};
	int gone = 0;

	if (!world_open_answered(&w))
		return;
	setup.local[0] = w.local[0][0];
	setup.local[1] = w.local[1][0];
	is_int((long long)relay_flow_count(w.relay), 1, "one flow");
	is_int(relay_flow_add(w.relay, &setup, &w.flow), EADDRINUSE, "its ports are taken");
	is_int((long long)relay_flow_count(w.relay), 1, "... still one");
	set_peer(&w, 1, 2, w.stranger);
	set_peer(&w, 1, 2, w.carrier);
	relay_flow_remove(w.relay, w.flow, on_gone, &gone);
	is_int(gone, 0, "removing does not call back at once");
	ok(wait_gone(&gone, 1), "... but from the loop");
	is_int((long long)relay_flow_count(w.relay), 0, "no flow");
	is_int(relay_flow_add(w.relay, &setup, &w.flow), 0, "its ports are free at once");
	relay_flow_remove(w.relay, w.flow, NULL, NULL);
	world_close(&w);
	ok(true, "the relay ends while a flow is being removed");
}

static void test_settle(void)
{
	struct world w;
	struct flow_setup setup = {.dscp = -1};
	int gone = 0;

	if (!world_open_answered(&w))
		return;
	setup.local[0] = w.local[0][0];
	setup.local[1] = w.local[1][0];
	relay_settle(w.relay);
	is_int(gone, 0, "settled, and nothing to do");
	relay_flow_remove(w.relay, w.flow, on_gone, &gone);
	relay_settle(w.relay);
	is_int(gone, 1, "who cannot wait for the loop is called back at once");
	is_int((long long)relay_flow_count(w.relay), 0, "... no flow");
	is_int(relay_flow_add(w.relay, &setup, &w.flow), 0, "... its ports are free");
	set_peer(&w, 0, 1, w.phone);
	set_peer(&w, 1, 2, w.carrier);
	say(&w.phone[0], &w.local[0][0], "first");
	is_str(hear(&w.carrier[0], NULL), "first", "the very first packet finds its peers set");
	world_close(&w);
}

struct chain {
	struct relay *relay;
	struct flow *flow;
	int left;
};

static void on_gone_add_next(void *arg)
{
	struct chain *c = arg;
	uint16_t port;

	if (--c->left == 0 || add_flow(c->relay, LEG0, LEG1, -1, &c->flow, &port))
		return;
	relay_flow_remove(c->relay, c->flow, on_gone_add_next, c);
}

static void test_callback_goes_on(void)
{
	struct chain c = {.left = 5};
	uint64_t since = loop_clock_ms();
	uint16_t port;

	if (relay_new(&c.relay, loop) || add_flow(c.relay, LEG0, LEG1, -1, &c.flow, &port))
		return;
	relay_flow_remove(c.relay, c.flow, on_gone_add_next, &c);
	while (c.left && patient(since))
		;
	is_int(c.left, 0, "the callback may add and remove flows");
	is_int((long long)relay_flow_count(c.relay), 0, "... none is left");
	relay_free(c.relay);
}

/* Packets fly all the time; sanitizers and valgrind watch. */
static void test_remove_under_fire(void)
{
	enum { FLOWS = 40 };
	struct world w;
	struct flow *flow[FLOWS];
	struct addr to[FLOWS];
	int gone = 0, added = 0;
	uint16_t port;

	if (!world_open(&w))
		return;
	for (int i = 0; i < FLOWS; i++) {
		struct flow_peer p = peer_at(1, w.phone), q = peer_at(2, w.carrier);

		if (add_flow(w.relay, LEG0, LEG1, -1, &flow[i], &port))
			break;
		to[added++] = at(LEG0, port);
		relay_flow_peers(w.relay, flow[i], 0, &p, 1);
		relay_flow_peers(w.relay, flow[i], 1, &q, 1);
		for (int k = 0; k <= i; k++)
			say(&w.phone[0], &to[k], "fire");
	}
	is_int(added, FLOWS, "many flows");
	for (int i = 0; i < added; i++) {
		for (int k = 0; k < added; k++)
			say(&w.phone[0], &to[k], "fire");
		relay_flow_remove(w.relay, flow[i], on_gone, &gone);
	}
	ok(wait_gone(&gone, added), "... are removed while packets arrive");
	world_close(&w);
}

static void test_free_at_any_time(void)
{
	struct world w;
	struct relay *r = NULL;
	struct flow *f;
	uint16_t port;
	int gone = 0;

	relay_free(NULL);
	for (int i = 0; i < 20; i++) {
		if (relay_new(&r, loop) == 0)
			relay_free(r);
	}
	ok(true, "freed directly after it was made");
	if (!world_open(&w))
		return;
	for (int i = 0; i < 20; i++) {
		if (add_flow(w.relay, LEG0, LEG1, -1, &f, &port))
			break;
		set_peer(&w, 0, 1, w.phone);
		set_peer(&w, 1, 2, w.carrier);
		say(&w.phone[0], &w.local[0][0], "fire");
		if (i % 2)
			relay_flow_remove(w.relay, f, on_gone, &gone);
	}
	world_close(&w);
	gone = 0;
	while (loop_once(loop, 0) == 0 && gone++ < 3)
		;
	ok(true, "freed with flows open and commands queued");
}

static void test_bad_arguments(void)
{
	struct world w;
	struct flow *f = NULL;
	struct flow_peer many[FLOW_PEERS_MAX + 1] = {0};
	struct flow_setup setup = {.local = {at(LEG0, 30001), at(LEG1, 30000)}, .dscp = -1};

	if (!world_open(&w))
		return;
	is_int(relay_flow_add(w.relay, &setup, &f), EINVAL, "an odd RTP port");
	setup.local[0] = at(LEG0, 0);
	is_int(relay_flow_add(w.relay, &setup, &f), EINVAL, "no port");
	setup.local[0] = at("192.0.2.1", 30000);
	is_int(relay_flow_add(w.relay, &setup, &f), EADDRNOTAVAIL, "an address that is not ours");
	is_int(relay_flow_peers(w.relay, w.flow, 0, many, FLOW_PEERS_MAX + 1), EINVAL,
	    "too many peers");
	is_int(relay_flow_peers(w.relay, w.flow, 0, many, FLOW_PEERS_MAX), 0, "as many as fit");
	is_int(relay_flow_peers(w.relay, w.flow, 2, many, 1), EINVAL, "a third leg");
	is_int((long long)relay_flow_count(w.relay), 1, "nothing came of it");
	world_close(&w);
}

/* --- when something runs out ------------------------------------------------------------------ */

static int lowest_free_fd(void)
{
	int fd = dup(0);

	if (fd >= 0)
		close(fd);
	return fd;
}

static int rtp_fd(const struct flow *f)
{
	return container_of(f, struct relay_flow, flow)->sock[0][FLOW_RTP].item.fd;
}

static void test_descriptors(void)
{
	struct rlimit before, limit;
	struct world w;
	struct flow *f;
	uint16_t port;
	int low, err = 0, flows = 0;

	if (!world_open(&w))
		return;
	getrlimit(RLIMIT_NOFILE, &before);
	low = lowest_free_fd();
	if (before.rlim_cur > FD_SETSIZE + 100)
		ok(rtp_fd(w.flow) >= FD_SETSIZE, "media descriptors lie above select()'s");
	else
		printf("# the limit of open files is too low to look above FD_SETSIZE\n");

	limit = before;
	limit.rlim_cur = (rlim_t)low + 128 + 10;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (!err && flows < 100) {
		err = add_flow(w.relay, LEG0, LEG1, -1, &f, &port);
		flows += !err;
	}
	is_int(err, EMFILE, "no descriptors left for media");
	is_int(flows, 2, "... when the others' share is reached");
	is_int((long long)relay_flow_count(w.relay), 1 + 2, "... and nothing half made stays");
	ok(lowest_free_fd() < low + 10, "... and others still find some");
	setrlimit(RLIMIT_NOFILE, &before);
	is_int(add_flow(w.relay, LEG0, LEG1, -1, &f, &port), 0, "later it works again");
	world_close(&w);
	ok(lowest_free_fd() < low, "all are closed in the end");
}

static void test_no_descriptors_at_all(void)
{
	struct rlimit before, limit;
	struct relay *r = NULL;
	int low = lowest_free_fd(), err = EMFILE, n = -1;
	bool closed = true;

	getrlimit(RLIMIT_NOFILE, &before);
	while (err == EMFILE && ++n < 20) {
		limit = (struct rlimit){.rlim_cur = (rlim_t)(low + n), .rlim_max = before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &limit);
		alloc_until_failure = -1;
		err = relay_new(&r, loop);
		setrlimit(RLIMIT_NOFILE, &before);
		closed = closed && (!err || lowest_free_fd() == low);
	}
	ok(closed, "a relay that lacks a descriptor leaves none open");
	if (!err)
		relay_free(r);
}

static void test_no_memory(void)
{
	struct world w;
	struct relay *r = NULL;
	struct flow *f = NULL;
	struct flow_peer p;
	uint64_t since = loop_clock_ms();
	uint16_t port;
	int err = ENOMEM, n;

	for (n = 0; n < 20 && err == ENOMEM; n++) {
		alloc_until_failure = n;
		err = relay_new(&r, loop);
	}
	alloc_until_failure = -1;
	ok(n > 2 && err == 0, "each allocation of a new relay may fail");
	relay_free(r);

	if (!world_open_answered(&w))
		return;
	for (n = 0; n < 5; n++) { /* the flow, and waiting for each of its sockets */
		alloc_until_failure = n;
		is_int(add_flow(w.relay, LEG0, LEG1, -1, &f, &port), ENOMEM,
		    "a flow without memory");
	}
	alloc_until_failure = -1;
	while (relay_flow_count(w.relay) > 1 && patient(since))
		;
	is_int((long long)relay_flow_count(w.relay), 1, "... goes away again");
	p = peer_at(2, w.stranger);
	for (n = 0; n < 2; n++) {
		alloc_until_failure = n;
		is_int(relay_flow_peers(w.relay, w.flow, 1, &p, 1), ENOMEM, "no memory for peers");
	}
	alloc_until_failure = -1;
	say(&w.phone[0], &w.local[0][0], "as before");
	is_str(hear(&w.carrier[0], NULL), "as before", "... and what was set stays");
	world_close(&w);
}

static bool have_loopback_network(void)
{
	struct addr a = at(LEG1, 0);
	int fd;

	if (udp_open(&a, &fd))
		return false;
	close(fd);
	return true;
}

int main(void)
{
	if (!have_loopback_network()) {
		printf("1..0 # SKIP 127.0.0.2 is not an address of this host\n");
		return 0;
	}
	if (loop_new(&loop)) {
		ok(false, "a loop");
		return tap_done();
	}
	test_before_the_answer();
	test_both_ways();
	test_across();
	test_stranger();
	test_retarget();
	test_mute();
	test_early_dialogs();
	test_sizes();
	test_burst();
	test_peer_without_socket();
	test_unreachable();
	test_both_families();
	test_marks();
	test_twins();
	test_twins_in_turn();
	test_held();
	test_held_retarget();
	test_held_across(false);
	test_held_across(true);
	test_remove();
	test_settle();
	test_callback_goes_on();
	test_remove_under_fire();
	test_free_at_any_time();
	test_bad_arguments();
	test_descriptors();
	test_no_descriptors_at_all();
	test_no_memory();
	loop_free(loop);
	return tap_done();
}
