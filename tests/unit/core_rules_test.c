/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused, to whom, and what the two sides get to see of each other. */
#include "core.c"

#define SDP "Content-Type: application/sdp\n"
#define OFFER                                                                             \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\n"

/* A request without a dialog; the branch is fresh each time. */
static void from(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *extra)
{
	static unsigned n;

	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKrule%u\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\n"
	    "Call-ID: rule-%u\nCSeq: 1 %s\n%s\n",
	    method, uri, peer, n, n, n, method, extra);
	n++;
}

static void test_strangers(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	from(&c, WAN, "192.0.2.1:5060", "REGISTER", "sip:203.0.113.1",
	    "Contact: <sip:bob@192.0.2.1>\n");
	core_expect(&c, WAN, "SIP/2.0 403", "REGISTER from the WAN is refused");
	from(&c, WAN, "192.0.2.2:5060", "INVITE", "sip:nobody@203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 404", "nobody of that name");
	from(&c, WAN, "192.0.2.3:5060", "INVITE", "sip:bob@198.51.100.99", "");
	core_expect(&c, WAN, "SIP/2.0 404", "never from the WAN to the WAN");
	from(&c, WAN, "192.0.2.4:5060", "OPTIONS", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 404", "we have nothing to say about ourselves");
	from(&c, WAN, "192.0.2.5:5060", "INVITE", "sip:bob@203.0.113.1",
	    "Route: <sip:203.0.113.1;lr>, <sip:198.51.100.99;lr>\n");
	core_expect(&c, WAN, "SIP/2.0 100", "a Route of a stranger");
	core_expect(&c, LAN, "INVITE sip:bob@192.168.1.10", "leads to the phone alone");
	from(&c, WAN, "192.0.2.6:5060", "BYE", "sip:bob@203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 481", "a BYE without a dialog");
	from(&c, WAN, "192.0.2.6:5060", "ACK", "sip:bob@203.0.113.1", "");
	core_expect_silence(&c, "an ACK is never answered");
	from(&c, WAN, "192.0.2.7:5060", "CANCEL", "sip:bob@203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 481", "a CANCEL of nothing");
	from(&c, WAN, "192.0.2.8:5060", "INVITE", "sip:bob@192.168.1.10", "");
	core_expect(&c, WAN, "SIP/2.0 404", "a phone's address is no name for it");
	for (int i = 0; i < 20; i++)
		from(&c, WAN, CORE_STRANGER, "INVITE", "sip:nobody@203.0.113.1", "");
	is_int((long long)(c.n_sent - c.n_read), 5, "a persistent one gets few answers");
	core_receive(&c, WAN, CORE_STRANGER,
	    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKguess\n"
	    "From: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: z\nCSeq: 1 INVITE\n\n");
	core_forget(&c);
	core_expect_silence(&c, "a response to nothing reaches nobody");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "nothing is kept of all that");
	core_stop(&c);
}

/* A response counts from the side that its request went to. */
static void test_wrong_side(void)
{
	struct core c;
	struct core_sent m;

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "");
	m = *core_expect(&c, WAN, "OPTIONS", "out");
	m.side = LAN;
	core_answer(&c, &m, "200 OK", "x", "", NULL);
	core_expect_silence(&c, "an answer from the wrong side is dropped");
	m.side = WAN;
	core_answer(&c, &m, "200 OK", "x", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "from the right one it passes");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_checks(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7", "Max-Forwards: 0\n");
	core_expect(&c, LAN, "SIP/2.0 483", "Max-Forwards 0");
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "Max-Forwards: 0\n");
	core_expect(&c, LAN, "SIP/2.0 200", "but OPTIONS is answered");
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:192.168.1.1", "");
	m = core_expect(&c, LAN, "SIP/2.0 200", "OPTIONS for us");
	ok(strstr(core_header(m, "To", 0), ";tag=") != NULL, "with a tag");
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7", "Proxy-Require: foo, bar\n");
	m = core_expect(&c, LAN, "SIP/2.0 420", "Proxy-Require");
	is_str(core_header(m, "Unsupported", 0), "foo, bar", "says what");
	from(&c, LAN, CORE_PHONE, "INVITE", "sips:bob@198.51.100.7", "");
	core_expect(&c, LAN, "SIP/2.0 416", "sips: promises what we do not speak");
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:nobody@203.0.113.1", "");
	core_expect(&c, LAN, "SIP/2.0 404", "nobody here");
	from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:bob@198.51.100.7", "");
	m = core_expect(&c, WAN, "MESSAGE", "a method that needs no care");
	is_str(core_header(m, "Max-Forwards", 0), "70", "gets a Max-Forwards");
	core_answer(&c, m, "202 Accepted", "x", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 202", "and its answer");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);

	core_init(&c);
	c.config.outbound_proxy_host = (char *)"198.51.100.9";
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "INVITE", "tel:+4930123", "Contact: <sip:x@192.168.1.10>\n");
	core_expect(&c, LAN, "SIP/2.0 100", "tel: with an outbound proxy");
	m = core_expect(&c, WAN, "INVITE tel:+4930123 SIP/2.0\r\n", "goes there as it is");
	ok(m->to.u.in.sin_addr.s_addr == htonl(0xc6336409), "to the proxy");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

#define LOOPING                                                        \
	"INVITE sip:bob@198.51.100.7 SIP/2.0\n"                        \
	"Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKl%d\n%s"     \
	"From: <sip:x@198.51.100.7>;tag=x\nTo: <sip:y@198.51.100.7>\n" \
	"Call-ID: loop\nCSeq: 1 INVITE\nContact: <sip:x@192.168.1.10>\n\n"

static void test_loop(void)
{
	struct core c;
	for (int i = 0; i < 2; i++) {
		core_init(&c);
		core_start(&c, false);
		core_receive(&c, LAN, CORE_PHONE, LOOPING, 1, i ? "Max-Forwards: 20\n" : "");
		core_expect(&c, LAN, "SIP/2.0 100", "100");
		core_expect(&c, WAN, "INVITE", "INVITE");
		core_receive(&c, LAN, CORE_PHONE_2, LOOPING, 2,
		    i ? "Max-Forwards: 18\n" : "Max-Forwards: 69\n");
		core_expect(&c, LAN, "SIP/2.0 482",
		    "it comes back with fewer forwards left: a loop");
		core_wait(&c, 100000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
}

/* A PBX that writes its LAN address into From and To (promise 1). */
static void test_identities(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKid1\n"
	    "From: \"Al, ice\" <sip:100@192.168.1.10:5070;x=y>;tag=af\nTo: <sip:bob@192.168.1.1>\n"
	    "Call-ID: id\nCSeq: 1 INVITE\nContact: <sip:100@192.168.1.10>\n"
	    "P-Asserted-Identity: \"A\" <sip:100@192.168.1.10>, <tel:+49>\n"
	    "Remote-Party-ID: <sip:100@192.168.1.10>;party=calling\n"
	    "Warning: 399 192.168.1.10:5060 \"x\"\nReferred-By: sip:100@192.168.1.10\n\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	is_str(core_header(m, "From", 0), "\"Al, ice\" <sip:100@203.0.113.1;x=y>;tag=af", "From");
	is_str(core_header(m, "To", 0), "<sip:bob@203.0.113.1>", "To");
	is_str(core_header(m, "P-Asserted-Identity", 0), "\"A\" <sip:100@203.0.113.1>, <tel:+49>",
	    "P-Asserted-Identity");
	is_str(core_header(m, "Referred-By", 0), "sip:100@203.0.113.1", "Referred-By");
	is_str(core_header(m, "Warning", 0), "399 203.0.113.1 \"x\"", "Warning");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_str(core_header(m, "From", 0), "\"Al, ice\" <sip:100@192.168.1.10:5070;x=y>;tag=af",
	    "the phone gets its own From back");
	is_str(core_header(m, "To", 0), "<sip:bob@192.168.1.1>;tag=bt", "and its To, with the tag");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "BYE sip:100@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKid2\n"
	    "Max-Forwards: 9\nf: <sip:bob@203.0.113.1>;tag=bt\n"
	    "t: \"Al, ice\" <sip:100@203.0.113.1;x=y>;tag=af\ni: id\nCSeq: 4 BYE\n\n");
	m = core_expect(&c, LAN, "BYE sip:100@192.168.1.10 SIP/2.0\r\n", "a later request");
	is_str(core_header(m, "f", 0), "<sip:bob@192.168.1.1>;tag=bt", "in the phone's own words");
	is_str(core_header(m, "t", 0), "\"Al, ice\" <sip:100@192.168.1.10:5070;x=y>;tag=af", "too");
	core_receive(&c, LAN, CORE_PHONE,
	    "SIP/2.0 200 OK\nv: %s\nv: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKid2\n"
	    "f: <sip:bob@192.168.1.1>;tag=bt\n"
	    "t: \"Al, ice\" <sip:100@192.168.1.10:5070;x=y>;tag=af\ni: id\nCSeq: 4 BYE\n\n",
	    core_header(m, "Via", 0));
	m = core_expect(&c, WAN, "SIP/2.0 200", "its answer");
	is_str(core_header(m, "f", 0), "<sip:bob@203.0.113.1>;tag=bt", "in the WAN's words");
	is_str(core_header(m, "t", 0), "\"Al, ice\" <sip:100@203.0.113.1;x=y>;tag=af", "too");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* Some phones write the Record-Route into every response, also where it means nothing. */
static void test_record_route_in_failures(void)
{
	static const char *const statuses[] = {"486 Busy", "302 Moved", "180 Ringing"};

	for (size_t i = 0; i < 3; i++) {
		struct core c;
		const struct core_sent *m;

		core_init(&c);
		core_start(&c, false);
		core_register(&c, CORE_PHONE, "bob");
		from(&c, WAN, CORE_PROVIDER, "INVITE", "sip:bob@203.0.113.1",
		    "Record-Route: <sip:198.51.100.7;lr>\n");
		core_expect(&c, WAN, "SIP/2.0 100", "100");
		m = core_expect(&c, LAN, "INVITE", "INVITE");
		core_answer(&c, m, statuses[i], "t",
		    "Contact: <sip:bob@192.168.1.10>, <sip:carl@example.org>\n", NULL);
		while ((m = core_next(&c)) && m->side != WAN)
			;
		ok(m != NULL, "a response goes out");
		is_int(core_count(m, "Record-Route"), 1, "our Record-Route is cut");
		is_str(core_header(m, "Record-Route", 0), "<sip:198.51.100.7;lr>",
		    "the others stay");
		ok(core_has(m, "sip:bob@203.0.113.1>"), "our own contact is translated");
		is_int(core_has(m, "sip:carl@example.org"), i < 2,
		    "another one of a failure is not");
		core_wait(&c, 300000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
}

/* A registrar or proxy on the LAN in front of the phone puts itself on top. */
static void test_lan_proxy(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	from(&c, WAN, CORE_PROVIDER, "INVITE", "sip:bob@203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "INVITE");
	core_receive(&c, LAN, CORE_PHONE,
	    "SIP/2.0 200 OK\nVia: %s\nVia: %s\n"
	    "Record-Route: <sip:192.168.1.77;lr>, <sip:192.168.1.78;lr>,<sip:192.168.1.1;lr>\n"
	    "From: %s\nTo: %s;tag=t\nCall-ID: %s\nCSeq: 1 INVITE\nContact: "
	    "<sip:bob@192.168.1.10>\n\n",
	    core_header(m, "Via", 0), core_header(m, "Via", 1), core_header(m, "From", 0),
	    core_header(m, "To", 0), core_header(m, "Call-ID", 0));
	{
		const struct core_sent *reply = core_expect(&c, WAN, "SIP/2.0 200", "200");

		is_int(core_count(reply, "Record-Route"), 0, "nothing of the LAN's is left");
	}
	core_receive(&c, WAN, CORE_PROVIDER,
	    "ACK sip:bob@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKack\n"
	    "From: %s\nTo: %s;tag=t\nCall-ID: %s\nCSeq: 1 ACK\n\n",
	    core_header(m, "From", 0), core_header(m, "To", 0), core_header(m, "Call-ID", 0));
	m = core_expect(&c, LAN, "ACK sip:bob@192.168.1.10 SIP/2.0\r\n", "the way back");
	is_str(core_header(m, "Route", 0), "<sip:192.168.1.78;lr>, <sip:192.168.1.77;lr>",
	    "leads through the LAN's proxies, the nearest first");
	core_stop(&c);
}

/* Headers that share lines, fold and hide in compact names are edited all the same. */
static void test_crowded_lines(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\n"
	    "v: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKc1;rport, SIP/2.0/UDP "
	    "192.168.1.20;branch=z\n"
	    "Via: SIP/2.0/UDP 192.168.1.30\n ;branch=y\n"
	    "Route: <sip:192.168.1.1;lr>,\n <sip:203.0.113.1;lr> ,<sip:198.51.100.7;lr>\n"
	    "Record-Route: <sip:192.168.1.20;lr>,<sip:192.168.1.30;lr>\n"
	    "f: <sip:alice@198.51.100.7>;tag=af\nt: <sip:bob@198.51.100.7>\n"
	    "i: crowd@192.168.1.10\nCSeq: 1 INVITE\n"
	    "m: \"A, B\" <sip:alice@192.168.1.10>\n ;expires=1\n"
	    "c: application/sdp\nl: %zu\n\n%s",
	    strlen(OFFER), OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "out");
	is_int(core_count(m, "Via"), 1, "one Via");
	is_str(core_header(m, "Route", 0), "<sip:198.51.100.7;lr>", "our two Routes are cut");
	is_int(core_count(m, "Record-Route"), 0, "no Record-Route of the LAN");
	is_str(core_header(m, "m", 0), "\"A, B\" <sip:alice@203.0.113.1>", "contact");
	is_int(atoi(core_header(m, "l", 0)), (long long)strlen(core_body(m)), "length");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "back");
	is_str(core_header(m, "Via", 0),
	    "SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKc1;rport=5060;received=192.168.1.10", "Via 1");
	is_str(core_header(m, "Via", 1), "SIP/2.0/UDP 192.168.1.20;branch=z", "Via 2");
	ok(core_has(m, "Via: SIP/2.0/UDP 192.168.1.30\r\n ;branch=y\r\n"),
	    "Via 3 as it was folded");
	is_str(core_header(m, "Record-Route", 0), "<sip:192.168.1.1;lr>", "ours");
	is_str(core_header(m, "Record-Route", 1), "<sip:192.168.1.20;lr>,<sip:192.168.1.30;lr>",
	    "then those of the LAN");
	core_stop(&c);
}

static void test_local_call(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE_2, "bob");
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@192.168.1.1 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKloc1\n"
	    "From: <sip:alice@192.168.1.1>;tag=af\nTo: <sip:bob@192.168.1.1>\nCall-ID: local\n"
	    "CSeq: 1 INVITE\nContact: <sip:alice@192.168.1.10>\n" SDP "\n" OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE sip:bob@192.168.1.11:5060", "to the other phone");
	is_str(core_header(m, "Contact", 0), "<sip:alice@192.168.1.10>", "contacts as they are");
	is_str(core_body(m), OFFER, "media too: they speak to each other");
	is_int(core_count(m, "Via"), 2, "with the Vias");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@192.168.1.11:5060>\n" SDP, OFFER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_str(core_header(m, "Contact", 0), "<sip:bob@192.168.1.11:5060>", "contacts as they are");
	is_int(core_count(m, "Via"), 1, "one Via is left");
	core_wait(&c, 100000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_names(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@example.net", "");
	core_expect_silence(&c, "a name is looked up");
	core_resolve("198.51.100.7");
	core_expect(&c, WAN, "OPTIONS sip:bob@example.net SIP/2.0\r\n", "then it goes out");
	core_wait(&c, 100000);
	core_forget(&c);
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@example.net", "");
	core_resolve(NULL);
	core_expect(&c, LAN, "SIP/2.0 503", "no such name");
	core_wait(&c, 100000);
	core_expect_rest(&c, "all is forgotten");

	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKn1\n"
	    "From: <sip:a@b>;tag=af\nTo: <sip:b@b>\nCall-ID: n\nCSeq: 1 INVITE\n"
	    "Contact: <sip:alice@192.168.1.10>\n" SDP "\n" OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "100 while the name is looked up");
	core_receive(&c, LAN, CORE_PHONE,
	    "CANCEL sip:bob@example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKn1\n"
	    "From: <sip:a@b>;tag=af\nTo: <sip:b@b>\nCall-ID: n\nCSeq: 1 CANCEL\n\n");
	core_expect(&c, LAN, "SIP/2.0 200", "CANCEL");
	core_expect(&c, LAN, "SIP/2.0 487", "ends it at once");
	is_int((long long)core_lookups(), 0, "and the look-up");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@example.net", "");
	core_stop(&c);
	is_int((long long)core_lookups(), 0, "the end ends a look-up too");
}

/* SUBSCRIBE and REFER make dialogs that no call ends. */
static void test_other_dialogs(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	from(&c, LAN, CORE_PHONE, "SUBSCRIBE", "sip:bob@198.51.100.7",
	    "Contact: <sip:x@192.168.1.10>\nExpires: 100\nEvent: dialog\n");
	m = core_expect(&c, WAN, "SUBSCRIBE", "SUBSCRIBE");
	core_answer(&c, m, "200 OK", "st", "Contact: <sip:n@198.51.100.20>\nExpires: 100\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	core_wait(&c, 90000);
	core_receive(&c, WAN, CORE_PROVIDER,
	    "NOTIFY sip:x@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKnot\n"
	    "From: %s\nTo: %s\nCall-ID: %s\nCSeq: 1 NOTIFY\n\n",
	    core_header(m, "To", 0), core_header(m, "From", 0), core_header(m, "Call-ID", 0));
	m = core_expect(&c, LAN, "NOTIFY sip:x@192.168.1.10 SIP/2.0\r\n", "NOTIFY finds the phone");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "200");
	core_wait(&c, 100000);
	core_expect_rest(&c, "the subscription ends by itself");

	from(&c, WAN, CORE_PROVIDER, "REFER", "sip:bob@203.0.113.1",
	    "Contact: <sip:x@198.51.100.20>\nRefer-To: <sip:y@198.51.100.9>\n");
	m = core_expect(&c, LAN, "REFER", "REFER");
	core_answer(&c, m, "183 Odd", "rt", "Contact: <sip:bob@192.168.1.10>\n", NULL);
	core_expect_silence(&c, "an early answer goes no further (RFC 4320)");
	core_answer(&c, m, "603 Decline", "rt", "", NULL);
	core_expect(&c, WAN, "SIP/2.0 603", "that comes to nothing");
	core_wait(&c, 100000);
	core_expect_rest(&c, "leaves nothing behind");
	core_stop(&c);
}

static void test_limits(void)
{
	struct core c;

	core_init(&c);
	c.config.max_transactions = 2;
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "");
	core_expect(&c, WAN, "OPTIONS", "two transactions");
	from(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "");
	core_expect(&c, LAN, "SIP/2.0 503", "no room for a third");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);

	core_init(&c);
	c.config.max_calls = 1;
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	for (int i = 0; i < 2; i++)
		from(&c, WAN, CORE_PROVIDER, "INVITE", "sip:bob@203.0.113.1",
		    "Contact: <sip:x@198.51.100.20>\n");
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	core_expect(&c, LAN, "INVITE", "one call");
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "SIP/2.0 486", "a second one is busy, not 503");
	core_wait(&c, 300000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_one_interface(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	is_int(core_start(&c, true), 0, "in front of the router");
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7",
	    "Contact: <sip:x@192.168.1.10>\n");
	core_expect(&c, LAN, "SIP/2.0 100", "a phone by its prefix");
	m = core_next(&c);
	ok(m && m->side == WAN, "the provider by his");
	ok(m && core_has(m, ";rport"), "an outer NAT needs rport");
	core_stop(&c);
}

static void test_use_rport(void)
{
	for (int use = 0; use < 4; use++) {
		const struct core_sent *m;
		struct core c;

		core_init(&c);
		c.config.use_rport = use;
		core_start(&c, false);
		core_register(&c, CORE_PHONE, "bob");
		from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:bob@198.51.100.7", "");
		m = core_expect(&c, WAN, "MESSAGE", "towards the WAN");
		is_int(strstr(core_header(m, "Via", 0), ";rport") != NULL, (use & 2) != 0,
		    "rport as the second bit says");
		from(&c, WAN, CORE_PROVIDER, "MESSAGE", "sip:bob@203.0.113.1", "");
		m = core_expect(&c, LAN, "MESSAGE", "towards the LAN");
		is_int(strstr(core_header(m, "Via", 0), ";rport") != NULL, use & 1,
		    "rport as the first bit says");
		core_wait(&c, 100000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
}

static void test_ipv6(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, "[fd00:1::10]:5060",
	    "INVITE sip:bob@[2001:db8:7::7] SIP/2.0\n"
	    "Via: SIP/2.0/UDP [fd00:1::10]:5060;branch=z9hG4bKsix;rport\n"
	    "From: <sip:alice@[fd00:1::10]>;tag=af\nTo: <sip:bob@[2001:db8:7::7]>\nCall-ID: six\n"
	    "CSeq: 1 INVITE\nContact: <sip:alice@[fd00:1::10]:5060>\n" SDP "\n"
	    "v=0\r\no=- 1 1 IN IP6 fd00:1::10\r\ns=-\r\nc=IN IP6 fd00:1::10\r\nt=0 0\r\n"
	    "m=audio 40000 RTP/AVP 0\r\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE sip:bob@[2001:db8:7::7] SIP/2.0\r\n", "IPv6");
	is_str(core_header(m, "Contact", 0), "<sip:alice@[2001:db8:1::1]>", "contact");
	is_str(core_header(m, "From", 0), "<sip:alice@[2001:db8:1::1]>;tag=af", "From");
	ok(core_has(m, "c=IN IP6 2001:db8:1::1\r\n"), "media");
	ok(core_has(m, "Via: SIP/2.0/UDP [2001:db8:1::1]:5060;branch="), "Via");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

int main(void)
{
	test_strangers();
	test_wrong_side();
	test_checks();
	test_loop();
	test_identities();
	test_record_route_in_failures();
	test_lan_proxy();
	test_crowded_lines();
	test_local_call();
	test_names();
	test_other_dialogs();
	test_limits();
	test_one_interface();
	test_use_rport();
	test_ipv6();
	return tap_done();
}
