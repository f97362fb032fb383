/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call's media with a real relay on loopback addresses: ports, peers, answers, and the end. */
#include "proxy/call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/udp.h"
#include "proxy/call_stats.h"
#include "sip/sip_msg.h"
#include "tap.h"

#define PAIRS 10

static uint16_t low; /* of a range that nobody uses */

struct world {
	struct loop *loop;
	struct relay *relay;
	struct ports *ports;
	struct side_map *sides;
	struct calls *calls;
	struct hop lan, wan;
	unsigned lapsed;
};

static void on_lapsed(void *arg, struct call *call, const char *why)
{
	struct world *w = arg;

	(void)why;
	w->lapsed++;
	call_free(call);
}

/* The LAN leg is 127.0.0.1, the WAN leg 127.0.0.2, or 127.0.0.1 too. */
static void open_world(struct world *w, bool one_address)
{
	struct side_setup side = {.sip_port = 5060, .outbound = "eth0"};
	struct call_setup setup;
	struct call_limits limits = {.max = 20, .silence_s = 1, .hold_s = 100, .dscp = -1};
	struct netif_set none = {NULL, 0};

	memset(w, 0, sizeof(*w));
	if (loop_new(&w->loop) != 0 || relay_new(&w->relay, w->loop) != 0 ||
	    ports_new(&w->ports, low, (uint16_t)(low + 2 * PAIRS - 1)) != 0 ||
	    side_new(&w->sides, &side) != 0 || side_refresh(w->sides, &none, NULL) != 0)
		abort();
	setup = (struct call_setup){loop_timers(w->loop), w->relay, w->ports, w->sides, on_lapsed,
	    w, NULL};
	if (calls_new(&w->calls, &setup, &limits) != 0)
		abort();
	w->lan.side = LAN;
	w->wan.side = WAN;
	addr_parse(&w->lan.local, "127.0.0.1", 5060);
	addr_parse(&w->wan.local, one_address ? "127.0.0.1" : "127.0.0.2", 5060);
	w->lan.named = w->lan.local;
	w->wan.named = w->wan.local;
	addr_parse(&w->lan.peer, "127.0.0.1", 5062);
	addr_parse(&w->wan.peer, "127.0.0.1", 5064);
}

static void close_world(struct world *w)
{
	calls_free(w->calls);
	relay_free(w->relay);
	ports_free(w->ports);
	side_free(w->sides);
	loop_free(w->loop);
}

/* Until that many pairs are free, for a minute at most. */
static bool pairs_come_back(struct world *w, size_t n)
{
	for (int i = 0; i < 6000 && ports_free_count(w->ports) < n; i++)
		loop_once(w->loop, 10);
	return ports_free_count(w->ports) == n;
}

struct end {
	int fd;
	uint16_t port;
};

/* Port 0: any. An end on the WAN side is on one of our own addresses here, so it has to look like
 * a hairpin: on a port of the relay's range, which no call uses. */
static struct end open_end(uint16_t port)
{
	struct end e;
	struct addr a;
	socklen_t len = sizeof(a.u);

	addr_parse(&a, "127.0.0.1", port);
	if (udp_open(&a, &e.fd) != 0 || getsockname(e.fd, &a.u.sa, &len) != 0)
		abort();
	e.port = addr_port(&a);
	return e;
}

/* Parses a description with one m-line per port; 0: port 0. */
static void describe(struct sip_sdp *sdp, struct sip_msg **msg, const char *ip,
    const uint16_t *port, unsigned n)
{
	char body[1024], text[2048];
	const char *why;
	int len = snprintf(body, sizeof(body),
	    "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n", ip, ip);

	for (unsigned i = 0; i < n; i++)
		len += snprintf(body + len, sizeof(body) - (size_t)len, "m=audio %u RTP/AVP 0\r\n",
		    port[i]);
	snprintf(text, sizeof(text),
	    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: "
	    "<sip:a@b>;tag=1\r\n"
	    "To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    len, body);
	if (sip_msg_parse(msg, text, strlen(text), &why) != SIP_PARSE_OK ||
	    sip_sdp_parse(sdp, *msg) != 0)
		abort();
}

/* An offer or an answer of one m-line; returns the port that the other end is told. */
static uint16_t say(struct world *w, struct call *call, enum call_leg leg, uint64_t id,
    const char *ip, uint16_t port, bool is_offer, int *err)
{
	const struct hop *from = call_side_of(call, leg) == LAN ? &w->lan : &w->wan;
	struct sip_sdp sdp;
	struct sip_msg *msg;

	describe(&sdp, &msg, ip, &port, 1);
	*err = is_offer ? call_offer(call, leg, id, from, &sdp)
			: call_answer(call, leg, id, from, &sdp);
	sip_msg_free(msg);
	return *err ? 0 : addr_port(&sdp.media[0].relay);
}

/* Sends from one end to a port of ours; what arrives at the other end, "" after a while. */
static const char *talk(const struct end *from, const char *our_ip, uint16_t our_port,
    const struct end *to, const char *word)
{
	static char got[64];
	struct addr a;

	addr_parse(&a, our_ip, our_port);
	got[0] = '\0';
	/* The relay's thread takes a change of peers in its own time. */
	for (int i = 0; i < 1500 && !got[0]; i++) {
		struct pollfd p = {to->fd, POLLIN, 0};
		ssize_t n;

		udp_send(from->fd, word, strlen(word), NULL, &a);
		if (poll(&p, 1, 20) > 0 && (n = recv(to->fd, got, sizeof(got) - 1, 0)) > 0)
			got[n] = '\0';
	}
	return got;
}

/* Throws away what waits at an end; how many packets that were. */
static size_t empty(const struct end *e)
{
	struct pollfd p = {e->fd, POLLIN, 0};
	char got[64];
	size_t n = 0;

	while (poll(&p, 1, 0) > 0 && recv(e->fd, got, sizeof(got), 0) >= 0)
		n++;
	return n;
}

static void test_media(void)
{
	struct world w;
	struct call *call;
	struct end a = open_end(0), b = open_end((uint16_t)(low + 2 * PAIRS - 2));
	struct end b2 = open_end((uint16_t)(low + 2 * PAIRS - 4));
	uint16_t to_b, to_a, other;
	int err;

	open_world(&w, false);
	is_int(call_new(w.calls, &w.lan, &w.wan, &call), 0, "a call");
	ok(call_find(w.calls, call_number(call)) == call, "is found by its number");
	to_b = say(&w, call, CALLER, 1, "127.0.0.1", a.port, true, &err);
	ok(err == 0 && to_b >= low && to_b < low + 2 * PAIRS && to_b % 2 == 0,
	    "the offer takes a pair");
	is_int((long long)ports_free_count(w.ports), 9, "one");
	ok(call_awaits_answer(call, CALLEE) && !call_awaits_answer(call, CALLER), "B is to answer");
	to_a = say(&w, call, CALLEE, 2, "127.0.0.1", b.port, false, &err);
	is_int(to_a, to_b, "both legs have one number");
	ok(!call_awaits_answer(call, CALLEE), "the answer is here");
	is_str(talk(&a, "127.0.0.1", to_a, &b, "hello"), "hello", "A is heard by B");
	is_str(talk(&b, "127.0.0.2", to_b, &a, "world"), "world", "B is heard by A");

	other = say(&w, call, CALLEE, 3, "127.0.0.1", b2.port, false, &err);
	is_int(other, to_a, "another early dialog shares the port");
	is_str(talk(&a, "127.0.0.1", to_a, &b2, "both"), "both", "and hears A");
	call_answered(call, 3);
	ok(call_is_answered(call), "the other one takes the call");
	is_str(talk(&b2, "127.0.0.2", to_b, &a, "it is me"), "it is me", "and is heard");

	/* a re-INVITE to a new address: what runs goes on until the answer */
	to_b = say(&w, call, CALLER, 1, "127.0.0.1", b.port, true, &err);
	is_int(to_b, to_a, "the same port again");
	is_str(talk(&b2, "127.0.0.2", to_b, &a, "still"), "still", "A is where it was");
	call_offer_refused(call, call_last_offer(call));
	is_str(talk(&b2, "127.0.0.2", to_b, &a, "there"), "there", "also after a refusal");
	call_free(call);
	ok(pairs_come_back(&w, 10), "the ports come back");
	close(a.fd);
	close(b.fd);
	close(b2.fd);
	close_world(&w);
}

/* An end that offers to move is heard from its new port at once, until it is refused. */
static void test_moving(void)
{
	struct world w;
	struct call *call;
	struct end a = open_end(0), a2 = open_end(0), b = open_end((uint16_t)(low + 2 * PAIRS - 2));
	uint16_t to_b, to_a;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &call);
	to_b = say(&w, call, CALLER, 1, "127.0.0.1", a.port, true, &err);
	to_a = say(&w, call, CALLEE, 2, "127.0.0.1", b.port, false, &err);
	call_answered(call, 2);
	is_str(talk(&a, "127.0.0.1", to_a, &b, "here"), "here", "A speaks");
	say(&w, call, CALLER, 1, "127.0.0.1", a2.port, true, &err);
	is_str(talk(&a2, "127.0.0.1", to_a, &b, "there"), "there", "and from where it will be");
	is_str(talk(&b, "127.0.0.2", to_b, &a2, "I hear"), "I hear", "it hears there");
	ok(empty(&a) > 0, "and where it was");
	call_offer_refused(call, call_last_offer(call));
	is_str(talk(&a, "127.0.0.1", to_a, &b, "back"), "back", "refused: it goes on here");
	empty(&a2);
	is_str(talk(&b, "127.0.0.2", to_b, &a, "too"), "too", "and hears here");
	is_int((long long)empty(&a2), 0, "and nowhere else");
	call_free(call);
	ok(pairs_come_back(&w, 10), "the ports come back");
	close(a.fd);
	close(a2.fd);
	close(b.fd);
	close_world(&w);
}

static void test_refused(void)
{
	static const uint16_t two[] = {40000, 40002}, second_off[] = {40000, 0};
	struct world w;
	struct call *call;
	struct sip_sdp sdp;
	struct sip_msg *msg;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &call);
	describe(&sdp, &msg, "127.0.0.1", two, 2);
	is_int(call_offer(call, CALLER, 1, &w.lan, &sdp), 0, "two m-lines");
	sip_msg_free(msg);
	is_int((long long)ports_free_count(w.ports), 8, "two pairs");
	describe(&sdp, &msg, "127.0.0.1", second_off, 2);
	is_int(call_answer(call, CALLEE, 2, &w.wan, &sdp), 0, "one is refused");
	ok(addr_is_set(&sdp.media[0].relay) && !addr_is_set(&sdp.media[1].relay),
	    "as it is written");
	sip_msg_free(msg);
	is_int((long long)ports_free_count(w.ports), 8, "another early dialog may want it");
	call_answered(call, 2);
	ok(pairs_come_back(&w, 9), "its pair comes back when that end has won");
	describe(&sdp, &msg, "127.0.0.1", two, 2);
	call_repeat(call, CALLEE, &sdp);
	ok(addr_is_set(&sdp.media[0].relay) && !addr_is_set(&sdp.media[1].relay),
	    "a repetition is written alike");
	sip_msg_free(msg);
	describe(&sdp, &msg, "127.0.0.1", two, 2);
	call_offer(call, CALLEE, 2, &w.wan, &sdp);
	sip_msg_free(msg);
	is_int((long long)ports_free_count(w.ports), 8, "a second one again");
	call_offer_refused(call, call_last_offer(call));
	ok(pairs_come_back(&w, 9), "refused: only what it added goes");
	say(&w, call, CALLER, 1, "127.0.0.1", 40000, true, &err);
	is_int(err, 0, "fewer m-lines than before");
	call_free(call);
	ok(pairs_come_back(&w, 10), "all come back");
	close_world(&w);
}

/* Each end's offer is its own: the refusal of one does not take the other's m-line or address. */
static void test_glare(void)
{
	static const uint16_t one[] = {40000}, two[] = {40000, 40002};
	struct world w;
	struct call *call;
	struct sip_sdp sdp;
	struct sip_msg *msg;
	unsigned first, second;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &call);
	say(&w, call, CALLER, 1, "127.0.0.1", one[0], true, &err);
	say(&w, call, CALLEE, 2, "127.0.0.1", one[0], false, &err);
	call_answered(call, 2);
	for (int refused = 0; refused < 2; refused++) {
		describe(&sdp, &msg, "127.0.0.1", two, 2);
		call_offer(call, CALLER, 1, &w.lan, &sdp);
		first = call_last_offer(call);
		call_offer(call, CALLEE, 2, &w.wan, &sdp);
		second = call_last_offer(call);
		sip_msg_free(msg);
		is_int((long long)ports_free_count(w.ports), 8, "two offers of one more m-line");
		ok(call_awaits_answer(call, CALLER) && call_awaits_answer(call, CALLEE), "cross");
		call_offer_refused(call, refused ? first : second);
		ok(call_awaits_answer(call, refused ? CALLER : CALLEE), "the other one stands");
		is_int((long long)ports_free_count(w.ports), 8, "with its m-line");
		call_offer_refused(call, refused ? second : first);
		ok(pairs_come_back(&w, 9), "which goes when that is refused too");
		ok(!call_awaits_answer(call, CALLER) && !call_awaits_answer(call, CALLEE),
		    "none waits");
	}
	call_free(call);
	ok(pairs_come_back(&w, 10), "all come back");
	close_world(&w);
}

static bool has_got(const struct end *e, const char *word)
{
	char got[64];
	bool found = false;
	ssize_t n;

	while ((n = recv(e->fd, got, sizeof(got) - 1, MSG_DONTWAIT)) >= 0) {
		got[n] = '\0';
		found |= strcmp(got, word) == 0;
	}
	return found;
}

/* In the end what `from` says reaches one and not the other. */
static bool hears_alone(const struct end *from, uint16_t port, const struct end *one,
    const struct end *other)
{
	for (int i = 0; i < 100; i++) {
		char word[16];
		bool heard = false;

		snprintf(word, sizeof(word), "word %d", i);
		for (int n = 0; n < 10 && !heard; n++)
			heard = strcmp(talk(from, "127.0.0.1", port, one, word), word) == 0;
		if (heard && !has_got(other, word))
			return true;
	}
	return false;
}

/* The callee that was hung up on is heard no more; the last one stays. */
static void test_forget_callee(void)
{
	struct world w;
	struct call *call;
	struct end a = open_end(0), b = open_end((uint16_t)(low + 2 * PAIRS - 2));
	struct end b2 = open_end((uint16_t)(low + 2 * PAIRS - 4));
	uint16_t to_b;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &call);
	to_b = say(&w, call, CALLER, 1, "127.0.0.1", a.port, true, &err);
	say(&w, call, CALLEE, 2, "127.0.0.1", b.port, false, &err);
	call_answered(call, 2);
	say(&w, call, CALLEE, 3, "127.0.0.1", b2.port, false, &err);
	is_str(talk(&a, "127.0.0.1", to_b, &b2, "two"), "two", "a second 2xx hears too");
	call_forget_callee(call, 3);
	ok(hears_alone(&a, to_b, &b, &b2), "one goes, the other stays");
	call_forget_callee(call, 2);
	ok(hears_alone(&a, to_b, &b, &b2), "the last one is the call's to end");
	call_free(call);
	ok(pairs_come_back(&w, 10), "all come back");
	close(a.fd);
	close(b.fd);
	close(b2.fd);
	close_world(&w);
}

static void test_ports(void)
{
	struct world w;
	struct call *call[11];
	struct end taken = {-1, 0};
	struct addr a;
	int err, n;

	open_world(&w, false);
	for (n = 0; n < 11; n++) {
		call_new(w.calls, &w.lan, &w.wan, &call[n]);
		say(&w, call[n], CALLER, 1, "127.0.0.1", 40000, true, &err);
		if (err)
			break;
	}
	is_int(n, 10, "ten pairs carry ten calls");
	is_int(err, ENOSPC, "the eleventh is told so");
	call_free(call[0]);
	say(&w, call[10], CALLER, 1, "127.0.0.1", 40000, true, &err);
	is_int(err, 0, "... until one has ended, in the same moment");
	for (int i = 1; i <= 10; i++)
		call_free(call[i]);
	ok(pairs_come_back(&w, 10), "all come back");
	close_world(&w);

	open_world(&w, true);
	for (n = 0; n < 11; n++) {
		call_new(w.calls, &w.lan, &w.wan, &call[n]);
		say(&w, call[n], CALLER, 1, "127.0.0.1", 40000, true, &err);
		if (err)
			break;
	}
	is_int(n, 5, "with one address for both legs five");
	is_int((long long)ports_free_count(w.ports), 0, "then all are in use");
	for (int i = 0; i <= 5; i++)
		call_free(call[i]);
	ok(pairs_come_back(&w, 10), "all come back");
	close_world(&w);

	open_world(&w, false);
	addr_parse(&a, "127.0.0.1", low);
	is_int(udp_open(&a, &taken.fd), 0, "another program holds a port");
	call_new(w.calls, &w.lan, &w.wan, &call[0]);
	ok(say(&w, call[0], CALLER, 1, "127.0.0.1", 40000, true, &err) != low && err == 0,
	    "the next one is taken");
	is_int((long long)ports_free_count(w.ports), 9, "one pair is in use");
	close_world(&w); /* with a call open */
	close(taken.fd);
}

static void test_lapse(void)
{
	struct world w;
	struct call *ringing, *held, *silent;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &ringing);
	say(&w, ringing, CALLER, 1, "127.0.0.1", 40000, true, &err);
	call_new(w.calls, &w.lan, &w.wan, &held);
	say(&w, held, CALLER, 1, "0.0.0.0", 40000, true, &err);
	say(&w, held, CALLEE, 2, "127.0.0.1", 40002, false, &err);
	call_answered(held, 2);
	call_new(w.calls, &w.lan, &w.wan, &silent);
	say(&w, silent, CALLER, 1, "127.0.0.1", 40000, true, &err);
	say(&w, silent, CALLEE, 2, "127.0.0.1", 40002, false, &err);
	call_answered(silent, 2);
	for (int i = 0; i < 1000 && !w.lapsed; i++)
		loop_once(w.loop, 10);
	is_int(w.lapsed, 1, "a silent call lapses");
	is_int((long long)calls_count(w.calls), 2, "a ringing and a held one do not");
	call_free(ringing);
	call_free(held);
	ok(pairs_come_back(&w, 10), "all come back");
	close_world(&w);
}

/* RTCP alone, as of a muted phone, is life: to the port above the voice's. */
static void test_rtcp_is_life(void)
{
	struct world w;
	struct call_limits limits = {.max = 20, .silence_s = 3, .hold_s = 100, .dscp = -1};
	struct call *silent, *muted;
	struct end a = open_end(0);
	struct addr to;
	uint16_t port;
	int err;

	open_world(&w, false);
	calls_set_limits(w.calls, &limits);
	call_new(w.calls, &w.lan, &w.wan, &silent);
	say(&w, silent, CALLER, 1, "127.0.0.1", 40000, true, &err);
	say(&w, silent, CALLEE, 2, "127.0.0.1", 40002, false, &err);
	call_answered(silent, 2);
	call_new(w.calls, &w.lan, &w.wan, &muted);
	port = say(&w, muted, CALLER, 1, "127.0.0.1", a.port, true, &err);
	say(&w, muted, CALLEE, 2, "127.0.0.1", 40004, false, &err);
	call_answered(muted, 2);
	addr_parse(&to, "127.0.0.1", (uint16_t)(port + 1));
	for (int i = 0; i < 2000 && !w.lapsed; i++) {
		udp_send(a.fd, "\x80\xc9\0\1abcd", 8, NULL, &to);
		loop_once(w.loop, 10);
	}
	is_int(w.lapsed, 1, "a call without RTP and RTCP lapses");
	ok(calls_count(w.calls) == 1 && call_find(w.calls, call_number(muted)) == muted,
	    "... one with RTCP from one end does not");
	call_free(muted);
	ok(pairs_come_back(&w, 10), "all come back");
	close(a.fd);
	close_world(&w);
}

static void speak(struct world *w, struct call *call, const struct end *from, uint16_t our_port,
    unsigned packets)
{
	struct call_stats stats;
	uint8_t rtp[172] = {0x80, 8, [11] = 7};
	struct addr to;
	uint64_t want;

	call_stats(call, &stats);
	want = stats.from[CALLER].packets + packets;
	addr_parse(&to, "127.0.0.1", our_port);
	for (unsigned n = 0; n < packets; n++) {
		rtp[3] = (uint8_t)n;
		udp_send(from->fd, rtp, sizeof(rtp), NULL, &to);
	}
	for (int i = 0; i < 1000; i++) {
		call_stats(call, &stats);
		if (stats.from[CALLER].packets >= want)
			return;
		loop_once(w->loop, 10);
	}
}

static void test_stats(void)
{
	struct world w;
	struct call *call;
	struct call_stats stats;
	struct end a = open_end(0);
	uint16_t port;
	int err;

	open_world(&w, false);
	call_new(w.calls, &w.lan, &w.wan, &call);
	call_stats(call, &stats);
	is_int(stats.from[CALLEE].payload_type, -1, "nothing was heard");
	port = say(&w, call, CALLER, 1, "127.0.0.1", a.port, true, &err);
	say(&w, call, CALLEE, 2, "127.0.0.1", 40004, false, &err);
	call_answered(call, 2);
	speak(&w, call, &a, port, 4);
	call_stats(call, &stats);
	is_int((long long)stats.from[CALLER].packets, 4, "four packets");
	is_int((long long)stats.from[CALLER].rtp_packets, 4, "... of RTP");
	is_int((long long)stats.from[CALLEE].packets, 0, "... from the caller");
	say(&w, call, CALLER, 1, "127.0.0.1", a.port, true, &err);
	say(&w, call, CALLEE, 2, "127.0.0.1", 0, false, &err); /* the m-line ends */
	ok(pairs_come_back(&w, 10), "its ports come back");
	call_stats(call, &stats);
	is_int((long long)stats.from[CALLER].packets, 4, "what an m-line heard outlives it");
	call_free(call);
	close(a.fd);
	close_world(&w);
}

static bool is_free(uint16_t port)
{
	static const char *const ips[] = {"127.0.0.1", "127.0.0.2"};

	for (int i = 0; i < 2; i++) {
		struct addr a;
		int fd;

		addr_parse(&a, ips[i], port);
		if (udp_open(&a, &fd) != 0)
			return false;
		close(fd);
	}
	return true;
}

static void find_range(void)
{
	unsigned free_ports = 0, port = 20000 + (unsigned)getpid() % 1000 * 10;

	for (; free_ports < 2 * PAIRS; port++) {
		if (port > 60000)
			abort();
		free_ports = is_free((uint16_t)port) ? free_ports + 1 : 0;
		if (free_ports == 1 && port % 2)
			free_ports = 0;
	}
	low = (uint16_t)(port - 2 * PAIRS);
}

int main(void)
{
	find_range();
	log_stderr(false);
	if (sip_msg_init() != 0)
		abort();
	test_media();
	test_moving();
	test_refused();
	test_glare();
	test_forget_callee();
	test_ports();
	test_lapse();
	test_rtcp_is_life();
	test_stats();
	return tap_done();
}
