/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --check finds out about the machine. */
#include <pwd.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/netif.h"
#include "base/udp.h"
#include "config.h"
#include "service.h"

static int check_interface(const struct netif_set *set, const char *option, const char *name,
    FILE *to)
{
	const struct netif_addr *a = netif_find(set, name, AF_INET);
	struct addr literal;

	if (!a)
		a = netif_find(set, name, AF_INET6);
	if (a && a->up)
		return 0;
	if (addr_parse(&literal, name, 0) == 0)
		fprintf(to, "%s: no interface has the address %s\n", option, name);
	else if (!netif_exists(name))
		fprintf(to, "%s: there is no interface %s (`ip link` lists them)\n", option, name);
	else
		fprintf(to, "%s: interface %s %s\n", option, name,
		    a ? "is down" : "has no IP address");
	return 1;
}

static int check_interfaces(const struct config *c, FILE *to)
{
	struct netif_set set;
	const struct netif_addr *wan;
	int problems = 0;

	if (netif_snapshot(&set) != 0) {
		fprintf(to, "the interfaces of this machine cannot be listed\n");
		return 1;
	}
	for (size_t i = 0; i < c->if_inbound.count; i++)
		problems += check_interface(&set, "if_inbound", c->if_inbound.item[i], to);
	if (!c->if_inbound.count && ++problems)
		fprintf(to, "if_inbound is not set: name the interface of your local network\n");
	if (c->if_outbound)
		problems += check_interface(&set, "if_outbound", c->if_outbound, to);
	else if (++problems)
		fprintf(to, "if_outbound is not set: name the interface towards the Internet\n");
	wan = c->if_outbound ? netif_find(&set, c->if_outbound, AF_INET) : NULL;
	if (wan && addr_is_private(&wan->addr) && !c->host_outbound && ++problems)
		fprintf(to, "if_outbound has a private address, so another router does NAT in front "
			    "of this machine: set host_outbound to the address that the Internet "
			    "sees\n");
	netif_set_done(&set);
	return problems;
}

static int check_port(const struct config *c, FILE *to)
{
	unsigned port = (unsigned)c->sip_listen_port;
	char who[128];
	int fd, err = udp_open_any(AF_INET, (uint16_t)port, &fd);

	if (!err) {
		close(fd);
		return 0;
	}
	if (!daemon_port_owner(AF_INET, port, who, sizeof(who)))
		snprintf(who, sizeof(who), "another program");
	fprintf(to, "UDP port %u is taken by %s (if that is siproxd itself, all is well)\n", port,
	    who);
	return 1;
}

/* The kernel's own SIP helper rewrites the same messages: the two spoil each other's work. */
static int check_helper(FILE *to)
{
	if (access("/sys/module/nf_conntrack_sip", F_OK) != 0)
		return 0;
	fprintf(to, "the kernel's SIP helper is loaded; it must not be mixed with siproxd: "
		    "rmmod nf_nat_sip nf_conntrack_sip\n");
	return 1;
}

static int check_user(const struct config *c, FILE *to)
{
	if (!c->user || getpwnam(c->user))
		return 0;
	fprintf(to, "user: there is no user %s on this machine (`useradd -r %s` makes one)\n",
	    c->user, c->user);
	return 1;
}

int service_check(const struct config *config, FILE *to)
{
	return check_interfaces(config, to) + check_port(config, to) + check_helper(to) +
	    check_user(config, to);
}
