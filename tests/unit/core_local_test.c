/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ourselves as the registrar of names of our own: local_domain, mask_host and masked_host. */
#include "core.c"

#include "proxy/location.h"

static char domain[] = "Home.example.org", inner[] = "gw.lan", outer[] = "tel.example.net";
static char *domains[] = {domain}, *inners[] = {inner}, *outers[] = {outer};

static unsigned n;

static void start(struct core *c)
{
	core_init(c);
	c->config.local_domain = (struct config_list){domains, 1};
	c->config.mask_host = (struct config_list){inners, 1};
	c->config.masked_host = (struct config_list){outers, 1};
	core_start(c, false);
}

static void stop(struct core *c)
{
	core_wait(c, 200000);
	core_forget(c);
	core_expect_rest(c, "all is forgotten");
	core_stop(c);
}

static const struct core_sent *sign_up(struct core *c, const char *phone, const char *user,
    const char *host, unsigned expires)
{
	n++;
	core_receive(c, LAN, phone,
	    "REGISTER sip:%s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%u\n"
	    "From: <sip:%s@%s>;tag=r\nTo: <sip:%s@%s>\nCall-ID: %s\nCSeq: %u REGISTER\n"
	    "Contact: <sip:%s@%s>;expires=%u\n\n",
	    host, phone, n, user, host, user, host, phone, n, user, phone, expires);
	return core_next(c);
}

static bool accepts(const struct core_sent *m)
{
	return m && strncmp(m->text, "SIP/2.0 200", 11) == 0;
}

static void send_invite(struct core *c, enum side side, const char *peer, const char *from,
    const char *to)
{
	n++;
	core_receive(c, side, peer,
	    "INVITE %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKi%u\nMax-Forwards: 70\n"
	    "From: <%s>;tag=f%u\nTo: <%s>\nCall-ID: i-%u\nCSeq: 1 INVITE\nContact: <sip:c@%s>\n\n",
	    to, peer, n, from, n, to, n, peer);
}

static void invite(struct core *c, enum side side, const char *peer, const char *from,
    const char *to)
{
	send_invite(c, side, peer, from, to);
	core_expect(c, side, "SIP/2.0 100", "a call begins");
}

/* Both phones of bob ring; the one that answers has it. */
static void test_fork(void)
{
	const struct core_sent *one, *two, *m;
	struct core c;

	start(&c);
	ok(accepts(sign_up(&c, CORE_PHONE, "bob", "home.example.org", 600)),
	    "of a local_domain we are the registrar, in whatever case");
	m = sign_up(&c, CORE_PHONE_2, "bob", "home.example.org", 600);
	ok(accepts(m) && core_count(m, "Contact") == 2, "which knows all phones of a user");
	m = sign_up(&c, CORE_PHONE, "bob", "home.example.org", 5);
	ok(strncmp(m->text, "SIP/2.0 423 ", 12) == 0, "but not for a moment");
	is_str(core_header(m, "Min-Expires", 0), "30", "and says for how long");

	invite(&c, LAN, "192.168.1.12:5060", "sip:alice@home.example.org",
	    "sip:bob@home.example.org");
	one = core_expect(&c, LAN, "INVITE sip:bob@192.168.1.1", "bob's phones ring");
	two = core_expect(&c, LAN, "INVITE sip:bob@192.168.1.1", "both");
	ok(strcmp(core_uri(one), core_uri(two)) != 0, "each by its own contact");
	core_answer(&c, one, "486 Busy Here", "one", "", NULL);
	core_expect(&c, LAN, "ACK", "one is busy");
	core_expect_silence(&c, "which decides nothing yet");
	core_answer(&c, two, "404 Not Found", "two", "", NULL);
	core_expect(&c, LAN, "ACK", "the other one knows nobody");
	core_expect(&c, LAN, "SIP/2.0 4", "and the caller hears the best of both");
	core_wait(&c, 40000);
	core_forget(&c);

	invite(&c, LAN, "192.168.1.12:5060", "sip:alice@home.example.org",
	    "sip:bob@home.example.org");
	one = core_expect(&c, LAN, "INVITE", "again");
	two = core_expect(&c, LAN, "INVITE", "both ring");
	core_answer(&c, one, "180 Ringing", "one", "Contact: <sip:bob@192.168.1.10>\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 180", "which is heard");
	core_answer(&c, two, "200 OK", "two", "Contact: <sip:bob@192.168.1.11>\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "one answers");
	m = core_expect(&c, LAN, "CANCEL", "and the other one stops ringing");
	is_str(core_uri(m), core_uri(one), "that very one");
	core_wait(&c, 100000);
	core_forget(&c);
	send_invite(&c, LAN, "192.168.1.12:5060", "sip:alice@home.example.org",
	    "sip:nobody@home.example.org");
	core_expect(&c, LAN, "SIP/2.0 404", "nobody else is here");
	stop(&c);
}

/* The name within, and the one that the WAN sees. */
static void test_masks(void)
{
	const struct core_sent *m;
	struct core c;

	start(&c);
	ok(accepts(sign_up(&c, CORE_PHONE, "bob", "gw.lan", 600)), "a mask_host is ours");
	invite(&c, LAN, CORE_PHONE, "sip:bob@gw.lan", "sip:carol@198.51.100.7");
	m = core_expect(&c, WAN, "INVITE", "bob calls somebody outside");
	ok(strncmp(core_header(m, "From", 0), "<sip:bob@tel.example.net>;tag=", 30) == 0,
	    "who sees masked_host");
	is_str(core_header(m, "Contact", 0), "<sip:c@203.0.113.1>", "and reaches us");
	core_answer(&c, m, "486 Busy Here", "x", "", NULL);
	core_expect(&c, WAN, "ACK", "he is busy");
	m = core_expect(&c, LAN, "SIP/2.0 486", "which bob hears");
	ok(strncmp(core_header(m, "From", 0), "<sip:bob@gw.lan>;tag=", 21) == 0,
	    "under the name that he used");
	invite(&c, WAN, CORE_PROVIDER, "sip:carol@198.51.100.7", "sip:bob@tel.example.net");
	core_expect(&c, LAN, "INVITE sip:bob@192.168.1.10:5060 ", "by that name he is called");
	stop(&c);
}

int main(void)
{
	test_fork();
	test_masks();
	return tap_done();
}
