/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netwatch: tells when the addresses or links of this machine may have changed, where the system
 * says so by itself (netlink on Linux). It does not say what has changed: look with netif. A burst
 * of changes (an interface that goes down and comes back) makes one call, when it has settled.
 * configure picks netwatch_netlink.c, or netwatch_stub.c that knows nothing.
 */
#ifndef BASE_NETWATCH_H
#define BASE_NETWATCH_H

#include "base/loop.h"

/* Quiet for so long: it has settled. But no burst is waited for longer than that. */
#define NETWATCH_SETTLE_MS  200
#define NETWATCH_LONGEST_MS 1000

struct netwatch;

typedef void netwatch_fn(void *arg);

/* ENOSYS: this system does not tell. Else the errno of socket(), bind(); ENOMEM. Needs no root. */
int netwatch_open(struct netwatch **out, struct loop *loop, netwatch_fn *fn, void *arg);
/* Before loop_free(). */
void netwatch_close(struct netwatch *w);

#endif
