/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * servers: what is known of the servers behind a name: which of them have failed (they are tried
 * last for a while, rather than never), and which one each account talks to (a nonce, and the state
 * of a call, are known to that one alone). Two tables of limited size, in which what was not used
 * for longest makes room. The accounts' servers survive a restart (snapshot). Used by next_hop and
 * failover. RFC 3263 4.3.
 */
#ifndef PROXY_SERVERS_H
#define PROXY_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include "base/str.h"
#include "proxy/locate.h"

struct servers;

/* ENOMEM */
int servers_new(struct servers **out, struct timers *timers, const uint8_t key[SIPHASH_KEY_LEN]);
void servers_free(struct servers *s);

/* An account is who asks (a From URI: its user and host count) and the name that was looked up;
 * never 0, which stands for nobody. */
uint64_t servers_account(const struct servers *s, struct str from_uri, const char *name);
/* In the order in which they are to be tried: `preferred` (may be NULL), or else the account's
 * server, first; those that have failed last; otherwise as they are. */
void servers_sort(struct servers *s, uint64_t account, const struct located *preferred,
    struct located *found, size_t count);
/* It lives, and is the account's from now on. */
void servers_answered(struct servers *s, uint64_t account, const struct located *server);
/* It is out for that long; 0: for 30 s, and twice as long each time it fails again, up to ten
 * minutes. */
void servers_failed(struct servers *s, const struct located *server, unsigned for_s);
bool servers_has_failed(const struct servers *s, const struct located *server);
/* The account's server; false: none is known. */
bool servers_kept(const struct servers *s, uint64_t account, struct located *out);
/* All that are known, for the snapshot; not in the order of use, which changes with each request.
 * servers_answered() brings one back. */
typedef void servers_kept_fn(void *arg, uint64_t account, const struct located *server);
void servers_each_kept(struct servers *s, servers_kept_fn *fn, void *arg);

#endif
