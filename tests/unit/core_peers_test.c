/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Those on the WAN who know us: registrars and the far ends of dialogs; trunks and their numbers.
 */
#include "core.c"

#include "proxy/location.h"

static unsigned n;

static void from(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *to, const char *extra)
{
	n++;
	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKp%u\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <%s>\n"
	    "Call-ID: peers-%u\nCSeq: 1 %s\n%s\n",
	    method, uri, peer, n, n, to, n, method, extra);
}

/* USER registers at the domain, which answers from that address. */
static void sign_up(struct core *c, const char *phone, const char *user, const char *domain,
    const char *extra)
{
	const struct core_sent *m;
	char contact[160];

	n++;
	core_receive(c, LAN, phone,
	    "REGISTER sip:%s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKs%u\n"
	    "From: <sip:%s@%s>;tag=r\nTo: <sip:%s@%s>\nCall-ID: sign-up-%s-%s\nCSeq: %u REGISTER\n"
	    "Contact: <sip:%s@%s>;expires=3600\n%s\n",
	    domain, phone, n, user, domain, user, domain, user, phone, n, user, phone, extra);
	m = core_expect(c, WAN, "REGISTER", "a phone registers");
	snprintf(contact, sizeof(contact), "Contact: %s\n", core_header(m, "Contact", 0));
	core_answer(c, m, "200 OK", "t", contact, NULL);
}

static void registered(struct core *c, const char *phone, const char *user, const char *domain)
{
	sign_up(c, phone, user, domain, "");
	core_expect(c, LAN, "SIP/2.0 200", "and is registered");
}

static void start(struct core *c)
{
	core_init(c);
	core_start(c, false);
}

#define REGISTRAR "198.51.100.7:5060"

static void test_options(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	from(&c, WAN, REGISTRAR, "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 404", "OPTIONS of somebody");
	registered(&c, CORE_PHONE, "alice", "198.51.100.7");
	from(&c, WAN, "198.51.100.7:5099", "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	m = core_expect(&c, WAN, "SIP/2.0 200", "OPTIONS of a registrar");
	ok(core_has(m, "Allow: INVITE, ACK") && core_has(m, "To: <sip:203.0.113.1>;tag="),
	    "with all that belongs there");
	from(&c, WAN, REGISTRAR, "OPTIONS", "sip:x@203.0.113.1", "sip:x@203.0.113.1",
	    "Max-Forwards: 0\n");
	core_expect(&c, WAN, "SIP/2.0 200", "also without a forward left");
	from(&c, WAN, CORE_STRANGER, "OPTIONS", "sip:x@203.0.113.1", "sip:x@203.0.113.1",
	    "Max-Forwards: 0\n");
	core_expect(&c, WAN, "SIP/2.0 483", "but not to a stranger");
	from(&c, WAN, REGISTRAR, "OPTIONS", "sip:alice@203.0.113.1", "sip:alice@203.0.113.1", "");
	core_expect(&c, LAN, "OPTIONS sip:alice@192.168.1.10:5060 ", "the phone answers its own");
	for (int i = 0; i < 30; i++)
		from(&c, WAN, REGISTRAR, "REGISTER", "sip:203.0.113.1", "sip:x@203.0.113.1", "");
	is_int((long long)(c.n_sent - c.n_read), 30, "a registrar's refusals are not rationed");
	core_forget(&c);
	for (int i = 0; i < 3000; i++)
		from(&c, WAN, REGISTRAR, "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	ok(c.n_sent < 1100, "a flood is");
	core_wait(&c, 3700000);
	core_forget(&c);
	from(&c, WAN, REGISTRAR, "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 404", "without a registration it is a stranger again");
	core_finish(&c, 200000, "all is forgotten");
}

static void test_dialog_peer(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.30", "sip:bob@198.51.100.30",
	    "Contact: <sip:x@192.168.1.10>\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "a call to somebody");
	core_answer(&c, m, "200 OK", "b", "Contact: <sip:bob@198.51.100.30>\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "that is answered");
	from(&c, WAN, "198.51.100.30:5060", "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 200", "whoever has a dialog with us may ask");
	core_receive(&c, WAN, "198.51.100.31:5060",
	    "INFO sip:x@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bKpd\n"
	    "From: %s\nTo: %s\nCall-ID: %s\nCSeq: 4 INFO\n\n",
	    core_header(m, "To", 0), core_header(m, "From", 0), core_header(m, "Call-ID", 0));
	core_expect(&c, LAN, "INFO", "the far end has moved");
	from(&c, WAN, "198.51.100.31:5060", "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 200", "it is known there");
	from(&c, WAN, "198.51.100.30:5060", "OPTIONS", "sip:203.0.113.1", "sip:203.0.113.1", "");
	core_expect(&c, WAN, "SIP/2.0 404", "and no more where it was");
	core_stop(&c);
}

/* A number that is no account rings the account's phone, and stays in the Request-URI. */
static void test_trunk(void)
{
	static const char *const uris[] = {"sip:+4930123@203.0.113.1", "sip:+4930123@198.51.100.7",
	    "tel:+4930123"};
	struct core c;

	start(&c);
	registered(&c, CORE_PHONE, "trunk", "198.51.100.7");
	for (size_t i = 0; i < 3; i++) {
		from(&c, WAN, REGISTRAR, "INVITE", uris[i], "sip:+4930123@198.51.100.7",
		    "Contact: <sip:x@198.51.100.7>\n");
		core_expect(&c, WAN, "SIP/2.0 100", uris[i]);
		core_expect(&c, LAN, "INVITE sip:+4930123@192.168.1.10:5060 ", "the number stays");
	}
	from(&c, WAN, REGISTRAR, "INVITE", "sip:trunk@198.51.100.7", "sip:trunk@198.51.100.7",
	    "Contact: <sip:x@198.51.100.7>\n");
	core_expect(&c, WAN, "SIP/2.0 100", "the account's own name");
	core_expect(&c, LAN, "INVITE sip:trunk@192.168.1.10:5060 ", "is the contact's");
	from(&c, WAN, CORE_STRANGER, "INVITE", uris[0], uris[0], "");
	core_expect(&c, WAN, "SIP/2.0 404", "a stranger has no number here");
	from(&c, WAN, REGISTRAR, "INVITE", "sip:+4930123@example.org", uris[0], "");
	core_expect(&c, WAN, "SIP/2.0 404", "nor has the registrar a relay");
	registered(&c, CORE_PHONE_2, "second", "198.51.100.7");
	from(&c, WAN, REGISTRAR, "INVITE", uris[0], uris[0], "");
	core_expect(&c, WAN, "SIP/2.0 404", "of two accounts nobody knows which");
	from(&c, WAN, REGISTRAR, "INVITE", uris[0], "sip:second@198.51.100.7",
	    "Contact: <sip:x@198.51.100.7>\n");
	core_expect(&c, WAN, "SIP/2.0 100", "unless To says so");
	core_expect(&c, LAN, "INVITE sip:+4930123@192.168.1.11:5060 ", "it");
	core_wait(&c, 400000);
	core_forget(&c);
	core_expect_rest(&c, "all is forgotten");
	core_stop(&c);
}

/* RFC 3327: the LAN's own proxies are on the way back. */
static void test_path(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	n++;
	sign_up(&c, "192.168.1.77:5060", "alice", "198.51.100.7",
	    "Supported: path\nPath: <sip:192.168.1.77;lr>, <sip:edge.lan;lr>\n");
	m = core_expect(&c, LAN, "SIP/2.0 200", "it is registered");
	is_str(core_header(m, "Path", 0), "<sip:192.168.1.77;lr>, <sip:edge.lan;lr>",
	    "and told its Path");
	ok(!core_has(&c.sent[0], "Path: "), "which the WAN does not see");
	from(&c, WAN, REGISTRAR, "MESSAGE", "sip:alice@203.0.113.1", "sip:alice@198.51.100.7",
	    "Route: <sip:203.0.113.1;lr>\n");
	m = core_expect(&c, LAN, "MESSAGE sip:alice@192.168.1.77:5060 ", "a request comes in");
	is_str(core_header(m, "Route", 0), "<sip:192.168.1.77;lr>, <sip:edge.lan;lr>",
	    "and has the Path as its Route");
	is_int(core_count(m, "Route"), 1, "once");
	core_finish(&c, 200000, "all is forgotten");
}

/* One phone, two accounts, one Contact for both: the account in whose name it speaks counts. */
static void test_two_accounts(void)
{
	static const char *const users[] = {"alice", "work"};
	struct core c;

	start(&c);
	for (int i = 0; i < 2; i++) {
		const struct core_sent *m;
		char answer[160];

		core_receive(&c, LAN, CORE_PHONE,
		    "REGISTER sip:198.51.100.%d SIP/2.0\n"
		    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKacc%d\n"
		    "From: <sip:%s@198.51.100.%d>;tag=r\nTo: <sip:%s@198.51.100.%d>\n"
		    "Call-ID: acc-%d\nCSeq: 1 REGISTER\nContact: <sip:line@192.168.1.10>\n\n",
		    7 + i, i, users[i], 7 + i, users[i], 7 + i, i);
		m = core_expect(&c, WAN, "REGISTER", "an account");
		snprintf(answer, sizeof(answer), "Contact: %s;expires=3600\n",
		    core_header(m, "Contact", 0));
		core_answer(&c, m, "200 OK", "t", answer, NULL);
		core_expect(&c, LAN, "SIP/2.0 200", "is registered");
	}
	for (int i = 0; i < 2; i++) {
		const struct core_sent *m;
		char want[64];

		core_receive(&c, LAN, CORE_PHONE,
		    "SUBSCRIBE sip:b@198.51.100.7 SIP/2.0\n"
		    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKuse%d\n"
		    "From: <sip:%s@198.51.100.7>;tag=r\nTo: <sip:b@198.51.100.7>\n"
		    "Call-ID: use-%d\nCSeq: 1 SUBSCRIBE\nContact: <sip:line@192.168.1.10>\n\n",
		    i, users[i], i);
		m = core_expect(&c, WAN, "SUBSCRIBE", "a request of that account");
		snprintf(want, sizeof(want), "<sip:%s@203.0.113.1>", users[i]);
		is_str(core_header(m, "Contact", 0), want, "has that account's Contact");
		from(&c, WAN, i ? "198.51.100.8:5060" : REGISTRAR, "MESSAGE",
		    i ? "sip:work@203.0.113.1" : "sip:alice@203.0.113.1", "sip:x@y", "");
		core_expect(&c, LAN, "MESSAGE sip:line@192.168.1.10 ", "and is called by it");
	}
	core_finish(&c, 200000, "all is forgotten");
}

/* A transfer to another phone of the LAN, by the address that the first one knows. */
static void test_refer_to_a_phone(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	registered(&c, CORE_PHONE, "alice", "198.51.100.7");
	sign_up(&c, CORE_PHONE_2, "alice", "198.51.100.7", "");
	m = core_expect(&c, LAN, "SIP/2.0 200", "a second phone");
	from(&c, LAN, CORE_PHONE, "REFER", "sip:b@198.51.100.7", "sip:b@198.51.100.7",
	    "Refer-To: <sip:alice@192.168.1.11:5060;x=y?Replaces=1%40phone>\n"
	    "Referred-By: <sip:192.168.1.77:5070>\nContact: <sip:x@192.168.1.10>\n");
	m = core_expect(&c, WAN, "REFER", "a REFER to it");
	ok(strncmp(core_header(m, "Refer-To", 0), "<sip:alice-", 11) == 0 &&
		strstr(core_header(m, "Refer-To", 0), "@203.0.113.1;x=y?Replaces=1%40phone>"),
	    "names it as the WAN knows it");
	is_str(core_header(m, "Referred-By", 0), "<sip:203.0.113.1>", "what is no phone is us");
	core_finish(&c, 200000, "all is forgotten");
}

int main(void)
{
	test_two_accounts();
	test_refer_to_a_phone();
	test_options();
	test_dialog_peer();
	test_trunk();
	test_path();
	return tap_done();
}
