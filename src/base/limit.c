/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"

/* Tokens are counted in these, so that per_minute of them flow in each millisecond. */
#define TOKEN 60000u

#define LIMIT_MAX_SOURCES 1000000

struct source {
	struct hash_node node;
	struct list link; /* in order of use, longest ago first */
	struct addr net;
	uint64_t level; /* at most burst * TOKEN */
	uint64_t seen_ms;
};

struct limit {
	unsigned per_minute, burst;
	uint8_t key[SIPHASH_KEY_LEN];
	struct hash by_net;
	struct list used;
	unsigned n_used, n_sources;
};

int limit_new(struct limit **out, unsigned per_minute, unsigned burst, unsigned sources)
{
	struct limit *l;

	*out = NULL;
	if (sources == 0)
		sources = 1;
	if (sources > LIMIT_MAX_SOURCES)
		return EINVAL;
	l = calloc(1, sizeof(*l));
	if (l == NULL || hash_init(&l->by_net, 0) != 0) {
		free(l);
		return ENOMEM;
	}
	l->per_minute = per_minute;
	l->burst = burst;
	l->n_sources = sources;
	list_init(&l->used);
	random_bytes(l->key, sizeof(l->key));
	*out = l;
	return 0;
}

void limit_free(struct limit *l)
{
	struct list *pos, *tmp;

	if (l == NULL)
		return;
	list_each(pos, tmp, &l->used)
		free(container_of(pos, struct source, link));
	hash_done(&l->by_net);
	free(l);
}

/* Who counts as one source: an IPv4 address, an IPv6 /64 (one subscriber has all of it). */
static struct addr net_of(const struct addr *source)
{
	struct addr net = *source;

	addr_set_port(&net, 0);
	if (addr_family(&net) == AF_INET6)
		memset(net.u.in6.sin6_addr.s6_addr + 8, 0, 8);
	return net;
}

static struct source *find(const struct limit *l, const struct addr *net, uint64_t hash)
{
	struct hash_node *node;

	for (node = hash_first(&l->by_net, hash); node != NULL; node = hash_next(node)) {
		struct source *s = container_of(node, struct source, node);

		if (addr_equal_ip(&s->net, net))
			return s;
	}
	return NULL;
}

/* NULL: none was ever known. */
static struct source *forget_oldest(struct limit *l)
{
	struct source *s = container_of(l->used.next, struct source, link);

	if (list_is_empty(&l->used))
		return NULL;
	hash_del(&l->by_net, &s->node);
	return s;
}

/* A full bucket for a source that we do not know; where there is no room for more, in place of the
 * one that was quiet longest. NULL: no memory for the first one. */
static struct source *add(struct limit *l, const struct addr *net, uint64_t hash, uint64_t now_ms)
{
	struct source *s = l->n_used < l->n_sources ? calloc(1, sizeof(*s)) : NULL;

	if (s != NULL) {
		l->n_used++;
		list_init(&s->link);
	} else {
		s = forget_oldest(l);
		if (s == NULL)
			return NULL;
	}
	s->net = *net;
	s->level = (uint64_t)l->burst * TOKEN;
	s->seen_ms = now_ms;
	hash_add(&l->by_net, &s->node, hash);
	return s;
}

static void refill(const struct limit *l, struct source *s, uint64_t now_ms)
{
	uint64_t full = (uint64_t)l->burst * TOKEN;
	uint64_t passed = now_ms > s->seen_ms ? now_ms - s->seen_ms : 0;

	if (l->per_minute > 0 && passed >= (full - s->level) / l->per_minute + 1)
		s->level = full;
	else
		s->level += passed * l->per_minute;
	if (s->level > full)
		s->level = full;
	if (now_ms > s->seen_ms)
		s->seen_ms = now_ms;
}

bool limit_take(struct limit *l, const struct addr *source, uint64_t now_ms)
{
	struct addr net = net_of(source);
	uint64_t hash = addr_hash(&net, l->key, false);
	struct source *s = find(l, &net, hash);

	if (s == NULL)
		s = add(l, &net, hash, now_ms);
	else
		refill(l, s, now_ms);
	if (s == NULL)
		return false;
	list_del(&s->link);
	list_add_tail(&l->used, &s->link);
	if (s->level < TOKEN)
		return false;
	s->level -= TOKEN;
	return true;
}

bool limit_has(struct limit *l, const struct addr *source, uint64_t now_ms)
{
	struct addr net = net_of(source);
	struct source *s = find(l, &net, addr_hash(&net, l->key, false));

	if (s == NULL)
		return l->burst > 0;
	refill(l, s, now_ms);
	return s->level >= TOKEN;
}
