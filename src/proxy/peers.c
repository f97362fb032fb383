/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct peer {
	struct hash_node node;
	struct addr addr;
	struct list members;
};

struct peers {
	struct hash table;
	uint8_t key[SIPHASH_KEY_LEN];
};

int peers_new(struct peers **out, const uint8_t key[SIPHASH_KEY_LEN])
{
	struct peers *p = calloc(1, sizeof(*p));

	if (!p || hash_init(&p->table, 16) != 0) {
		free(p);
		return ENOMEM;
	}
	memcpy(p->key, key, sizeof(p->key));
	*out = p;
	return 0;
}

void peers_free(struct peers *p)
{
	if (!p)
		return;
	hash_done(&p->table);
	free(p);
}

static struct peer *find(const struct peers *p, const struct addr *at)
{
	struct hash_node *n = hash_first(&p->table, addr_hash(at, p->key, false));

	for (; n; n = hash_next(n)) {
		struct peer *peer = container_of(n, struct peer, node);

		if (addr_equal_ip(&peer->addr, at))
			return peer;
	}
	return NULL;
}

static struct peer *find_or_add(struct peers *p, const struct addr *at)
{
	struct peer *peer = find(p, at);

	if (peer)
		return peer;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	peer->addr = *at;
	list_init(&peer->members);
	hash_add(&p->table, &peer->node, addr_hash(at, p->key, false));
	return peer;
}

int peers_put(struct peers *p, struct peer_member *m, const struct addr *at)
{
	if (m->peer && addr_equal_ip(&m->peer->addr, at))
		return 0;
	peers_remove(p, m);
	m->peer = find_or_add(p, at);
	if (!m->peer)
		return ENOMEM;
	list_add_tail(&m->peer->members, &m->link);
	return 0;
}

void peers_remove(struct peers *p, struct peer_member *m)
{
	struct peer *peer = m->peer;

	if (!peer)
		return;
	list_del(&m->link);
	m->peer = NULL;
	if (!list_is_empty(&peer->members))
		return;
	hash_del(&p->table, &peer->node);
	free(peer);
}

const struct list *peers_at(const struct peers *p, const struct addr *at)
{
	const struct peer *peer = find(p, at);

	return peer ? &peer->members : NULL;
}
