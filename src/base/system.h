/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * system: what only some systems tell about themselves. configure picks one file that implements
 * it: linux.c, or portable.c that knows nothing. For base/ alone; netif.h, daemon.h and tcp.h
 * are the public side, with the same meanings.
 */
#ifndef BASE_SYSTEM_H
#define BASE_SYSTEM_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"

int system_default_gateway(int family, struct addr *gateway, char name[IF_NAMESIZE]);
bool system_port_owner(int type, unsigned port, long *pid);
bool system_process_name(long pid, char *name, size_t size);
/* The interface that an accepted connection came in by; 0: unknown. A listener must have been
 * asked to note it. */
void system_tcp_ask_ifindex(int listener, int family);
unsigned system_tcp_ifindex(int fd, int family);
/* udp_tell_refusals(), udp_refused() */
int system_udp_tell_refusals(int fd, int family);
int system_udp_refused(int fd, void *data, size_t size, size_t *len, struct addr *dest);

/* The readers of /proc/net/route, ipv6_route and udp, udp6, tcp, tcp6; linux.c only. ENOENT: not in
 * there. */
int linux_gateway4(FILE *routes, struct addr *gateway, char name[IF_NAMESIZE]);
int linux_gateway6(FILE *routes, struct addr *gateway, char name[IF_NAMESIZE]);
int linux_socket_inode(FILE *sockets, unsigned port, unsigned long *inode);

#endif
