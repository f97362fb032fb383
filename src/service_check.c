/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --check finds out about the machine, and what a start warns of. */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/file.h"
#include "base/firewall.h"
#include "base/log.h"
#include "base/netif.h"
#include "base/tcp.h"
#include "base/udp.h"
#include "config.h"
#include "paths.h"
#include "proxy/passwords.h"
#include "proxy/side.h"
#include "service_state.h"

struct remarks {
	FILE *to; /* NULL: to the log, as warnings */
	bool any, fatal;
	/* The siproxd that our pid file names; pid 0: none */
	struct daemon_process running;
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

	if (!wan || !addr_is_private(&wan->addr) || c->host_outbound ||
	    (config_loads_plugin(c, "stun") && c->plugin_stun_server))
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

/* The two networks have addresses in common. */
static bool overlap(const struct addr *a, unsigned a_len, const struct acl_entry *b)
{
	struct acl_entry wider = *b, other = {*a, a_len};
	struct acl one = {&wider, 1};

	if (a_len >= b->prefix_len)
		return acl_match(&one, a);
	one.entry = &other;
	return acl_match(&one, &b->net);
}

static bool any_overlaps(const struct acl *acl, const struct netif_addr *a)
{
	for (size_t i = 0; i < acl->count; i++)
		if (overlap(&a->addr, a->prefix_len, &acl->entry[i]))
			return true;
	return false;
}

/* The lists of networks, against those that the phones are in. */
static void check_lists(struct remarks *r, const struct config *c, const struct netif_addr *lan)
{
	char ip[ADDR_TEXT_MAX];

	addr_format_ip(&lan->addr, ip);
	if (acl_match(&c->hosts_deny_sip, &lan->addr))
		remark(r, "hosts_deny_sip has the network of the phones in it (%s/%u, %s)", ip,
		    lan->prefix_len, lan->name);
	if (!acl_is_empty(&c->hosts_allow_reg) && acl_is_empty(&c->local_nets) &&
	    !any_overlaps(&c->hosts_allow_reg, lan))
		remark(r,
		    "hosts_allow_reg has no address of the network %s/%u of %s: no phone there "
		    "can register",
		    ip, lan->prefix_len, lan->name);
}

/* A start says in any case what it takes. */
static void tell_guess(struct remarks *r, const struct config *c, const struct netif_set *set)
{
	struct side_setup setup = {
	    .inbound = (const char *const *)c->if_inbound.item,
	    .n_inbound = c->if_inbound.count,
	    .outbound = c->if_outbound,
	};
	struct side_map *map;
	char text[256];

	remark(r, "%s is not set, so siproxd guesses: set both if_inbound and if_outbound",
	    c->if_outbound ? "if_inbound" : "if_outbound");
	if (!r->to || side_new(&map, &setup) != 0)
		return;
	if (side_refresh(map, set, NULL) == 0)
		remark(r, "it would take %s", side_describe(map, text, sizeof(text)));
	side_free(map);
}

static void check_interfaces(struct remarks *r, const struct config *c)
{
	struct netif_set set;

	if (netif_snapshot(&set) != 0) {
		remark(r, "the interfaces of this machine cannot be listed");
		return;
	}
	for (size_t i = 0; i < c->if_inbound.count; i++) {
		const struct netif_addr *lan = netif_find(&set, c->if_inbound.item[i], AF_INET);

		check_interface(r, &set, "if_inbound", c->if_inbound.item[i]);
		if (lan)
			check_lists(r, c, lan);
	}
	if (c->if_outbound)
		check_interface(r, &set, "if_outbound", c->if_outbound);
	if (!c->if_outbound || !c->if_inbound.count)
		tell_guess(r, c, &set);
	check_wan_address(r, c, &set);
	netif_set_done(&set);
}

static void describe(const struct daemon_process *p, char *text, size_t size)
{
	snprintf(text, size, "%s (pid %ld)", *p->name ? p->name : "another program", p->pid);
}

void service_port_trouble(enum sip_transport transport, unsigned port, int err, char *text,
    size_t size)
{
	const char *name = sip_transport_name(transport);
	int type = transport == SIP_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct daemon_process owner;
	char who[80] = "another program (as root, `ss -lntup` tells which)";

	if (err == EADDRINUSE && daemon_port_owner(type, port, &owner))
		describe(&owner, who, sizeof(who));
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
		    name, port, who);
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

static bool is_siproxd(const struct daemon_process *p)
{
	return !*p->name || strcmp(p->name, "siproxd") == 0;
}

/* Where the service leaves its process number. */
static void find_running(struct remarks *r, const struct config *c, const char *pid_file)
{
	char *path = paths_in_jail(c->chrootjail, pid_file);

	if (!path || !daemon_pid_read(path, &r->running) || !is_siproxd(&r->running))
		r->running.pid = 0;
	free(path);
}

/* The service itself has the port: the one of the pid file, or, where there is none, any. */
static bool is_ours(const struct remarks *r, int type, unsigned port, long *pid)
{
	struct daemon_process owner;

	*pid = r->running.pid;
	if (!daemon_port_owner(type, port, &owner))
		return *pid > 0; /* only root sees who has it */
	if (*pid > 0)
		return *pid == owner.pid;
	*pid = owner.pid;
	return *owner.name && is_siproxd(&owner);
}

static void check_port(struct remarks *r, const struct config *c)
{
	static const enum sip_transport transports[] = {SIP_UDP, SIP_TCP};
	unsigned port = (unsigned)c->sip_listen_port;
	long pid, told = 0;
	char text[512];

	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		int type = transports[i] == SIP_TCP ? SOCK_STREAM : SOCK_DGRAM;
		int err = try_port(transports[i], (uint16_t)port);

		if (!err)
			continue;
		if (err == EADDRINUSE && is_ours(r, type, port, &pid)) {
			if (told != pid)
				fprintf(r->to, "siproxd already runs with SIP port %u (pid %ld)\n",
				    port, pid);
			told = pid;
			continue;
		}
		service_port_trouble(transports[i], port, err, text, sizeof(text));
		remark(r, "%s", text);
		r->fatal = true;
	}
}

#define NAMED_MAX 3 /* of ports that are taken */

/* Other programs may hold a few of them without harm: siproxd takes the next pair then. */
static void check_media_ports(struct remarks *r, const struct config *c)
{
	unsigned taken = 0, total = (unsigned)(c->rtp_port_high - c->rtp_port_low) + 1;
	struct daemon_process owner;
	char list[256] = "", who[80];
	long pid;

	for (unsigned port = (unsigned)c->rtp_port_low; port <= (unsigned)c->rtp_port_high;
	     port++) {
		size_t len = strlen(list);

		if (try_port(SIP_UDP, (uint16_t)port) != EADDRINUSE)
			continue;
		if (is_ours(r, SOCK_DGRAM, port, &pid)) /* its calls */
			continue;
		if (taken++ >= NAMED_MAX)
			continue;
		snprintf(who, sizeof(who), "another program");
		if (daemon_port_owner(SOCK_DGRAM, port, &owner))
			describe(&owner, who, sizeof(who));
		snprintf(list + len, sizeof(list) - len, "%s%u by %.60s", len ? ", " : "", port,
		    who);
	}
	if (taken)
		remark(r, "%u of the %u RTP ports are taken: %s%s", taken, total, list,
		    taken > NAMED_MAX ? ", ..." : "");
}

/* The ports that Linux hands out to programs that do not care which they get. */
static void check_ephemeral_ports(struct remarks *r, const struct config *c)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int low, high;

	if (!f)
		return;
	if (fscanf(f, "%d %d", &low, &high) == 2 && c->rtp_port_low <= high &&
	    c->rtp_port_high >= low)
		remark(r,
		    "the RTP ports lie among those that the system gives to any program (%d to "
		    "%d): "
		    "reserve them with sysctl net.ipv4.ip_local_reserved_ports=%d-%d, or take "
		    "others",
		    low, high, c->rtp_port_low, c->rtp_port_high);
	fclose(f);
}

static void check_opening(struct remarks *r, const struct config *c, const char *what, int first,
    int last)
{
	char ports[32];

	if (firewall_ask(c->if_outbound, (unsigned)first, (unsigned)last) != FIREWALL_CLOSED)
		return;
	snprintf(ports, sizeof(ports), first == last ? "%d" : "%d-%d", first, last);
	remark(r,
	    "the firewall (nft list ruleset) does not seem to let in %s from outside: udp dport %s "
	    "accept",
	    what, ports);
}

static void check_media(struct remarks *r, const struct config *c)
{
	check_opening(r, c, "SIP", c->sip_listen_port, c->sip_listen_port);
	if (!c->rtp_proxy_enable)
		return;
	check_opening(r, c, "voice", c->rtp_port_low, c->rtp_port_high);
	check_media_ports(r, c);
	check_ephemeral_ports(r, c);
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

/* Its directory; the string is cut. */
static const char *dir_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	slash[slash == path] = '\0';
	return path;
}

/* By paths_make_parent(), when root starts it. */
static bool can_be_made(const char *dir)
{
	char *copy = strdup(dir);
	bool below_root = strrchr(dir, '/') == dir;
	bool can = copy && !below_root && geteuid() == 0 && access(dir_of(copy), W_OK | X_OK) == 0;

	free(copy);
	return can;
}

/* Why the file cannot be kept there: as root opens it before it becomes somebody else, or as the
 * one who asks. `makes_dir`: a start makes its directory. */
static bool find_trouble(const char *path, bool makes_dir, char *why, size_t size)
{
	char *copy = strdup(path);
	const char *dir = copy ? dir_of(copy) : path;
	bool exists = access(path, F_OK) == 0, in_dir = access(dir, F_OK) == 0;
	struct stat st;

	why[0] = '\0';
	if (exists && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		snprintf(why, size, "%s is no file", path);
	else if (exists && access(path, W_OK) != 0)
		snprintf(why, size, "%s cannot be written: %s", path, strerror(errno));
	else if (!in_dir && !(makes_dir && can_be_made(dir)))
		snprintf(why, size, "there is no directory %s", dir);
	else if (!exists && in_dir && access(dir, W_OK | X_OK) != 0)
		snprintf(why, size, "no file can be made in %s: %s", dir, strerror(errno));
	free(copy);
	return why[0] != '\0';
}

static void check_file(struct remarks *r, const struct config *c, const char *option,
    const char *name, bool makes_dir)
{
	char *path = paths_in_jail(c->chrootjail, name);
	char why[400];

	if (path && find_trouble(path, makes_dir, why, sizeof(why)))
		remark(r, "%s: %s", option, why);
	else if (path && c->chrootjail && strcmp(path, name) != 0)
		remark(r, "%s = %s is %s, in the jail", option, name, path);
	free(path);
}

/* The places that a start tries when none is named. */
static void check_default_registrations(struct remarks *r)
{
	char why[400], other[400];
	size_t i = 0;

	while (paths_registrations[i] &&
	    find_trouble(paths_registrations[i], true, i ? other : why, sizeof(why)))
		i++;
	if (!paths_registrations[i])
		remark(r,
		    "registration_file is not set, and %s: registrations would not survive a "
		    "restart",
		    why);
	else if (i > 0)
		remark(r, "registration_file is not set, and %s: %s would be used", why,
		    paths_registrations[i]);
}

static void check_files(struct remarks *r, const struct config *c)
{
	if (c->registration_file)
		check_file(r, c, "registration_file", c->registration_file, true);
	else
		check_default_registrations(r);
	check_file(r, c, "pid_file", c->pid_file, true);
	check_file(r, c, "trace_file", c->trace_file, false);
}

void service_warn_of_interfaces(const struct config *config)
{
	struct remarks r = {.to = NULL};

	check_interfaces(&r, config);
}

static void check_passwords(struct remarks *r, const struct config *c)
{
	struct passwords *passwords;
	struct file *file = NULL;
	char why[400];

	if (service_read_passwords(c, &file, &passwords, why, sizeof(why)) != 0) {
		remark(r, "%s", why);
		r->fatal = true;
	}
	passwords_free(passwords);
	file_close(file);
}

int service_check(const struct config *config, const char *pid_file, FILE *to)
{
	struct remarks r = {.to = to};

	find_running(&r, config, pid_file);
	check_interfaces(&r, config);
	check_user(&r, config);
	check_passwords(&r, config);
	check_helper(&r);
	check_port(&r, config);
	check_media(&r, config);
	check_files(&r, config);
	return r.fatal ? 2 : r.any;
}
