/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/registrars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/timers.h"
#include "config.h"
#include "proxy/locate.h"
#include "proxy/location.h"
#include "siproxd.h"

#define NAMES_MAX   256
#define SERVERS_MAX 1024
#define ASK_MS      ((uint64_t)REGISTRARS_ASK_S * 1000)
#define KEEP_MS     ((uint64_t)86400 * 1000) /* name servers may be down for a while */

struct name {
	struct list link;
	struct registrars *owner;
	char *host;
	uint16_t port;
	uint64_t asked_ms;
	struct locate_query *query; /* NULL: none is under way */
};

struct server {
	struct hash_node node;
	struct list link; /* the one seen longest ago first */
	struct addr addr;
	uint64_t seen_ms;
};

struct registrars {
	struct siproxd *sd;
	struct list names, servers;
	struct hash by_ip;
	uint8_t key[SIPHASH_KEY_LEN];
	unsigned n_names;
};

int registrars_new(struct registrars **out, struct siproxd *sd)
{
	struct registrars *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return ENOMEM;
	r->sd = sd;
	list_init(&r->names);
	list_init(&r->servers);
	random_bytes(r->key, sizeof(r->key));
	if (hash_init(&r->by_ip, 64) != 0) {
		free(r);
		return ENOMEM;
	}
	*out = r;
	return 0;
}

static void forget_name(struct name *n)
{
	locate_cancel(n->query);
	list_del(&n->link);
	n->owner->n_names--;
	free(n->host);
	free(n);
}

static void forget_server(struct registrars *r, struct server *s)
{
	hash_del(&r->by_ip, &s->node);
	list_del(&s->link);
	free(s);
}

void registrars_free(struct registrars *r)
{
	struct list *l, *tmp;

	if (!r)
		return;
	list_each(l, tmp, &r->names)
		forget_name(container_of(l, struct name, link));
	list_each(l, tmp, &r->servers)
		forget_server(r, container_of(l, struct server, link));
	hash_done(&r->by_ip);
	free(r);
}

/* --- the servers -------------------------------------------------------------------------- */

static struct server *find(const struct registrars *r, const struct addr *a)
{
	struct hash_node *n = hash_first(&r->by_ip, addr_hash(a, r->key, false));

	for (; n; n = hash_next(n)) {
		struct server *s = container_of(n, struct server, node);

		if (addr_equal_ip(&s->addr, a))
			return s;
	}
	return NULL;
}

bool registrars_know(const struct registrars *r, const struct addr *peer)
{
	const struct server *s = find(r, peer);

	return s && timers_now(r->sd->timers) - s->seen_ms < KEEP_MS;
}

static struct server *add(struct registrars *r, const struct addr *a)
{
	struct server *s;

	if (r->by_ip.count >= SERVERS_MAX)
		forget_server(r, container_of(r->servers.next, struct server, link));
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->addr = *a;
	list_init(&s->link);
	hash_add(&r->by_ip, &s->node, addr_hash(a, r->key, false));
	return s;
}

static void saw(struct registrars *r, const struct addr *a)
{
	struct server *s = find(r, a);

	if (!s)
		s = add(r, a);
	if (!s)
		return; /* the next look-up finds it again */
	s->seen_ms = timers_now(r->sd->timers);
	list_del(&s->link);
	list_add_tail(&r->servers, &s->link);
}

/* --- their names -------------------------------------------------------------------------- */

static void found(void *arg, int err, const struct located *server, size_t count)
{
	struct name *n = arg;

	n->query = NULL;
	for (size_t i = 0; !err && i < count; i++)
		saw(n->owner, &server[i].addr);
}

static struct name *get_name(struct registrars *r, const char *host, uint16_t port)
{
	struct list *l, *tmp;
	struct name *n;

	list_each(l, tmp, &r->names) {
		n = container_of(l, struct name, link);
		if (n->port == port && strcasecmp(n->host, host) == 0)
			return n;
	}
	n = r->n_names < NAMES_MAX ? calloc(1, sizeof(*n)) : NULL;
	if (!n || !(n->host = strdup(host))) {
		free(n);
		return NULL;
	}
	n->port = port;
	n->owner = r;
	list_add_tail(&r->names, &n->link);
	r->n_names++;
	return n;
}

static void look_up(struct registrars *r, const char *host, uint16_t port)
{
	uint64_t now = timers_now(r->sd->timers);
	struct locate_what what = {.host = host, .port = port, .family = AF_UNSPEC};
	struct addr literal;
	struct name *n;

	if (addr_parse(&literal, host, 0) == 0) {
		saw(r, &literal);
		return;
	}
	n = get_name(r, host, port);
	if (!n || n->query || (n->asked_ms && now - n->asked_ms < ASK_MS))
		return;
	addr_parse(&what.source, "127.0.0.1", 0);
	n->asked_ms = now;
	if (locate(r->sd->locator, &what, found, n, &n->query) != 0)
		n->query = NULL;
}

static void look_up_registrar(struct binding *b, void *arg)
{
	struct registrars *r = arg;

	if (b->domain && b->expires > r->sd->now_s())
		look_up(r, b->domain, 0);
}

/* Those that nobody asks for any more make room. */
static void forget_names(struct registrars *r)
{
	uint64_t now = timers_now(r->sd->timers);
	struct list *l, *tmp;

	list_each(l, tmp, &r->names) {
		struct name *n = container_of(l, struct name, link);

		if (now - n->asked_ms > 4 * ASK_MS)
			forget_name(n);
	}
}

void registrars_refresh(struct registrars *r)
{
	const struct config *c = r->sd->config;

	if (c->accept_calls_from != CALLS_FROM_REGISTRAR)
		return;
	forget_names(r);
	if (c->outbound_proxy_host)
		look_up(r, c->outbound_proxy_host, (uint16_t)c->outbound_proxy_port);
	for (size_t i = 0; i < c->outbound_domain_host.count; i++)
		look_up(r, c->outbound_domain_host.item[i],
		    (uint16_t)c->outbound_domain_port.item[i]);
	location_each(r->sd->location, look_up_registrar, r);
}
