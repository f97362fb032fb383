/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Duties of a proxy that no other test is about: the order of checks, what is never answered, what
 * is no loop, CANCEL that comes too early or too late, and phones in odd places. */
#include "core.c"

static unsigned n;

static void from(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *extra)
{
	n++;
	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKduty%u\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\n"
	    "Call-ID: duty-%u\nCSeq: 1 %s\nContact: <sip:x@%s>\n%s\n",
	    method, uri, peer, n, n, n, method, peer, extra);
}

/* The same INVITE's CANCEL, or the INVITE once more. */
static void again(struct core *c, const char *method, const char *uri)
{
	core_receive(c, LAN, CORE_PHONE,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKduty%u\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\n"
	    "Call-ID: duty-%u\nCSeq: 1 %s\nContact: <sip:x@192.168.1.10:5060>\n\n",
	    method, uri, n, n, n, method);
}

static void start(struct core *c)
{
	core_init(c);
	core_start(c, false);
}

#define FAR "sip:bob@198.51.100.7"

/* 16.3: what fails several checks gets the answer of the first. */
static void test_order(void)
{
	static const struct {
		const char *uri, *extra, *want;
	} cases[] = {
	    {"x:y", "CSeq: 9 INVITE\nMax-Forwards: 0\nProxy-Require: a\n", "SIP/2.0 400"},
	    {"x:y", "Max-Forwards: 0\nProxy-Require: a\n", "SIP/2.0 416"},
	    {"sip:nobody@192.168.1.1", "Max-Forwards: 0\nProxy-Require: a\n", "SIP/2.0 483"},
	    {"sip:nobody@192.168.1.1", "Max-Forwards: 1\nProxy-Require: a\n", "SIP/2.0 420"},
	    {"sip:nobody@192.168.1.1", "Max-Forwards: 1\n", "SIP/2.0 404"},
	};
	struct core c;

	start(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct core_sent *m;

		from(&c, LAN, CORE_PHONE, "INVITE", cases[i].uri, cases[i].extra);
		m = core_expect(&c, LAN, cases[i].want, cases[i].want);
		ok(strstr(core_header(m, "To", 0), ";tag=") != NULL, "... with a To tag");
		core_expect_silence(&c, "... once");
		from(&c, LAN, CORE_PHONE, "ACK", cases[i].uri, cases[i].extra);
		core_expect_silence(&c, "... and an ACK gets none");
	}
	core_finish(&c, 400000, "all is forgotten");
}

/* RFC 5393 4: the same request for another Request-URI is a spiral. */
static void test_spiral(void)
{
	struct core c;

	start(&c);
	from(&c, LAN, CORE_PHONE, "INVITE", FAR, "Max-Forwards: 20\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "a request");
	core_receive(&c, LAN, CORE_PHONE_2,
	    "INVITE sip:carl@198.51.100.8 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.11:5060;branch=z9hG4bKspiral\nMax-Forwards: 18\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\nCall-ID: duty-%u\n"
	    "CSeq: 1 INVITE\nContact: <sip:x@192.168.1.10:5060>\n\n",
	    n, n);
	core_expect(&c, LAN, "SIP/2.0 100", "it comes back for somebody else");
	core_expect(&c, WAN, "INVITE sip:carl@198.51.100.8 ", "which is no loop");
	core_finish(&c, 400000, "all is forgotten");
}

static void test_cancel(void)
{
	const struct core_sent *m;
	struct core_sent invite;
	struct core c;

	start(&c);
	again(&c, "CANCEL", FAR);
	core_expect(&c, LAN, "SIP/2.0 481", "a CANCEL of nothing");
	from(&c, LAN, CORE_PHONE, "INVITE", FAR, "");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	invite = *core_expect(&c, WAN, "INVITE", "a call");
	invite.text = strdup(invite.text);
	again(&c, "INVITE", FAR);
	core_expect(&c, LAN, "SIP/2.0 100", "sent twice, it is answered again");
	core_expect_silence(&c, "and goes out once");
	again(&c, "CANCEL", FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "CANCEL is answered");
	core_expect_silence(&c, "and waits for a provisional answer (9.1)");
	core_answer(&c, &invite, "180 Ringing", "t", "", NULL);
	m = core_expect(&c, WAN, "CANCEL " FAR " ", "then it goes out");
	is_str(core_header(m, "Via", 0), core_header(&invite, "Via", 0), "in the INVITE's branch");
	core_expect(&c, LAN, "SIP/2.0 180", "the 180");
	core_answer(&c, &invite, "487 Request Terminated", "t", "", NULL);
	core_expect(&c, WAN, "ACK", "hop by hop");
	core_expect(&c, LAN, "SIP/2.0 487", "the end");
	again(&c, "CANCEL", FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "a CANCEL that comes too late");
	core_answer(&c, &invite, "183 Progress", "t", "", NULL);
	core_expect_silence(&c, "changes nothing, nor does a late answer");
	free(invite.text);
	core_finish(&c, 400000, "all is forgotten");
}

/* Behind a router inside the LAN: two phones that call themselves alike (18.2.2, RFC 3581). */
static void test_second_nat(void)
{
	static const char *const users[] = {"ann", "ben"},
				 *const outside[] = {"192.168.1.50:40001", "192.168.1.50:40002"};
	struct core c;

	start(&c);
	for (int i = 0; i < 2; i++) {
		const struct core_sent *m;

		core_receive(&c, LAN, outside[i],
		    "REGISTER sip:192.168.1.1 SIP/2.0\n"
		    "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKnat%d;rport\n"
		    "From: <sip:%s@192.168.1.1>;tag=r\nTo: <sip:%s@192.168.1.1>\nCall-ID: nat-%d\n"
		    "CSeq: 1 REGISTER\nContact: <sip:phone@10.0.0.5>;expires=3600\n\n",
		    i, users[i], users[i], i);
		m = core_expect(&c, LAN, "SIP/2.0 200", "a phone registers");
		ok(strstr(core_header(m, "Via", 0), "received=192.168.1.50") &&
			strstr(core_header(m, "Via", 0), i ? "rport=40002" : "rport=40001"),
		    "with received and rport");
	}
	for (int i = 0; i < 2; i++) {
		const struct core_sent *m;
		char uri[64], text[ADDR_TEXT_MAX];

		snprintf(uri, sizeof(uri), "sip:%s@203.0.113.1", users[i]);
		from(&c, WAN, CORE_PROVIDER, "MESSAGE", uri, "");
		m = core_expect(&c, LAN, "MESSAGE sip:phone@10.0.0.5 ", "it is called");
		is_str(addr_format(&m->to, text), outside[i], "where its REGISTER came from");
		core_answer(&c, m, "200 OK", "t", "Contact: <sip:phone@10.0.0.5>\n", NULL);
		m = core_expect(&c, WAN, "SIP/2.0 200", "and answers");
		snprintf(text, sizeof(text), "<sip:%s@203.0.113.1>", users[i]);
		ok(!core_has(m, "10.0.0.5"), "under our address");
	}
	core_finish(&c, 400000, "all is forgotten");
}

static void test_user_agent(void)
{
	static const char *const written[] = {"user-agent: Phone/1.0 (secret)\n", ""};

	for (int i = 0; i < 2; i++) {
		const struct core_sent *m;
		struct core c;

		core_init(&c);
		c.config.ua_string = (char *)"nobody";
		core_start(&c, false);
		from(&c, LAN, CORE_PHONE, "MESSAGE", FAR, written[i]);
		m = core_expect(&c, WAN, "MESSAGE", "a request");
		is_int(core_count(m, "User-Agent"), 1, "has one User-Agent");
		is_str(core_header(m, "User-Agent", 0), "nobody", "which is ours");
		core_finish(&c, 400000, "all is forgotten");
	}
}

static void test_many_phones(void)
{
	struct core c;

	start(&c);
	for (int i = 0; i < 33; i++) {
		core_receive(&c, LAN, CORE_PHONE,
		    "REGISTER sip:192.168.1.1 SIP/2.0\n"
		    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKmany%d\n"
		    "From: <sip:m@192.168.1.1>;tag=r\nTo: <sip:m@192.168.1.1>\nCall-ID: many-%d\n"
		    "CSeq: 1 REGISTER\nContact: <sip:m%d@192.168.1.10>;expires=60\n\n",
		    i, i, i);
		core_expect(&c, LAN, i < 32 ? "SIP/2.0 200" : "SIP/2.0 503",
		    "phones of one address-of-record");
	}
	core_finish(&c, 400000, "all is forgotten");
}

/* 18.1.1, and why not: a request above the path's safe size leaves whole, by UDP. */
static void test_large(void)
{
	static char body[6001];
	const struct core_sent *m;
	struct core c;

	start(&c);
	memset(body, 'x', sizeof(body) - 1);
	n++;
	core_receive(&c, LAN, CORE_PHONE,
	    "MESSAGE " FAR " SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKlarge\n"
	    "From: <sip:x@198.51.100.7>;tag=x\nTo: <sip:y@198.51.100.7>\nCall-ID: large\n"
	    "CSeq: 1 MESSAGE\n\n%s",
	    body);
	m = core_expect(&c, WAN, "MESSAGE", "a large request leaves");
	is_str(core_body(m), body, "whole");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP ", 12) == 0, "by UDP");
	core_finish(&c, 400000, "all is forgotten");
}

int main(void)
{
	test_large();
	test_order();
	test_spiral();
	test_cancel();
	test_second_nat();
	test_user_agent();
	test_many_phones();
	return tap_done();
}
