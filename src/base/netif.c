/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/netif.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/system.h"

/* The 1 bits at the start of a netmask; some systems leave its family unset. */
static unsigned mask_bits(const struct sockaddr *mask, int family)
{
	const uint8_t *p;
	unsigned len = family == AF_INET ? 4 : 16, bits = 0;

	if (mask == NULL)
		return len * 8;
	if (family == AF_INET)
		p = (const uint8_t *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr;
	else
		p = (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr;
	while (bits < len * 8 && (p[bits / 8] & (0x80 >> (bits % 8))) != 0)
		bits++;
	return bits;
}

/* False for what we leave out: other families, and IPv6 link-local addresses. */
static bool read_entry(struct netif_addr *e, const struct ifaddrs *ifa)
{
	int family = ifa->ifa_addr != NULL ? ifa->ifa_addr->sa_family : AF_UNSPEC;
	socklen_t len =
	    family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (family != AF_INET && family != AF_INET6)
		return false;
	if (addr_set(&e->addr, ifa->ifa_addr, len) != 0)
		return false;
	if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&e->addr.u.in6.sin6_addr))
		return false;
	addr_set_port(&e->addr, 0);
	snprintf(e->name, sizeof(e->name), "%s", ifa->ifa_name);
	e->index = if_nametoindex(ifa->ifa_name);
	e->up = (ifa->ifa_flags & IFF_UP) != 0;
	e->prefix_len = mask_bits(ifa->ifa_netmask, family);
	return true;
}

int netif_snapshot(struct netif_set *out)
{
	struct ifaddrs *list, *ifa;
	size_t n = 0;

	*out = (struct netif_set){NULL, 0};
	if (getifaddrs(&list) != 0)
		return errno;
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next)
		n++;
	out->entry = calloc(n > 0 ? n : 1, sizeof(*out->entry));
	if (out->entry == NULL) {
		freeifaddrs(list);
		return ENOMEM;
	}
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next) {
		if (read_entry(&out->entry[out->count], ifa))
			out->count++;
	}
	freeifaddrs(list);
	return 0;
}

void netif_set_done(struct netif_set *set)
{
	if (set == NULL)
		return;
	free(set->entry);
	*set = (struct netif_set){NULL, 0};
}

const struct netif_addr *netif_find(const struct netif_set *set, const char *what, int family)
{
	struct addr literal;

	if (addr_parse(&literal, what, 0) == 0)
		return addr_family(&literal) == family ? netif_find_ip(set, &literal) : NULL;
	for (size_t i = 0; i < set->count; i++) {
		if (addr_family(&set->entry[i].addr) == family && !strcmp(set->entry[i].name, what))
			return &set->entry[i];
	}
	return NULL;
}

const struct netif_addr *netif_find_ip(const struct netif_set *set, const struct addr *a)
{
	for (size_t i = 0; i < set->count; i++) {
		if (addr_equal_ip(&set->entry[i].addr, a))
			return &set->entry[i];
	}
	return NULL;
}

bool netif_exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

int netif_source_for(const struct addr *dest, struct addr *out)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	struct addr to = *dest;
	int fd, err;

	memset(out, 0, sizeof(*out));
	err = fd_socket(addr_family(dest), SOCK_DGRAM, &fd);
	if (err != 0)
		return err;
	if (addr_port(&to) == 0)
		addr_set_port(&to, 9); /* discard: some systems refuse port 0 */
	if (connect(fd, &to.u.sa, addr_len(&to)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&local, &len) != 0)
		err = errno;
	else
		err = addr_set(out, (struct sockaddr *)&local, len);
	fd_close(&fd);
	if (err == 0 && addr_is_any(out))
		err = ENETUNREACH;
	if (err != 0)
		memset(out, 0, sizeof(*out));
	else
		addr_set_port(out, 0);
	return err;
}

int netif_default_gateway(int family, struct addr *gateway, char name[IF_NAMESIZE])
{
	char ignored[IF_NAMESIZE];

	memset(gateway, 0, sizeof(*gateway));
	return system_default_gateway(family, gateway, name != NULL ? name : ignored);
}
