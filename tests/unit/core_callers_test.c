/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accept_calls_from = registrar: who outside may call, and who may not. */
#include "core.c"

#include "proxy/location.h"
#include "proxy/registrars.h"

static unsigned n;

static void call(struct core *c, const char *peer, const char *method)
{
	n++;
	core_receive(c, WAN, peer,
	    "%s sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKc%u\n"
	    "From: <sip:x@example.org>;tag=x%u\nTo: <sip:alice@203.0.113.1>\nCall-ID: c-%u\n"
	    "CSeq: 1 %s\nContact: <sip:x@%s>\n\n",
	    method, peer, n, n, n, method, peer);
}

static void refused(struct core *c, const char *peer, const char *method, const char *what)
{
	call(c, peer, method);
	core_expect(c, WAN, "SIP/2.0 403", what);
	core_expect_silence(c, "and nobody hears of it");
	core_wait(c, 10000); /* answers to strangers are few */
}

static void rings(struct core *c, const char *peer, const char *what)
{
	call(c, peer, "MESSAGE");
	core_answer(c, core_expect(c, LAN, "MESSAGE sip:alice@192.168.1.10", what), "200 OK", "a",
	    "", NULL);
	core_expect(c, WAN, "SIP/2.0 200", "and is answered");
}

static const char *const zone[] = {"example.net A 198.51.100.7", "example.net A 198.51.100.8",
    "_sip._udp.example.net SRV 1 1 5060 b.example.net", "b.example.net A 198.51.100.9",
    "proxy.example.net A 198.51.100.20", NULL};

static void sign_up(struct core *c)
{
	const struct core_sent *m;
	char contact[160];

	core_receive(c, LAN, CORE_PHONE,
	    "REGISTER sip:example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKr\n"
	    "From: <sip:alice@example.net>;tag=r\nTo: <sip:alice@example.net>\nCall-ID: r\n"
	    "CSeq: 1 REGISTER\nContact: <sip:alice@192.168.1.10>;expires=3600\n\n");
	core_resolve_zone(zone);
	m = core_expect(c, WAN, "REGISTER", "alice registers");
	snprintf(contact, sizeof(contact), "Contact: %s\n", core_header(m, "Contact", 0));
	core_answer(c, m, "200 OK", "t", contact, NULL);
	core_expect(c, LAN, "SIP/2.0 200", "and is registered");
}

static void start(struct core *c)
{
	core_init(c);
	core_start(c, false);
}

static void stop(struct core *c)
{
	core_wait(c, 64000);
	core_forget(c);
	core_expect_rest(c, "all is forgotten");
	core_stop(c);
}

static void test_any(void)
{
	struct core c;

	start(&c);
	sign_up(&c);
	rings(&c, CORE_STRANGER, "without the option everybody may call");
	registrars_refresh(c.sd.registrars);
	is_int((long long)core_lookups(), 0, "and nothing is looked up for it");
	stop(&c);
}

static void test_registrar(void)
{
	struct core c;

	start(&c);
	c.config.accept_calls_from = CALLS_FROM_REGISTRAR;
	sign_up(&c);
	refused(&c, CORE_STRANGER, "INVITE", "a stranger may not call");
	refused(&c, CORE_STRANGER, "MESSAGE", "nor write");
	refused(&c, CORE_STRANGER, "OPTIONS", "nor ask");
	rings(&c, "198.51.100.9:5070", "the server that registered alice may, from any port");
	refused(&c, "198.51.100.8:5060", "INVITE", "of another one nothing is known yet");
	registrars_refresh(c.sd.registrars);
	core_resolve_zone(zone);
	rings(&c, "198.51.100.9:5060", "the servers of its SRV records may");
	ok(!registrars_know(c.sd.registrars, &(struct addr){0}), "and no others");
	registrars_refresh(c.sd.registrars);
	is_int((long long)core_lookups(), 0, "a name is not asked for again at once");
	core_wait(&c, REGISTRARS_ASK_S * 1000);
	registrars_refresh(c.sd.registrars);
	ok(core_lookups() > 0, "but by and by");
	core_resolve_zone(zone);
	stop(&c);
}

/* The table of a last run knows names, and no addresses. */
static void test_restart(void)
{
	struct location_contact alice = {
	    .aor = str_of("sip:alice@example.net"),
	    .user = str_of("alice"),
	    .contact = str_of("sip:alice@192.168.1.10:5060"),
	    .call_id = str_of("r"),
	    .domain = str_of("example.net"),
	};
	static const char *const two[] = {"example.net A 198.51.100.7",
	    "example.net A 198.51.100.8", "proxy.example.net A 198.51.100.20", NULL};
	char proxy[] = "proxy.example.net";
	struct core c;

	start(&c);
	c.config.accept_calls_from = CALLS_FROM_REGISTRAR;
	c.config.outbound_proxy_host = proxy;
	location_restore(c.sd.location, &alice, str_of("alice"), core_unix_time + 3600);
	refused(&c, "198.51.100.7:5060", "INVITE",
	    "before the names are looked up nobody may call");
	registrars_refresh(c.sd.registrars);
	core_resolve_zone(two);
	rings(&c, "198.51.100.7:5060", "then the registrar may");
	rings(&c, "198.51.100.8:5060", "at each of its addresses");
	rings(&c, "198.51.100.20:5060", "and so may the outbound proxy");
	core_wait(&c, 4000000);
	registrars_refresh(c.sd.registrars);
	core_resolve_zone(two);
	core_wait(&c, 86400000);
	refused(&c, "198.51.100.8:5060", "INVITE", "after a day without a registration it may not");
	stop(&c);
}

static void test_dialog(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	c.config.accept_calls_from = CALLS_FROM_REGISTRAR;
	core_receive(&c, LAN, CORE_PHONE,
	    "SUBSCRIBE sip:b@198.51.100.50 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKd\n"
	    "From: <sip:alice@example.net>;tag=a\nTo: <sip:b@198.51.100.50>\nCall-ID: d\n"
	    "CSeq: 1 SUBSCRIBE\nContact: <sip:alice@192.168.1.10>\nEvent: presence\n\n");
	m = core_expect(&c, WAN, "SUBSCRIBE", "a phone asks somebody");
	core_answer(&c, m, "200 OK", "b", "Contact: <sip:b@198.51.100.50>\nExpires: 60\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "who agrees");
	core_receive(&c, WAN, "198.51.100.51:5060",
	    "NOTIFY sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.51;branch=z9hG4bKe\n"
	    "From: <sip:b@198.51.100.50>;tag=b\nTo: <sip:alice@example.net>;tag=a\nCall-ID: d\n"
	    "CSeq: 1 NOTIFY\nEvent: presence\nSubscription-State: terminated\n\n");
	core_answer(&c, core_expect(&c, LAN, "NOTIFY", "what belongs to a dialog comes in"),
	    "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "from wherever");
	stop(&c);
}

int main(void)
{
	test_any();
	test_registrar();
	test_restart();
	test_dialog();
	return tap_done();
}
