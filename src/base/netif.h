/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netif: the addresses of this machine's interfaces, as a snapshot, and which of them the kernel
 * would use to reach an address.
 */
#ifndef BASE_NETIF_H
#define BASE_NETIF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct netif_addr {
	char name[IF_NAMESIZE];
	unsigned index; /* the kernel's interface index */
	bool up;
	struct addr addr; /* port 0 */
	unsigned prefix_len;
};

struct netif_set {
	struct netif_addr *entry;
	size_t count;
};

/* All IPv4 and global IPv6 addresses (no link-local ones). ENOMEM or getifaddrs()'s errno. */
int netif_snapshot(struct netif_set *out);
void netif_set_done(struct netif_set *set);

/* First address of that family on an interface named so, or that is the literal `what`; NULL. */
const struct netif_addr *netif_find(const struct netif_set *set, const char *what, int family);
const struct netif_addr *netif_find_ip(const struct netif_set *set, const struct addr *a);
bool netif_exists(const char *name); /* also one without an address, or down */

/* The local IP that the kernel's routes choose towards `dest`; sends nothing. errno, ENETUNREACH */
int netif_source_for(const struct addr *dest, struct addr *out);
/* The default route's gateway and the interface it leaves by (name may be NULL); a point-to-point
 * route has an interface and an unset gateway. ENOENT when there is no default route, ENOSYS where
 * the system does not tell (as in a chroot on Linux). */
int netif_default_gateway(int family, struct addr *gateway, char name[IF_NAMESIZE]);

#endif
