/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call for several phones: who wins, who is told, and which failure the caller hears. */
#include "core.c"

#define SDP "Content-Type: application/sdp\n"
#define FAR                                                                                 \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"
#define NEAR(n)                                                                                 \
	"v=0\r\no=- 1 1 IN IP4 192.168.1." n "\r\ns=-\r\nc=IN IP4 192.168.1." n "\r\nt=0 0\r\n" \
	"m=audio 400" n " RTP/AVP 0\r\n"
#define CONTACT(n) "Contact: <sip:bob@192.168.1." n ":5060>\n"

static void carol(struct core *c, const char *method, const char *uri, const char *branch,
    const char *to_tag, const char *extra, const char *body)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s %s SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s\n"
	    "Max-Forwards: 10\n"
	    "From: Carol <sip:carol@example.net>;tag=ct\n"
	    "To: <sip:bob@198.51.100.7>%s%s\n"
	    "Call-ID: in-1\nCSeq: %d %s\n"
	    "Contact: <sip:carol@198.51.100.20>\n%s\n%s",
	    method, uri, branch, *to_tag ? ";tag=" : "", to_tag, strcmp(method, "BYE") == 0 ? 8 : 7,
	    method, extra, body);
}

/* Carol calls Bob, who has two phones; m[0] and m[1] are their INVITEs, by the port of the peer. */
static void ring_two(struct core *c, const struct core_sent *m[2])
{
	const struct core_sent *a, *b;

	core_forget(c);
	core_register(c, CORE_PHONE, "bob");
	core_register(c, CORE_PHONE_2, "bob");
	carol(c, "INVITE", "sip:bob@203.0.113.1", "i1", "", SDP, FAR);
	core_expect(c, WAN, "SIP/2.0 100", "100");
	a = core_expect(c, LAN, "INVITE sip:bob@192.168.1.1", "one phone rings");
	b = core_expect(c, LAN, "INVITE sip:bob@192.168.1.1", "and the other");
	core_expect_silence(c, "and no more");
	m[0] = core_has(a, "INVITE sip:bob@192.168.1.10:") ? a : b;
	m[1] = m[0] == a ? b : a;
	ok(core_has(m[1], "INVITE sip:bob@192.168.1.11:"), "they are two different ones");
}

static void finish_all(struct core *c)
{
	core_wait(c, 100000);
	core_forget(c);
	core_expect_rest(c, "all is forgotten");
}

static void test_one_answers(void)
{
	struct core c;
	const struct core_sent *m[2], *got;
	const struct flow_peer *peer;

	core_init(&c);
	core_start(&c, false);
	ring_two(&c, m);
	is_int((long long)ports_free_count(c.sd.ports), 9, "one pair for both");
	core_answer(&c, m[0], "180 Ringing", "t0", CONTACT("10"), NULL);
	core_expect(&c, WAN, "SIP/2.0 180", "ringing");
	core_answer(&c, m[1], "183 Progress", "t1", CONTACT("11") SDP, NEAR("11"));
	core_expect(&c, WAN, "SIP/2.0 183", "and early media of the other");
	core_answer(&c, m[0], "200 OK", "t0", CONTACT("10") SDP, NEAR("10"));
	core_expect(&c, WAN, "SIP/2.0 200", "the first answers");
	got = core_expect(&c, LAN, "CANCEL sip:bob@192.168.1.11:5060", "the second is cancelled");
	core_answer(&c, got, "200 OK", "x", "", NULL);
	is_int((long long)core_flow_peers(&c, 0, 1, &peer), 1, "one phone is in the call");
	is_int(addr_port(&peer[0].rtp.signalled), 40010, "the one that answered");
	core_answer(&c, m[1], "487 Terminated", "t1", "", NULL);
	core_expect(&c, LAN, "ACK", "its 487 is acknowledged");
	core_expect_silence(&c, "and swallowed");
	carol(&c, "ACK", "sip:bob@203.0.113.1", "i2", "t0", "", "");
	core_expect(&c, LAN, "ACK sip:bob@192.168.1.10:5060", "the ACK to the one");
	carol(&c, "BYE", "sip:bob@203.0.113.1", "i3", "t0", "", "");
	got = core_expect(&c, LAN, "BYE sip:bob@192.168.1.10:5060", "BYE to the one");
	core_answer(&c, got, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "200");
	is_int((long long)calls_count(c.sd.calls), 0, "an early dialog does not keep the call");
	finish_all(&c);
	core_stop(&c);
}

/* The CANCEL crosses a second 200: the caller gets both and hangs one up (RFC 3261 13.2.2.4). */
static void test_both_answer(void)
{
	struct core c;
	const struct core_sent *m[2], *got;
	const struct flow_peer *peer;

	core_init(&c);
	core_start(&c, false);
	ring_two(&c, m);
	core_answer(&c, m[0], "180 Ringing", "t0", CONTACT("10"), NULL);
	core_answer(&c, m[1], "180 Ringing", "t1", CONTACT("11"), NULL);
	core_answer(&c, m[0], "200 OK", "t0", CONTACT("10") SDP, NEAR("10"));
	core_answer(&c, m[1], "200 OK", "t1", CONTACT("11") SDP, NEAR("11"));
	got = &c.sent[c.n_sent - 1];
	ok(got->side == WAN && core_has(got, "tag=t1"), "the second 200 is passed on too");
	c.n_read = c.n_sent;
	carol(&c, "ACK", "sip:bob@203.0.113.1", "i2", "t1", "", "");
	core_expect(&c, LAN, "ACK sip:bob@192.168.1.11:5060", "its ACK");
	carol(&c, "BYE", "sip:bob@203.0.113.1", "i3", "t1", "", "");
	got = core_expect(&c, LAN, "BYE sip:bob@192.168.1.11:5060", "and its BYE");
	core_answer(&c, got, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "200");
	is_int((long long)calls_count(c.sd.calls), 1, "leave the call of the first alone");
	core_wait(&c, 1);
	is_int((long long)ports_free_count(c.sd.ports), 9, "with its ports");
	is_int((long long)core_flow_peers(&c, 0, 1, &peer), 1, "and that phone in it");
	is_int(addr_port(&peer[0].rtp.signalled), 40010, "alone");
	carol(&c, "BYE", "sip:bob@203.0.113.1", "i4", "t0", "", "");
	got = core_expect(&c, LAN, "BYE sip:bob@192.168.1.10:5060", "until that ends");
	core_answer(&c, got, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "200");
	finish_all(&c);
	core_stop(&c);
}

/* RFC 3261 16.7 step 6 */
static void test_best(void)
{
	static const struct {
		const char *one, *two, *best;
	} cases[] = {
	    {"486 Busy Here", "404 Not Found", "SIP/2.0 404"},
	    {"302 Moved", "400 Bad", "SIP/2.0 302"},
	    {"302 Moved", "401 Unauthorized", "SIP/2.0 302"},
	    {"404 Not Found", "407 Authenticate", "SIP/2.0 407"},
	    {"500 Oops", "486 Busy Here", "SIP/2.0 486"},
	    {"503 Overload", "500 Oops", "SIP/2.0 500"},
	    {"503 Overload", "503 Overload", "SIP/2.0 480"},
	    {"404 Not Found", "603 Decline", "SIP/2.0 603"},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct core c;
		const struct core_sent *m[2];
		bool swap = i % 2;

		core_init(&c);
		core_start(&c, false);
		ring_two(&c, m);
		core_answer(&c, m[swap], cases[i / 2].one, "t0", "", NULL);
		core_expect(&c, LAN, "ACK", "one fails");
		core_expect_silence(&c, "the caller waits for the other");
		core_answer(&c, m[!swap], cases[i / 2].two, "t1", "", NULL);
		core_expect(&c, LAN, "ACK", "the other fails");
		core_expect(&c, WAN, cases[i / 2].best, "the best failure goes up");
		finish_all(&c);
		core_stop(&c);
	}
}

static void test_decline(void)
{
	struct core c;
	const struct core_sent *m[2];

	core_init(&c);
	core_start(&c, false);
	ring_two(&c, m);
	core_answer(&c, m[1], "180 Ringing", "t1", CONTACT("11"), NULL);
	core_expect(&c, WAN, "SIP/2.0 180", "180");
	core_answer(&c, m[0], "603 Decline", "t0", "", NULL);
	core_expect(&c, LAN, "ACK", "one declines for all");
	core_expect(&c, LAN, "CANCEL sip:bob@192.168.1.11:5060", "the other is cancelled");
	core_expect_silence(&c, "the caller waits for its end");
	core_answer(&c, m[1], "487 Terminated", "t1", "", NULL);
	core_expect(&c, LAN, "ACK", "ACK");
	core_expect(&c, WAN, "SIP/2.0 603", "603");
	finish_all(&c);

	ring_two(&c, m);
	core_answer(&c, m[0], "180 Ringing", "t0", CONTACT("10"), NULL);
	carol(&c, "CANCEL", "sip:bob@203.0.113.1", "i1", "", "", "");
	core_expect(&c, WAN, "SIP/2.0 180", "180");
	core_expect(&c, WAN, "SIP/2.0 200", "the caller gives up");
	core_expect(&c, LAN, "CANCEL sip:bob@192.168.1.10:5060", "who rang is told at once");
	core_answer(&c, m[0], "487 Terminated", "t0", "", NULL);
	core_expect(&c, LAN, "ACK", "ACK");
	core_answer(&c, m[1], "180 Ringing", "t1", "", NULL);
	core_expect(&c, LAN, "CANCEL sip:bob@192.168.1.11:5060", "the other when it rings");
	core_expect(&c, WAN, "SIP/2.0 180", "(its ringing is passed on)");
	core_answer(&c, m[1], "487 Terminated", "t1", "", NULL);
	core_expect(&c, LAN, "ACK", "ACK");
	core_expect(&c, WAN, "SIP/2.0 487", "487");
	finish_all(&c);
	core_stop(&c);
}

/* One phone is switched off. */
static void test_dead_phone(void)
{
	struct core c;
	const struct core_sent *m[2], *last;

	core_init(&c);
	core_start(&c, false);
	ring_two(&c, m);
	core_answer(&c, m[0], "180 Ringing", "t0", CONTACT("10"), NULL);
	core_wait(&c, 33000);
	last = &c.sent[c.n_sent - 1];
	ok(last->side == LAN && core_has(last, "INVITE sip:bob@192.168.1.11"),
	    "it is tried for long");
	c.n_read = c.n_sent;
	core_answer(&c, m[0], "200 OK", "t0", CONTACT("10") SDP, NEAR("10"));
	core_expect(&c, WAN, "SIP/2.0 200", "the other one may still answer");
	core_expect_silence(&c, "and nobody is cancelled");
	core_wait(&c, 100000);
	is_int((long long)calls_count(c.sd.calls), 1, "the call stands");
	core_stop(&c);
}

/* The provider forks the same request to us twice: each phone rings once. */
static void test_merged(void)
{
	struct core c;
	const struct core_sent *m[2];

	core_init(&c);
	core_start(&c, false);
	ring_two(&c, m);
	carol(&c, "INVITE", "sip:bob@203.0.113.1", "other", "", SDP, FAR);
	core_expect(&c, WAN, "SIP/2.0 482", "the same call by another way is merged");
	core_expect_silence(&c, "and rings nowhere twice");
	finish_all(&c);
	core_stop(&c);
}

/* Two phones, of which one signals by IPv6: all are told of one address for the voice, and it is
 * open whoever answers. */
static void test_both_families(void)
{
	static const char *const phones[] = {"[fd00:1::10]:5060", CORE_PHONE};
	char where[ADDR_TEXT_MAX], told[ADDR_TEXT_MAX + 8];

	for (int answers = 0; answers < 2; answers++) {
		const struct core_sent *m = NULL, *got;
		struct core c;

		core_init(&c);
		core_start(&c, false);
		core_forget(&c);
		core_register(&c, phones[0], "bob");
		core_register(&c, phones[1], "bob");
		carol(&c, "INVITE", "sip:bob@203.0.113.1", "i1", "", SDP, FAR);
		core_expect(&c, WAN, "SIP/2.0 100", "100");
		for (int i = 0; i < 2; i++) {
			char peer[ADDR_TEXT_MAX];

			got = core_expect(&c, LAN, "INVITE", "a phone rings");
			if (strcmp(addr_format(&got->to, peer), phones[answers]) == 0)
				m = got;
		}
		if (ok(m != NULL, "one of them is of that family")) {
			core_flow_local(&c, 0, 1, where);
			core_answer(&c, m, "200 OK", "t0", CONTACT("10") SDP, NEAR("10"));
			core_expect(&c, WAN, "SIP/2.0 200", "it answers");
			is_str(core_flow_local(&c, 0, 1, told), where,
			    "what it was told of stays open");
		}
		core_stop(&c);
	}
}

int main(void)
{
	test_one_answers();
	test_both_families();
	test_both_answer();
	test_best();
	test_decline();
	test_dead_phone();
	test_merged();
	return tap_done();
}
