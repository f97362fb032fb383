/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What TCP changes in the messages and in their ways; transport_test has the connections. */
#include "core.c"

#include "proxy/call.h"
#include "proxy/session.h"

#define SDP "Content-Type: application/sdp\n"
#define NEAR                                                                              \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 4000 RTP/AVP 0\r\n"
#define FAR                                                                                 \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"
#define PHONE_PORT "192.168.1.10:40000" /* that its connection comes from */

static void start(struct core *c)
{
	core_init(c);
	core_start(c, false);
}

/* Alice registers at the provider, over connection 7 where `stream`. */
static void register_alice(struct core *c, bool stream, const char *uri_params)
{
	const struct core_sent *m;

	c->connection = stream ? 7 : 0;
	core_receive(c, LAN, PHONE_PORT,
	    "REGISTER sip:198.51.100.7%s SIP/2.0\n"
	    "Via: SIP/2.0/%s 192.168.1.10:5060;branch=z9hG4bKr\n"
	    "From: <sip:alice@198.51.100.7>;tag=r\nTo: <sip:alice@198.51.100.7>\n"
	    "Call-ID: reg\nCSeq: 1 REGISTER\n"
	    "Contact: <sip:alice@192.168.1.10:5060%s>;expires=3600\n\n",
	    uri_params, stream ? "TCP" : "UDP", stream ? ";transport=tcp" : "");
	c->connection = 0;
	m = core_expect(c, WAN, "REGISTER", "a REGISTER goes out");
	core_answer(c, m, "200 OK", "x", "Expires: 3600\n", NULL);
	m = core_expect(c, LAN, "SIP/2.0 200", "... and is answered");
	is_int((long long)m->connection, stream ? 7 : 0, "... the way it came");
	core_forget(c);
}

static void carol(struct core *c, const char *method, const char *branch, const char *to_tag,
    const char *body)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s sip:alice@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s\n"
	    "From: <sip:carol@198.51.100.7>;tag=ct\nTo: <sip:alice@198.51.100.7>%s%s\n"
	    "Call-ID: in\nCSeq: %d %s\nContact: <sip:carol@198.51.100.20>\n%s\n%s",
	    method, branch, *to_tag ? ";tag=" : "", to_tag, strcmp(method, "INVITE") == 0 ? 1 : 2,
	    method, *body ? SDP : "", body);
}

/* A phone on TCP, a provider on UDP: each side sees its own transport. */
static void test_phone_calls(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	c.connection = 7;
	core_receive(&c, LAN, PHONE_PORT,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/TCP 192.168.1.10:5060;branch=z9hG4bKi\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: out\nCSeq: 1 INVITE\n"
	    "Contact: <sip:alice@192.168.1.10;transport=tcp>\n" SDP "\n" NEAR);
	c.connection = 0;
	m = core_expect(&c, LAN, "SIP/2.0 100", "100");
	is_int((long long)m->connection, 7, "... by the phone's connection");
	ok(addr_port(&m->to) == 40000, "... wherever its Via points");
	m = core_expect(&c, WAN, "INVITE", "the INVITE goes out");
	ok(m->transport == SIP_UDP, "... over UDP");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP 203.0.113.1", 23) == 0,
	    "... and says so");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>", "... in its Contact");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_int((long long)m->connection, 7, "... by the connection");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/TCP 192.168.1.10:5060", 29) == 0,
	    "... with the phone's Via");
	is_str(core_header(m, "Record-Route", 0), "<sip:192.168.1.1;transport=tcp;lr>",
	    "what follows comes by TCP, too");
	c.connection = 7;
	core_receive(&c, LAN, PHONE_PORT,
	    "BYE sip:bob@198.51.100.20 SIP/2.0\n"
	    "Via: SIP/2.0/TCP 192.168.1.10:5060;branch=z9hG4bKb\n"
	    "Route: <sip:192.168.1.1;transport=tcp;lr>\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\nTo: <sip:bob@198.51.100.7>;tag=bt\n"
	    "Call-ID: out\nCSeq: 2 BYE\n\n");
	c.connection = 0;
	m = core_expect(&c, WAN, "BYE sip:bob@198.51.100.20", "the BYE goes out");
	core_answer(&c, m, "200 OK", "bt", "", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "... and its 200 back");
	is_int((long long)m->connection, 7, "... by the connection");
	core_wait(&c, 40000);
	core_forget(&c);
	core_finish(&c, 4000000, "all is forgotten");
}

/* A phone on UDP, a provider on TCP. */
static void test_provider(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7;transport=tcp SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKi\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: out\nCSeq: 1 INVITE\nContact: <sip:alice@192.168.1.10>\n" SDP "\n" NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "the INVITE goes out");
	ok(m->transport == SIP_TCP && m->connection == 1000, "... over TCP");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/TCP 203.0.113.1:5060", 28) == 0,
	    "... and says so");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1;transport=tcp>",
	    "... in its Contact");
	core_wait(&c, 20000);
	core_expect_silence(&c, "it is not sent twice");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.7;transport=tcp>\n" SDP,
	    FAR);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	ok(m->transport == SIP_UDP, "... over UDP");
	is_str(core_header(m, "Record-Route", 0), "<sip:192.168.1.1;lr>", "what follows, too");
	/* The far end hangs up by the connection that we made. */
	c.connection = 1000;
	core_receive(&c, WAN, CORE_PROVIDER,
	    "BYE sip:alice@203.0.113.1;transport=tcp SIP/2.0\n"
	    "Via: SIP/2.0/TCP 198.51.100.7:5060;branch=z9hG4bKb\n"
	    "From: <sip:bob@198.51.100.7>;tag=bt\nTo: <sip:alice@198.51.100.7>;tag=at\n"
	    "Call-ID: out\nCSeq: 9 BYE\n\n");
	c.connection = 0;
	m = core_expect(&c, LAN, "BYE sip:alice@192.168.1.10", "its BYE arrives");
	ok(m->transport == SIP_UDP, "... over UDP");
	core_answer(&c, m, "200 OK", "at", "", NULL);
	m = core_expect(&c, WAN, "SIP/2.0 200", "and is answered");
	is_int((long long)m->connection, 1000, "... by the same connection");
	core_wait(&c, 40000);
	core_forget(&c);
	core_finish(&c, 4000000, "all is forgotten");
}

/* A message that came without Content-Length cannot leave by a stream without one (18.3). */
static void test_length(void)
{
	static const char text[] =
	    "MESSAGE sip:bob@198.51.100.7;transport=tcp SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKm\r\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\r\nTo: <sip:bob@198.51.100.7>\r\n"
	    "Call-ID: m\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n\r\nhello";
	const struct core_sent *m;
	struct addr phone;
	struct core c;

	start(&c);
	addr_parse(&phone, "192.168.1.10", 5060);
	deliver(&c, LAN, &phone, 0, text, strlen(text));
	m = core_expect(&c, WAN, "MESSAGE", "a MESSAGE goes out");
	is_str(core_header(m, "Content-Length", 0), "5", "... with its length");
	is_str(core_body(m), "hello", "... and its body");
	core_answer(&c, m, "200 OK", "bt", "", NULL);
	core_finish(&c, 4000000, "all is forgotten");
}

/* Bob, or the provider, calls a phone that has registered by a connection. */
static void test_phone_is_called(void)
{
	struct core c;
	const struct core_sent *m, *invite;

	start(&c);
	register_alice(&c, true, "");
	ok(pipeline_relies_on(&c.sd, 7) && !pipeline_relies_on(&c.sd, 8),
	    "the binding relies on its connection");
	carol(&c, "INVITE", "i", "", FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	invite =
	    core_expect(&c, LAN, "INVITE sip:alice@192.168.1.10:5060;transport=tcp", "it rings");
	is_int((long long)invite->connection, 7, "... by the connection");
	ok(addr_port(&invite->to) == 40000, "... and not where the Contact points");
	is_str(core_header(invite, "Record-Route", 0), "<sip:192.168.1.1;transport=tcp;lr>",
	    "... which the phone keeps to");
	core_answer(&c, invite, "200 OK", "at",
	    "Contact: <sip:alice@192.168.1.10:5060;transport=tcp>\n" SDP, NEAR);
	m = core_expect(&c, WAN, "SIP/2.0 200", "200");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>", "the WAN sees UDP");
	core_wait(&c, 40000);
	core_forget(&c);
	/* The connection breaks; the phone listens, and has not come again yet. */
	c.lost = 7;
	pipeline_connection_gone(&c.sd, 7);
	carol(&c, "BYE", "b", "at", "");
	m = core_expect(&c, LAN, "BYE", "the BYE finds another way");
	ok(m->connection >= 1000 && addr_port(&m->to) == 5060, "... to the Contact, over TCP");
	core_answer(&c, m, "200 OK", "at", "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "... and back");
	core_wait(&c, 40000);
	core_forget(&c);
	carol(&c, "INVITE", "i2", "", FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "and so does the next call");
	ok(m->connection >= 1000 && addr_port(&m->to) == 5060, "... as well");
	/* Nobody listens. */
	pipeline_connection_gone(&c.sd, m->connection);
	core_wait(&c, 10);
	m = core_expect(&c, WAN, "SIP/2.0 480", "a phone that cannot be reached is said to be so");
	core_receive(&c, WAN, CORE_PROVIDER,
	    "ACK sip:alice@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKi2\n"
	    "From: <sip:carol@198.51.100.7>;tag=ct\nTo: %s\nCall-ID: in\nCSeq: 1 ACK\n\n",
	    core_header(m, "To", 0));
	core_finish(&c, 4000000, "all is forgotten");
}

static void hang_up(struct call *call, void *arg)
{
	session_hang_up(arg, call, "the test says so");
}

/* A caller on TCP, who is gone when we hang up: where does our BYE go? */
static void caller_is_told(const char *contact, const char *expected)
{
	struct core c;
	const struct core_sent *m;
	char to[ADDR_TEXT_MAX];

	start(&c);
	register_alice(&c, false, "");
	c.connection = 9;
	core_receive(&c, WAN, "192.0.2.66:41000",
	    "INVITE sip:alice@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/TCP 192.0.2.66:5060;branch=z9hG4bKi\n"
	    "From: <sip:m@192.0.2.66>;tag=ct\nTo: <sip:alice@203.0.113.1>\n"
	    "Call-ID: in\nCSeq: 1 INVITE\nContact: <%s>\n" SDP "\n" FAR,
	    contact);
	c.connection = 0;
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "it rings");
	core_answer(&c, m, "200 OK", "at", "Contact: <sip:alice@192.168.1.10:5060>\n" SDP, NEAR);
	core_expect(&c, WAN, "SIP/2.0 200", "200");
	c.lost = 9;
	pipeline_connection_gone(&c.sd, 9);
	calls_each(c.sd.calls, hang_up, &c.sd);
	core_expect(&c, LAN, "BYE", "we hang up");
	m = core_expect(&c, WAN, "BYE", "on both sides");
	is_str(addr_format(&m->to, to), expected, contact);
	c.leaked = false; /* its own words */
	core_finish(&c, 4000000, "all is forgotten");
}

static void test_where_callers_point(void)
{
	caller_is_told("sip:m@192.0.2.67:5080;transport=tcp", "192.0.2.67:5080");
	caller_is_told("sip:m@192.168.1.11:80;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@192.168.1.1:80;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@203.0.113.1:80;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@203.0.113.1;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@127.0.0.1:25;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@0.0.0.0:25;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@[::1]:25;transport=tcp", "192.0.2.66:41000");
	caller_is_told("sip:m@[::ffff:127.0.0.1]:25;transport=tcp", "192.0.2.66:41000");
}

/* A call whose phone has lost its connection and comes back by another one. */
static void test_phone_returns(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	register_alice(&c, true, "");
	c.lost = 7;
	c.connection = 8;
	core_receive(&c, LAN, "192.168.1.10:40001",
	    "REGISTER sip:198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/TCP 192.168.1.10:5060;branch=z9hG4bKr2\n"
	    "From: <sip:alice@198.51.100.7>;tag=r\nTo: <sip:alice@198.51.100.7>\n"
	    "Call-ID: reg\nCSeq: 2 REGISTER\n"
	    "Contact: <sip:alice@192.168.1.10:5060;transport=tcp>;expires=3600\n\n");
	c.connection = 0;
	m = core_expect(&c, WAN, "REGISTER", "the phone registers anew");
	core_answer(&c, m, "200 OK", "x", "Expires: 3600\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "...");
	is_int((long long)location_count(c.sd.location), 1, "it is the same one");
	ok(pipeline_relies_on(&c.sd, 8), "its new connection counts");
	carol(&c, "INVITE", "i", "", FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "it rings");
	is_int((long long)m->connection, 8, "... by the new connection");
	core_answer(&c, m, "486 Busy Here", "at", "", NULL);
	core_finish(&c, 4000000, "all is forgotten");
}

/* A provider that calls by the connection of the REGISTER finds it there, however idle it is. */
static void test_registrar_connection(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	core_receive(&c, LAN, CORE_PHONE,
	    "REGISTER sip:198.51.100.7;transport=tcp SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKr\n"
	    "From: <sip:alice@198.51.100.7>;tag=r\nTo: <sip:alice@198.51.100.7>\n"
	    "Call-ID: reg\nCSeq: 1 REGISTER\n"
	    "Contact: <sip:alice@192.168.1.10:5060>;expires=3600\n\n");
	m = core_expect(&c, WAN, "REGISTER", "a REGISTER goes out over TCP");
	is_int((long long)m->connection, 1000, "... by a connection of ours");
	core_answer(&c, m, "200 OK", "x", "Expires: 3600\n", NULL);
	core_wait(&c, 1000000);
	core_forget(&c);
	ok(pipeline_relies_on(&c.sd, 1000), "the binding relies on it");
	core_wait(&c, 3000000);
	ok(!pipeline_relies_on(&c.sd, 1000), "... for as long as it lives");
	core_finish(&c, 4000000, "all is forgotten");
}

/* Who connects from the WAN is admitted, but for those that the lists exclude. */
static void test_admission(void)
{
	struct core c;
	struct udp_from at = {.ifindex = 3};
	char *bad = NULL;

	start(&c);
	addr_parse(&at.peer, "198.51.100.7", 40000);
	addr_parse(&at.local, "203.0.113.1", 5060);
	is_int(pipeline_admit(&c.sd, &at), WAN, "the WAN");
	addr_parse(&at.peer, "192.168.1.10", 40000);
	addr_parse(&at.local, "192.168.1.1", 5060);
	at.ifindex = 2;
	is_int(pipeline_admit(&c.sd, &at), LAN, "the LAN");
	at.ifindex = 0;
	is_int(pipeline_admit(&c.sd, &at), LAN, "... where the system does not tell");
	is_int(acl_parse(&c.config.hosts_deny_sip, "192.168.1.10", &bad), 0, "hosts_deny_sip");
	is_int(pipeline_admit(&c.sd, &at), -1, "... keeps the door shut");
	acl_done(&c.config.hosts_deny_sip);
	core_stop(&c);
}

static void large_options(struct core *c, const char *branch)
{
	char filler[1400];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	core_receive(c, LAN, CORE_PHONE,
	    "OPTIONS sip:bob@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bK%s\n"
	    "From: <sip:alice@198.51.100.7>;tag=at\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: %s\nCSeq: 1 OPTIONS\nX-Filler: %s\n\n",
	    branch, branch, filler);
}

/* RFC 3261 18.1.1, for peers that are known to speak TCP. */
static void test_large(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	large_options(&c, "l1");
	m = core_expect(&c, WAN, "OPTIONS", "a large request");
	ok(m->transport == SIP_UDP, "... to somebody of whom nothing is known goes over UDP");
	core_answer(&c, m, "200 OK", "x", "", NULL);
	core_forget(&c);
	c.speaks_tcp = true;
	large_options(&c, "l2");
	m = core_expect(&c, WAN, "OPTIONS", "... to somebody who speaks TCP");
	ok(m->transport == SIP_TCP, "... over TCP");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/TCP", 11) == 0, "... and says so");
	pipeline_connection_gone(&c.sd, m->connection);
	core_wait(&c, 10);
	m = core_expect(&c, WAN, "OPTIONS", "if that fails");
	ok(m->transport == SIP_UDP, "... over UDP");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP", 11) == 0, "... and says so");
	core_answer(&c, m, "200 OK", "x", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "... and it is answered");
	core_finish(&c, 4000000, "all is forgotten");
}

int main(void)
{
	test_phone_calls();
	test_provider();
	test_length();
	test_phone_is_called();
	test_where_callers_point();
	test_phone_returns();
	test_registrar_connection();
	test_admission();
	test_large();
	return tap_done();
}
