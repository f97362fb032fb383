/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/public_addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/resolver.h"
#include "base/stun.h"
#include "base/timers.h"
#include "proxy/side.h"
#include "siproxd.h"

#define NAME_EVERY_MS 60000 /* host_outbound's name, for which the resolver has its own memory */
#define STUN_RETRY_MS 10000
#define STUN_FIRST_MS 500 /* RFC 8489 6.2.1, with fewer repetitions: we ask again anyway */
#define STUN_LAST_MS  8000
#define STUN_PERIOD_S 300
#define TELL_EVERY_S  600

struct public_addr {
	struct siproxd *sd;
	void (*changed)(void *arg);
	void *arg;

	const char *name; /* host_outbound where that is a name; NULL */
	struct resolver_query *name_query;
	struct timer name_timer;

	char *server; /* STUN; NULL: none */
	uint16_t port;
	unsigned period_s;
	struct resolver_query *server_query;
	struct timer stun_timer; /* the next question, or its repetition */
	struct addr asked;       /* the server; unset: no question is open */
	uint8_t id[STUN_ID_LEN];
	unsigned interval_ms;
	struct addr seen; /* what it said; unset: nothing yet */
};

static void ask_stun(void *arg);

int public_addr_new(struct public_addr **out, struct siproxd *sd, void (*changed)(void *arg),
    void *arg)
{
	struct public_addr *p = calloc(1, sizeof(*p));

	*out = p;
	if (!p)
		return ENOMEM;
	p->sd = sd;
	p->changed = changed;
	p->arg = arg;
	return 0;
}

void public_addr_free(struct public_addr *p)
{
	if (!p)
		return;
	public_addr_set_name(p, NULL);
	public_addr_set_stun(p, NULL, 0, 0);
	free(p);
}

/* Tells the sides, if it is news to them. `why` is for the log. */
static void take(struct public_addr *p, const struct addr *a, const char *why)
{
	const struct addr *old = side_addr(p->sd->sides, WAN, addr_family(a));
	char text[ADDR_TEXT_MAX];

	if (old && addr_equal_ip(old, a))
		return;
	side_set_public(p->sd->sides, a);
	log_info(LOG_NET, "the WAN knows us as %s (%s)", addr_format_ip(a, text), why);
	p->changed(p->arg);
}

/* --- host_outbound ------------------------------------------------------------------------ */

/* Of several addresses the one that we go by is kept for as long as it is among them. */
static const struct addr *choose(const struct public_addr *p, const struct addr *addr, size_t count)
{
	const struct addr *old = side_addr(p->sd->sides, WAN, AF_INET);

	for (size_t i = 0; old && i < count; i++)
		if (addr_equal_ip(&addr[i], old))
			return &addr[i];
	return &addr[0];
}

static void name_resolved(void *arg, int err, const struct addr *addr, size_t count)
{
	struct public_addr *p = arg;

	p->name_query = NULL;
	if (err || !count)
		log_every(TELL_EVERY_S, LOG_LVL_WARN, LOG_DNS,
		    "host_outbound = %s has no address (%s)", p->name, strerror(err));
	else if (!addr_is_set(&p->seen))
		take(p, choose(p, addr, count), "host_outbound");
}

static void ask_name(void *arg)
{
	struct public_addr *p = arg;

	timer_start(p->sd->timers, &p->name_timer, NAME_EVERY_MS, ask_name, p);
	if (!p->name_query && p->sd->resolver &&
	    resolver_lookup(p->sd->resolver, p->name, AF_INET, 0, name_resolved, p,
		&p->name_query) != 0)
		p->name_query = NULL;
}

void public_addr_set_name(struct public_addr *p, const char *host_outbound)
{
	struct addr literal;

	resolver_cancel(p->name_query);
	p->name_query = NULL;
	timer_stop(p->sd->timers, &p->name_timer);
	side_set_public_name(p->sd->sides, host_outbound);
	p->name =
	    host_outbound && addr_parse(&literal, host_outbound, 0) != 0 ? host_outbound : NULL;
	if (addr_is_set(&p->seen))
		side_set_public(p->sd->sides, &p->seen);
	if (p->name)
		ask_name(p);
}

/* --- STUN --------------------------------------------------------------------------------- */

static void stun_wait(struct public_addr *p, uint64_t ms)
{
	memset(&p->asked, 0, sizeof(p->asked));
	timer_start(p->sd->timers, &p->stun_timer, ms, ask_stun, p);
}

static void stun_failed(struct public_addr *p, const char *why)
{
	log_every(TELL_EVERY_S, LOG_LVL_WARN, LOG_NET, "the STUN server %s %s; asking on",
	    p->server, why);
	stun_wait(p, STUN_RETRY_MS);
}

/* From our SIP socket, since that one's way through the NAT is the one that we ask for. */
static void send_question(void *arg)
{
	struct public_addr *p = arg;
	struct hop hop = {.side = WAN, .peer = p->asked};
	uint8_t request[STUN_REQUEST_LEN];

	if (p->interval_ms > STUN_LAST_MS) {
		stun_failed(p, "does not answer");
		return;
	}
	stun_request(request, p->id);
	addr_any(&hop.local, addr_family(&p->asked), 0);
	p->sd->send(p->sd->send_arg, request, sizeof(request), &hop);
	timer_start(p->sd->timers, &p->stun_timer, p->interval_ms, send_question, p);
	p->interval_ms *= 2;
}

static void server_resolved(void *arg, int err, const struct addr *addr, size_t count)
{
	struct public_addr *p = arg;

	p->server_query = NULL;
	if (err || !count) {
		stun_failed(p, "has no address");
		return;
	}
	p->asked = addr[0];
	p->interval_ms = STUN_FIRST_MS;
	random_bytes(p->id, sizeof(p->id));
	send_question(p);
}

static void ask_stun(void *arg)
{
	struct public_addr *p = arg;

	if (!p->server_query &&
	    resolver_lookup(p->sd->resolver, p->server, AF_INET, p->port, server_resolved, p,
		&p->server_query) != 0) {
		p->server_query = NULL;
		stun_failed(p, "cannot be looked up");
	}
}

int public_addr_set_stun(struct public_addr *p, const char *server, uint16_t port,
    unsigned period_s)
{
	bool same = server && p->server && strcmp(server, p->server) == 0 && port == p->port;
	char *copy;

	p->period_s = period_s ? period_s : STUN_PERIOD_S;
	if (same)
		return 0;
	copy = server ? str_dup(str_of(server)) : NULL;
	if (server && !copy)
		return ENOMEM;
	resolver_cancel(p->server_query);
	p->server_query = NULL;
	timer_stop(p->sd->timers, &p->stun_timer);
	memset(&p->asked, 0, sizeof(p->asked));
	memset(&p->seen, 0, sizeof(p->seen));
	free(p->server);
	p->server = copy;
	p->port = port;
	if (copy)
		ask_stun(p);
	return 0;
}

/* Providers call the port that we name in our Contact. */
static void warn_of_port(const struct public_addr *p, const struct addr *mapped)
{
	const struct addr *us = side_addr(p->sd->sides, WAN, addr_family(mapped));

	if (us && addr_port(us) != addr_port(mapped))
		log_every(TELL_EVERY_S, LOG_LVL_WARN, LOG_NET,
		    "the router sends from UDP port %u what we send from %u: forward UDP port %u "
		    "on it to this machine, or incoming calls may not arrive",
		    (unsigned)addr_port(mapped), (unsigned)addr_port(us), (unsigned)addr_port(us));
}

bool public_addr_receive(struct public_addr *p, const void *data, size_t len,
    const struct udp_from *from)
{
	struct addr mapped;
	int err;

	if (!stun_is_message(data, len))
		return false;
	if (!p || !addr_is_set(&p->asked) || !addr_equal(&from->peer, &p->asked))
		return true;
	err = stun_mapped(data, len, p->id, &mapped);
	if (err == ECONNREFUSED) {
		stun_failed(p, "refuses to answer");
	} else if (!err) {
		p->seen = mapped;
		warn_of_port(p, &mapped);
		stun_wait(p, (uint64_t)p->period_s * 1000);
		take(p, &mapped, "STUN");
	}
	return true;
}

void public_addr_ask(struct public_addr *p)
{
	if (p->name)
		ask_name(p);
	if (p->server && !addr_is_set(&p->asked)) {
		timer_stop(p->sd->timers, &p->stun_timer);
		ask_stun(p);
	}
}
