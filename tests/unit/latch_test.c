/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/latch.h"
#include "tap.h"

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a = {0};

	if (*ip)
		addr_parse(&a, ip, port);
	return a;
}

static struct latch_rule rule(const char *signalled, uint16_t port, const char *also, bool sendable,
    bool any)
{
	return (struct latch_rule){.signalled = at(signalled, port),
	    .also = at(also, 0),
	    .sendable = sendable,
	    .any = any};
}

static struct latch fresh(const struct latch_rule *r)
{
	struct latch l = {0};

	latch_set(&l, r);
	return l;
}

static bool takes(struct latch *l, const char *ip, uint16_t port, uint64_t now_ms)
{
	struct addr src = at(ip, port);

	if (latch_match(l, &src, NULL, now_ms) == LATCH_NO)
		return false;
	latch_take(l, &src, NULL, now_ms);
	return true;
}

#define SSRC 0x12345678

/* The n-th packet of a stream of 160 samples each. */
static bool takes_rtp(struct latch *l, uint32_t ssrc, unsigned n, const char *ip, uint16_t port,
    uint64_t now_ms)
{
	struct rtp_header h = {.ssrc = ssrc, .seq = (uint16_t)n, .timestamp = 160 * n};
	struct addr src = at(ip, port);

	if (latch_match(l, &src, &h, now_ms) == LATCH_NO)
		return false;
	latch_take(l, &src, &h, now_ms);
	return true;
}

static const char *target(const struct latch *l)
{
	static char text[ADDR_TEXT_MAX];
	const struct addr *a = latch_target(l);

	return a ? addr_format(a, text) : NULL;
}

static void test_no_rule(void)
{
	struct latch_rule none = {0};
	struct latch l = {0};

	ok(!takes(&l, "192.0.2.1", 4000, 0), "without a rule nobody is heard");
	is_str(target(&l), NULL, "... and nobody hears");
	l = fresh(&none);
	ok(!takes(&l, "192.0.2.1", 4000, 0), "an empty rule is no better");
	ok(!takes(&l, "0.0.0.0", 4000, 0), "... not even for a strange source");
	is_str(target(&l), NULL, "... and has no target");
}

static void test_public_peer(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false);
	struct latch l = fresh(&r);

	is_str(target(&l), "192.0.2.1:4000", "before anything is heard it goes where it was said");
	ok(!takes(&l, "192.0.2.2", 4000, 0), "another IP is a stranger");
	ok(!takes(&l, "2001:db8::1", 4000, 0), "... in the other family too");
	is_str(target(&l), "192.0.2.1:4000", "... and changes nothing");
	ok(!takes(&l, "192.0.2.1", 0, 0), "port 0 is no source");
	ok(takes(&l, "192.0.2.1", 5000, 10), "another port of the peer's IP is taken");
	is_str(target(&l), "192.0.2.1:5000", "... and answered there");
	ok(!takes(&l, "192.0.2.2", 5000, 20), "a stranger stays one");
	ok(!takes(&l, "192.0.2.1", 6000, 20),
	    "a second port is not taken while the first is heard");
	is_str(target(&l), "192.0.2.1:5000", "... the first keeps it");
}

static void test_private_peer(void)
{
	struct latch_rule r = rule("192.168.1.5", 4000, "192.0.2.1", false, false);
	struct latch l = fresh(&r);

	is_str(target(&l), NULL, "nothing goes to a private address");
	ok(!takes(&l, "192.0.2.2", 4000, 0), "a stranger is not taken");
	is_str(target(&l), NULL, "... and hears nothing");
	ok(takes(&l, "192.0.2.1", 1234, 0), "who signals for it may send, from any port");
	is_str(target(&l), "192.0.2.1:1234", "... and gets the answer there");
}

static void test_quiet(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "192.0.2.7", true, false);
	struct latch l = fresh(&r);

	ok(takes(&l, "192.0.2.1", 5000, 1000), "latched");
	ok(takes(&l, "192.0.2.1", 5000, 1500), "heard again");
	ok(!takes(&l, "192.0.2.1", 6000, 1500 + LATCH_QUIET_MS - 1), "not quiet for long enough");
	ok(takes(&l, "192.0.2.1", 6000, 1500 + LATCH_QUIET_MS), "quiet: another port succeeds");
	is_str(target(&l), "192.0.2.1:6000", "... and is the target");
	ok(!takes(&l, "192.0.2.1", 5000, 2600), "the old one has lost it");
	ok(!takes(&l, "192.0.2.2", 5000, 99999), "quiet opens no door for strangers");
	ok(takes(&l, "192.0.2.7", 5000, 99999), "... but for the other accepted IP");
}

/* A stream of a second from port 5000, its last packet, number 50, at 2000 ms. */
static struct latch speaking(const struct latch_rule *r, unsigned pause_ms)
{
	struct latch l = fresh(r);

	for (unsigned n = 0; n <= 50; n++)
		takes_rtp(&l, SSRC, n, "192.0.2.1", 5000, 2000 - (50 - n) * pause_ms);
	return l;
}

/* A NAT in front of a phone takes another port, which nobody can announce. */
static void test_follows(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "192.0.2.7", true, false);
	struct latch l = speaking(&r, 20);

	ok(!takes_rtp(&l, SSRC, 51, "192.0.2.1", 6000, 2020), "a new port may be a copy: not yet");
	ok(!takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 2000 + LATCH_FOLLOW_MS - 1), "... nor now");
	ok(takes_rtp(&l, SSRC, 53, "192.0.2.1", 6000, 2060),
	    "the stream goes on from there and the old port is silent: followed");
	is_str(target(&l), "192.0.2.1:6000", "... and answered there");
	ok(takes_rtp(&l, SSRC, 54, "192.0.2.1", 6000, 2080), "... from then on");
	ok(!takes_rtp(&l, SSRC, 55, "192.0.2.1", 5000, 2090), "the old port has lost it");

	l = speaking(&r, 20);
	ok(takes_rtp(&l, SSRC, 50 + LATCH_NUMBERS_MAX, "192.0.2.1", 6000, 2900),
	    "many may be lost while it moves");
	l = speaking(&r, 20);
	takes_rtp(&l, SSRC, 65535, "192.0.2.1", 5000, 2000);
	ok(takes_rtp(&l, SSRC, 65536 + 2, "192.0.2.1", 6000, 2100), "numbers may wrap around");
}

static void test_follows_slow_streams_later(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false);
	struct latch l = speaking(&r, 40);

	ok(!takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 2079),
	    "who pauses 40 ms between packets is not silent for 79");
	ok(takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 2080), "... but for twice that");
	l = speaking(&r, 30);
	takes_rtp(&l, SSRC, 51, "192.0.2.1", 5000, 3000); /* silence suppression */
	ok(!takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 3000 + LATCH_QUIET_MS - 1),
	    "who has paused for a second is given one");
	ok(takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 3000 + LATCH_QUIET_MS), "... and no more");
	l = speaking(&r, 60);
	takes(&l, "192.0.2.1", 5000, 2000); /* a report beside the voice, on one port (RFC 5761) */
	takes_rtp(&l, SSRC, 51, "192.0.2.1", 5000, 2060);
	takes(&l, "192.0.2.1", 5000, 2060);
	ok(!takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 2060 + 119),
	    "what comes between the packets does not make the pauses shorter");
	ok(takes_rtp(&l, SSRC, 52, "192.0.2.1", 6000, 2060 + 120), "... nor longer");
}

/* What somebody sends who knows the address and the port, but cannot see the stream. */
static void test_does_not_follow_guesses(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "192.0.2.7", true, true);
	struct latch l = speaking(&r, 20);
	uint64_t silent_ms = 2000 + LATCH_QUIET_MS - 1;
	struct rtp_header h = {.ssrc = SSRC, .seq = 53, .timestamp = 160 * 53};
	struct addr src = at("192.0.2.1", 6000);

	ok(!takes_rtp(&l, SSRC + 1, 53, "192.0.2.1", 6000, silent_ms), "another SSRC waits");
	ok(!takes_rtp(&l, SSRC, 50, "192.0.2.1", 6000, silent_ms), "so does a copied packet");
	ok(!takes_rtp(&l, SSRC, 49, "192.0.2.1", 6000, silent_ms), "... an older one");
	ok(!takes_rtp(&l, SSRC, 50 + LATCH_NUMBERS_MAX + 1, "192.0.2.1", 6000, silent_ms),
	    "... one far ahead");
	h.timestamp = 160 * 50 - 1;
	is_int(latch_match(&l, &src, &h, silent_ms), LATCH_NO, "... one of an earlier time");
	h.timestamp = 160 * 50 + LATCH_TIME_MAX + 1;
	is_int(latch_match(&l, &src, &h, silent_ms), LATCH_NO, "... or of one far off");
	ok(!takes(&l, "192.0.2.1", 6000, silent_ms), "... and what is no RTP");
	ok(!takes_rtp(&l, SSRC, 53, "192.0.2.7", 6000, silent_ms),
	    "another IP waits, an accepted one too");
	ok(!takes_rtp(&l, SSRC, 53, "203.0.113.5", 5000, 99999), "a stranger is one for ever");
	is_str(target(&l), "192.0.2.1:5000", "the latched one still has it");
	ok(takes_rtp(&l, SSRC, 51, "192.0.2.1", 5000, silent_ms), "... and goes on");

	l = fresh(&r);
	takes(&l, "192.0.2.1", 5000, 1960);
	takes(&l, "192.0.2.1", 5000, 2000);
	ok(!takes_rtp(&l, 0, 1, "192.0.2.1", 6000, silent_ms), "there is no stream to go on with");
	ok(takes_rtp(&l, SSRC + 1, 1, "192.0.2.1", 6000, 2000 + LATCH_QUIET_MS),
	    "after a second of silence any stream of that IP is taken");
}

/* Two early dialogs of one media gateway. */
static void test_follows_its_own_stream(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false);
	struct latch l = speaking(&r, 20), idle = fresh(&r);
	struct rtp_header h = {.ssrc = SSRC, .seq = 53, .timestamp = 160 * 53};
	struct addr src = at("192.0.2.1", 6000);

	ok(latch_match(&l, &src, &h, 2060) > latch_match(&idle, &src, &h, 2060),
	    "a stream that goes on fits its own peer better than a silent one");
}

static void test_signalled_wins(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false);
	struct latch l = fresh(&r);

	ok(takes(&l, "192.0.2.1", 5000, 1000), "latched on another port");
	ok(takes(&l, "192.0.2.1", 4000, 1001), "the signalled one is taken at once");
	is_str(target(&l), "192.0.2.1:4000", "... and latched");
	ok(!takes(&l, "192.0.2.1", 5000, 1002), "the other one is out");
	is_str(target(&l), "192.0.2.1:4000", "... for good");
}

static void test_any(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, true);
	struct latch l = fresh(&r);

	is_str(target(&l), "192.0.2.1:4000", "any: before anything was heard it goes as signalled");
	ok(takes(&l, "198.51.100.9", 7000, 0), "any: the first other source is taken");
	is_str(target(&l), "198.51.100.9:7000", "... and the target");
	ok(!takes(&l, "203.0.113.5", 7000, 10), "... locked: no other");
	ok(!takes(&l, "203.0.113.5", 7000, 99999), "... however quiet it is");
	ok(takes(&l, "198.51.100.9", 7002, 99999), "its own other port succeeds a quiet one");
	ok(takes(&l, "192.0.2.1", 4000, 99999), "the signalled one takes over at once");
	is_str(target(&l), "192.0.2.1:4000", "... and is the target");
	ok(!takes(&l, "203.0.113.5", 7000, 999999), "any counts once only");

	l = fresh(&r);
	ok(takes(&l, "192.0.2.1", 6000, 0), "any: the peer's own IP was first");
	ok(!takes(&l, "203.0.113.5", 7000, 99999), "... then no other comes in");
}

static void test_new_rule(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false), changed;
	struct latch l = fresh(&r);

	takes(&l, "192.0.2.1", 5000, 1000);
	latch_set(&l, &r);
	is_str(target(&l), "192.0.2.1:5000", "the same rule again keeps the latch");
	ok(!takes(&l, "192.0.2.1", 6000, 1001), "... and when it was heard");

	changed = rule("192.0.2.1", 4002, "", true, false);
	latch_set(&l, &changed);
	is_str(target(&l), "192.0.2.1:4002", "a new signalled port forgets it");
	ok(takes(&l, "192.0.2.1", 6000, 1002), "... and anything accepted is latched anew");

	changed = rule("192.0.2.9", 4002, "", true, false);
	latch_set(&l, &changed);
	is_str(target(&l), "192.0.2.9:4002", "so does a new signalled IP");
	ok(!takes(&l, "192.0.2.1", 6000, 1003), "... and the old peer is a stranger");
	ok(takes(&l, "192.0.2.9", 6000, 1003), "... the new one is not");
}

static void test_rule_that_no_longer_accepts(void)
{
	struct latch_rule r = rule("192.168.1.5", 4000, "192.0.2.1", false, false), changed;
	struct latch l = fresh(&r);

	takes(&l, "192.0.2.1", 5000, 1000);
	changed = rule("192.168.1.5", 4000, "192.0.2.2", false, false);
	latch_set(&l, &changed);
	is_str(target(&l), NULL, "a latched source that is accepted no more is forgotten");

	r = rule("192.0.2.1", 4000, "", true, true);
	l = fresh(&r);
	takes(&l, "203.0.113.5", 7000, 1000);
	latch_set(&l, &r);
	is_str(target(&l), "203.0.113.5:7000", "any again keeps it");
	r.any = false;
	latch_set(&l, &r);
	is_str(target(&l), "192.0.2.1:4000", "without any the foreign source is forgotten");
	ok(!takes(&l, "203.0.113.5", 7000, 1001), "... and a stranger");
	r.any = true;
	latch_set(&l, &r);
	ok(takes(&l, "203.0.113.5", 7000, 1002), "any that is allowed later counts from then on");
}

static void test_receives_nothing(void)
{
	struct latch_rule r = rule("", 0, "192.0.2.1", true, false);
	struct latch l = fresh(&r);

	is_str(target(&l), NULL, "a peer that receives nothing has no target");
	ok(takes(&l, "192.0.2.1", 5000, 0), "it may send (music on hold)");
	is_str(target(&l), NULL, "... and still gets nothing");
	ok(!takes(&l, "192.0.2.2", 5000, 99999), "a stranger may not");
}

static void test_unsendable(const char *ip, uint16_t port, const char *what)
{
	struct latch_rule r = rule(ip, port, "", true, false);
	struct latch l = fresh(&r);

	is_str(target(&l), NULL, what);
}

static void test_ipv6(void)
{
	struct latch_rule r = rule("2001:db8::1", 4000, "", true, false);
	struct latch l = fresh(&r);

	is_str(target(&l), "[2001:db8::1]:4000", "IPv6: as signalled");
	ok(!takes(&l, "2001:db8::2", 4000, 0), "IPv6: a stranger");
	ok(takes(&l, "2001:db8::1", 4002, 0), "IPv6: the peer");
	is_str(target(&l), "[2001:db8::1]:4002", "IPv6: latched");
}

static void test_match_changes_nothing(void)
{
	struct latch_rule r = rule("192.0.2.1", 4000, "", true, false);
	struct latch l = fresh(&r);
	struct addr src = at("192.0.2.1", 5000);

	is_int(latch_match(&l, &src, NULL, 0), LATCH_IP, "the IP fits");
	is_str(target(&l), "192.0.2.1:4000", "asking does not latch");
	latch_take(&l, &src, NULL, 0);
	is_int(latch_match(&l, &src, NULL, 0), LATCH_SEEN, "latched");
	src = at("192.0.2.1", 4000);
	is_int(latch_match(&l, &src, NULL, 0), LATCH_SIGNALLED, "what was signalled fits best");
}

int main(void)
{
	test_no_rule();
	test_public_peer();
	test_private_peer();
	test_quiet();
	test_follows();
	test_follows_slow_streams_later();
	test_does_not_follow_guesses();
	test_follows_its_own_stream();
	test_signalled_wins();
	test_any();
	test_new_rule();
	test_rule_that_no_longer_accepts();
	test_receives_nothing();
	test_unsendable("0.0.0.0", 4000, "nothing goes to the wildcard address (old hold)");
	test_unsendable("::", 4000, "... of IPv6 neither");
	test_unsendable("224.2.3.4", 4000, "nothing goes to a multicast group");
	test_unsendable("255.255.255.255", 4000, "nothing is broadcast");
	test_unsendable("192.0.2.1", 0, "nothing goes to port 0");
	test_ipv6();
	test_match_changes_nothing();
	return tap_done();
}
