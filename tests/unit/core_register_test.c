/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole registrations: challenge, binding, names, refresh, end, and ourselves as the registrar. */
#include "core.c"
#include "proxy/location.h"
#include "tap.h"

static void send_register(struct core *c, const char *phone, const char *call_id, unsigned cseq,
    const char *contact, const char *extra)
{
	core_receive(c, LAN, phone,
	    "REGISTER sip:198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%u;rport\n"
	    "Max-Forwards: 70\n"
	    "From: <sip:alice@198.51.100.7>;tag=r1\n"
	    "To: <sip:alice@198.51.100.7>\n"
	    "Call-ID: %s\n"
	    "CSeq: %u REGISTER\n"
	    "Contact: %s\n"
	    "%s\n",
	    phone, call_id, cseq, call_id, cseq, contact, extra);
}

/* Registers and returns the user part of the masqueraded contact. */
static const char *register_phone(struct core *c, const char *phone, const char *call_id,
    unsigned cseq, const char *contact)
{
	static char user[64];
	const struct core_sent *m;
	char extra[128];

	send_register(c, phone, call_id, cseq, contact, "Expires: 600\n");
	m = core_expect(c, WAN, "REGISTER", "a REGISTER goes out");
	snprintf(user, sizeof(user), "%s", strchr(core_header(m, "Contact", 0), ':') + 1);
	snprintf(extra, sizeof(extra), "Contact: <sip:%.*s>;expires=300\n", (int)strcspn(user, ">"),
	    user);
	user[strcspn(user, "@")] = '\0';
	core_answer(c, m, "200 OK", "reg", extra, NULL);
	core_expect(c, LAN, "SIP/2.0 200", "and its 200 comes back");
	return user;
}

static size_t targets(struct core *c, const char *name)
{
	struct binding *found[8];
	bool lately;

	return location_find(c->sd.location, str_of(name), core_unix_time, found, 8, &lately);
}

static void test_challenge(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	is_int(core_start(&c, false), 0, "a proxy");
	send_register(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060;line=x>;q=0.5",
	    "Expires: 600\nSupported: path\n");
	m = core_expect(&c, WAN, "REGISTER sip:198.51.100.7 SIP/2.0\r\n", "REGISTER is relayed");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>;q=0.5",
	    "with our WAN address as its contact");
	is_int(core_count(m, "Via"), 1, "one Via");
	ok(strncmp(core_header(m, "Via", 0), "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK", 43) ==
		0,
	    "which is ours");
	is_str(core_header(m, "Max-Forwards", 0), "69", "Max-Forwards counts down");
	is_str(core_header(m, "Supported", 0), "path", "what is not ours passes");
	is_str(core_header(m, "From", 0), "<sip:alice@198.51.100.7>;tag=r1", "From as it came");
	core_answer(&c, m, "401 Unauthorized", "reg",
	    "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 401", "the challenge comes back");
	is_str(core_header(m, "WWW-Authenticate", 0), "Digest realm=\"x\", nonce=\"1\"",
	    "unchanged");
	ok(core_has(m,
	       "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKreg-11;rport=5060;"
	       "received=192.168.1.10\r\n"),
	    "with the phone's Via");
	is_int((long long)targets(&c, "alice"), 0, "nobody is registered yet");

	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060;line=x>",
	    "Expires: 600\nAuthorization: Digest username=\"alice\"\n");
	m = core_expect(&c, WAN, "REGISTER", "the second try goes out");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>", "under the same name");
	core_answer(&c, m, "200 OK", "reg",
	    "Contact: <sip:mobile@192.0.2.8>;expires=99, <sip:alice@203.0.113.1>;expires=120\n",
	    NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200 comes back");
	is_str(core_header(m, "Contact", 0),
	    "<sip:mobile@192.0.2.8>;expires=99, <sip:alice@192.168.1.10:5060;line=x>;expires=120",
	    "with the phone's own contact among the others");
	is_int((long long)targets(&c, "alice"), 1, "alice is registered");
	core_wait(&c, 121000);
	is_int((long long)targets(&c, "alice"), 0, "for as long as was granted");
	core_expect_silence(&c, "nothing else was sent");
	core_expect_rest(&c, "and all is forgotten");
	core_stop(&c);
}

static void test_unregister(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	register_phone(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>");
	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060>;expires=0", "");
	m = core_expect(&c, WAN, "REGISTER", "one contact ends");
	is_str(core_header(m, "Contact", 0), "<sip:alice@203.0.113.1>;expires=0", "by its name");
	is_int((long long)targets(&c, "alice"), 1, "it counts until the registrar says so");
	core_answer(&c, m, "200 OK", "reg", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "which it does");
	is_int((long long)targets(&c, "alice"), 0, "and alice is gone");

	register_phone(&c, CORE_PHONE, "reg-1", 3, "<sip:alice@192.168.1.10:5060>");
	send_register(&c, CORE_PHONE, "reg-1", 4, "*", "Expires: 0\n");
	m = core_expect(&c, WAN, "REGISTER", "Contact: * goes out");
	is_str(core_header(m, "Contact", 0), "*", "as it is");
	core_answer(&c, m, "200 OK", "reg", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_int((long long)targets(&c, "alice"), 0, "all of alice is gone");
	send_register(&c, CORE_PHONE, "reg-1", 5, "*", "Expires: 60\n");
	core_expect(&c, LAN, "SIP/2.0 400", "* without Expires: 0 is refused");
	core_wait(&c, 64000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_two_phones(void)
{
	struct core c;
	const struct core_sent *m;
	char token[64], extra[256];

	core_init(&c);
	core_start(&c, false);
	is_str(register_phone(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>"), "alice",
	    "the first phone has the plain name");
	snprintf(token, sizeof(token), "%s",
	    register_phone(&c, CORE_PHONE_2, "reg-2", 1, "<sip:alice@192.168.1.11:5060>"));
	ok(strncmp(token, "alice-", 6) == 0 && strlen(token) == 14, "the second one a token");
	is_int((long long)targets(&c, "alice"), 2, "the plain name reaches both");
	is_int((long long)targets(&c, token), 1, "the token one");
	is_str(register_phone(&c, CORE_PHONE_2, "reg-2", 2, "<sip:alice@192.168.1.99:5060>"), token,
	    "a new address keeps the token");
	is_int((long long)targets(&c, "alice"), 2, "and makes no third binding");

	/* the registrar lists all, with another device of the same user first */
	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060>",
	    "Expires: 600\n");
	m = core_expect(&c, WAN, "REGISTER", "a refresh");
	snprintf(extra, sizeof(extra),
	    "Contact: <sip:alice@192.0.2.9>;expires=5\n"
	    "Contact: <sip:%s@203.0.113.1>;expires=50\n"
	    "Contact: <sip:alice@203.0.113.1>;expires=400\n",
	    token);
	core_answer(&c, m, "200 OK", "reg", extra, NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_str(core_header(m, "Contact", 0), "<sip:alice@192.0.2.9>;expires=5",
	    "a foreign contact");
	is_str(core_header(m, "Contact", 1), "<sip:alice@192.168.1.99:5060>;expires=50",
	    "the other phone's, as it is now");
	is_str(core_header(m, "Contact", 2), "<sip:alice@192.168.1.10:5060>;expires=400",
	    "its own");
	core_wait(&c, 350000);
	is_int((long long)targets(&c, "alice"), 1,
	    "its own grant counts, not that of a namesake elsewhere");
	core_wait(&c, 32000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void from_provider(struct core *c)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "MESSAGE sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKm\n"
	    "From: <sip:b@198.51.100.7>;tag=1\nTo: <sip:alice@198.51.100.7>\nCall-ID: m\n"
	    "CSeq: 1 MESSAGE\n\n");
}

static void test_silence(void)
{
	struct core c;
	unsigned tries = 0;

	core_init(&c);
	core_start(&c, false);
	send_register(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>", "");
	core_wait(&c, 31000);
	for (const struct core_sent *m; (m = core_next(&c));)
		tries += m->side == WAN;
	is_int(tries, 10, "REGISTER is sent at 0, 0.5, 1.5, 3.5, 7.5, then every 4 seconds");
	core_wait(&c, 900);
	core_expect(&c, WAN, "REGISTER", "the last try");
	core_wait(&c, 33000);
	core_expect_silence(&c, "nobody is told that the registrar is silent (RFC 4320)");
	core_expect_rest(&c, "and it is forgotten");

	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060>", "");
	core_expect(&c, WAN, "REGISTER", "another");
	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060>", "");
	core_expect_silence(&c, "a retransmission is absorbed");
	core_wait(&c, 70000);
	core_forget(&c);
	c.send_err = 101;
	send_register(&c, CORE_PHONE, "reg-1", 3, "<sip:alice@192.168.1.10:5060>", "");
	core_wait(&c, 10);
	core_expect(&c, LAN, "SIP/2.0 500", "a network that is down is told at once");
	core_wait(&c, 70000);
	core_expect_rest(&c, "and it is forgotten");
	core_stop(&c);
}

static void test_own_registrar(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "REGISTER sip:192.168.1.1 SIP/2.0\n"
	    "v: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKown1\n"
	    "f: <sip:bob@192.168.1.1>;tag=r1\nt: <sip:bob@192.168.1.1>\n"
	    "i: own-1\nCSeq: 1 REGISTER\n"
	    "m: <sip:bob@192.168.1.10>;expires=100\n\n");
	m = core_expect(&c, LAN, "SIP/2.0 200", "for our own address we are the registrar");
	is_str(core_header(m, "Contact", 0), "<sip:bob@192.168.1.10>;expires=100",
	    "with the binding");
	is_int((long long)targets(&c, "bob"), 1, "which is there");
	core_receive(&c, LAN, CORE_PHONE,
	    "REGISTER sip:192.168.1.1 SIP/2.0\n"
	    "v: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKown2\n"
	    "f: <sip:bob@192.168.1.1>;tag=r1\nt: <sip:bob@192.168.1.1>\n"
	    "i: own-1\nCSeq: 2 REGISTER\n\n");
	m = core_expect(&c, LAN, "SIP/2.0 200", "a query");
	is_str(core_header(m, "Contact", 0), "<sip:bob@192.168.1.10>;expires=100", "is answered");
	core_expect_rest(&c, "nothing is kept of it");
	core_stop(&c);
}

static void test_max_expires(void)
{
	static const struct {
		const char *answer, *contact, *expires;
	} cases[] = {
	    {"Contact: <sip:alice@203.0.113.1>;q=1;expires=3600;x\n",
		"<sip:alice@192.168.1.10:5060>;q=1;expires=120;x", "120"},
	    {"Contact: <sip:alice@203.0.113.1>;expires=\"60\"\nExpires: 60\n",
		"<sip:alice@192.168.1.10:5060>;expires=\"60\"", "60"},
	    {"Contact: <sip:alice@203.0.113.1>\nExpires: 999\n", "<sip:alice@192.168.1.10:5060>",
		"120"},
	    {"Contact: <sip:alice@203.0.113.1>\n", "<sip:alice@192.168.1.10:5060>", "120"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct core_sent *m;
		struct core c;

		core_init(&c);
		c.config.max_expires = 120;
		core_start(&c, false);
		send_register(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>",
		    "Expires: 600\n");
		m = core_expect(&c, WAN, "REGISTER", "REGISTER");
		is_str(core_header(m, "Expires", 0), "600", "asks for what the phone wants");
		core_answer(&c, m, "200 OK", "reg", cases[i].answer, NULL);
		m = core_expect(&c, LAN, "SIP/2.0 200", "the phone is told");
		is_str(core_header(m, "Contact", 0), cases[i].contact, "max_expires at most");
		is_str(core_header(m, "Expires", 0), cases[i].expires, "in Expires, too");
		core_wait(&c, 300000);
		is_int((long long)targets(&c, "alice"), i != 1, "it is reached for longer");
		core_forget(&c);
		core_expect_rest(&c, "all is forgotten");
		core_stop(&c);
	}
}

/* A refusal changes nothing, and passes as it is. */
static void test_too_brief(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	register_phone(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>");
	send_register(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.99:5060>", "Expires: 5\n");
	m = core_expect(&c, WAN, "REGISTER", "REGISTER from another address");
	core_answer(&c, m, "423 Interval Too Brief", "reg", "Min-Expires: 60\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 423 Interval Too Brief\r\n", "for too short a time");
	is_str(core_header(m, "Min-Expires", 0), "60", "is told how long");
	from_provider(&c);
	m = core_expect(&c, LAN, "MESSAGE sip:alice@192.168.1.10:5060 ", "the old address counts");
	core_wait(&c, 100000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* Two contacts in one REGISTER are two phones, with their q; a query changes nothing; the
 * registrar's Service-Route passes. */
static void test_several_contacts(void)
{
	const struct core_sent *m;
	char first[80], second[80], answer[400];
	struct core c;

	core_init(&c);
	core_start(&c, false);
	send_register(&c, CORE_PHONE, "reg-1", 1,
	    "<sip:alice@192.168.1.10:5060>;q=0.7, \"B\" <sip:alice@192.168.1.10:5070>;q=0.3", "");
	m = core_expect(&c, WAN, "REGISTER", "two contacts");
	ok(sscanf(core_header(m, "Contact", 0),
	       "<sip:%79[^@]@203.0.113.1>;q=0.7, \"B\" "
	       "<sip:%79[^@]@203.0.113.1>;q=0.3",
	       first, second) == 2,
	    "both by a name of ours, with what they said");
	ok(strcmp(first, second) != 0, "which differ");
	snprintf(answer, sizeof(answer),
	    "Contact: <sip:%s@203.0.113.1>;expires=60;q=0.7\n"
	    "Contact: <sip:%s@203.0.113.1>;expires=50;q=0.3\nService-Route: <sip:sr.example;lr>\n",
	    first, second);
	core_answer(&c, m, "200 OK", "reg", answer, NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "are granted");
	is_str(core_header(m, "Contact", 1), "<sip:alice@192.168.1.10:5070>;expires=50;q=0.3",
	    "each in its own words");
	is_str(core_header(m, "Service-Route", 0), "<sip:sr.example;lr>", "Service-Route passes");
	is_int((long long)targets(&c, "alice"), 2, "both are there");
	core_receive(&c, LAN, CORE_PHONE,
	    "REGISTER sip:198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKq\n"
	    "From: <sip:alice@198.51.100.7>;tag=r1\nTo: <sip:alice@198.51.100.7>\n"
	    "Call-ID: reg-1\nCSeq: 9 REGISTER\n\n");
	m = core_expect(&c, WAN, "REGISTER", "a query");
	core_answer(&c, m, "200 OK", "reg", answer, NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "is answered");
	is_int((long long)targets(&c, "alice"), 2, "and changes nothing");
	core_wait(&c, 100000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

static void test_limit(void)
{
	struct core c;

	core_init(&c);
	c.config.max_registrations = 1;
	core_start(&c, false);
	register_phone(&c, CORE_PHONE, "reg-1", 1, "<sip:alice@192.168.1.10:5060>");
	send_register(&c, CORE_PHONE_2, "reg-2", 1, "<sip:alice@192.168.1.11:5060>", "");
	core_expect(&c, LAN, "SIP/2.0 503", "one registration too many");
	is_str(register_phone(&c, CORE_PHONE, "reg-1", 2, "<sip:alice@192.168.1.10:5060>"), "alice",
	    "a refresh still works");
	core_wait(&c, 64000);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

int main(void)
{
	test_challenge();
	test_unregister();
	test_two_phones();
	test_silence();
	test_own_registrar();
	test_max_expires();
	test_too_brief();
	test_several_contacts();
	test_limit();
	return tap_done();
}
