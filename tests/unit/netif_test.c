/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/netif.h"

#include <errno.h>

#include "tap.h"

int main(void)
{
	struct addr local, out, gateway;
	const struct netif_addr *lo;
	struct netif_set set;
	int err, bad = 0;
	char name[IF_NAMESIZE];

	is_int(netif_snapshot(&set), 0, "a snapshot");
	ok(set.count > 0, "it is not empty");
	for (size_t i = 0; i < set.count; i++) {
		const struct netif_addr *e = &set.entry[i];

		bad += addr_port(&e->addr) != 0 || e->index == 0 || e->name[0] == '\0';
		bad += e->prefix_len > (addr_family(&e->addr) == AF_INET ? 32 : 128);
		bad += addr_family(&e->addr) == AF_INET6 &&
		    IN6_IS_ADDR_LINKLOCAL(&e->addr.u.in6.sin6_addr);
	}
	is_int(bad, 0, "entries make sense");

	addr_parse(&local, "127.0.0.1", 5060);
	lo = netif_find_ip(&set, &local);
	ok(lo != NULL && lo->up, "loopback, whatever the port");
	is_int(lo != NULL ? lo->prefix_len : 0, 8, "its prefix");
	ok(lo != NULL && netif_find(&set, lo->name, AF_INET) == lo, "found by name");
	ok(netif_find(&set, "127.0.0.1", AF_INET) == lo, "found by literal");
	ok(netif_find(&set, "127.0.0.1", AF_INET6) == NULL, "not in the other family");
	ok(netif_find(&set, "nosuchif0", AF_INET) == NULL, "no such interface");
	ok(netif_find(&set, "192.0.2.77", AF_INET) == NULL, "an address that is not ours");
	ok(lo != NULL && netif_exists(lo->name), "it exists");
	ok(!netif_exists("nosuchif0"), "another does not");

	is_int(netif_source_for(&local, &out), 0, "source for loopback");
	addr_set_port(&local, 0);
	ok(addr_equal(&out, &local), "... is loopback, port 0");
	addr_set_port(&local, 5060);
	memset(&gateway, 0, sizeof(gateway));
	ok(netif_source_for(&gateway, &out) != 0 && !addr_is_set(&out), "source for nothing");

	err = netif_default_gateway(AF_INET, &gateway, name);
	ok(err == ENOSYS || err == ENOENT || (err == 0 && netif_exists(name)), "the default route");
	err = netif_default_gateway(AF_INET6, &gateway, NULL);
	ok(err == 0 || err == ENOSYS || err == ENOENT, "IPv6's, without its interface's name");
	netif_set_done(&set);
	netif_set_done(&set);
	netif_set_done(NULL);
	return tap_done();
}
