/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * location: who is inside. One binding for each phone (contact) of an address-of-record, confirmed
 * by the registrar's 2xx and valid as long as that granted, and the name under which the WAN knows
 * it: `user@WAN` for the first binding of a user, `user-token@WAN` for further ones. Owns its
 * bindings. RFC 3261 10.
 */
#ifndef PROXY_LOCATION_H
#define PROXY_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"
#include "proxy/peers.h"
#include "proxy/side.h"

struct location;

struct binding {
	struct hash_node by_name; /* mask_user */
	struct hash_node by_user; /* user */
	struct hash_node by_contact;
	struct peer_member at_registrar;
	struct list link;
	char *aor;        /* "sip:user@host", from the REGISTER's To */
	char *user;       /* its user part: what the WAN calls */
	char *contact;    /* the phone's own Contact URI */
	char *mask_user;  /* user part of the Contact that the registrar knows */
	char *instance;   /* +sip.instance; NULL */
	char *call_id;    /* of its REGISTERs; NULL after a restart without the side file */
	char *domain;     /* host of its REGISTERs' Request-URI: who granted it; NULL as above */
	char *path;       /* Path of its REGISTER: the Route to it behind us (RFC 3327); NULL */
	struct addr peer; /* where its REGISTER came from; unset after a restart */
	enum sip_transport transport;
	uint64_t connection;   /* that it came by; 0: none, or of an earlier run */
	struct addr registrar; /* who granted it; unset: nobody on the WAN, or not known yet */
	uint64_t registrar_connection; /* by which it did, and may call; 0: none */
	int64_t expires;               /* unix seconds; 0: not confirmed yet */
	int64_t offered;               /* unix seconds of the last REGISTER */
};

/* What a REGISTER says of one contact. */
struct location_contact {
	struct str aor, user, contact;
	struct str instance; /* len 0: none */
	struct str call_id;
	struct str domain;
	struct str path; /* len 0: none */
	struct addr peer;
	enum sip_transport transport;
	uint64_t connection;
	struct addr registrar;
	uint64_t registrar_connection;
	/* Several contacts of one REGISTER share its Call-ID: it does not say which phone. */
	bool not_by_call_id;
};

/* key: for the tokens, stable over restarts. */
int location_new(struct location **out, const uint8_t key[SIPHASH_KEY_LEN], size_t max);
void location_free(struct location *loc);
void location_set_max(struct location *loc, size_t max);
size_t location_count(const struct location *loc);
/* Grows with each change that a restart must not lose ... */
uint64_t location_version(const struct location *loc);
/* ... and with each mere refresh, which only moves an expiry. */
uint64_t location_refreshes(const struct location *loc);

/* One of an earlier run, with its name; `version` stays. EEXIST, ENOMEM, ENOSPC. */
int location_restore(struct location *loc, const struct location_contact *c, struct str mask_user,
    int64_t expires);
/*
 * The binding of that phone, made if need be (then unconfirmed): by instance, else by contact (if
 * it signals from the same IP), else by Call-ID; never one that another registrar granted. It does
 * not change a confirmed one. ENOMEM, ENOSPC.
 */
int location_offer(struct location *loc, const struct location_contact *c, int64_t now,
    struct binding **out);
/* The registrar granted it until `expires`, with the contact that the REGISTER carried; a time
 * that has passed removes it. ENOMEM: nothing changed. */
int location_confirm(struct location *loc, struct binding *b, const struct location_contact *c,
    int64_t expires, int64_t now);
void location_remove(struct location *loc, struct binding *b);
/* All bindings of an address-of-record with that registrar (Contact: *). */
void location_remove_aor(struct location *loc, struct str aor, struct str domain);
/* Forgets what has expired, and unconfirmed offers. Call it now and then. */
void location_expire(struct location *loc, int64_t now);

/* Exactly that name; expired ones too: look at `expires`. NULL. */
struct binding *location_by_name(const struct location *loc, struct str mask_user);
/*
 * The targets of a request to `name`@WAN: all bindings of the user of that name, at the registrar
 * of the one that bears it; or the one binding with exactly that name. Live ones only. Returns how
 * many were put into out. *lately: one of them has just expired.
 */
size_t location_find(const struct location *loc, struct str name, int64_t now, struct binding **out,
    size_t max, bool *lately);
/* It was this address that granted it; an address that is not set changes nothing. */
void location_set_registrar(struct location *loc, struct binding *b, const struct addr *registrar);
/* That address, whatever the port, granted a binding that is still good. */
bool location_knows_registrar(const struct location *loc, const struct addr *a, int64_t now);
/*
 * The phones of the one account that this registrar granted us; of several, the account of the
 * user `hint`. Live ones only. Returns how many were put into out, 0 where it cannot tell.
 */
size_t location_find_account(const struct location *loc, const struct addr *registrar,
    struct str hint, int64_t now, struct binding **out, size_t max);
/* The phone that uses this contact URI; of several accounts the one of this user (len 0: any);
 * NULL. */
struct binding *location_by_contact(const struct location *loc, const struct sip_uri *contact,
    struct str user);
/* A live binding was registered by that connection, with us or from us with its registrar. */
bool location_uses(const struct location *loc, uint64_t connection, int64_t now);
void location_each(const struct location *loc, void (*fn)(struct binding *b, void *arg), void *arg);

#define LOCATION_AOR_MAX  32  /* phones of one address-of-record */
#define LOCATION_LATELY_S 300 /* how long an expired binding is remembered */

#endif
