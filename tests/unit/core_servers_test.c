/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A provider with several servers: which one gets a request, and which one the next when that
 * fails (RFC 3263 4.3). */
#include "core.c"

#define SDP "Content-Type: application/sdp\n"
#define NEAR                                                                              \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 4000 RTP/AVP 0\r\n"
#define FAR                                                                                 \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"

static const char *const zone[] = {
    "example.net A 198.51.100.99",
    "_sip._udp.example.net SRV 10 0 5060 a.example.net",
    "_sip._udp.example.net SRV 20 0 5062 b.example.net",
    "_sip._udp.example.net SRV 30 0 5060 c.example.net",
    "a.example.net A 198.51.100.1",
    "b.example.net A 198.51.100.2",
    "c.example.net A 198.51.100.3",
    NULL,
};
/* The same servers, b without a rival. */
static const char *const without_b[] = {
    "_sip._udp.example.net SRV 10 0 5060 a.example.net",
    "_sip._udp.example.net SRV 30 0 5060 c.example.net",
    "a.example.net A 198.51.100.1",
    "c.example.net A 198.51.100.3",
    NULL,
};

#define A "198.51.100.1:5060"
#define B "198.51.100.2:5062"
#define C "198.51.100.3:5060"

/* Of `user`, to a name at the provider; to_tag "" outside of a dialog. */
static void alice(struct core *c, const char *user, const char *method, const char *id,
    unsigned cseq, const char *to_tag, const char *extra, const char *body)
{
	const char *call = strchr(id, '.') ? strchr(id, '.') + 1 : id;

	core_receive(c, LAN, CORE_PHONE,
	    "%s sip:bob@example.net SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bK%s\n"
	    "From: <sip:%s@example.net>;tag=at\nTo: <sip:bob@example.net>%s%s\n"
	    "Call-ID: %s\nCSeq: %u %s\nContact: <sip:%s@192.168.1.10:5060>\n%s\n%s",
	    method, id, user, *to_tag ? ";tag=" : "", to_tag, call, cseq, method, user, extra,
	    body);
}

static void is_to(const struct core_sent *m, const char *server, const char *what)
{
	char text[ADDR_TEXT_MAX];

	is_str(addr_format(&m->to, text), server, what);
}

/* A request without a body; *m is what left. */
static struct core_sent ask(struct core *c, const char *user, const char *id, const char *server,
    const char *what)
{
	alice(c, user, "OPTIONS", id, 1, "", "", "");
	core_resolve_zone(zone);
	is_to(core_expect(c, WAN, "OPTIONS sip:bob@example.net", what), server, what);
	return c->sent[c->n_sent - 1];
}

static void answer(struct core *c, const struct core_sent *m, const char *status, const char *what)
{
	char start[32];

	core_answer(c, m, status, "x", "", NULL);
	snprintf(start, sizeof(start), "SIP/2.0 %.3s", status);
	core_expect(c, LAN, start, what);
}

/* Up to the next message but retransmissions: it must begin so and go there. */
static struct core_sent wait_for(struct core *c, const char *start, const char *server,
    const char *what)
{
	char text[ADDR_TEXT_MAX];

	for (int i = 0; i < 45; i++) {
		const struct core_sent *m;

		while ((m = core_next(c)) != NULL)
			if (strncmp(m->text, start, strlen(start)) == 0 &&
			    strcmp(addr_format(&m->to, text), server) == 0) {
				ok(true, what);
				return *m;
			}
		core_wait(c, 100);
	}
	ok(false, what);
	return (struct core_sent){.text = (char *)""};
}

static void end_test(struct core *c)
{
	core_finish(c, 100000, "all is forgotten");
}

static void test_silence(void)
{
	struct core_sent first, second, third;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	first = ask(&c, "alice", "s1", A, "the first by priority");
	core_wait(&c, 3400);
	while (core_next(&c))
		if (c.sent[c.n_read - 1].side == WAN)
			is_to(&c.sent[c.n_read - 1], A, "asked again");
	second = wait_for(&c, "OPTIONS", B, "after four seconds the second");
	ok(strcmp(core_header(&first, "Via", 0), core_header(&second, "Via", 0)) != 0,
	    "with a branch of its own");
	is_str(core_header(&second, "Call-ID", 0), "s1", "the same request");
	is_int(core_count(&second, "Via"), 1, "from the bytes that came");
	third = wait_for(&c, "OPTIONS", C, "and after four more the third");
	c.n_read = c.n_sent;
	answer(&c, &third, "200 OK", "whose answer counts");
	core_wait(&c, 40000);
	core_expect_silence(&c, "and nobody is asked again");
	third = ask(&c, "alice", "s2", C, "it is the account's server now");
	answer(&c, &third, "200 OK", "OK");
	third = ask(&c, "carol", "s3", A, "others begin anew, when the first are forgiven");
	answer(&c, &third, "200 OK", "OK");
	end_test(&c);
}

static void test_dead_ones_last(void)
{
	struct core_sent m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	ask(&c, "alice", "d1", A, "the first is asked");
	m = wait_for(&c, "OPTIONS", B, "then the second");
	c.n_read = c.n_sent;
	answer(&c, &m, "200 OK", "which answers");
	m = ask(&c, "carol", "d2", B, "another account does not wait for the dead one");
	answer(&c, &m, "200 OK", "OK");
	core_wait(&c, 60000);
	c.n_read = c.n_sent;
	m = ask(&c, "dora", "d3", A, "later it is tried again");
	m = wait_for(&c, "OPTIONS", B, "without an answer");
	c.n_read = c.n_sent;
	answer(&c, &m, "200 OK", "OK");
	core_wait(&c, 40000);
	c.n_read = c.n_sent;
	m = ask(&c, "emil", "d4", B, "so it is out for longer this time");
	answer(&c, &m, "200 OK", "OK");
	core_wait(&c, 30000);
	c.n_read = c.n_sent;
	m = ask(&c, "fritz", "d5", A, "but not for ever");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

static void test_unsent(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	c.send_err = ENETUNREACH;
	alice(&c, "alice", "OPTIONS", "u1", 1, "", "", "");
	core_resolve_zone(zone);
	c.send_err = 0;
	core_wait(&c, 1);
	is_to(core_expect(&c, WAN, "OPTIONS", "a send that fails"), B, "leads to the next at once");
	c.n_read = c.n_sent;
	c.send_err = ENETUNREACH;
	alice(&c, "carol", "OPTIONS", "u2", 1, "", "", "");
	core_resolve_zone(zone);
	core_wait(&c, 1);
	core_expect(&c, LAN, "SIP/2.0 500", "when all fail the phone is told at once");
	c.send_err = 0;
	end_test(&c);
}

/* ICMP, with what it says came back. */
static void refuse(struct core *c, const struct core_sent *m, size_t len)
{
	pipeline_refused(&c->sd, &m->to, m->text, len);
	core_wait(c, 1);
}

static void test_refused(void)
{
	struct core_sent m, forged;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	m = ask(&c, "alice", "r1", A, "the first");
	refuse(&c, &m, 60);
	core_expect_silence(&c, "a refusal that does not show the branch may be forged");
	forged = m;
	addr_set_port(&forged.to, 5061);
	refuse(&c, &forged, m.len);
	core_expect_silence(&c, "nor does one for another port count");
	refuse(&c, &m, m.len - 10);
	m = *core_expect(&c, WAN, "OPTIONS", "a refusal leads to the next at once");
	is_to(&m, B, "the second");
	core_answer(&c, &m, "100 Trying", NULL, "", NULL);
	refuse(&c, &m, m.len);
	core_expect_silence(&c, "who has spoken cannot be refused");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

static void test_503(void)
{
	struct core_sent m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	m = ask(&c, "alice", "o1", A, "the first");
	core_answer(&c, &m, "503 Overload", "x", "Retry-After: 90 (soon)\n", NULL);
	m = *core_expect(&c, WAN, "OPTIONS", "sends us to the next at once");
	is_to(&m, B, "the second");
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	m = *core_expect(&c, WAN, "OPTIONS", "which does so too");
	is_to(&m, C, "the third");
	answer(&c, &m, "200 OK", "answers");
	m = ask(&c, "carol", "o2", B, "Retry-After keeps us away from the first alone");
	answer(&c, &m, "404 Not Found", "404 is an answer");
	core_wait(&c, 60000);
	c.n_read = c.n_sent;
	m = ask(&c, "dora", "o3", B, "for as long as it said");
	answer(&c, &m, "200 OK", "OK");
	core_wait(&c, 40000);
	m = ask(&c, "emil", "o4", A, "and not longer");
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	m = *core_expect(&c, WAN, "OPTIONS", "next");
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	m = *core_expect(&c, WAN, "OPTIONS", "next");
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 500", "when all are overloaded the phone is told");
	end_test(&c);
}

/* A nonce is known to the server that made it. */
static void test_challenge(void)
{
	struct core_sent m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	ask(&c, "alice", "n1", A, "the first is dead");
	m = wait_for(&c, "OPTIONS", B, "the second");
	c.n_read = c.n_sent;
	answer(&c, &m, "401 Unauthorized", "challenges");
	core_wait(&c, 601000);
	c.n_read = c.n_sent;
	m = ask(&c, "alice", "n2", B, "and gets the answer, though the first is forgiven");
	answer(&c, &m, "200 OK", "OK");
	alice(&c, "alice", "OPTIONS", "n3", 1, "", "", "");
	core_resolve_zone(without_b);
	m = *core_expect(&c, WAN, "OPTIONS", "until the records name it no more");
	is_to(&m, A, "then by priority");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

static void test_call(void)
{
	struct core_sent m, first;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "i1.call", 1, "", SDP, NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_resolve_zone(zone);
	first = *core_expect(&c, WAN, "INVITE", "a call");
	m = wait_for(&c, "INVITE", B, "goes to the second");
	is_int((long long)ports_free_count(c.sd.ports), 9, "with the same ports");
	ok(core_has(&m, "c=IN IP4 203.0.113.1") && !core_has(&m, "192.168."), "and description");
	is_str(strstr(core_body(&m), "m="), strstr(core_body(&first), "m="), "of the same media");
	c.n_read = c.n_sent;
	core_answer(&c, &m, "180 Ringing", "bt", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 180", "it rings");
	core_answer(&c, &first, "180 Ringing", "late", "", NULL);
	is_to(core_expect(&c, WAN, "CANCEL", "the first wakes up and is cancelled"), A, "there");
	core_answer(&c, &first, "487 Terminated", "late", "", NULL);
	is_to(core_expect(&c, WAN, "ACK", "which it confirms"), A, "there");
	core_expect_silence(&c, "the caller hears nothing of it");
	core_answer(&c, &m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "the second answers");
	alice(&c, "alice", "ACK", "i2.call", 1, "bt", "", "");
	is_to(core_expect(&c, WAN, "ACK", "the ACK, by name"), B, "goes where the call is");
	alice(&c, "alice", "BYE", "i3.call", 2, "bt", "", "");
	core_resolve_zone(zone);
	m = *core_expect(&c, WAN, "BYE", "the BYE, by name");
	is_to(&m, B, "too");
	answer(&c, &m, "200 OK", "and ends it");
	is_int((long long)calls_count(c.sd.calls), 0, "the call is over");
	end_test(&c);
}

/* The second server has IPv6 alone: what it is told of the voice is of that family too. */
static void test_other_family(void)
{
	static const char *const both[] = {
	    "_sip._udp.example.net SRV 10 0 5060 a.example.net",
	    "_sip._udp.example.net SRV 20 0 5060 six.example.net",
	    "a.example.net A 198.51.100.1",
	    "six.example.net A 2001:db8:2::6",
	    NULL,
	};
	static const char far6[] =
	    "v=0\r\no=- 7 7 IN IP6 2001:db8:2::7\r\ns=-\r\nc=IN IP6 2001:db8:2::7\r\nt=0 0\r\n"
	    "m=audio 50000 RTP/AVP 0\r\n";
	char where[ADDR_TEXT_MAX];
	struct core_sent m, first;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "i1.six", 1, "", SDP, NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_resolve_zone(both);
	first = *core_expect(&c, WAN, "INVITE", "a call");
	ok(core_has(&first, "c=IN IP4 203.0.113.1\r\n"), "by IPv4");
	m = wait_for(&c, "INVITE", "[2001:db8:2::6]:5060", "then by IPv6");
	ok(core_has(&m, "c=IN IP6 2001:db8:1::1\r\n") && !core_has(&m, "203.0.113.1"),
	    "whose server is told of our IPv6 address alone");
	is_str(strstr(core_body(&m), "m="), strstr(core_body(&first), "m="), "and the same port");
	is_int((long long)relay_flow_count(c.sd.relay), 1, "one flow is open");
	is_int((long long)ports_free_count(c.sd.ports), 9, "on one pair");
	c.n_read = c.n_sent;
	core_answer(&c, &m, "200 OK", "bt", "Contact: <sip:bob@[2001:db8:2::6]>\n" SDP, far6);
	core_expect(&c, LAN, "SIP/2.0 200", "it answers");
	ok(core_has(&c.sent[c.n_read - 1], "c=IN IP4 192.168.1.1\r\n"),
	    "and the phone speaks by IPv4 all the same");
	core_flow_local(&c, 0, 1, where);
	is_str(where, "[2001:db8:1::1]:7070", "while its server speaks by IPv6");
	core_stop(&c);

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "j1.six", 1, "", SDP, NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_resolve_zone(both);
	first = *core_expect(&c, WAN, "INVITE", "another call");
	wait_for(&c, "INVITE", "[2001:db8:2::6]:5060", "goes the same way");
	c.n_read = c.n_sent;
	core_answer(&c, &first, "200 OK", "at", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	m = wait_for(&c, "SIP/2.0 200", CORE_PHONE, "but the first one was only slow");
	ok(core_has(&m, "m=audio 7070"), "and is heard");
	core_flow_local(&c, 0, 1, where);
	is_str(where, "203.0.113.1:7070", "where it was told to send");
	core_stop(&c);

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "k1.six", 1, "", SDP, NEAR);
	core_resolve_zone(both);
	core_relay_err = EADDRINUSE;
	c.n_read = c.n_sent;
	core_wait(&c, 41000);
	is_to(&c.sent[c.n_sent - 1], CORE_PHONE, "without a port there");
	ok(core_has(&c.sent[c.n_sent - 1], "SIP/2.0 408"), "the call ends");
	is_int((long long)ports_free_count(c.sd.ports), 10, "and holds none");
	core_relay_err = 0;
	end_test(&c);
}

/* The first server was slow, not dead. */
static void test_late_success(void)
{
	struct core_sent first, second, m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "l1.call", 1, "", SDP, NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_resolve_zone(zone);
	first = *core_expect(&c, WAN, "INVITE", "a call");
	second = wait_for(&c, "INVITE", B, "goes to the second");
	c.n_read = c.n_sent;
	core_answer(&c, &second, "180 Ringing", "bt", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 180", "which rings");
	core_answer(&c, &first, "200 OK", "late", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "the first 2xx wins");
	m = *core_expect(&c, WAN, "CANCEL", "the other is cancelled");
	is_to(&m, B, "there");
	core_answer(&c, &m, "200 OK", "x", "", NULL);
	core_answer(&c, &second, "487 Terminated", "bt", "", NULL);
	core_expect(&c, WAN, "ACK", "ACK");
	core_expect_silence(&c, "that is all");
	alice(&c, "alice", "BYE", "l2.call", 2, "late", "", "");
	core_resolve_zone(zone);
	m = *core_expect(&c, WAN, "BYE", "the BYE");
	is_to(&m, A, "goes to who answered");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

static void test_late_failure(void)
{
	struct core_sent first, second, m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	first = ask(&c, "alice", "f1", A, "a slow server");
	wait_for(&c, "OPTIONS", B, "the second is asked");
	core_answer(&c, &first, "401 Unauthorized", "x", "", NULL);
	wait_for(&c, "SIP/2.0 401", CORE_PHONE, "a late challenge is better than silence");
	core_expect_silence(&c, "and no third is asked");
	core_forget(&c);

	core_wait(&c, 601000);
	core_forget(&c);
	first = ask(&c, "carol", "f2", A, "again");
	second = wait_for(&c, "OPTIONS", B, "the second is asked");
	core_answer(&c, &first, "401 Unauthorized", "x", "WWW-Authenticate: first\n", NULL);
	core_answer(&c, &second, "401 Unauthorized", "x", "WWW-Authenticate: second\n", NULL);
	m = wait_for(&c, "SIP/2.0 401", CORE_PHONE, "both challenge");
	ok(core_has(&m, "first") && !core_has(&m, "second"), "one of them is passed on");
	core_forget(&c);
	m = ask(&c, "carol", "f3", A, "and it gets the answer");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

static void test_cancel(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "c1.call", 1, "", SDP, NEAR);
	core_resolve_zone(zone);
	core_wait(&c, 1000);
	c.n_read = c.n_sent;
	alice(&c, "alice", "CANCEL", "c1.call", 1, "", "", "");
	core_expect(&c, LAN, "SIP/2.0 200", "CANCEL while a server is silent");
	wait_for(&c, "SIP/2.0 487", CORE_PHONE, "ends the call");
	for (size_t i = 0; i < c.n_sent; i++)
		if (c.sent[i].side == WAN)
			is_to(&c.sent[i], A, "no other server is asked");
	end_test(&c);
}

static void test_all_dead(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "alice", "INVITE", "x1.call", 1, "", SDP, NEAR);
	core_resolve_zone(zone);
	core_wait(&c, 41000);
	is_to(&c.sent[c.n_sent - 1], CORE_PHONE, "the caller is told");
	ok(core_has(&c.sent[c.n_sent - 1], "SIP/2.0 408"), "that nobody answers");
	c.n_read = c.n_sent;
	ask(&c, "alice", "x2", A, "dead ones are tried rather than none");
	end_test(&c);
}

/* outbound_proxy_host may be a domain: without a port its SRV records count. */
static void test_outbound_proxy(void)
{
	struct core_sent m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	c.config.outbound_proxy_host = (char *)"example.net";
	core_receive(&c, LAN, CORE_PHONE,
	    "OPTIONS sip:bob@elsewhere.test SIP/2.0\nVia: SIP/2.0/UDP "
	    "192.168.1.10;branch=z9hG4bKp1\n"
	    "From: <sip:alice@b.test>;tag=af\nTo: <sip:bob@elsewhere.test>\nCall-ID: p1\n"
	    "CSeq: 1 OPTIONS\n\n");
	core_resolve_zone(zone);
	m = *core_expect(&c, WAN, "OPTIONS sip:bob@elsewhere.test", "by the outbound proxy's SRV");
	is_to(&m, A, "to its first server");
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	m = *core_expect(&c, WAN, "OPTIONS", "with failover");
	is_to(&m, B, "to the second");
	answer(&c, &m, "200 OK", "OK");
	c.config.outbound_proxy_port = 5061;
	alice(&c, "alice", "OPTIONS", "p2", 1, "", "", "");
	core_resolve_zone(zone);
	m = *core_expect(&c, WAN, "OPTIONS", "with a port its own address counts");
	is_to(&m, "198.51.100.99:5061", "and the port");
	answer(&c, &m, "200 OK", "OK");
	end_test(&c);
}

int main(void)
{
	test_silence();
	test_dead_ones_last();
	test_unsent();
	test_refused();
	test_503();
	test_challenge();
	test_call();
	test_other_family();
	test_late_success();
	test_late_failure();
	test_cancel();
	test_all_dead();
	test_outbound_proxy();
	return tap_done();
}
