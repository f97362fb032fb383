/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * public_addr: how the WAN knows us where the NAT is another machine's work ("in front of the
 * router"): host_outbound, an address or a name that is looked up again and again, or what a STUN
 * server says that it sees (plugin_stun). What it learns it tells to the side map. Owns its
 * questions.
 */
#ifndef PROXY_PUBLIC_ADDR_H
#define PROXY_PUBLIC_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/udp.h"

struct public_addr;
struct siproxd;

/* `changed` is called after the side map has got another address; it may call everything here but
 * public_addr_free(). ENOMEM. */
int public_addr_new(struct public_addr **out, struct siproxd *sd, void (*changed)(void *arg),
    void *arg);
void public_addr_free(struct public_addr *p);
/* host_outbound, which must outlive `p` or the next call; NULL: none. */
void public_addr_set_name(struct public_addr *p, const char *host_outbound);
/* That server is asked every period_s, as long as it answers, and every ten seconds until it does.
 * NULL: no more. What it says counts more than host_outbound. ENOMEM. */
int public_addr_set_stun(struct public_addr *p, const char *server, uint16_t port,
    unsigned period_s);
/* Our network has changed: everything is asked again now. */
void public_addr_ask(struct public_addr *p);
/* A datagram that came to the SIP port. True: it is STUN, and none of SIP's business. */
bool public_addr_receive(struct public_addr *p, const void *data, size_t len,
    const struct udp_from *from);

#endif
