/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dialog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dialogs {
	struct hash table;
	struct peers *peers;
	struct timers *timers;
	uint8_t key[SIPHASH_KEY_LEN];
	size_t max, without_call;
};

int dialogs_new(struct dialogs **out, struct timers *timers, const uint8_t key[SIPHASH_KEY_LEN],
    size_t max)
{
	struct dialogs *ds = calloc(1, sizeof(*ds));

	if (!ds)
		return ENOMEM;
	if (hash_init(&ds->table, 64) != 0 || peers_new(&ds->peers, key) != 0) {
		hash_done(&ds->table);
		free(ds);
		return ENOMEM;
	}
	ds->timers = timers;
	ds->max = max;
	memcpy(ds->key, key, sizeof(ds->key));
	*out = ds;
	return 0;
}

void dialogs_set_max(struct dialogs *ds, size_t max)
{
	ds->max = max;
}

static void free_node(struct hash_node *node, void *arg)
{
	(void)arg;
	dialog_free(container_of(node, struct dialog, node));
}

void dialogs_free(struct dialogs *ds)
{
	if (!ds)
		return;
	hash_each(&ds->table, free_node, NULL);
	hash_done(&ds->table);
	peers_free(ds->peers);
	free(ds);
}

size_t dialogs_count(const struct dialogs *ds)
{
	return ds->table.count;
}

static uint64_t key_of(const struct dialogs *ds, struct str call_id, struct str lan_tag,
    struct str wan_tag)
{
	struct siphash h;

	siphash_init(&h, ds->key);
	siphash_add_field(&h, call_id.s, call_id.len);
	siphash_add_field(&h, lan_tag.s, lan_tag.len);
	siphash_add_field(&h, wan_tag.s, wan_tag.len);
	return siphash_end(&h);
}

struct dialog *dialog_find(const struct dialogs *ds, struct str call_id, struct str lan_tag,
    struct str wan_tag)
{
	struct hash_node *n = hash_first(&ds->table, key_of(ds, call_id, lan_tag, wan_tag));

	for (; n; n = hash_next(n)) {
		struct dialog *d = container_of(n, struct dialog, node);

		if (str_is(call_id, d->call_id) && str_is(lan_tag, d->end[LAN].tag) &&
		    str_is(wan_tag, d->end[WAN].tag))
			return d;
	}
	return NULL;
}

static void end_done(struct dialog_end *e)
{
	free(e->tag);
	free(e->contact);
	free(e->route);
	free(e->identity);
}

static void release(struct dialog *d)
{
	free(d->call_id);
	free(d->lan_self);
	free(d->lan_peer);
	end_done(&d->end[LAN]);
	end_done(&d->end[WAN]);
	free(d);
}

int dialog_new(struct dialogs *ds, struct str call_id, struct str lan_tag, struct str wan_tag,
    bool of_call, struct dialog **out)
{
	struct dialog *d;

	if (!of_call && ds->without_call >= ds->max)
		return ENOSPC;
	d = calloc(1, sizeof(*d));
	if (!d)
		return ENOMEM;
	d->owner = ds;
	list_init(&d->link);
	d->call_id = str_dup(call_id);
	d->end[LAN].tag = str_dup(lan_tag);
	d->end[WAN].tag = str_dup(wan_tag);
	if (!d->call_id || !d->end[LAN].tag || !d->end[WAN].tag) {
		release(d);
		return ENOMEM;
	}
	d->of_call = of_call;
	ds->without_call += !of_call;
	hash_add(&ds->table, &d->node, key_of(ds, call_id, lan_tag, wan_tag));
	*out = d;
	return 0;
}

void dialog_free(struct dialog *d)
{
	if (!d)
		return;
	timer_stop(d->owner->timers, &d->expiry);
	d->owner->without_call -= !d->of_call;
	hash_del(&d->owner->table, &d->node);
	peers_remove(d->owner->peers, &d->at_peer);
	list_del(&d->link);
	release(d);
}

struct each {
	void (*fn)(struct dialog *d, void *arg);
	void *arg;
};

static void each_node(struct hash_node *node, void *arg)
{
	const struct each *each = arg;

	each->fn(container_of(node, struct dialog, node), each->arg);
}

void dialogs_each(struct dialogs *ds, void (*fn)(struct dialog *d, void *arg), void *arg)
{
	struct each each = {fn, arg};

	hash_each(&ds->table, each_node, &each);
}

void dialog_heard(struct dialog *d, enum side side, const struct hop *from)
{
	d->end[side].hop = *from;
	/* Without memory its far end counts as a stranger where it asks for something else. */
	if (side == WAN)
		peers_put(d->owner->peers, &d->at_peer, &from->peer);
}

bool dialogs_know(const struct dialogs *ds, const struct addr *wan_peer)
{
	return peers_at(ds->peers, wan_peer) != NULL;
}

bool dialogs_talk_with(const struct dialogs *ds, const struct addr *wan_peer)
{
	const struct list *all = peers_at(ds->peers, wan_peer);

	for (const struct list *l = all ? all->next : all; l != all; l = l->next)
		if (container_of(l, struct dialog, at_peer.link)->confirmed)
			return true;
	return false;
}

static void expired(void *arg)
{
	dialog_free(arg);
}

int dialog_keep_for(struct dialog *d, uint64_t ms)
{
	int err = timer_start(d->owner->timers, &d->expiry, ms, expired, d);

	if (err)
		dialog_free(d); /* better none than one for ever */
	return err;
}

int dialog_leave_call(struct dialog *d)
{
	if (d->owner->without_call >= d->owner->max)
		return ENOSPC;
	list_del(&d->link);
	list_init(&d->link);
	d->call = NULL;
	d->owner->without_call += d->of_call;
	d->of_call = false;
	return 0;
}

int dialog_set(char **field, struct str text)
{
	char *copy;

	if (!text.len || (*field && str_is(text, *field)))
		return 0;
	copy = str_dup(text);
	if (!copy)
		return ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}
