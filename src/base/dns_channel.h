/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns_channel: c-ares in the loop: its descriptors, its timeouts, and the list of name servers.
 * For resolver.c alone, which owns it.
 */
#ifndef BASE_DNS_CHANNEL_H
#define BASE_DNS_CHANNEL_H

#define CARES_NO_DEPRECATED /* what Debian 12 has instead of ares_query_dnsrec() */
#include <ares.h>

#include "base/loop.h"

struct dns_channel;

/* servers: as in struct resolver_options. ENOMEM, EIO, or EINVAL for servers that are none. */
int dns_channel_open(struct dns_channel **out, struct loop *loop, const char *servers,
    int timeout_ms, int tries);
/* What is under way is called back as cancelled, from in here. Not to be called from `fn`. */
void dns_channel_close(struct dns_channel *ch);
/* `fn` is called once, perhaps before this returns. */
void dns_channel_ask(struct dns_channel *ch, const char *host, int family,
    ares_addrinfo_callback fn, void *arg);
/* The reply as it came, for records of that type. */
void dns_channel_ask_records(struct dns_channel *ch, const char *name, int type, ares_callback fn,
    void *arg);
/* Reads the name servers again; cancels as dns_channel_close() does. */
void dns_channel_reload(struct dns_channel *ch);

#endif
