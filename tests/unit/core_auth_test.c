/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords of our own: who is asked, what is accepted, and what goes no further. */
#include "core.c"
#include "proxy/authenticate.h"
#include "proxy/location.h"
#include "proxy/nonces.h"
#include "sip/sip_digest.h"
#include "tap.h"

static char realm[] = "our \"house\"";

static void start(struct core *c, const char *file)
{
	struct passwords *passwords;
	const char *why;
	unsigned line;

	core_init(c);
	c->config.proxy_auth_realm = realm;
	core_start(c, false);
	is_int(authenticator_new(&c->sd.authenticator), 0, "a proxy that asks for passwords");
	if (passwords_parse(&passwords, realm, file, strlen(file), &line, &why) != 0)
		passwords = NULL;
	authenticator_set_passwords(c->sd.authenticator, passwords);
}

static void stop(struct core *c)
{
	authenticator_free(c->sd.authenticator);
	core_stop(c);
}

/* The nonce of a challenge. */
static const char *nonce_of(const struct core_sent *m, unsigned n)
{
	static char nonce[NONCE_TEXT_MAX];
	const char *at = strstr(core_header(m, "Proxy-Authenticate", n), "nonce=\"");

	snprintf(nonce, sizeof(nonce), "%s", at ? at + 7 : "");
	nonce[strcspn(nonce, "\"")] = '\0';
	return nonce;
}

struct answer {
	const char *user, *password, *nonce, *uri, *method;
	unsigned nc; /* 0: as RFC 2069 has it */
	enum md algorithm;
};

/* What a phone makes of a challenge, with its header's name. */
static const char *prove(const struct answer *a)
{
	static char out[1000];
	char ha1[MD_HEX_MAX + 1], ha2[MD_HEX_MAX + 1], response[MD_HEX_MAX + 1], nc[16];
	struct str a2[] = {str_of(a->method), str_of(a->uri)};
	struct str with[] = {{ha1, md_hex_len(a->algorithm)}, str_of(a->nonce), {nc, 8},
	    str_of("c0"), str_of("auth"), {ha2, md_hex_len(a->algorithm)}};
	struct str without[] = {with[0], with[1], with[5]};

	snprintf(nc, sizeof(nc), "%08x", a->nc);
	sip_digest_ha1(a->algorithm, str_of(a->user), str_of(realm), str_of(a->password), ha1);
	md_hex(a->algorithm, a2, 2, ha2);
	md_hex(a->algorithm, a->nc ? with : without, a->nc ? 6 : 3, response);
	snprintf(out, sizeof(out),
	    "Proxy-Authorization: Digest username=\"%s\", realm=\"our \\\"house\\\"\", "
	    "nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=%s%s%s\n",
	    a->user, a->nonce, a->uri, response, a->algorithm == MD_MD5 ? "MD5" : "SHA-256",
	    a->nc ? ", qop=auth, cnonce=\"c0\", nc=" : "", a->nc ? nc : "");
	return out;
}

static void send_register(struct core *c, const char *peer, const char *registrar, unsigned cseq,
    const char *extra)
{
	core_receive(c, LAN, peer,
	    "REGISTER sip:%s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%u;rport\n"
	    "Max-Forwards: 70\nFrom: <sip:alice@%s>;tag=r1\nTo: <sip:alice@%s>\n"
	    "Call-ID: reg\nCSeq: %u REGISTER\nContact: <sip:alice@%s>;expires=600\n%s\n",
	    registrar, peer, cseq, registrar, registrar, cseq, peer, extra);
}

#define PROVIDER "sip:198.51.100.7"

static const char *challenged(struct core *c, const char *what)
{
	return nonce_of(core_expect(c, LAN, "SIP/2.0 407", what), 0);
}

static void test_relayed(void)
{
	struct answer a = {"alice", "sesame", NULL, PROVIDER, "REGISTER", 1, MD_MD5};
	const struct core_sent *m;
	struct core c;
	char extra[1500];

	start(&c, "alice sesame\n");
	send_register(&c, CORE_PHONE, "198.51.100.7", 1, "");
	m = core_expect(&c, LAN, "SIP/2.0 407 Proxy Authentication Required\r\n",
	    "a REGISTER without a password is asked for one");
	is_int(core_count(m, "Proxy-Authenticate"), 1, "once");
	ok(core_has(m, "\r\nProxy-Authenticate: Digest realm=\"our \\\"house\\\"\", nonce=\"") &&
		core_has(m, "algorithm=MD5, qop=\"auth\"\r\n"),
	    "in our realm");
	a.nonce = nonce_of(m, 0);
	core_expect_silence(&c, "and goes no further");

	snprintf(extra, sizeof(extra),
	    "Proxy-Authorization: Digest username=\"x\", realm=\"other\", nonce=\"1\", "
	    "uri=\"sip:a\", "
	    "response=\"0\"\n%sAuthorization: Digest username=\"alice\", realm=\"provider\"\n",
	    prove(&a));
	send_register(&c, CORE_PHONE, "198.51.100.7", 2, extra);
	m = core_expect(&c, WAN, "REGISTER", "with the right one it goes on");
	is_int(core_count(m, "Proxy-Authorization"), 1, "without what was for us");
	ok(strstr(core_header(m, "Proxy-Authorization", 0), "realm=\"other\"") != NULL,
	    "and with what is for others");
	is_str(core_header(m, "Authorization", 0), "Digest username=\"alice\", realm=\"provider\"",
	    "of either kind");
	core_answer(&c, m, "200 OK", "reg", "Contact: <sip:alice@203.0.113.1>;expires=600\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "alice is registered");

	send_register(&c, CORE_PHONE, "198.51.100.7", 3, prove(&a));
	m = core_expect(&c, LAN, "SIP/2.0 407", "a count that was used is refused");
	ok(core_has(m, ", stale=true\r\n"), "as stale");
	a.nc = 2;
	send_register(&c, CORE_PHONE, "198.51.100.7", 4, prove(&a));
	core_expect(&c, WAN, "REGISTER", "the next one is good");
	send_register(&c, CORE_PHONE_2, "198.51.100.7", 5, prove(&a));
	ok(core_has(core_expect(&c, LAN, "SIP/2.0 407", "from another address it is not"),
	       "stale=true"),
	    "nor is the nonce");
	a.nc = 3;
	core_wait(&c, 301000);
	while (core_next(&c))
		;
	send_register(&c, CORE_PHONE, "198.51.100.7", 6, prove(&a));
	ok(core_has(core_expect(&c, LAN, "SIP/2.0 407", "nor is it after five minutes"),
	       "stale=true"),
	    "which the phone is told");
	a.nonce = "1.1.0123456789abcdef";
	send_register(&c, CORE_PHONE, "198.51.100.7", 7, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 407", "a nonce of one's own making is none");
	core_expect_silence(&c, "none of them went on");
	stop(&c);
}

/* As baresip does: one challenge, one answer. */
static void test_one_at_a_time(void)
{
	static const char theirs[] =
	    "Authorization: Digest username=\"alice\", realm=\"provider\"\n";
	struct answer a = {"alice", "sesame", NULL, PROVIDER, "REGISTER", 1, MD_MD5};
	const struct core_sent *m;
	struct core c;

	start(&c, "alice sesame\n");
	send_register(&c, CORE_PHONE, "198.51.100.7", 1, theirs);
	a.nonce = challenged(&c, "what is for the provider proves nothing to us");
	send_register(&c, CORE_PHONE, "198.51.100.7", 2, prove(&a));
	m = core_expect(&c, WAN, "REGISTER", "our password");
	core_answer(&c, m, "401 Unauthorized", "r", "WWW-Authenticate: Digest realm=\"provider\"\n",
	    NULL);
	core_expect(&c, LAN, "SIP/2.0 401", "the provider asks, too");
	send_register(&c, CORE_PHONE, "198.51.100.7", 3, theirs);
	m = core_expect(&c, WAN, "REGISTER", "and gets its answer without another one for us");
	core_answer(&c, m, "200 OK", "r", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "alice is registered");
	send_register(&c, CORE_PHONE, "198.51.100.7", 4, "");
	core_expect(&c, LAN, "SIP/2.0 407", "but not without any");
	send_register(&c, "192.168.1.10:5062", "198.51.100.7", 5, theirs);
	core_expect(&c, LAN, "SIP/2.0 407", "nor from another port");
	send_register(&c, CORE_PHONE, "192.168.1.1", 6, theirs);
	core_expect(&c, LAN, "SIP/2.0 407", "nor to another registrar");
	core_wait(&c, 41000);
	send_register(&c, CORE_PHONE, "198.51.100.7", 7, theirs);
	core_expect(&c, LAN, "SIP/2.0 407", "nor later");
	stop(&c);
}

static void test_local(void)
{
	struct answer a = {"alice", "sesame", NULL, "sip:192.168.1.1", "REGISTER", 0, MD_SHA256};
	const struct core_sent *m;
	struct core c;

	start(&c, "alice sesame\nbob other\n");
	c.config.proxy_auth_algorithm = AUTH_BOTH;
	send_register(&c, CORE_PHONE, "192.168.1.1", 1, "");
	m = core_expect(&c, LAN, "SIP/2.0 407", "our own registrar asks, too");
	ok(strstr(core_header(m, "Proxy-Authenticate", 0), "algorithm=MD5") &&
		strstr(core_header(m, "Proxy-Authenticate", 1), "algorithm=SHA-256"),
	    "for either algorithm");
	a.nonce = nonce_of(m, 1);
	send_register(&c, CORE_PHONE, "192.168.1.1", 2, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 200", "SHA-256 without qop");
	send_register(&c, CORE_PHONE, "192.168.1.1", 2, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 200", "its retransmission");
	send_register(&c, CORE_PHONE, "192.168.1.1", 3, prove(&a));
	a.nonce = challenged(&c, "without qop a nonce serves once");
	a.user = "bob";
	a.password = "other";
	send_register(&c, CORE_PHONE, "192.168.1.1", 4, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 403", "bob does not register alice");
	stop(&c);
}

static void test_wrong(void)
{
	struct answer a = {"alice", "wrong", NULL, PROVIDER, "REGISTER", 1, MD_MD5};
	unsigned answers = 0;
	struct core c;

	start(&c, "alice sesame\n");
	send_register(&c, CORE_PHONE, "198.51.100.7", 1, "");
	a.nonce = challenged(&c, "asked");
	send_register(&c, CORE_PHONE, "198.51.100.7", 2, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 403", "a wrong password");
	a.user = "nobody";
	send_register(&c, CORE_PHONE, "198.51.100.7", 3, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 403", "an unknown user");
	a = (struct answer){"alice", "sesame", a.nonce, "sip:192.0.2.1", "REGISTER", 1, MD_MD5};
	send_register(&c, CORE_PHONE, "198.51.100.7", 4, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 400", "credentials for another URI");
	a.uri = "sip:alice@198.51.100.7:5060;transport=udp";
	send_register(&c, CORE_PHONE, "198.51.100.7", 5, prove(&a));
	core_expect(&c, WAN, "REGISTER", "the same host in other words is fine");
	send_register(&c, CORE_PHONE_2, "198.51.100.7", 6,
	    "Proxy-Authorization: Digest username=\"alice\", realm=\"our \\\"house\\\"\", "
	    "username=\"bob\"\n");
	core_expect(&c, LAN, "SIP/2.0 407", "what makes no sense counts as nothing");

	a.password = "guess";
	for (unsigned i = 0; i < 100; i++)
		send_register(&c, CORE_PHONE_2, "198.51.100.7", 100 + i, prove(&a));
	for (const struct core_sent *m; (m = core_next(&c));)
		answers += strncmp(m->text, "SIP/2.0 403", 11) == 0;
	is_int(answers, 30, "who guesses is soon not answered any more");
	a.password = "sesame";
	send_register(&c, CORE_PHONE_2, "198.51.100.7", 300, prove(&a));
	core_expect_silence(&c, "not even when he guesses right");
	core_wait(&c, 3000);
	core_forget(&c);
	send_register(&c, CORE_PHONE_2, "198.51.100.7", 301, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 407", "until he has paused (with a nonce of his own)");
	authenticator_set_passwords(c.sd.authenticator, NULL);
	send_register(&c, CORE_PHONE, "198.51.100.7", 302, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 403", "where nobody has a password none is right");
	stop(&c);
}

static void send_invite(struct core *c, unsigned cseq, const char *extra)
{
	core_receive(c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKi%u\n"
	    "From: <sip:alice@198.51.100.7>;tag=1\nTo: <sip:bob@198.51.100.7>\nCall-ID: i\n"
	    "CSeq: %u INVITE\nContact: <sip:alice@%s>\n%s\n",
	    CORE_PHONE, cseq, cseq, CORE_PHONE, extra);
}

static void test_invite(void)
{
	struct answer a = {"alice", "sesame", NULL, "sip:bob@198.51.100.7", "INVITE", 1, MD_MD5};
	const struct core_sent *m;
	struct core c;

	start(&c, "alice sesame\n");
	send_invite(&c, 1, "");
	core_expect(&c, LAN, "SIP/2.0 100", "calls are not asked");
	core_expect(&c, WAN, "INVITE", "unless that is wanted");
	c.config.proxy_auth_invite = true;
	send_invite(&c, 2, "");
	m = core_expect(&c, LAN, "SIP/2.0 407", "then they are");
	a.nonce = nonce_of(m, 0);
	core_receive(&c, LAN, CORE_PHONE,
	    "ACK sip:bob@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKi2\n"
	    "From: <sip:alice@198.51.100.7>;tag=1\nTo: %s\nCall-ID: i\n"
	    "CSeq: 2 ACK\n\n",
	    CORE_PHONE, core_header(m, "To", 0));
	core_expect_silence(&c, "the ACK to that gets no answer");
	send_invite(&c, 3, prove(&a));
	core_expect(&c, LAN, "SIP/2.0 100", "and with the password");
	m = core_expect(&c, WAN, "INVITE", "it goes on");
	is_int(core_count(m, "Proxy-Authorization"), 0, "which nobody else sees");
	core_receive(&c, WAN, CORE_STRANGER,
	    "OPTIONS sip:203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKo\n"
	    "From: <sip:x@192.0.2.66>;tag=1\nTo: <sip:203.0.113.1>\nCall-ID: o\nCSeq: 1 "
	    "OPTIONS\n\n");
	core_expect(&c, WAN, "SIP/2.0 404", "the WAN never sees a challenge");
	stop(&c);
}

int main(void)
{
	if (!md_is_available()) {
		ok(true, "nothing to do: built without passwords");
		return tap_done();
	}
	test_relayed();
	test_one_at_a_time();
	test_local();
	test_wrong();
	test_invite();
	return tap_done();
}
