/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/location.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* An offer without an answer from the registrar is forgotten after this long. */
#define OFFER_S 64

struct location {
	struct hash names, users, contacts;
	struct peers *registrars;
	struct list all;
	uint8_t key[SIPHASH_KEY_LEN];
	size_t max, count;
	uint64_t version, refreshes;
};

int location_new(struct location **out, const uint8_t key[SIPHASH_KEY_LEN], size_t max)
{
	struct location *loc = calloc(1, sizeof(*loc));

	if (!loc)
		return ENOMEM;
	list_init(&loc->all);
	memcpy(loc->key, key, sizeof(loc->key));
	loc->max = max;
	if (hash_init(&loc->names, 64) != 0 || hash_init(&loc->users, 64) != 0 ||
	    hash_init(&loc->contacts, 64) != 0 || peers_new(&loc->registrars, key) != 0) {
		location_free(loc);
		return ENOMEM;
	}
	*out = loc;
	return 0;
}

void location_free(struct location *loc)
{
	struct list *l, *tmp;

	if (!loc)
		return;
	list_each(l, tmp, &loc->all)
		location_remove(loc, container_of(l, struct binding, link));
	hash_done(&loc->names);
	hash_done(&loc->users);
	hash_done(&loc->contacts);
	peers_free(loc->registrars);
	free(loc);
}

void location_set_max(struct location *loc, size_t max)
{
	loc->max = max;
}

size_t location_count(const struct location *loc)
{
	return loc->count;
}

uint64_t location_version(const struct location *loc)
{
	return loc->version;
}

uint64_t location_refreshes(const struct location *loc)
{
	return loc->refreshes;
}

static uint64_t hash_str(const struct location *loc, struct str s)
{
	return siphash(loc->key, s.s ? s.s : "", s.len);
}

/* The parts of a contact that sip_uri_equal() compares, host without regard to case. */
static uint64_t hash_contact(const struct location *loc, const struct sip_uri *uri)
{
	struct siphash h;
	uint16_t port = sip_uri_port(uri);

	siphash_init(&h, loc->key);
	siphash_add_field(&h, uri->userinfo.s ? uri->userinfo.s : "", uri->userinfo.len);
	for (size_t i = 0; i < uri->host.len; i++) {
		char c = (char)(uri->host.s[i] | 0x20);

		siphash_add(&h, &c, 1);
	}
	siphash_add(&h, &port, sizeof(port));
	return siphash_end(&h);
}

static void binding_free(struct binding *b)
{
	free(b->aor);
	free(b->user);
	free(b->contact);
	free(b->mask_user);
	free(b->instance);
	free(b->call_id);
	free(b->domain);
	free(b->path);
	free(b);
}

void location_remove(struct location *loc, struct binding *b)
{
	hash_del(&loc->names, &b->by_name);
	hash_del(&loc->users, &b->by_user);
	hash_del(&loc->contacts, &b->by_contact);
	peers_remove(loc->registrars, &b->at_registrar);
	list_del(&b->link);
	loc->count--;
	if (b->expires)
		loc->version++;
	binding_free(b);
}

struct binding *location_by_name(const struct location *loc, struct str mask_user)
{
	struct hash_node *n = hash_first(&loc->names, hash_str(loc, mask_user));

	for (; n; n = hash_next(n)) {
		struct binding *b = container_of(n, struct binding, by_name);

		if (str_is(mask_user, b->mask_user))
			return b;
	}
	return NULL;
}

static bool same(const char *a, struct str b)
{
	return a && b.len && str_is(b, a);
}

/* After a restart without the side file nobody knows who granted a binding: then it fits. */
static bool same_registrar(const struct binding *b, struct str aor, struct str domain)
{
	return str_is(aor, b->aor) &&
	    (!b->domain || !domain.len || str_is_nocase(domain, b->domain));
}

/* The binding of this phone among its address-of-record's. An instance that differs is another
 * phone, whatever else agrees; so is the same contact behind another IP. */
static struct binding *find_phone(const struct location *loc, const struct location_contact *c)
{
	struct hash_node *n = hash_first(&loc->users, hash_str(loc, c->user));
	struct binding *by_call_id = NULL, *by_contact = NULL;

	for (; n; n = hash_next(n)) {
		struct binding *b = container_of(n, struct binding, by_user);

		if (!same_registrar(b, c->aor, c->domain))
			continue;
		if (same(b->instance, c->instance))
			return b;
		if (b->instance && c->instance.len)
			continue;
		if (same(b->call_id, c->call_id) && !c->not_by_call_id)
			by_call_id = b;
		if (same(b->contact, c->contact) &&
		    (!addr_is_set(&b->peer) || addr_equal_ip(&b->peer, &c->peer)))
			by_contact = b;
	}
	return by_contact ? by_contact : by_call_id;
}

static char *choose_name(const struct location *loc, const struct location_contact *c)
{
	struct str id = c->instance.len ? c->instance : c->call_id;
	struct siphash h;
	char *name;

	/* Two contacts of one REGISTER share its Call-ID. */
	if (c->not_by_call_id && !c->instance.len)
		id = c->contact;
	if (!location_by_name(loc, c->user))
		return str_dup(c->user);
	siphash_init(&h, loc->key);
	siphash_add_field(&h, c->aor.s, c->aor.len);
	siphash_add_field(&h, id.s ? id.s : "", id.len);
	if (asprintf(&name, "%.*s-%08x", STR_ARGS(c->user), (unsigned)siphash_end(&h)) < 0)
		return NULL;
	if (location_by_name(loc, str_of(name))) {
		free(name);
		siphash_add_field(&h, c->contact.s, c->contact.len);
		siphash_add_field(&h, c->domain.s ? c->domain.s : "", c->domain.len);
		if (asprintf(&name, "%.*s-%08x", STR_ARGS(c->user), (unsigned)siphash_end(&h)) < 0)
			return NULL;
	}
	return name;
}

static void add(struct location *loc, struct binding *b)
{
	struct sip_uri uri;

	hash_add(&loc->names, &b->by_name, hash_str(loc, str_of(b->mask_user)));
	hash_add(&loc->users, &b->by_user, hash_str(loc, str_of(b->user)));
	hash_add(&loc->contacts, &b->by_contact,
	    sip_uri_parse(&uri, str_of(b->contact)) == 0 ? hash_contact(loc, &uri) : 0);
	list_add_tail(&loc->all, &b->link);
	loc->count++;
}

/* How its REGISTER came. */
static void take_way(struct binding *b, const struct location_contact *c)
{
	b->peer = c->peer;
	b->transport = c->transport;
	b->connection = c->connection;
}

/* Takes over `name` in every case. */
static int new_binding(struct location *loc, const struct location_contact *c, char *name,
    struct binding **out)
{
	struct binding *b = NULL;

	if (name && loc->count < loc->max)
		b = calloc(1, sizeof(*b));
	if (!b) {
		free(name);
		return loc->count < loc->max ? ENOMEM : ENOSPC;
	}
	b->aor = str_dup(c->aor);
	b->user = str_dup(c->user);
	b->contact = str_dup(c->contact);
	b->mask_user = name;
	b->instance = c->instance.len ? str_dup(c->instance) : NULL;
	b->call_id = c->call_id.len ? str_dup(c->call_id) : NULL;
	b->domain = c->domain.len ? str_dup(c->domain) : NULL;
	take_way(b, c);
	if (!b->aor || !b->user || !b->contact || (c->instance.len && !b->instance) ||
	    (c->call_id.len && !b->call_id) || (c->domain.len && !b->domain)) {
		binding_free(b);
		return ENOMEM;
	}
	add(loc, b);
	*out = b;
	return 0;
}

int location_restore(struct location *loc, const struct location_contact *c, struct str mask_user,
    int64_t expires)
{
	struct binding *b;
	int err;

	if (location_by_name(loc, mask_user))
		return EEXIST;
	err = new_binding(loc, c, str_dup(mask_user), &b);
	if (!err)
		b->expires = expires;
	return err;
}

static size_t count_phones(const struct location *loc, const struct location_contact *c)
{
	struct hash_node *n = hash_first(&loc->users, hash_str(loc, c->user));
	size_t count = 0;

	for (; n; n = hash_next(n))
		count += str_is(c->aor, container_of(n, struct binding, by_user)->aor);
	return count;
}

int location_offer(struct location *loc, const struct location_contact *c, int64_t now,
    struct binding **out)
{
	int err = 0;

	*out = find_phone(loc, c);
	if (!*out && count_phones(loc, c) >= LOCATION_AOR_MAX)
		return ENOSPC;
	if (!*out)
		err = new_binding(loc, c, choose_name(loc, c), out);
	if (!err)
		(*out)->offered = now;
	return err;
}

void location_set_registrar(struct location *loc, struct binding *b, const struct addr *registrar)
{
	/* Without memory it counts as a stranger. */
	if (addr_is_set(registrar) && peers_put(loc->registrars, &b->at_registrar, registrar) == 0)
		b->registrar = *registrar;
}

static int set_path(struct binding *b, struct str path)
{
	char *copy = path.len ? str_dup(path) : NULL;

	if (path.len && !copy)
		return ENOMEM;
	free(b->path);
	b->path = copy;
	return 0;
}

/* Another contact, Call-ID or source; ENOMEM: nothing changed. */
static int move(struct location *loc, struct binding *b, const struct location_contact *c)
{
	char *contact = str_dup(c->contact), *call_id = str_dup(c->call_id);
	struct sip_uri uri;

	if (!contact || !call_id) {
		free(contact);
		free(call_id);
		return ENOMEM;
	}
	if (!b->domain && c->domain.len)
		b->domain = str_dup(c->domain); /* without it, it goes on to fit */
	free(b->contact);
	free(b->call_id);
	b->contact = contact;
	b->call_id = call_id;
	take_way(b, c);
	hash_del(&loc->contacts, &b->by_contact);
	hash_add(&loc->contacts, &b->by_contact,
	    sip_uri_parse(&uri, str_of(b->contact)) == 0 ? hash_contact(loc, &uri) : 0);
	return 0;
}

int location_confirm(struct location *loc, struct binding *b, const struct location_contact *c,
    int64_t expires, int64_t now)
{
	bool same_path = c->path.len ? same(b->path, c->path) : !b->path;
	bool same_phone = same(b->contact, c->contact) && same(b->call_id, c->call_id) &&
	    addr_equal(&b->peer, &c->peer) && b->transport == c->transport &&
	    b->connection == c->connection && same_path;
	int err = 0;

	if (expires <= now) {
		location_remove(loc, b);
		return 0;
	}
	if (!same_path)
		err = set_path(b, c->path);
	if (!err && !same_phone)
		err = move(loc, b, c);
	if (err)
		return err;
	location_set_registrar(loc, b, &c->registrar);
	b->registrar_connection = c->registrar_connection;
	if (same_phone && b->expires > now)
		loc->refreshes++;
	else
		loc->version++;
	b->expires = expires;
	return 0;
}

void location_remove_aor(struct location *loc, struct str aor, struct str domain)
{
	struct list *l, *tmp;

	list_each(l, tmp, &loc->all) {
		struct binding *b = container_of(l, struct binding, link);

		if (same_registrar(b, aor, domain))
			location_remove(loc, b);
	}
}

void location_expire(struct location *loc, int64_t now)
{
	struct list *l, *tmp;

	list_each(l, tmp, &loc->all) {
		struct binding *b = container_of(l, struct binding, link);

		if (b->expires ? b->expires + LOCATION_LATELY_S < now : b->offered + OFFER_S < now)
			location_remove(loc, b);
	}
}

static bool live(const struct binding *b, int64_t now)
{
	return b->expires > now;
}

/* Of the same user, but granted by another registrar: another account with an equal name. */
static bool is_namesake(const struct binding *b, const struct binding *bearer)
{
	return bearer && bearer->expires &&
	    !same_registrar(b, str_of(bearer->aor), str_of(bearer->domain));
}

size_t location_find(const struct location *loc, struct str name, int64_t now, struct binding **out,
    size_t max, bool *lately)
{
	struct hash_node *n = hash_first(&loc->users, hash_str(loc, name));
	struct binding *exact = location_by_name(loc, name);
	size_t count = 0;

	*lately = false;
	for (; n && count < max; n = hash_next(n)) {
		struct binding *b = container_of(n, struct binding, by_user);

		if (!str_is(name, b->user) || is_namesake(b, exact))
			continue;
		if (live(b, now))
			out[count++] = b;
		else if (b->expires)
			*lately = true;
	}
	if (count == 0 && exact) {
		if (live(exact, now) && max > 0)
			out[count++] = exact;
		else if (exact->expires)
			*lately = true;
	}
	return count;
}

bool location_knows_registrar(const struct location *loc, const struct addr *a, int64_t now)
{
	const struct list *all = peers_at(loc->registrars, a);

	for (const struct list *l = all ? all->next : all; l != all; l = l->next)
		if (live(container_of(l, struct binding, at_registrar.link), now))
			return true;
	return false;
}

/* The account of that user at this registrar. */
static const struct binding *account_of(const struct location *loc, const struct addr *registrar,
    struct str user, int64_t now)
{
	struct hash_node *n = hash_first(&loc->users, hash_str(loc, user));

	for (; n; n = hash_next(n)) {
		const struct binding *b = container_of(n, struct binding, by_user);

		if (str_is(user, b->user) && live(b, now) && addr_is_set(&b->registrar) &&
		    addr_equal_ip(&b->registrar, registrar))
			return b;
	}
	return NULL;
}

size_t location_find_account(const struct location *loc, const struct addr *registrar,
    struct str hint, int64_t now, struct binding **out, size_t max)
{
	const struct binding *account = account_of(loc, registrar, hint, now);
	const struct list *all = peers_at(loc->registrars, registrar);
	bool hinted = account != NULL;
	size_t count = 0;

	for (const struct list *l = all ? all->next : all; l != all && count < max; l = l->next) {
		struct binding *b = container_of(l, struct binding, at_registrar.link);

		if (!live(b, now))
			continue;
		if (!account)
			account = b;
		if (strcmp(b->aor, account->aor) == 0)
			out[count++] = b;
		else if (!hinted)
			return 0; /* of several accounts nobody knows which */
	}
	return count;
}

struct binding *location_by_contact(const struct location *loc, const struct sip_uri *contact,
    struct str user)
{
	struct hash_node *n = hash_first(&loc->contacts, hash_contact(loc, contact));
	struct binding *first = NULL;

	for (; n; n = hash_next(n)) {
		struct binding *b = container_of(n, struct binding, by_contact);
		struct sip_uri uri;

		if (sip_uri_parse(&uri, str_of(b->contact)) != 0 || !sip_uri_equal(&uri, contact))
			continue;
		if (str_is(user, b->user))
			return b;
		if (!first)
			first = b;
	}
	return first;
}

bool location_uses(const struct location *loc, uint64_t connection, int64_t now)
{
	for (const struct list *l = loc->all.next; l != &loc->all; l = l->next) {
		const struct binding *b = container_of(l, struct binding, link);

		if ((b->connection == connection || b->registrar_connection == connection) &&
		    live(b, now))
			return true;
	}
	return false;
}

void location_each(const struct location *loc, void (*fn)(struct binding *b, void *arg), void *arg)
{
	struct list *l, *tmp;

	list_each(l, tmp, &loc->all)
		fn(container_of(l, struct binding, link), arg);
}
