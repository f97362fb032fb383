/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the WAN knows us where the NAT is another machine's: host_outbound's name, and STUN. */
#include "core.c"
#include "proxy/keepalive.h"
#include "proxy/public_addr.h"

static int changes;

static void changed(void *arg)
{
	(void)arg;
	changes++;
}

static struct public_addr *start(struct core *c)
{
	struct public_addr *p = NULL;

	changes = 0;
	core_init(c);
	core_start(c, true);
	is_int(public_addr_new(&p, &c->sd, changed, NULL), 0, "start");
	c->sd.public_addr = p;
	return p;
}

static void stop(struct core *c)
{
	public_addr_free(c->sd.public_addr);
	c->sd.public_addr = NULL;
	core_stop(c);
}

static const char *known_as(const struct core *c)
{
	static char text[ADDR_TEXT_MAX];
	const struct addr *a = side_addr(c->sd.sides, WAN, AF_INET);

	return a ? addr_format(a, text) : "nothing";
}

static void test_name(void)
{
	struct core c;
	struct public_addr *p = start(&c);

	public_addr_set_name(p, "198.51.100.77");
	is_str(known_as(&c), "198.51.100.77:5060", "an address needs no look-up");
	is_int((long long)core_lookups(), 0, "... and makes none");
	public_addr_set_name(p, "home.example.net");
	is_str(known_as(&c), "nothing", "a name that is not known yet");
	core_resolve(NULL);
	is_str(known_as(&c), "nothing", "it has no address");
	core_wait(&c, 61000);
	core_resolve("198.51.100.1");
	is_str(known_as(&c), "198.51.100.1:5060", "a minute later it has one");
	is_int(changes, 1, "... which is told");
	core_wait(&c, 61000);
	core_resolve("198.51.100.1");
	is_int(changes, 1, "the same again is no news");
	core_wait(&c, 61000);
	core_resolve("198.51.100.2");
	is_str(known_as(&c), "198.51.100.2:5060", "another one");
	is_int(changes, 2, "... is told");
	core_wait(&c, 61000);
	core_resolve(NULL);
	is_str(known_as(&c), "198.51.100.2:5060", "a look-up that fails changes nothing");
	public_addr_set_name(p, NULL);
	is_str(known_as(&c), "192.168.1.1:5060", "no name: the interface's address");
	stop(&c);
}

/* The server answers the question that it was sent last, with 198.51.100.9:PORT. */
static void answer(struct core *c, const struct core_sent *question, const char *peer,
    uint16_t port)
{
	uint8_t message[32];
	struct transport_from from = {.at = {.ifindex = 2}};

	memcpy(message, question->text, 20);
	memcpy(message, (const uint8_t[]){1, 1, 0, 12}, 4);
	memcpy(message + 20,
	    (const uint8_t[]){0, 1, 0, 8, 0, 1, (uint8_t)(port >> 8), (uint8_t)port, 198, 51, 100,
		9},
	    12);
	addr_parse(&from.at.peer, peer, 3478);
	addr_parse(&from.at.local, "192.168.1.1", 5060);
	pipeline_receive(&c->sd, message, sizeof(message), &from);
}

static const struct core_sent *question(struct core *c, const char *what)
{
	const struct core_sent *m = core_next(c);

	ok(m && stun_is_message(m->text, m->len), what);
	return m;
}

static void test_stun(void)
{
	const struct core_sent *m;
	struct core c;
	struct public_addr *p = start(&c);

	is_int(public_addr_set_stun(p, "stun.example.net", 3478, 300), 0, "a STUN server");
	core_resolve(NULL);
	core_expect_silence(&c, "nobody is asked while its name is unknown");
	core_wait(&c, 10000);
	core_resolve("198.51.100.30");
	question(&c, "it is asked");
	core_wait(&c, 500);
	m = question(&c, "silence: it is asked again");
	answer(&c, m, "198.51.100.31", 5060);
	is_str(known_as(&c), "192.168.1.1:5060", "a stranger's answer is none");
	answer(&c, m, "198.51.100.30", 5060);
	is_str(known_as(&c), "198.51.100.9:5060", "its answer counts");
	is_int(changes, 1, "... and is told");
	answer(&c, m, "198.51.100.30", 5060);
	is_int(changes, 1, "an answer counts once");
	public_addr_set_name(p, "198.51.100.77");
	is_str(known_as(&c), "198.51.100.9:5060", "it counts more than host_outbound");
	core_wait(&c, 299000);
	core_expect_silence(&c, "it is left in peace");
	core_wait(&c, 1000);
	core_resolve("198.51.100.30");
	question(&c, "and is asked again after the period");
	for (int i = 0; i < 10; i++)
		core_wait(&c, 8000);
	is_str(known_as(&c), "198.51.100.9:5060", "silence changes nothing");
	ok(core_lookups() == 1, "... and it is looked up anew");
	is_int(public_addr_set_stun(p, NULL, 0, 0), 0, "no server any more");
	public_addr_set_name(p, "198.51.100.77");
	is_str(known_as(&c), "198.51.100.77:5060", "host_outbound counts again");
	core_forget(&c);
	core_wait(&c, 400000);
	core_expect_silence(&c, "nobody is asked");
	stop(&c);
}

/* A phone registers with that registrar, which grants it. */
static void register_with(struct core *c, const char *registrar, const char *user)
{
	const struct core_sent *m;
	char granted[128];

	core_receive(c, LAN, CORE_PHONE,
	    "REGISTER sip:%s SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bK%s\n"
	    "From: <sip:%s@%s>;tag=f\nTo: <sip:%s@%s>\nCall-ID: %s\nCSeq: 1 REGISTER\n"
	    "Contact: <sip:%s@192.168.1.10:5060>\n\n",
	    registrar, user, user, registrar, user, registrar, user, user);
	m = core_expect(c, WAN, "REGISTER", "a REGISTER");
	snprintf(granted, sizeof(granted), "Contact: %s;expires=600\n",
	    core_header(m, "Contact", 0));
	core_answer(c, m, "200 OK", "t", granted, NULL);
	core_forget(c);
}

static void test_keepalive(void)
{
	struct core c;
	struct public_addr *p = start(&c);

	public_addr_set_name(p, "198.51.100.77");
	keepalive_send(&c.sd);
	core_expect_silence(&c, "no registrar: no keepalive");
	register_with(&c, "198.51.100.7", "alice");
	register_with(&c, "198.51.100.7", "bob");
	register_with(&c, "198.51.100.8", "carol");
	keepalive_send(&c.sd);
	is_int((long long)(c.n_sent - c.n_read), 2, "one for each registrar");
	ok(core_next(&c)->len == 4 && core_next(&c)->len == 4, "of four bytes");
	core_forget(&c);
	register_with(&c, "198.51.100.9;transport=tcp", "dave");
	keepalive_send(&c.sd);
	is_int((long long)(c.n_sent - c.n_read), 3, "and one more ...");
	core_next(&c);
	core_next(&c);
	is_int((long long)core_next(&c)->connection, 1000, "... by the connection to it");
	core_unix_time += 700;
	keepalive_send(&c.sd);
	core_expect_silence(&c, "none when all has expired");
	c.leaked = false; /* they bear no Via */
	stop(&c);

	core_init(&c);
	core_start(&c, false);
	register_with(&c, "198.51.100.7", "alice");
	keepalive_send(&c.sd);
	core_expect_silence(&c, "nor where we are on the Internet ourselves");
	core_stop(&c);
}

int main(void)
{
	test_name();
	test_stun();
	test_keepalive();
	return tap_done();
}
