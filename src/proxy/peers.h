/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peers: who is where: things of one kind by the address (whatever the port) that they have to do
 * with, such as bindings by their registrar. Adding, removing and looking up take the same time
 * however many there are. Owns its table; the members belong to those who put them in. Used by
 * location and dialog.
 */
#ifndef PROXY_PEERS_H
#define PROXY_PEERS_H

#include "base/addr.h"
#include "base/list.h"
#include "base/siphash.h"

struct peer;
struct peers;

/* Stands in the caller's own struct; all zero while it is nowhere. */
struct peer_member {
	struct list link;
	struct peer *peer;
};

int peers_new(struct peers **out, const uint8_t key[SIPHASH_KEY_LEN]);
/* No member may be left. */
void peers_free(struct peers *p);
/* It is there now, and nowhere else. ENOMEM: it is nowhere. */
int peers_put(struct peers *p, struct peer_member *m, const struct addr *at);
void peers_remove(struct peers *p, struct peer_member *m);
/* The members at that address, by `link`; NULL: none. Good until the next change. */
const struct list *peers_at(const struct peers *p, const struct addr *at);

#endif
