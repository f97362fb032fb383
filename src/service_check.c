/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --check finds out about the machine, and what a start warns of. */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/log.h"
#include "base/netif.h"
#include "base/tcp.h"
#include "base/udp.h"
#include "config.h"
#include "service.h"

struct remarks {
	FILE *to; /* NULL: to the log, as warnings */
	bool any, fatal;
};

__attribute__((format(printf, 2, 3))) static void remark(struct remarks *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	r->any = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->to)
		fprintf(r->to, "%s\n", text);
	else
		log_warn(LOG_MAIN, "%s", text);
}

static const struct netif_addr *find(const struct netif_set *set, const char *what)
{
	const struct netif_addr *a = netif_find(set, what, AF_INET);

	return a ? a : netif_find(set, what, AF_INET6);
}

static void check_interface(struct remarks *r, const struct netif_set *set, const char *option,
    const char *name)
{
	const struct netif_addr *a = find(set, name);
	struct addr literal;

	if (a && a->up)
		return;
	if (addr_parse(&literal, name, 0) == 0)
		remark(r, "%s: no interface has the address %s", option, name);
	else if (!netif_exists(name))
		remark(r, "%s: there is no interface %s (`ip link` lists them)", option, name);
	else
		remark(r, "%s: interface %s %s", option, name, a ? "is down" : "has no IP address");
}

/* A private address towards the Internet: another router, or the two sides mixed up. */
static void check_wan_address(struct remarks *r, const struct config *c,
    const struct netif_set *set)
{
	const struct netif_addr *wan = c->if_outbound ? find(set, c->if_outbound) : NULL;
	const struct netif_addr *lan =
	    c->if_inbound.count ? find(set, c->if_inbound.item[0]) : NULL;

	if (!wan || !addr_is_private(&wan->addr) || c->host_outbound)
		return;
	if (lan && !addr_is_private(&lan->addr))
		remark(r,
		    "if_outbound has a private address and if_inbound a public one: are the "
		    "two mixed up?");
	else
		remark(r,
		    "if_outbound has a private address, so another router does NAT in front "
		    "of this machine: set host_outbound to the address that the Internet sees");
}

static void check_interfaces(struct remarks *r, const struct config *c)
{
	struct netif_set set;

	if (netif_snapshot(&set) != 0) {
		remark(r, "the interfaces of this machine cannot be listed");
		return;
	}
	for (size_t i = 0; i < c->if_inbound.count; i++)
		check_interface(r, &set, "if_inbound", c->if_inbound.item[i]);
	if (c->if_outbound)
		check_interface(r, &set, "if_outbound", c->if_outbound);
	if (!c->if_outbound || !c->if_inbound.count)
		remark(r, "%s is not set, so siproxd guesses: set both if_inbound and if_outbound",
		    c->if_outbound ? "if_inbound" : "if_outbound");
	check_wan_address(r, c, &set);
	netif_set_done(&set);
}

void service_port_trouble(enum sip_transport transport, unsigned port, int err, char *text,
    size_t size)
{
	const char *name = sip_transport_name(transport);
	int type = transport == SIP_TCP ? SOCK_STREAM : SOCK_DGRAM;
	char who[128];

	if (err == EACCES)
		snprintf(text, size, "%s port %u cannot be opened: ports below 1024 need root",
		    name, port);
	else if (err != EADDRINUSE)
		snprintf(text, size, "%s port %u cannot be opened: %s", name, port, strerror(err));
	else
		snprintf(text, size,
		    "%s port %u is taken by %s. Stop that program, or give one of the two another "
		    "port (an Asterisk on the same box: bindport or bind in its sip.conf or "
		    "pjsip.conf; siproxd: sip_listen_port)",
		    name, port,
		    daemon_port_owner(type, port, who, sizeof(who))
			? who
			: "another program (as root, `ss -lntup` tells which)");
}

/* Tries it as the transport will. */
static int try_port(enum sip_transport transport, uint16_t port)
{
	int fd, err;

	err = transport == SIP_TCP ? tcp_listen_any(AF_INET, port, &fd)
				   : udp_open_any(AF_INET, port, &fd);
	if (!err)
		close(fd);
	return err;
}

static void check_port(struct remarks *r, const struct config *c)
{
	static const enum sip_transport transports[] = {SIP_UDP, SIP_TCP};
	unsigned port = (unsigned)c->sip_listen_port;
	char text[512];

	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		int err = try_port(transports[i], (uint16_t)port);

		if (!err)
			continue;
		service_port_trouble(transports[i], port, err, text, sizeof(text));
		remark(r, "%s%s", text,
		    err == EADDRINUSE ? " (if it is siproxd itself, all is well)" : "");
		r->fatal = true;
	}
}

/* The kernel's own SIP helper rewrites the same messages: the two spoil each other's work. As a
 * module it has an initstate; one that is built in works only where a rule assigns it. */
static void check_helper(struct remarks *r)
{
	if (access("/sys/module/nf_conntrack_sip/initstate", F_OK) == 0)
		remark(r,
		    "the kernel's SIP helper is loaded; it must not be mixed with siproxd: rmmod "
		    "nf_nat_sip nf_conntrack_sip");
}

static void check_user(struct remarks *r, const struct config *c)
{
	struct stat st;

	if (c->user && !getpwnam(c->user)) {
		remark(r, "user: there is no user %s on this machine (`useradd -r %s` makes one)",
		    c->user, c->user);
		r->fatal = geteuid() == 0;
	}
	if (c->chrootjail && (stat(c->chrootjail, &st) != 0 || !S_ISDIR(st.st_mode))) {
		remark(r, "chrootjail: there is no directory %s", c->chrootjail);
		r->fatal = geteuid() == 0;
	}
}

void service_warn_of_interfaces(const struct config *config)
{
	struct remarks r = {NULL, false, false};

	check_interfaces(&r, config);
}

int service_check(const struct config *config, FILE *to)
{
	struct remarks r = {to, false, false};

	check_interfaces(&r, config);
	check_user(&r, config);
	check_helper(&r);
	check_port(&r, config);
	return r.fatal ? 2 : r.any;
}
