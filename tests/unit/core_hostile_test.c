/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostile or broken peers try: to learn of the LAN, to overhear, to hijack, to fill tables. */
#include "core.c"

#include "base/buf.h"

#define SDP "Content-Type: application/sdp\n"
#define BODY(ip, port)                                                        \
	"v=0\r\no=- 1 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n" \
	"m=audio " port " RTP/AVP 0\r\n"
#define NEAR BODY("192.168.1.10", "40000")
#define FAR  BODY("198.51.100.20", "50000")

static unsigned next_branch;

/* A request of alice on the LAN to bob; `to_tag` may be "". */
static void alice(struct core *c, const char *method, const char *uri, unsigned cseq,
    const char *to_tag, const char *extra, const char *body)
{
	core_receive(c, LAN, CORE_PHONE,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKa%u\n"
	    "Max-Forwards: 70\nFrom: <sip:alice@198.51.100.7>;tag=at\n"
	    "To: <sip:bob@198.51.100.7>%s%s\nCall-ID: out-1\nCSeq: %u %s\n"
	    "Contact: <sip:alice@192.168.1.10:5060>\n%s\n%s",
	    method, uri, next_branch++, *to_tag ? ";tag=" : "", to_tag, cseq, method, extra, body);
}

/* A request from the WAN to alice. */
static void far(struct core *c, const char *peer, const char *method, const char *from_tag,
    const char *to_tag, const char *call_id, unsigned cseq, const char *extra, const char *body)
{
	core_receive(c, WAN, peer,
	    "%s sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKf%u\n"
	    "Max-Forwards: 68\nFrom: <sip:bob@198.51.100.7>;tag=%s\n"
	    "To: <sip:alice@198.51.100.7>%s%s\nCall-ID: %s\nCSeq: %u %s\n"
	    "Contact: <sip:bob@198.51.100.20>\n%s\n%s",
	    method, peer, next_branch++, from_tag, *to_tag ? ";tag=" : "", to_tag, call_id, cseq,
	    method, extra, body);
}

static void start(struct core *c)
{
	core_init(c);
	if (core_start(c, false) != 0)
		abort();
}

/* alice calls bob; the INVITE that left. */
static struct core_sent call_out(struct core *c, const char *body)
{
	const struct core_sent *m;

	alice(c, "INVITE", "sip:bob@198.51.100.7", 1, "", *body ? SDP : "", body);
	core_expect(c, LAN, "SIP/2.0 100", "100");
	m = core_expect(c, WAN, "INVITE", "an INVITE leaves");
	return core_keep(m);
}

/* --- what the WAN learns ------------------------------------------------------------------ */

static void test_failure_body(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	core_register(&c, CORE_PHONE, "alice");
	far(&c, CORE_PROVIDER, "INVITE", "bt", "", "in-1", 1, SDP, FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "a call comes in");
	core_answer(&c, m, "488 Not Acceptable Here", "x",
	    "Warning: 304 192.168.1.10 \"no codec\"\n" SDP, NEAR);
	core_expect(&c, LAN, "ACK", "it is refused");
	m = core_expect(&c, WAN, "SIP/2.0 488", "with a description");
	ok(core_has(m, "c=IN IP4 203.0.113.1"), "that says where we are");
	ok(core_has(m, "m=audio 0 "), "and no port");
	core_finish(&c, 200000, "all is forgotten");
}

static void test_odd_bodies(void)
{
	static const struct {
		const char *type, *body;
	} cases[] = {
	    {"application / sdp", NEAR},
	    {"Application/SDP;charset=x", NEAR},
	    {"application/sdp", NEAR "c=IN IP4 192.168.1.11\r\n"},
	    {"application/sdp", NEAR "c=IN IP4 192.168.1.10\r\nc=IN IP4 192.168.1.11\r\n"},
	    {"application/sdp",
		"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\n"
		"t=0 0\r\na=rtcp:40001 IN IP4 192.168.1.10\r\nm=audio 40000 RTP/AVP 0\r\n"},
	    {"application/sdp", NEAR "a=candidate:1 1 UDP 1 192.168.1.10 40000 typ host\r\n"},
	    {"application/sdp", NEAR "a=source-filter: incl IN IP4 * 192.168.1.10\r\n"},
	    {"application/sdp", NEAR "a=alt:1 1 : x y 192.168.1.10 40000\r\n"},
	    {"application/sdp",
		"v=0\r\no=me@192.168.1.10 1 1 IN IP4 192.168.1.10\r\ns=-\r\n"
		"c=IN IP4 192.168.1.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"},
	    {"multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\n" NEAR "--b--\r\n"},
	};
	char header[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct core c;

		start(&c);
		snprintf(header, sizeof(header), "Content-Type: %s\n", cases[i].type);
		alice(&c, "INVITE", "sip:bob@198.51.100.7", 1, "", header, cases[i].body);
		printf("# %zu: %s: %zu sent\n", i, cases[i].type, c.n_sent);
		core_finish(&c, 200000, "a body of that kind");
	}
}

/* After a restart nobody knows the call. */
static void test_lone_ack(void)
{
	struct core c;

	start(&c);
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "bt", SDP, NEAR);
	core_finish(&c, 200000, "an ACK with a description, of no call that we know");
}

static void test_headers(void)
{
	static const char *const lines[] = {
	    "Call-Info: <http://192.168.1.10/me.png>;purpose=icon",
	    "Alert-Info: <http://192.168.1.10/ring.wav>",
	    "P-Charging-Vector: icid-value=1;icid-generated-at=192.168.1.10",
	    "P-Access-Network-Info: IEEE-802.11;x=\"192.168.1.10\"",
	    "P-Served-User: <sip:alice@192.168.1.10>",
	    "Geolocation: <cid:x@192.168.1.10>",
	    "Service-Route: <sip:192.168.1.10;lr>",
	    "Reason: SIP;cause=200;text=\"from 192.168.1.10\"",
	    "User-Agent: Phone (192.168.1.10)",
	    "Content-Location: http://192.168.1.10/x",
	    "X-Unknown: [fd00:1::10] and 192.168.1.10:5060",
	    "P-Charge-Info: <sip:192.168.1.10>",
	    "Route: <sip:198.51.100.7;lr>, <sip:192.168.1.11;lr>",
	    "Refer-To: <sip:carol@192.168.1.12>",
	    "Organization: 192.168.1.10",
	    "Subject: call me on 192.168.1.10.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct core c;
		char extra[256];
		const struct core_sent *m;

		start(&c);
		snprintf(extra, sizeof(extra), "%s\n", lines[i]);
		alice(&c, "OPTIONS", "sip:bob@198.51.100.7", 1, "", extra, "");
		m = core_expect(&c, WAN, "OPTIONS", lines[i]);
		ok(core_has(m, "203.0.113.1"), "our address stands there");
		core_finish(&c, 200000, "and no other");
	}
}

static void test_start_line(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	core_receive(&c, LAN, CORE_PHONE,
	    "MESSAGE sip:bob@192.168.1.12 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKq1\n"
	    "Route: <sip:198.51.100.7;lr>\n"
	    "From: \"192.168.1.10\" <sip:alice@198.51.100.7;maddr=192.168.1.10>;tag=x\n"
	    "To: <sip:bob@192.168.1.12>\nCall-ID: 1@192.168.1.10\nCSeq: 1 MESSAGE\n"
	    "Contact: \"192.168.1.10\" <sip:alice@192.168.1.10>;x=\"192.168.1.10\"\n\n");
	m = core_expect(&c, WAN, "MESSAGE sip:bob@203.0.113.1 ",
	    "no LAN address in the start line");
	is_str(core_header(m, "Call-ID", 0), "1@192.168.1.10", "the Call-ID stays as it is");
	core_finish(&c, 200000, "nor in display names and parameters");
}

/* What would take the parser long is refused before it is parsed. */
static void test_crowded(void)
{
	struct core c;
	struct buf extra = BUF_INIT;

	start(&c);
	core_register(&c, CORE_PHONE, "alice");
	buf_str(&extra, "Route: <sip:a@203.0.113.1");
	for (int n = 0; n < 12000; n++)
		buf_str(&extra, ";a=b");
	buf_str(&extra, ">\n");
	far(&c, CORE_PROVIDER, "OPTIONS", "bt", "", "in-1", 1, extra.data, "");
	core_expect(&c, WAN, "SIP/2.0 400", "thousands of parameters");
	core_expect_silence(&c, "go nowhere");
	buf_free(&extra);
	core_finish(&c, 200000, "all is forgotten");
}

/* A name that the DNS gives our own address. */
static void test_name_of_ourselves(void)
{
	struct core c;

	start(&c);
	alice(&c, "OPTIONS", "sip:x@own.example", 1, "", "", "");
	core_resolve("192.168.1.1");
	core_expect(&c, LAN, "SIP/2.0 482", "a name that leads to ourselves is a loop");
	core_expect_silence(&c, "and we do not talk to ourselves");
	alice(&c, "OPTIONS", "sip:x@own.example", 2, "", "", "");
	core_resolve("127.0.0.1");
	core_expect(&c, LAN, "SIP/2.0 482", "by loopback too");
	core_expect_silence(&c, "and we do not talk to ourselves");
	core_finish(&c, 200000, "all is forgotten");
}

/* --- who is heard ------------------------------------------------------------------------- */

/* A phone's branch can be guessed: that is no way to end its call. */
static void test_guessed_branch(void)
{
	struct core c;
	struct core_sent invite;
	unsigned branch = next_branch;

	start(&c);
	invite = call_out(&c, NEAR);
	core_answer(&c, &invite, "180 Ringing", "bt", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 180", "it rings");
	core_receive(&c, WAN, CORE_STRANGER,
	    "CANCEL sip:bob@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKa%u\nMax-Forwards: 70\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: out-1\nCSeq: 1 CANCEL\n\n",
	    branch);
	core_expect(&c, WAN, "SIP/2.0 481", "a stranger's CANCEL means nothing");
	c.leaked = false; /* his own Via */
	core_expect_silence(&c, "and bob's phone rings on");
	core_answer(&c, &invite, "486 Busy Here", "bt", "", NULL);
	core_expect(&c, WAN, "ACK", "bob is busy");
	core_expect(&c, LAN, "SIP/2.0 486", "and alice hears it");
	free(invite.text);
	core_finish(&c, 200000, "all is forgotten");
}

/* What is no single host's address is nobody's; 0.0.0.0 would even be us. */
static void test_no_host(void)
{
	static const char *const hosts[] = {"0.0.0.0:7777", "0.0.0.0;transport=tcp", "[::]",
	    "[::ffff:0.0.0.0]:7777", "224.0.0.1", "255.255.255.255", "[ff02::1]:7777"};
	struct core c;
	char uri[64];

	start(&c);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		snprintf(uri, sizeof(uri), "sip:bob@%s", hosts[i]);
		alice(&c, "OPTIONS", uri, 1, "", "", "");
		core_expect(&c, LAN, "SIP/2.0 403", uri);
	}
	alice(&c, "OPTIONS", "sip:bob@nowhere.test", 1, "", "", "");
	core_resolve("0.0.0.0");
	core_expect(&c, LAN, "SIP/2.0 403", "a name that leads there");
	core_finish(&c, 200000, "and nothing is kept");
}

static bool is_peer(const struct core *c, unsigned flow, unsigned leg, uint16_t port)
{
	const struct flow_peer *peer;
	size_t n = core_flow_peers(c, flow, leg, &peer);

	for (size_t i = 0; i < n; i++)
		if (addr_port(&peer[i].rtp.signalled) == port)
			return true;
	return false;
}

static void test_losing_fork(void)
{
	struct core c;
	struct core_sent invite;
	const struct core_sent *m;

	start(&c);
	invite = call_out(&c, NEAR);
	core_answer(&c, &invite, "200 OK", "a", "Contact: <sip:a@198.51.100.20>\n" SDP,
	    BODY("198.51.100.20", "50000"));
	core_expect(&c, LAN, "SIP/2.0 200", "one answers");
	core_answer(&c, &invite, "200 OK", "b", "Contact: <sip:b@198.51.100.21>\n" SDP,
	    BODY("198.51.100.21", "50002"));
	core_expect(&c, LAN, "SIP/2.0 200", "and another");
	alice(&c, "ACK", "sip:a@198.51.100.20", 1, "a", "", "");
	alice(&c, "ACK", "sip:b@198.51.100.21", 1, "b", "", "");
	alice(&c, "BYE", "sip:b@198.51.100.21", 2, "b", "", "");
	c.n_read += 2;
	m = core_expect(&c, WAN, "BYE", "alice hangs up on that");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	ok(is_peer(&c, 0, 1, 50000), "the one is in the call");
	ok(!is_peer(&c, 0, 1, 50002), "the other hears no more");
	free(invite.text);
	alice(&c, "BYE", "sip:a@198.51.100.20", 3, "a", "", "");
	m = core_expect(&c, WAN, "BYE", "then on the first");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_wait(&c, 1);
	is_int((long long)ports_free_count(c.sd.ports), 10, "the ports are free");
	core_finish(&c, 200000, "all is forgotten");
}

/* A fork without audio takes it from nobody, neither before nor after the winner is known. */
static void test_refused_by_fork(void)
{
	struct core c;
	struct core_sent invite;
	const struct core_sent *m;

	start(&c);
	invite = call_out(&c, NEAR);
	core_answer(&c, &invite, "183 Progress", "a", "Contact: <sip:a@198.51.100.20>\n" SDP,
	    BODY("198.51.100.20", "0"));
	m = core_expect(&c, LAN, "SIP/2.0 183", "an early answer without audio");
	ok(core_has(m, "m=audio 0 "), "is passed on as it is");
	core_answer(&c, &invite, "183 Progress", "b", "Contact: <sip:b@198.51.100.21>\n" SDP,
	    BODY("198.51.100.21", "50002"));
	m = core_expect(&c, LAN, "SIP/2.0 183", "the next early dialog");
	ok(!core_has(m, "m=audio 0 ") && is_peer(&c, 0, 1, 50002), "still gets it");
	core_answer(&c, &invite, "200 OK", "b", "Contact: <sip:b@198.51.100.21>\n" SDP,
	    BODY("198.51.100.21", "50002"));
	core_expect(&c, LAN, "SIP/2.0 200", "and wins");
	core_answer(&c, &invite, "200 OK", "c", "Contact: <sip:c@198.51.100.22>\n" SDP,
	    BODY("198.51.100.22", "0"));
	core_expect(&c, LAN, "SIP/2.0 200", "a second 200, without audio");
	is_int((long long)ports_free_count(c.sd.ports), 9, "does not close the winner's");
	ok(is_peer(&c, 0, 1, 50002), "who goes on");
	free(invite.text);
	core_stop(&c);

	/* the winner has none: the ports go, whoever had early media */
	start(&c);
	invite = call_out(&c, NEAR);
	core_answer(&c, &invite, "183 Progress", "b", "Contact: <sip:b@198.51.100.21>\n" SDP,
	    BODY("198.51.100.21", "50002"));
	core_answer(&c, &invite, "200 OK", "a", "Contact: <sip:a@198.51.100.20>\n" SDP,
	    BODY("198.51.100.20", "0"));
	core_wait(&c, 1);
	is_int((long long)ports_free_count(c.sd.ports), 10, "a winner without audio");
	free(invite.text);
	core_stop(&c);
}

/* RFC 3261 14.1: two re-INVITEs cross; one is refused, the other accepted. */
static void test_glare(void)
{
	struct core c;
	struct core_sent invite, mine;
	const struct core_sent *m;

	start(&c);
	invite = call_out(&c, NEAR);
	core_answer(&c, &invite, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "a call");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 1, "bt", "", "");
	core_expect(&c, WAN, "ACK", "ACK");
	alice(&c, "INVITE", "sip:bob@198.51.100.20", 2, "bt", SDP, BODY("192.168.1.10", "44444"));
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "alice moves");
	mine = core_keep(m);
	far(&c, CORE_PROVIDER, "INVITE", "bt", "at", "out-1", 1, SDP,
	    BODY("198.51.100.20", "55555"));
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "bob moves at the same time");
	core_answer(&c, m, "491 Request Pending", NULL, "", NULL);
	core_expect(&c, LAN, "ACK", "ACK");
	core_expect(&c, WAN, "SIP/2.0 491", "alice refuses");
	core_answer(&c, &mine, "200 OK", NULL, "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "bob accepts");
	ok(is_peer(&c, 0, 0, 44444), "alice is where she said");
	ok(is_peer(&c, 0, 1, 50000) && !is_peer(&c, 0, 1, 55555), "and bob where he was");
	free(invite.text);
	free(mine.text);
	core_stop(&c);
}

/* Nobody aims a call's media at ourselves, so that it circles, or at others of the LAN. */
static void test_media_addresses(void)
{
	static const struct {
		const char *lan, *wan, *what;
		bool lan_good, wan_good;
	} cases[] = {
	    {NEAR, FAR, "honest ones", true, true},
	    {BODY("192.168.1.1", "7080"), FAR, "the relay's ports on the LAN", false, true},
	    {BODY("192.168.1.1", "5060"), FAR, "our SIP port on the LAN", false, true},
	    {BODY("192.168.1.1", "16000"), FAR, "an Asterisk here", true, true},
	    {NEAR, BODY("203.0.113.1", "5060"), "our SIP port on the WAN", true, false},
	    {NEAR, BODY("203.0.113.1", "16000"), "some port of ours on the WAN", true, false},
	    {NEAR, BODY("203.0.113.1", "7080"), "a call that hairpins", true, true},
	    {NEAR, BODY("203.0.113.1", "7070"), "a call's own port", true, false},
	    {NEAR, BODY("192.168.1.50", "9999"), "a host of the LAN, by the WAN", true, false},
	    {NEAR, BODY("127.0.0.1", "9999"), "loopback, by the WAN", true, false},
	    {NEAR, BODY("224.0.0.5", "9999"), "a multicast group", true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct core c;
		struct core_sent invite;
		const struct flow_peer *p = NULL;

		start(&c);
		invite = call_out(&c, cases[i].lan);
		core_answer(&c, &invite, "200 OK", "a", "Contact: <sip:a@198.51.100.20>\n" SDP,
		    cases[i].wan);
		core_expect(&c, LAN, "SIP/2.0 200", cases[i].what);
		core_flow_peers(&c, 0, 0, &p);
		is_int(p[0].rtp.sendable, cases[i].lan_good, "the LAN's end");
		core_flow_peers(&c, 0, 1, &p);
		is_int(p[0].rtp.sendable, cases[i].wan_good, "the WAN's end");
		free(invite.text);
		core_stop(&c);
	}
}

/* Behind a router the WAN's addresses are private themselves; the LAN's are still not for it. */
static void test_private_wan(void)
{
	for (int lan = 0; lan < 2; lan++) {
		struct core c;
		struct core_sent invite;
		const struct flow_peer *p = NULL;
		struct addr ours;

		start(&c);
		addr_parse(&ours, "10.0.0.2", 0);
		side_set_public(c.sd.sides, &ours);
		invite = call_out(&c, NEAR);
		core_answer(&c, &invite, "200 OK", "a", "Contact: <sip:a@198.51.100.20>\n" SDP,
		    lan ? BODY("192.168.1.50", "9999") : BODY("10.0.0.9", "9999"));
		core_expect(&c, LAN, "SIP/2.0 200", "answered");
		core_flow_peers(&c, 0, 1, &p);
		is_int(p[0].rtp.sendable, !lan, lan ? "a phone of ours" : "a neighbour");
		free(invite.text);
		core_stop(&c);
	}
}

/* A phone that uses our WAN address as its proxy hears where the description says. */
static void test_bound_where_named(void)
{
	struct core c;
	struct transport_from from = {.at = {.ifindex = 2}};
	const struct flow *f;
	char *whole, text[ADDR_TEXT_MAX];
	size_t len;

	start(&c);
	parse_peer(CORE_PHONE, &from.at.peer);
	addr_parse(&from.at.local, "203.0.113.1", 5060);
	whole = finish("INVITE sip:bob@198.51.100.7 SIP/2.0\n"
		       "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKq\n"
		       "From: <sip:a@198.51.100.7>;tag=af\nTo: <sip:bob@198.51.100.7>\nCall-ID: q\n"
		       "CSeq: 1 INVITE\nContact: <sip:a@192.168.1.10>\n" SDP "\n" NEAR,
	    &len);
	pipeline_receive(&c.sd, whole, len, &from);
	free(whole);
	f = container_of(c.sd.relay->flows.next, struct flow, link);
	is_str(addr_format_ip(&f->setup.local[0], text), "192.168.1.1", "bound on the LAN");
	is_str(addr_format_ip(&f->setup.local[1], text), "203.0.113.1", "and on the WAN");
	core_stop(&c);
}

int main(void)
{
	test_failure_body();
	test_odd_bodies();
	test_lone_ack();
	test_headers();
	test_start_line();
	test_crowded();
	test_name_of_ourselves();
	test_guessed_branch();
	test_no_host();
	test_losing_fork();
	test_refused_by_fork();
	test_glare();
	test_media_addresses();
	test_private_wan();
	test_bound_where_named();
	return tap_done();
}
