/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole calls through the proxy, and all the ways in which they end. */
#include "core.c"
#include "proxy/readdress.h"

#define OFFER                                                                             \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"
#define ANSWER                                                                              \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"
#define SDP "Content-Type: application/sdp\n"

/* --- the two ends ------------------------------------------------------------------------- */

/* Alice on the LAN sends a request of the dialog c1 (tag af; Bob's is `to_tag` or ""). */
static void alice(struct core *c, const char *method, const char *uri, unsigned cseq,
    const char *branch, const char *to_tag, const char *extra, const char *body)
{
	core_receive(c, LAN, CORE_PHONE,
	    "%s %s SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bK%s;rport\n"
	    "Max-Forwards: 70\n"
	    "From: \"Alice A.\" <sip:alice@198.51.100.7>;tag=af\n"
	    "To: <sip:bob@198.51.100.7>%s%s\n"
	    "Call-ID: c1@192.168.1.10\n"
	    "CSeq: %u %s\n"
	    "Contact: \"Alice A.\" <sip:alice@192.168.1.10:5060;ob>\n"
	    "%s\n%s",
	    method, uri, branch, *to_tag ? ";tag=" : "", to_tag, cseq,
	    strcmp(method, "ACK") == 0 ? "ACK" : method, extra, body);
}

static void alice_invites(struct core *c)
{
	alice(c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, OFFER);
}

/* The provider sends a request of the dialog c1 to Alice, from Bob. */
static void bob(struct core *c, const char *method, unsigned cseq, const char *branch,
    const char *from_tag, const char *extra, const char *body)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s sip:alice@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s\n"
	    "Via: SIP/2.0/UDP 198.51.100.20;branch=z9hG4bKinner\n"
	    "Max-Forwards: 68\n"
	    "From: <sip:bob@198.51.100.7>;tag=%s\n"
	    "To: \"Alice A.\" <sip:alice@198.51.100.7>;tag=af\n"
	    "Call-ID: c1@192.168.1.10\n"
	    "CSeq: %u %s\n"
	    "Contact: <sip:bob@198.51.100.20>\n"
	    "%s\n%s",
	    method, branch, from_tag, cseq, method, extra, body);
}

#define BOB_CONTACT "Contact: <sip:bob@198.51.100.20>\n"

/* Alice calls, Bob answers, the ACK arrives. Leaves nothing unread. */
static void establish(struct core *c)
{
	const struct core_sent *m;

	alice_invites(c);
	core_expect(c, LAN, "SIP/2.0 100", "100 comes from us");
	m = core_expect(c, WAN, "INVITE sip:bob@198.51.100.7 SIP/2.0\r\n", "INVITE goes out");
	core_answer(c, m, "180 Ringing", "bt", BOB_CONTACT, NULL);
	core_expect(c, LAN, "SIP/2.0 180", "it rings");
	core_answer(c, m, "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect(c, LAN, "SIP/2.0 200", "Bob answers");
	alice(c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(c, WAN, "ACK sip:bob@198.51.100.20 SIP/2.0\r\n", "the ACK goes to his contact");
}

static void alice_hangs_up(struct core *c, unsigned cseq)
{
	const struct core_sent *m;

	alice(c, "BYE", "sip:bob@198.51.100.20", cseq, "bye", "bt", "", "");
	m = core_expect(c, WAN, "BYE sip:bob@198.51.100.20 SIP/2.0\r\n", "BYE goes out");
	core_answer(c, m, "200 OK", NULL, "", NULL);
	core_expect(c, LAN, "SIP/2.0 200", "and is answered");
}

static size_t free_ports(const struct core *c)
{
	return ports_free_count(c->sd.ports);
}

/* --- the calls ---------------------------------------------------------------------------- */

static void test_out(void)
{
	struct core c;
	const struct core_sent *m;
	char branch[128];

	core_init(&c);
	is_int(core_start(&c, false), 0, "a proxy");
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "",
	    SDP "Route: <sip:192.168.1.1;lr>\nX-Odd:  as   it is \nSubject: a, b\n", OFFER);
	m = core_expect(&c, LAN, "SIP/2.0 100 Trying\r\n", "100 comes from us");
	is_int(addr_port(&m->to), 5060, "to the phone");
	m = core_expect(&c, WAN, "INVITE sip:bob@198.51.100.7 SIP/2.0\r\n", "INVITE goes out");
	is_int(core_count(m, "Via"), 1, "with one Via");
	snprintf(branch, sizeof(branch), "%s", core_header(m, "Via", 0));
	is_int(core_count(m, "Route"), 0, "without the Route that named us");
	is_int(core_count(m, "Record-Route"), 0, "without a Record-Route");
	is_str(core_header(m, "Contact", 0), "\"Alice A.\" <sip:alice@203.0.113.1>", "our contact");
	is_str(core_header(m, "From", 0), "\"Alice A.\" <sip:alice@198.51.100.7>;tag=af", "From");
	ok(core_has(m, "X-Odd:  as   it is \r\nSubject: a, b\r\n"), "the rest byte for byte");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n") &&
		core_has(m, "o=- 1 1 IN IP4 203.0.113.1\r\n") &&
		core_has(m, "m=audio 7070 RTP/AVP 0\r\n"),
	    "the description names our WAN address");
	is_int((long long)strlen(core_body(m)), atoi(core_header(m, "Content-Length", 0)),
	    "Content-Length is right");
	core_answer(&c, m, "100 Trying", NULL, "", NULL);
	core_expect_silence(&c, "a 100 is not passed on");
	core_answer(&c, m, "183 Progress", "bt",
	    BOB_CONTACT "Record-Route: <sip:198.51.100.7;lr>\n" SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 183 Progress\r\n", "early media");
	ok(core_has(m,
	       "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKa1;rport=5060;"
	       "received=192.168.1.10\r\n"),
	    "with the phone's Via");
	is_int(core_count(m, "Via"), 1, "and no other");
	is_str(core_header(m, "Record-Route", 0), "<sip:198.51.100.7;lr>", "the far Record-Route");
	is_str(core_header(m, "Record-Route", 1), "<sip:192.168.1.1;lr>", "ours is the last");
	is_str(core_header(m, "Contact", 0), "<sip:bob@198.51.100.20>", "Bob's contact untouched");
	ok(core_has(m, "c=IN IP4 192.168.1.1\r\n") && core_has(m, "m=audio 7070 RTP/AVP 0\r\n"),
	    "the answer names our LAN address");
	is_int((long long)free_ports(&c), 9, "one pair is in use");
	core_stop(&c);
}

static void test_established(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	core_expect_silence(&c, "no more");
	is_int((long long)free_ports(&c), 9, "a pair is in use");
	core_wait(&c, 100000);
	core_expect_silence(&c, "the established call is quiet");
	is_int((long long)transactions_count(c.sd.transactions), 0, "its transactions are over");
	is_int((long long)c.sd.forwards.count, 0, "and its forwards");
	is_int((long long)calls_count(c.sd.calls), 1, "the call stays");
	/* Alice sends to the route set: the far proxy behind us */
	alice(&c, "BYE", "sip:bob@198.51.100.20", 2, "bye", "bt",
	    "Route: <sip:192.168.1.1;lr>, <sip:198.51.100.7;lr>\n", "");
	m = core_expect(&c, WAN, "BYE sip:bob@198.51.100.20 SIP/2.0\r\n", "BYE");
	is_str(core_header(m, "Route", 0), "<sip:198.51.100.7;lr>", "our Route is cut");
	is_int(addr_port(&m->to) == 5060 && m->to.u.in.sin_addr.s_addr == htonl(0xc6336407), 1,
	    "and it goes to the next one");
	core_wait(&c, 600);
	core_expect(&c, WAN, "BYE", "BYE is repeated");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "its 200");
	is_str(core_header(m, "From", 0), "\"Alice A.\" <sip:alice@198.51.100.7>;tag=af", "From");
	is_int((long long)calls_count(c.sd.calls), 0, "the call is over");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 10, "the ports are back");
	core_wait(&c, 40000);
	core_expect_silence(&c, "nothing more");
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_bye_from_bob(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	bob(&c, "BYE", 5, "b1", "wrong", "", "");
	core_expect(&c, WAN, "SIP/2.0 481", "a BYE with a wrong tag is nobody's");
	is_int((long long)calls_count(c.sd.calls), 1, "the call stays");
	bob(&c, "BYE", 5, "b2", "bt", "Record-Route: <sip:198.51.100.7;lr>\n", "");
	m = core_expect(&c, LAN, "BYE sip:alice@192.168.1.10:5060;ob SIP/2.0\r\n",
	    "BYE arrives at Alice's own contact");
	is_int(core_count(m, "Via"), 3, "with all Vias");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP 192.168.1.1:5060;branch=", 36) == 0,
	    "ours on top");
	is_str(core_header(m, "Via", 2), "SIP/2.0/UDP 198.51.100.20;branch=z9hG4bKinner",
	    "inner Via");
	is_int(core_count(m, "Record-Route"), 1, "no Record-Route of ours within a dialog");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	m = core_expect(&c, WAN, "SIP/2.0 200", "200");
	is_int(core_count(m, "Via"), 2, "with the two Vias that it came with");
	is_str(core_header(m, "Via", 0), "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKb2", "first");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	bob(&c, "BYE", 6, "b3", "bt", "", "");
	core_expect(&c, WAN, "SIP/2.0 481", "there is no such call any more");
	core_stop(&c);
}

/* A challenged or unanswered BYE, and one that is refused. */
static void test_bye_answers(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	alice(&c, "BYE", "sip:bob@198.51.100.20", 2, "bye1", "bt", "", "");
	m = core_expect(&c, WAN, "BYE", "BYE");
	core_answer(&c, m, "407 Authenticate", NULL, "Proxy-Authenticate: Digest realm=\"x\"\n",
	    NULL);
	core_expect(&c, LAN, "SIP/2.0 407", "is challenged");
	is_int((long long)free_ports(&c), 9, "which keeps the ports");
	is_int((long long)calls_count(c.sd.calls), 1, "and the call");
	alice_hangs_up(&c, 3);
	core_wait(&c, 40000);
	core_expect_rest(&c, "until the second BYE");

	core_forget(&c);
	establish(&c);
	alice(&c, "BYE", "sip:bob@198.51.100.20", 2, "bye2", "bt", "", "");
	core_wait(&c, 33000);
	core_forget(&c);
	core_wait(&c, 40000);
	core_expect_silence(&c, "a BYE without an answer gets none");
	core_expect_rest(&c, "and ends the call");
	core_stop(&c);
}

static void test_in(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "INVITE sip:bob@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi1;rport\n"
	    "Via: SIP/2.0/UDP 198.51.100.20 ; branch = z9hG4bKin\n"
	    "Record-Route: <sip:198.51.100.7;lr>\n"
	    "Max-Forwards: 10\n"
	    "From: Carol <sip:carol@example.net>;tag=ct\n"
	    "To: <sip:bob@198.51.100.7>\n"
	    "Call-ID: in-1\nCSeq: 7 INVITE\n"
	    "Contact: <sip:carol@198.51.100.20;gr=x>\n" SDP "\n" ANSWER);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE sip:bob@192.168.1.10:5060 SIP/2.0\r\n",
	    "it rings at Bob's");
	is_str(core_header(m, "Record-Route", 0), "<sip:192.168.1.1;lr>",
	    "our Record-Route on top");
	is_str(core_header(m, "Record-Route", 1), "<sip:198.51.100.7;lr>", "of the others");
	is_str(core_header(m, "Contact", 0), "<sip:carol@198.51.100.20;gr=x>", "Carol's contact");
	is_str(core_header(m, "Via", 1),
	    "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi1;rport=5060;received=198.51.100.7",
	    "the Via with received and rport");
	ok(core_has(m, "m=audio 7070 ") && core_has(m, "c=IN IP4 192.168.1.1\r\n"),
	    "our LAN media");
	core_answer(&c, m, "180 Ringing", "bt", "Contact: <sip:bob@192.168.1.10:5060;x=1>\n", NULL);
	m = core_expect(&c, WAN, "SIP/2.0 180", "180");
	is_str(core_header(m, "Contact", 0), "<sip:bob@203.0.113.1>", "our contact");
	is_int(core_count(m, "Record-Route"), 1, "without our Record-Route");
	is_str(core_header(m, "Record-Route", 0), "<sip:198.51.100.7;lr>", "but with the others");
	is_str(core_header(m, "Via", 1), "SIP/2.0/UDP 198.51.100.20 ; branch = z9hG4bKin",
	    "the inner Via byte for byte");
	m = &c.sent[c.n_sent - 2];
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@192.168.1.10:5060;x=1>\n" SDP, OFFER);
	m = core_expect(&c, WAN, "SIP/2.0 200", "200");
	ok(core_has(m, "m=audio 7070 ") && core_has(m, "c=IN IP4 203.0.113.1\r\n"),
	    "our WAN media");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "ACK sip:bob@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi2\nMax-Forwards: 9\n"
	    "From: Carol <sip:carol@example.net>;tag=ct\nTo: <sip:bob@198.51.100.7>;tag=bt\n"
	    "Call-ID: in-1\nCSeq: 7 ACK\n\n");
	core_expect(&c, LAN, "ACK sip:bob@192.168.1.10:5060;x=1 SIP/2.0\r\n", "ACK to his contact");
	/* Bob hangs up along the route set that he was told */
	core_receive(&c, LAN, CORE_PHONE,
	    "BYE sip:carol@198.51.100.20;gr=x SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKi3\nMax-Forwards: 70\n"
	    "Route: <sip:192.168.1.1;lr>\nRoute: <sip:198.51.100.7;lr>\n"
	    "From: <sip:bob@198.51.100.7>;tag=bt\nTo: Carol <sip:carol@example.net>;tag=ct\n"
	    "Call-ID: in-1\nCSeq: 1 BYE\n\n");
	m = core_expect(&c, WAN, "BYE sip:carol@198.51.100.20;gr=x SIP/2.0\r\n", "BYE");
	is_int(core_count(m, "Route"), 1, "one Route is left");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_cancel(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	/* before a provisional response: the CANCEL waits for one */
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_expect(&c, LAN, "SIP/2.0 200", "the CANCEL is answered by us");
	core_expect_silence(&c, "and waits");
	core_answer(&c, m, "100 Trying", NULL, "", NULL);
	{
		const struct core_sent *cancel = core_expect(&c, WAN,
		    "CANCEL sip:bob@198.51.100.7 SIP/2.0\r\n", "until a provisional response");

		m = &c.sent[1];
		is_str(core_header(cancel, "Via", 0), core_header(m, "Via", 0),
		    "with its INVITE's Via");
		core_answer(&c, cancel, "200 OK", "x", "", NULL);
	}
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_expect(&c, LAN, "SIP/2.0 200", "a repeated CANCEL is answered again");
	core_expect_silence(&c, "and sent once");
	core_answer(&c, &c.sent[1], "487 Request Terminated", "bt", "", NULL);
	m = core_expect(&c, WAN, "ACK sip:bob@198.51.100.7 SIP/2.0\r\n",
	    "487 is acknowledged by us");
	is_str(core_header(m, "To", 0), "<sip:bob@198.51.100.7>;tag=bt", "with its tag");
	core_expect(&c, LAN, "SIP/2.0 487", "and passed on");
	alice(&c, "ACK", "sip:bob@198.51.100.7", 1, "a1", "bt", "", "");
	core_expect_silence(&c, "the ACK to it ends here");
	core_wait(&c, 40000);
	core_expect_silence(&c, "nothing is repeated");
	core_expect_rest(&c, "all is forgotten");
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_expect(&c, LAN, "SIP/2.0 481", "a late CANCEL finds nothing");

	/* it loses the race against the 200 */
	core_forget(&c);
	alice_invites(&c);
	m = &c.sent[1];
	core_answer(&c, m, "180 Ringing", "bt", BOB_CONTACT, NULL);
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	while (core_next(&c))
		;
	ok(strncmp(c.sent[c.n_sent - 1].text, "SIP/2.0 200 OK\r\n", 16) == 0 &&
		core_has(&c.sent[c.n_sent - 1], "CSeq: 1 INVITE"),
	    "a 200 that crosses the CANCEL is passed on");
	is_int((long long)free_ports(&c), 9, "with its ports");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(&c, WAN, "ACK", "and acknowledged");
	alice_hangs_up(&c, 2);
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");

	/* nobody ever answers the cancelled INVITE */
	core_forget(&c);
	alice_invites(&c);
	core_answer(&c, &c.sent[1], "180 Ringing", "bt", BOB_CONTACT, NULL);
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_wait(&c, 32500);
	ok(strncmp(c.sent[c.n_sent - 1].text, "SIP/2.0 487", 11) == 0,
	    "then it is 487 all the same");
	core_wait(&c, 70000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_failures(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	core_answer(&c, m, "486 Busy Here", "bt", "Record-Route: <sip:198.51.100.7;lr>\n", NULL);
	core_expect(&c, WAN, "ACK", "a failure is acknowledged by us");
	m = core_expect(&c, LAN, "SIP/2.0 486", "and passed on");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 10, "its ports are free at once");
	core_wait(&c, 600);
	core_expect(&c, LAN, "SIP/2.0 486", "it is repeated");
	alice(&c, "ACK", "sip:bob@198.51.100.7", 1, "a1", "bt", "", "");
	core_wait(&c, 600);
	core_expect_silence(&c, "until the ACK");
	core_answer(&c, &c.sent[1], "486 Busy Here", "bt", "", NULL);
	core_expect(&c, WAN, "ACK", "a repeated failure is acknowledged again");
	core_expect_silence(&c, "and not passed on");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect_silence(&c, "a stray 200 is dropped");

	/* a 503 of the next hop is no 503 of ours */
	core_forget(&c);
	alice_invites(&c);
	core_answer(&c, &c.sent[1], "503 Overload", "bt", "Retry-After: 3600\n", NULL);
	while ((m = core_next(&c)) && strncmp(m->text, "SIP/2.0 500", 11) != 0)
		;
	ok(m != NULL, "a 503 is passed on as 500");
	core_wait(&c, 70000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");

	/* timer B */
	alice_invites(&c);
	core_wait(&c, 32500);
	ok(strncmp(c.sent[c.n_sent - 1].text, "SIP/2.0 408", 11) == 0, "silence: 408 after 32 s");
	core_wait(&c, 70000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");

	/* timer C */
	alice_invites(&c);
	core_answer(&c, &c.sent[1], "180 Ringing", "bt", BOB_CONTACT, NULL);
	core_wait(&c, 100000);
	core_answer(&c, &c.sent[1], "180 Ringing", "bt", BOB_CONTACT, NULL);
	core_wait(&c, 180000);
	core_forget(&c);
	core_wait(&c, 1500);
	core_expect(&c, WAN, "CANCEL", "three minutes of ringing: CANCEL");
	core_wait(&c, 33000);
	ok(strncmp(c.sent[c.n_sent - 1].text, "SIP/2.0 408", 11) == 0, "and 408");
	core_wait(&c, 70000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_retransmissions(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "INVITE");
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "a repeated INVITE gets 100 again");
	core_expect_silence(&c, "and goes nowhere");
	core_wait(&c, 600);
	m = core_expect(&c, WAN, "INVITE", "we repeat it ourselves");
	is_str(m->text, c.sent[1].text, "byte for byte");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect(&c, LAN, "SIP/2.0 200", "a repeated 200 is passed on");
	alice_invites(&c);
	core_expect_silence(&c, "an INVITE after its 200 is absorbed");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	m = core_expect(&c, WAN, "ACK", "ACK");
	core_expect(&c, WAN, "ACK", "and its repetition");
	alice_hangs_up(&c, 2);
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect_silence(&c, "a 200 that comes after the hang-up brings nothing back");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 10, "no port either");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_reinvite(void)
{
	struct core c;
	const struct flow_peer *peer;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	alice(&c, "INVITE", "sip:bob@198.51.100.20", 2, "re1", "bt", SDP,
	    OFFER "m=video 40002 RTP/AVP 96\r\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE sip:bob@198.51.100.20", "re-INVITE with video");
	ok(core_has(m, "m=audio 7070 ") && core_has(m, "m=video 7072 "), "a second pair for it");
	core_answer(&c, m, "488 Not Acceptable", NULL, "", NULL);
	core_expect(&c, WAN, "ACK", "ACK");
	core_expect(&c, LAN, "SIP/2.0 488", "it is refused");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 9, "the second pair goes, the first stays");
	is_int((long long)core_flow_peers(&c, 0, 1, &peer), 1, "and Bob in it");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 2, "re1", "bt", "", "");

	bob(&c, "INVITE", 9, "re2", "bt", SDP,
	    "v=0\r\no=- 7 8 IN IP4 198.51.100.21\r\ns=-\r\nc=IN IP4 198.51.100.21\r\nt=0 0\r\n"
	    "m=audio 50010 RTP/AVP 0\r\na=sendonly\r\n");
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE sip:alice@192.168.1.10:5060;ob", "Bob holds the call");
	ok(core_has(m, "m=audio 7070 "), "with the same port");
	core_answer(&c, m, "200 OK", NULL, "Contact: <sip:alice@192.168.1.10:5062>\n" SDP, OFFER);
	m = core_expect(&c, WAN, "SIP/2.0 200", "Alice accepts");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>", "her contact is ours");
	core_flow_peers(&c, 0, 1, &peer);
	is_int(addr_port(&peer[0].rtp.signalled), 50010, "media go to the new address");
	bob(&c, "ACK", 9, "re3", "bt", "", "");
	core_expect(&c, LAN, "ACK sip:alice@192.168.1.10:5062 SIP/2.0\r\n",
	    "the ACK to Alice's new contact");
	alice_hangs_up(&c, 3);
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_late_offer(void)
{
	struct core c;
	const struct flow_peer *peer;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "an INVITE without a description");
	is_int((long long)free_ports(&c), 10, "takes no port");
	core_answer(&c, m, "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "the offer is in the 200");
	ok(core_has(m, "m=audio 7070 ") && core_has(m, "c=IN IP4 192.168.1.1"), "with our address");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", SDP, OFFER);
	m = core_expect(&c, WAN, "ACK", "the answer in the ACK");
	ok(core_has(m, "m=audio 7070 ") && core_has(m, "c=IN IP4 203.0.113.1"), "with our address");
	is_int((long long)core_flow_peers(&c, 0, 0, &peer), 1, "Alice is a peer");
	is_int((long long)core_flow_peers(&c, 0, 1, &peer), 1, "Bob is one");
	alice_hangs_up(&c, 2);
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_prack_and_update(void)
{
	struct core c;
	const struct core_sent *m;
	const struct flow_peer *peer;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", "Supported: 100rel\n", "");
	core_answer(&c, &c.sent[1], "183 Progress", "bt",
	    BOB_CONTACT "Require: 100rel\nRSeq: 1\n" SDP, ANSWER);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "INVITE");
	m = core_expect(&c, LAN, "SIP/2.0 183", "a reliable 183 with an offer");
	ok(core_has(m, "m=audio 7070 "), "through our port");
	alice(&c, "PRACK", "sip:bob@198.51.100.20", 2, "p1", "bt", "RAck: 1 1 INVITE\n" SDP, OFFER);
	m = core_expect(&c, WAN, "PRACK sip:bob@198.51.100.20", "PRACK with the answer");
	ok(core_has(m, "m=audio 7070 "), "through our port");
	is_int((long long)core_flow_peers(&c, 0, 0, &peer), 1, "Alice is a peer");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200 to PRACK");
	alice(&c, "UPDATE", "sip:bob@198.51.100.20", 3, "u1", "bt", SDP, OFFER);
	m = core_expect(&c, WAN, "UPDATE sip:bob@198.51.100.20", "UPDATE with an offer");
	core_answer(&c, m, "200 OK", NULL, BOB_CONTACT SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "answered");
	ok(core_has(m, "m=audio 7070 "), "through our port");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT, NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200 to INVITE");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(&c, WAN, "ACK", "ACK");
	is_int((long long)free_ports(&c), 9, "one pair in all");
	bob(&c, "UPDATE", 2, "u2", "bt", SDP, ANSWER);
	m = core_expect(&c, LAN, "UPDATE sip:alice@192.168.1.10:5060;ob", "UPDATE from Bob");
	core_answer(&c, m, "500 Server Error", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 500", "is refused");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 9, "which takes no port away");
	alice_hangs_up(&c, 4);
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* To carry no media is no reason to fail: OPTIONS with a description in its answer. */
static void test_options(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "OPTIONS sip:bob@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKo1\nMax-Forwards: 10\n"
	    "From: <sip:p@198.51.100.7>;tag=ot\nTo: <sip:bob@203.0.113.1>\n"
	    "Call-ID: o-1\nCSeq: 1 OPTIONS\n\n");
	m = core_expect(&c, LAN, "OPTIONS sip:bob@192.168.1.10:5060", "OPTIONS");
	core_answer(&c, m, "200 OK", "x", "Contact: <sip:bob@192.168.1.10>\n" SDP, OFFER);
	m = core_expect(&c, WAN, "SIP/2.0 200", "a 200 with a description is passed on");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n") && core_has(m, "m=audio 0 "),
	    "which names us and no port");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	alice(&c, "OPTIONS", "sip:bob@198.51.100.7", 1, "o2", "", SDP, OFFER);
	m = core_expect(&c, WAN, "OPTIONS", "a description in the request");
	core_answer(&c, m, "200 OK", "x", SDP, ANSWER);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* Where no media will flow a description still names nobody on the LAN. */
static void test_idle_descriptions(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	bob(&c, "INVITE", 9, "re1", "bt", SDP, ANSWER);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "re-INVITE");
	core_answer(&c, m, "488 Not Acceptable Here", NULL, SDP, OFFER);
	core_expect(&c, LAN, "ACK", "ACK");
	m = core_expect(&c, WAN, "SIP/2.0 488", "a failure with a description");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n") && core_has(m, "m=audio 0 "), "names us alone");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a9", "unknown", SDP, OFFER);
	m = core_expect(&c, WAN, "ACK", "an ACK of a forgotten dialog");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n") && core_has(m, "m=audio 0 "), "does too");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a9", "bt", SDP, "v=0\r\nc=192.168.1.10\r\n");
	core_expect_silence(&c, "an ACK whose description is none goes nowhere");
	bob(&c, "ACK", 9, "re1", "bt", "", "");
	alice_hangs_up(&c, 2);
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* What is described within a call, but neither offered nor answered. */
static void test_other_methods(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	bob(&c, "OPTIONS", 9, "o1", "bt", "", "");
	m = core_expect(&c, LAN, "OPTIONS sip:alice@192.168.1.10", "OPTIONS within the call");
	core_answer(&c, m, "200 OK", NULL, SDP, OFFER "m=video 40002 RTP/AVP 96\r\n");
	m = core_expect(&c, WAN, "SIP/2.0 200", "tells what the phone can do");
	ok(core_has(m, "m=audio 0 ") && core_has(m, "m=video 0 "), "and where nothing is");
	is_int((long long)free_ports(&c), 9, "no pair is taken for it");
	alice(&c, "MESSAGE", "sip:bob@198.51.100.20", 2, "m1", "bt", SDP, OFFER);
	m = core_expect(&c, WAN, "MESSAGE", "a description in a MESSAGE");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n") && core_has(m, "m=audio 0 "), "names us alone");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	alice(&c, "INFO", "sip:bob@198.51.100.20", 3, "i1", "bt",
	    "Content-Type: application/trickle-ice-sdpfrag\nInfo-Package: trickle-ice\n",
	    "a=ice-pwd:x\r\na=mid:1\r\na=candidate:1 1 UDP 1 192.168.1.10 40000 typ host\r\n");
	m = core_expect(&c, WAN, "INFO", "candidates in an INFO");
	is_str(core_body(m), "a=mid:1\r\n", "do not leave");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	alice_hangs_up(&c, 4);
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void is_peer(const struct core *c, unsigned leg, const char *want, const char *what)
{
	const struct flow_peer *peer;
	char text[ADDR_TEXT_MAX] = "(none)";

	if (core_flow_peers(c, 0, leg, &peer))
		addr_format(&peer[0].rtp.signalled, text);
	is_str(text, want, what);
}

/* A name in a c= line: the address that signals stands in for it until the resolver answers. */
static void test_names(void)
{
	static const char named[] = "v=0\r\no=- 7 7 IN IP4 gw.example\r\ns=-\r\n"
				    "c=IN IP4 gw.example\r\nt=0 0\r\n"
				    "m=audio 50000 RTP/AVP 0\r\na=rtcp:50009\r\n";
	static const char *const answers[][2] = {
	    {"198.51.100.99", "198.51.100.99:50000"}, {NULL, "198.51.100.7:50000"},
	    {"192.168.1.50", "(none)"}, /* nobody outside aims at the LAN */
	};
	const struct flow_peer *peer;
	struct core c;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		core_init(&c);
		core_start(&c, false);
		alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, named);
		is_peer(&c, 0, "192.168.1.10:50000", "who signals is taken for who speaks");
		is_int((long long)core_lookups(), 1, "the name is looked up");
		core_resolve("192.168.1.77");
		is_peer(&c, 0, "192.168.1.77:50000", "there it is");
		core_flow_peers(&c, 0, 0, &peer);
		is_int(addr_port(&peer[0].rtcp.signalled), 50009, "RTCP too");
		core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, named);
		is_peer(&c, 1, "198.51.100.7:50000", "the same on the WAN");
		core_resolve(answers[i][0]);
		is_peer(&c, 1, answers[i][1], "and there he is");
		/* a name that is still looked up when the call ends */
		alice(&c, "UPDATE", "sip:bob@198.51.100.20", 2, "u1", "bt", SDP, named);
		is_int((long long)core_lookups(), 1, "again");
		c.n_read = c.n_sent;
		alice_hangs_up(&c, 3);
		is_int((long long)core_lookups(), 0, "nobody waits for it any more");
		core_wait(&c, 100000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
}

/* In front of the router: a call that comes back names us as the router does. */
static void test_hairpin_behind_router(void)
{
	struct addr router;
	struct core c;

	core_init(&c);
	core_start(&c, true);
	addr_parse(&router, "203.0.113.99", 0);
	side_set_public(c.sd.sides, &router);
	alice_invites(&c);
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP,
	    "v=0\r\no=- 7 7 IN IP4 203.0.113.99\r\ns=-\r\nc=IN IP4 203.0.113.99\r\nt=0 0\r\n"
	    "m=audio 7076 RTP/AVP 0\r\n");
	is_peer(&c, 1, "192.168.1.1:7076", "it is met at our own address");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	c.n_read = c.n_sent;
	alice_hangs_up(&c, 2);
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* A phone that signals over IPv4 and wants its voice over IPv6. */
static void test_other_family(void)
{
	static const char offer[] = "v=0\r\no=- 1 1 IN IP6 fd00:1::10\r\ns=-\r\n"
				    "c=IN IP6 fd00:1::10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, offer);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	ok(core_has(m, "c=IN IP4 203.0.113.1\r\n"), "Bob sends by IPv4");
	core_answer(&c, m, "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	ok(core_has(m, "c=IN IP6 fd00:1::1\r\n") && core_has(m, "m=audio 7070 "), "Alice by IPv6");
	is_peer(&c, 0, "[fd00:1::10]:40000", "and is sent to by it");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	c.n_read = c.n_sent;
	alice_hangs_up(&c, 2);
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* An UPDATE before the answer to the INVITE is premature, and its refusal is its own. */
static void test_early_update(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_answer(&c, &c.sent[1], "180 Ringing", "bt", BOB_CONTACT, NULL);
	c.n_read = c.n_sent;
	alice(&c, "UPDATE", "sip:bob@198.51.100.20", 2, "u1", "bt", SDP,
	    OFFER "m=video 40002 RTP/AVP 96\r\n");
	m = core_expect(&c, WAN, "UPDATE", "UPDATE");
	is_int((long long)free_ports(&c), 8, "another pair for it");
	core_answer(&c, m, "500 Too Early", NULL, "Retry-After: 1\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 500", "500");
	core_wait(&c, 1);
	is_int((long long)free_ports(&c), 9, "the INVITE keeps its pair");
	core_answer(&c, &c.sent[1], "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "Bob answers");
	ok(core_has(m, "m=audio 7070 "), "by that pair");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(&c, WAN, "ACK", "ACK");
	alice_hangs_up(&c, 3);
	core_wait(&c, 100000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* What cannot be carried is answered nevertheless. */
static void test_bad_description(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, "v=0\r\nm=nonsense\r\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, LAN, "SIP/2.0 488", "an offer that is none is refused");
	alice(&c, "ACK", "sip:bob@198.51.100.7", 1, "a1", "x", "", "");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	core_answer(&c, m, "200 OK", "bt", BOB_CONTACT SDP, "v=0\r\nm=nonsense\r\n");
	while ((m = core_next(&c)) && m->side != LAN)
		;
	ok(m && strncmp(m->text, "SIP/2.0 5", 9) == 0, "a 200 with a bad answer becomes a failure");
	core_wait(&c, 70000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_ports(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	c.config.rtp_port_high = 7073;
	core_start(&c, false);
	for (int i = 0; i < 3; i++)
		core_receive(&c, LAN, CORE_PHONE,
		    "INVITE sip:bob@198.51.100.7 SIP/2.0\n"
		    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKmany%d\n"
		    "From: <sip:alice@198.51.100.7>;tag=m%d\nTo: <sip:bob@198.51.100.7>\n"
		    "Call-ID: many-%d\nCSeq: 1 INVITE\n"
		    "Contact: <sip:alice@192.168.1.10:5060>\n" SDP "\n" OFFER,
		    i, i, i);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "first");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "second");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, LAN, "SIP/2.0 503", "the third caller gets a clean refusal");
	is_int((long long)calls_count(c.sd.calls), 2, "the two go on");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");

	/* one pair for two streams, and later none for a third */
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP,
	    OFFER "m=video 40002 RTP/AVP 96\r\nm=text 40004 RTP/AVP 98\r\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "more streams than pairs");
	ok(!core_has(m, "m=audio 0 ") && !core_has(m, "m=video 0 ") && core_has(m, "m=text 0 "),
	    "the first ones have them");
	core_answer(&c, m, "200 OK", "bt", BOB_CONTACT SDP,
	    ANSWER "m=video 50002 RTP/AVP 96\r\nm=text 0 RTP/AVP 98\r\n");
	m = core_expect(&c, LAN, "SIP/2.0 200", "Bob answers");
	ok(!core_has(m, "m=audio 0 ") && core_has(m, "m=text 0 "), "and Alice is told the same");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(&c, WAN, "ACK", "ACK");
	alice_hangs_up(&c, 2);
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	core_relay_err = 24;
	core_receive(&c, WAN, CORE_PROVIDER,
	    "INVITE sip:bob@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi1\nMax-Forwards: 10\n"
	    "From: <sip:carol@example.net>;tag=ct\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: in-1\nCSeq: 7 INVITE\nContact: <sip:carol@198.51.100.20>\n" SDP "\n" ANSWER);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "SIP/2.0 486", "towards the WAN a full house is busy");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* The n-th phone calls `number`. */
static void dial(struct core *c, int n, const char *number, const char *body)
{
	core_receive(c, LAN, CORE_PHONE,
	    "INVITE sip:%s@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKhelp%d\n"
	    "From: <sip:alice@198.51.100.7>;tag=h%d\nTo: <sip:%s@198.51.100.7>\n"
	    "Call-ID: help-%d\nCSeq: 1 INVITE\n"
	    "Contact: <sip:alice@192.168.1.10:5060>\n" SDP "\n%s",
	    number, n, n, number, n, body);
	core_expect(c, LAN, "SIP/2.0 100", "100");
}

/* A call for help finds a pair when all others are taken, and room when there is none. */
static void test_reserve(void)
{
	static char *numbers[] = {"112"};
	const struct core_sent *m;
	struct core c;

	for (int one = 0; one < 2; one++) {
		core_init(&c);
		c.config.emergency_number = (struct config_list){numbers, 1};
		c.config.rtp_port_high = one ? 7077 : 7073;
		c.config.max_calls = one ? 100 : 2;
		core_start(&c, one);
		dial(&c, 1, "bob", OFFER);
		core_expect(&c, WAN, "INVITE", "the one pair for all");
		dial(&c, 2, "bob", OFFER);
		core_expect(&c, LAN, "SIP/2.0 503", "there is no other for them");
		if (!one) {
			dial(&c, 5, "bob", "");
			core_expect(&c, WAN, "INVITE",
			    "a call without media yet: as many as may be");
		}
		dial(&c, 3, "112", OFFER "m=video 40002 RTP/AVP 96\r\n");
		m = core_expect(&c, WAN, "INVITE sip:112@", "but for help");
		ok(core_has(m, one ? "m=audio 7076 " : "m=audio 7072 ") &&
			core_has(m, "m=video 0 "),
		    "with voice, if not with video");
		dial(&c, 4, "112", OFFER);
		core_expect(&c, LAN, "SIP/2.0 503", "the reserve is for one");
		core_wait(&c, 100000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
	/* from outside there is none */
	core_init(&c);
	c.config.emergency_number = (struct config_list){numbers, 1};
	c.config.rtp_port_high = 7071;
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "112");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "INVITE sip:112@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi1\nMax-Forwards: 10\n"
	    "From: <sip:carol@example.net>;tag=ct\nTo: <sip:112@198.51.100.7>\n"
	    "Call-ID: in-1\nCSeq: 7 INVITE\nContact: <sip:carol@198.51.100.20>\n" SDP "\n" ANSWER);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "SIP/2.0 486", "nobody outside takes the reserve");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_silence(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	core_wait(&c, 200000);
	core_flow_heard(&c, 0, 1);
	core_wait(&c, 200000);
	core_expect_silence(&c, "one end that sends keeps the call");
	while (c.n_read == c.n_sent && core_unix_time < 1700001000)
		core_wait(&c, 100);
	ok(core_unix_time >= 1700000500 && core_unix_time < 1700000503, "five minutes of silence");
	m = core_expect(&c, LAN, "BYE sip:alice@192.168.1.10:5060;ob SIP/2.0\r\n",
	    "silence ends it");
	is_str(core_header(m, "From", 0), "<sip:bob@198.51.100.7>;tag=bt",
	    "Alice hears it from Bob");
	is_str(core_header(m, "To", 0), "\"Alice A.\" <sip:alice@198.51.100.7>;tag=af", "to her");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	m = core_expect(&c, WAN, "BYE sip:bob@198.51.100.20 SIP/2.0\r\n", "and Bob from Alice");
	is_str(core_header(m, "CSeq", 0), "2 BYE", "with her next CSeq");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect_silence(&c, "that is all");
	core_wait(&c, 40000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* The machine's WAN address is another one now; NULL: it has none. */
static void move_wan(struct core *c, const char *ip)
{
	struct netif_set set;

	core_interfaces(&set, false);
	for (size_t i = 0; i < set.count; i++)
		if (strcmp(set.entry[i].name, "eth0") == 0 &&
		    addr_family(&set.entry[i].addr) == AF_INET) {
			if (ip)
				addr_parse(&set.entry[i].addr, ip, 0);
			else
				set.entry[i].up = false;
		}
	side_refresh(c->sd.sides, &set, NULL);
	netif_set_done(&set);
	readdress(&c->sd);
	core_wait(c, 0);
}

static void test_new_address(void)
{
	const struct core_sent *lan, *wan;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	establish(&c);
	move_wan(&c, NULL);
	core_expect_silence(&c, "an address that is gone may come back: the call waits");
	move_wan(&c, "203.0.113.1");
	core_expect_silence(&c, "it has come back: the call goes on");
	move_wan(&c, "203.0.113.9");
	lan = core_expect(&c, LAN, "BYE sip:alice@192.168.1.10:5060;ob", "a new one: BYE to Alice");
	wan = core_expect(&c, WAN, "BYE sip:bob@198.51.100.20", "... and to Bob");
	ok(strncmp(core_header(wan, "Via", 0), "SIP/2.0/UDP 203.0.113.9:5060", 28) == 0,
	    "... from where we are now");
	core_answer(&c, lan, "200 OK", NULL, "", NULL);
	core_answer(&c, wan, "200 OK", NULL, "", NULL);
	core_wait(&c, 64000);
	core_expect_rest(&c, "nothing is left of it");
	establish(&c);
	alice_hangs_up(&c, 2);
	core_stop(&c);
}

static void test_new_address_while_pending(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100 comes from us");
	m = core_expect(&c, WAN, "INVITE", "INVITE goes out");
	core_answer(&c, m, "180 Ringing", "bt", BOB_CONTACT, NULL);
	core_expect(&c, LAN, "SIP/2.0 180", "it rings");
	move_wan(&c, "203.0.113.9");
	core_expect(&c, LAN, "SIP/2.0 500", "an INVITE whose answer cannot find us has failed");
	alice(&c, "OPTIONS", "sip:bob@198.51.100.7", 7, "o7", "", "", "");
	core_expect(&c, WAN, "OPTIONS", "an OPTIONS goes out");
	move_wan(&c, "203.0.113.10");
	core_expect_silence(&c, "nothing is said when that moves");
	alice(&c, "OPTIONS", "sip:bob@198.51.100.7", 7, "o7", "", "", "");
	m = core_expect(&c, WAN, "OPTIONS", "its retransmission goes out");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP 203.0.113.10:5060", 29) == 0,
	    "... from the new address");
	core_answer(&c, m, "200 OK", "ot", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "... and is answered");
	core_wait(&c, 200000);
	core_expect_rest(&c, "nothing is left of them");
	core_stop(&c);
}

static void test_new_address_while_ringing(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "INVITE sip:bob@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi1;rport\n"
	    "From: Carol <sip:carol@example.net>;tag=ct\n"
	    "To: <sip:bob@198.51.100.7>\nMax-Forwards: 10\n"
	    "Call-ID: in-1\nCSeq: 7 INVITE\n"
	    "Contact: <sip:carol@198.51.100.20>\n" SDP "\n" ANSWER);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "it rings at Bob's");
	core_answer(&c, m, "180 Ringing", "bt", "Contact: <sip:bob@192.168.1.10>\n", NULL);
	core_expect(&c, WAN, "SIP/2.0 180", "the provider hears it");
	move_wan(&c, "203.0.113.9");
	m = core_expect(&c, LAN, "CANCEL", "the phone stops ringing");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 480", "the provider may hear of it");
	core_wait(&c, 200000);
	core_forget(&c);
	core_expect_rest(&c, "nothing is left of it");
	core_stop(&c);
}

/* RFC 4028: who agreed to refresh and does not has gone, whatever still flows. */
static void test_session_timer(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, OFFER);
	core_answer(&c, &c.sent[1], "200 OK", "bt",
	    BOB_CONTACT "Session-Expires: 120 ;refresher=uac\n" SDP, ANSWER);
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	c.n_read = c.n_sent;
	for (int i = 0; i < 11; i++, core_flow_heard(&c, 0, 1))
		core_wait(&c, 10000);
	alice(&c, "UPDATE", "sip:bob@198.51.100.20", 2, "u1", "bt", "x: 100\n", "");
	m = core_expect(&c, WAN, "UPDATE", "a refresh in time");
	core_answer(&c, m, "200 OK", NULL, BOB_CONTACT "x: 100;refresher=uac\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "is agreed to");
	for (int i = 0; i < 12; i++, core_flow_heard(&c, 0, 1))
		core_wait(&c, 10000);
	core_expect_silence(&c, "a late one would still be in time");
	alice(&c, "UPDATE", "sip:bob@198.51.100.20", 3, "u2", "bt", "", "");
	m = core_expect(&c, WAN, "UPDATE", "it comes");
	core_answer(&c, m, "500 No", NULL, "x: 1000\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 500", "and is refused");
	core_wait(&c, 13000);
	core_expect(&c, LAN, "BYE sip:alice@192.168.1.10:5060;ob SIP/2.0\r\n", "Alice is told");
	m = core_expect(&c, WAN, "BYE sip:bob@198.51.100.20 SIP/2.0\r\n", "and Bob");
	is_str(core_header(m, "CSeq", 0), "4 BYE", "with the next CSeq");
	is_int((long long)calls_count(c.sd.calls), 0, "the call is over");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");

	/* an answer that asks for none, and one that asks for too little */
	for (int i = 0; i < 2; i++) {
		alice_invites(&c);
		core_answer(&c, &c.sent[1], "200 OK", "bt",
		    i ? BOB_CONTACT "Session-Expires: 1\n" SDP : BOB_CONTACT SDP, ANSWER);
		alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
		c.n_read = c.n_sent;
		core_wait(&c, i ? 120000 : 290000);
		core_expect_silence(&c, "the call goes on");
		alice_hangs_up(&c, 2);
		core_wait(&c, 100000);
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
	}
	core_stop(&c);
}

int main(void)
{
	test_out();
	test_established();
	test_bye_from_bob();
	test_bye_answers();
	test_in();
	test_cancel();
	test_failures();
	test_retransmissions();
	test_reinvite();
	test_late_offer();
	test_prack_and_update();
	test_options();
	test_idle_descriptions();
	test_other_methods();
	test_names();
	test_other_family();
	test_hairpin_behind_router();
	test_early_update();
	test_bad_description();
	test_ports();
	test_reserve();
	test_silence();
	test_new_address();
	test_new_address_while_pending();
	test_new_address_while_ringing();
	test_session_timer();
	return tap_done();
}
