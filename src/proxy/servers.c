/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/timers.h"

#define FAILED_MAX   256
#define KEPT_MAX     1024
#define FAILED_S     30
#define FAILED_MAX_S 600
#define KEPT_S       86400

/* A server that has failed, or (`account` is not 0) the one of an account. */
struct entry {
	struct hash_node node;
	struct list link; /* in order of use, longest ago first */
	uint64_t account;
	struct located server;
	uint64_t until_ms;
	unsigned for_s; /* of a failed one: how long it was put out for */
};

struct table {
	struct hash hash;
	struct list used;
	size_t max;
};

struct servers {
	struct timers *timers;
	uint8_t key[SIPHASH_KEY_LEN];
	struct table failed, kept;
};

static int table_init(struct table *t, size_t max)
{
	list_init(&t->used);
	t->max = max;
	return hash_init(&t->hash, 0);
}

static void table_drop(struct table *t, struct entry *e)
{
	hash_del(&t->hash, &e->node);
	list_del(&e->link);
	free(e);
}

static void table_done(struct table *t)
{
	struct list *l, *tmp;

	list_each(l, tmp, &t->used)
		free(container_of(l, struct entry, link));
	hash_done(&t->hash);
}

/* A new one, if need be in place of the one that was not used for longest. NULL: no memory. */
static struct entry *table_add(struct table *t, uint64_t key)
{
	struct entry *e;

	if (t->hash.count == t->max)
		table_drop(t, container_of(t->used.next, struct entry, link));
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	list_init(&e->link);
	list_add_tail(&t->used, &e->link);
	hash_add(&t->hash, &e->node, key);
	return e;
}

static void table_touch(struct table *t, struct entry *e)
{
	list_del(&e->link);
	list_add_tail(&t->used, &e->link);
}

int servers_new(struct servers **out, struct timers *timers, const uint8_t key[SIPHASH_KEY_LEN])
{
	struct servers *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	s->timers = timers;
	memcpy(s->key, key, sizeof(s->key));
	err = table_init(&s->failed, FAILED_MAX);
	if (!err)
		err = table_init(&s->kept, KEPT_MAX);
	if (err) {
		hash_done(&s->failed.hash);
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void servers_free(struct servers *s)
{
	if (!s)
		return;
	table_done(&s->failed);
	table_done(&s->kept);
	free(s);
}

/* --- servers that have failed ------------------------------------------------------------- */

static bool is_same(const struct located *a, const struct located *b)
{
	return a->transport == b->transport && addr_equal(&a->addr, &b->addr);
}

static struct entry *find_failed(const struct servers *s, const struct located *server)
{
	struct hash_node *n = hash_first(&s->failed.hash, addr_hash(&server->addr, s->key, true));

	for (; n; n = hash_next(n)) {
		struct entry *e = container_of(n, struct entry, node);

		if (is_same(&e->server, server))
			return e;
	}
	return NULL;
}

static bool is_over(const struct servers *s, const struct entry *e)
{
	return e->until_ms <= timers_now(s->timers);
}

bool servers_has_failed(const struct servers *s, const struct located *server)
{
	const struct entry *e = find_failed(s, server);

	return e && !is_over(s, e);
}

void servers_failed(struct servers *s, const struct located *server, unsigned for_s)
{
	struct entry *e = find_failed(s, server);

	if (!e)
		e = table_add(&s->failed, addr_hash(&server->addr, s->key, true));
	else if (!for_s && !is_over(s, e))
		return; /* it was tried for want of another one, or by several at once */
	else
		table_touch(&s->failed, e);
	if (!e)
		return; /* no memory: it is tried again in its turn */
	e->server = *server;
	if (!for_s)
		for_s = e->for_s ? 2 * e->for_s : FAILED_S;
	e->for_s = for_s > FAILED_MAX_S ? FAILED_MAX_S : for_s;
	e->until_ms = timers_now(s->timers) + 1000 * (uint64_t)e->for_s;
}

/* --- the servers of accounts -------------------------------------------------------------- */

static void add_lower(struct siphash *h, struct str text)
{
	siphash_add(h, &text.len, sizeof(text.len));
	for (size_t i = 0; i < text.len; i++) {
		char c = str_lower(text.s[i]);

		siphash_add(h, &c, 1);
	}
}

uint64_t servers_account(const struct servers *s, struct str from_uri, const char *name)
{
	struct siphash h;
	struct sip_uri uri;
	uint64_t account;

	siphash_init(&h, s->key);
	if (sip_uri_parse(&uri, from_uri) == 0 && sip_uri_is_sip(&uri)) {
		siphash_add_field(&h, uri.user.s ? uri.user.s : "", uri.user.len);
		add_lower(&h, uri.host);
	} else {
		siphash_add_field(&h, from_uri.s ? from_uri.s : "", from_uri.len);
	}
	add_lower(&h, str_of(name));
	account = siphash_end(&h);
	return account ? account : 1;
}

static struct entry *find_kept(const struct servers *s, uint64_t account)
{
	struct hash_node *n = hash_first(&s->kept.hash, account);

	for (; n; n = hash_next(n)) {
		struct entry *e = container_of(n, struct entry, node);

		if (e->account == account)
			return e;
	}
	return NULL;
}

bool servers_kept(const struct servers *s, uint64_t account, struct located *out)
{
	const struct entry *e = find_kept(s, account);

	if (!e || is_over(s, e))
		return false;
	*out = e->server;
	return true;
}

void servers_answered(struct servers *s, uint64_t account, const struct located *server)
{
	struct entry *e = find_failed(s, server);

	if (e)
		table_drop(&s->failed, e);
	if (!account)
		return;
	e = find_kept(s, account);
	if (e)
		table_touch(&s->kept, e);
	else
		e = table_add(&s->kept, account);
	if (!e)
		return; /* no memory: any server may have the account's next request */
	e->account = account;
	e->server = *server;
	e->until_ms = timers_now(s->timers) + 1000 * (uint64_t)KEPT_S;
}

struct telling {
	struct servers *servers;
	servers_kept_fn *fn;
	void *arg;
};

static void tell_kept(struct hash_node *node, void *arg)
{
	const struct entry *e = container_of(node, struct entry, node);
	const struct telling *t = arg;

	if (!is_over(t->servers, e))
		t->fn(t->arg, e->account, &e->server);
}

void servers_each_kept(struct servers *s, servers_kept_fn *fn, void *arg)
{
	struct telling t = {s, fn, arg};

	hash_each(&s->kept.hash, tell_kept, &t);
}

/* --- order -------------------------------------------------------------------------------- */

static unsigned rank(const struct servers *s, const struct located *preferred,
    const struct located *one)
{
	if (servers_has_failed(s, one))
		return 2;
	return preferred && is_same(preferred, one) ? 0 : 1;
}

void servers_sort(struct servers *s, uint64_t account, const struct located *preferred,
    struct located *found, size_t count)
{
	struct located sorted[LOCATE_MAX], kept;
	size_t n = 0;

	if (!preferred && servers_kept(s, account, &kept))
		preferred = &kept;
	if (count > LOCATE_MAX)
		count = LOCATE_MAX;
	for (unsigned r = 0; r < 3; r++)
		for (size_t i = 0; i < count; i++)
			if (rank(s, preferred, &found[i]) == r)
				sorted[n++] = found[i];
	memcpy(found, sorted, n * sizeof(*found));
}
