/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver: names to addresses through c-ares, without ever blocking the loop. Every query gets
 * exactly one callback, unless it is cancelled; IP literals are answered without a query, but
 * still from the loop. Answers are cached for their time to live (5 s to 1 h), failures for 10 s.
 * The number of queries under way is bounded.
 */
#ifndef BASE_RESOLVER_H
#define BASE_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"

struct resolver;
struct resolver_query;

/* err: 0, ENOENT (no such name, or no address of that family), ETIMEDOUT, EBUSY (too many). The
 * addresses carry the query's port and belong to the resolver; copy what you keep. */
typedef void resolver_fn(void *arg, int err, const struct addr *addr, size_t count);

int resolver_new(struct resolver **out, struct loop *loop);
/* Cancels everything under way. */
void resolver_free(struct resolver *r);
/* family AF_INET, AF_INET6 or AF_UNSPEC. ENOMEM, or EINVAL for what can be no host name. */
int resolver_lookup(struct resolver *r, const char *host, int family, uint16_t port,
    resolver_fn *fn, void *arg, struct resolver_query **out);
/* The callback will not come. NULL is fine. */
void resolver_cancel(struct resolver_query *q);
/* Answers from the cache at once; ENOENT when it does not hold the name. */
int resolver_cached(struct resolver *r, const char *host, int family, uint16_t port,
    struct addr *addr, size_t max, size_t *count);
/* Reads the system's list of name servers again (after a change of network). */
void resolver_reload(struct resolver *r);

#endif
