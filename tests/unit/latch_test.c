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

	if (latch_match(l, &src, now_ms) == LATCH_NO)
		return false;
	latch_take(l, &src, now_ms);
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

	is_int(latch_match(&l, &src, 0), LATCH_IP, "the IP fits");
	is_str(target(&l), "192.0.2.1:4000", "asking does not latch");
	latch_take(&l, &src, 0);
	is_int(latch_match(&l, &src, 0), LATCH_SEEN, "latched");
	src = at("192.0.2.1", 4000);
	is_int(latch_match(&l, &src, 0), LATCH_SIGNALLED, "what was signalled fits best");
}

int main(void)
{
	test_no_rule();
	test_public_peer();
	test_private_peer();
	test_quiet();
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
