/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * locate: finds the servers that stand behind the host of a SIP URI (RFC 3263 4): NAPTR, SRV, A
 * and AAAA, asked at the same time. Equal searches share one. 128 searches may be under way, 32
 * of one source, so that a phone that asks for names nobody knows leaves room for the others. Owns
 * its searches. Used by request, which parks what waits for it.
 */
#ifndef PROXY_LOCATE_H
#define PROXY_LOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/srv.h"
#include "sip/sip_uri.h"

struct locate_query;
struct locator;
struct resolver;
struct timers;

#define LOCATE_MAX 16

/* One way to reach a server; the address has its port. */
struct located {
	enum sip_transport transport;
	struct addr addr;
};

struct locate_what {
	const char *host; /* a name */
	uint16_t port;    /* 0: the URI has none, and so there may be SRV records */
	bool has_transport;
	enum sip_transport transport;
	int family;         /* AF_INET where nothing else could be reached; AF_UNSPEC */
	struct addr source; /* who asks */
};

/*
 * err: 0, ENOENT (no such server, or the service is decidedly not offered), ETIMEDOUT (the name
 * servers gave no answer), EBUSY, ENOMEM. The first one is to be tried first. They are not the
 * callee's to keep. The query is gone when the callback returns. It may start and cancel others.
 */
typedef void locate_fn(void *arg, int err, const struct located *found, size_t count);

/* ENOMEM. Both must outlive it. */
int locator_new(struct locator **out, struct resolver *resolver, struct timers *timers);
/* Ends what is under way without a word. Not from a callback. */
void locator_free(struct locator *l);
/* For tests. */
void locator_set_random(struct locator *l, srv_random_fn *random, void *arg);
/* We can send by it. */
bool locate_speaks(enum sip_transport transport);

/* The callback comes later, never from in here. EINVAL: no host name; EBUSY, ENOMEM. */
int locate(struct locator *l, const struct locate_what *what, locate_fn *fn, void *arg,
    struct locate_query **out);
/* The callback will not come. NULL is fine. */
void locate_cancel(struct locate_query *q);

#endif
