/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver: names to addresses, SRV and NAPTR records through c-ares, without ever blocking the
 * loop. Every query gets exactly one callback, never from inside resolver_lookup(), unless it is
 * cancelled; IP literals are answered without a query, but still from the loop. Answers are cached
 * for their time to live (5 s to 1 h), that there are no such records for 60 s, failures for 10 s;
 * 1024 answers at most. Equal queries share one question. At most 512 queries are under way. A
 * callback may call everything here, resolver_free() too.
 */
#ifndef BASE_RESOLVER_H
#define BASE_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/dns_answer.h"
#include "base/loop.h"

struct resolver;
struct resolver_query;

/*
 * err: 0, ENOENT (no such name, or no address of that family), ETIMEDOUT (no usable answer:
 * silence, refusal, a server's failure), EBUSY (too many), ENOMEM. The addresses carry the query's
 * port, for AF_UNSPEC with IPv4 first, at most 16 of a family; they belong to the resolver: copy
 * what you keep. The query is gone when the callback returns.
 */
typedef void resolver_fn(void *arg, int err, const struct addr *addr, size_t count);

/* The same for records, as they came, at most 32. */
typedef void resolver_records_fn(void *arg, int err, const struct dns_record *record, size_t count);

/*
 * Call it before a chroot: it reads the system's configuration. (/etc/hosts is read with each
 * question, and so means the one inside a chroot.)
 */
int resolver_new(struct resolver **out, struct loop *loop);

/* For tests, and for whoever wants other servers than the system's. */
struct resolver_options {
	const char *servers; /* "127.0.0.1:5353,[::1]:53"; NULL: the system's */
	int timeout_ms;      /* of the first try, doubled with each further round */
	int tries;           /* per server */
};
/* EINVAL for servers that c-ares cannot read. */
int resolver_new_options(struct resolver **out, struct loop *loop,
    const struct resolver_options *options);
/* Cancels everything under way. Before the loop is freed. */
void resolver_free(struct resolver *r);
/* family AF_INET, AF_INET6 or AF_UNSPEC. ENOMEM, or EINVAL for what can be no host name. `out` may
 * be NULL for a query that is never cancelled. */
int resolver_lookup(struct resolver *r, const char *host, int family, uint16_t port,
    resolver_fn *fn, void *arg, struct resolver_query **out);
/* type DNS_SRV or DNS_NAPTR. ENOMEM, EINVAL as above. */
int resolver_lookup_records(struct resolver *r, const char *host, int type, resolver_records_fn *fn,
    void *arg, struct resolver_query **out);
/* The callback will not come. NULL is fine, and so is the query whose callback is running. */
void resolver_cancel(struct resolver_query *q);
/* Answers from the cache (or a literal) at once, at most max addresses; ENOENT when it does not
 * hold an address of that name. */
int resolver_cached(struct resolver *r, const char *host, int family, uint16_t port,
    struct addr *addr, size_t max, size_t *count);
/* Reads the system's list of name servers again (after a change of network), also from inside a
 * chroot, forgets all answers, and asks again what is under way. */
void resolver_reload(struct resolver *r);

#endif
