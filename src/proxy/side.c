/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "config.h"

#define NAMES_MAX 8  /* LAN interfaces */
#define ROUTES    64 /* the kernel's answers that we remember until the next refresh */

/* From which of our addresses the kernel would send to `dest`; unset: it would not. */
struct route {
	struct addr dest, source;
};

struct side_map {
	struct side_setup setup;
	struct netif_set set;
	char lan_name[NAMES_MAX][IF_NAMESIZE]; /* interfaces, once known */
	size_t n_lan;
	char wan_name[IF_NAMESIZE];
	struct addr lan[NAMES_MAX][2]; /* with the SIP port; [0] IPv4, [1] IPv6 */
	struct addr wan[2];
	/* On the WAN, when side_wan_moved() was last asked: our names, and our addresses */
	struct addr known_as[2], known_at[2];
	const char *public_name; /* NULL: none, or a literal */
	struct addr public_addr;
	const struct config_list *names[SIDE_NAME_LISTS];
	struct route route[ROUTES]; /* direct-mapped; a copy of what the kernel knows */
	struct addr gateway[2];     /* of the default route; unset where the system does not tell */
};

static int index_of(int family)
{
	return family == AF_INET6;
}

int side_new(struct side_map **out, const struct side_setup *setup)
{
	struct side_map *map = calloc(1, sizeof(*map));

	if (!map)
		return ENOMEM;
	map->setup = *setup;
	if (map->setup.n_inbound > NAMES_MAX)
		map->setup.n_inbound = NAMES_MAX;
	*out = map;
	return 0;
}

void side_free(struct side_map *map)
{
	if (!map)
		return;
	netif_set_done(&map->set);
	free(map);
}

/* --- the picture of the interfaces -------------------------------------------------------- */

/* An interface name, or one of its addresses, as the interface's name. */
static void resolve_name(const struct side_map *map, const char *what, char name[IF_NAMESIZE])
{
	const struct netif_addr *a = netif_find(&map->set, what, AF_INET);

	if (!a)
		a = netif_find(&map->set, what, AF_INET6);
	snprintf(name, IF_NAMESIZE, "%s", a ? a->name : "");
}

/* Of several addresses the one that we go by already is kept for as long as it is there. */
static const struct netif_addr *find_addr(const struct side_map *map, const char *what, int family,
    const struct addr *old)
{
	const struct netif_addr *kept = addr_is_set(old) ? netif_find_ip(&map->set, old) : NULL;

	if (kept && kept->up && strcmp(kept->name, what) == 0)
		return kept;
	return netif_find(&map->set, what, family);
}

static void take_addr(const struct side_map *map, const char *what, struct addr out[2])
{
	const int families[] = {AF_INET, AF_INET6};

	for (int i = 0; i < 2; i++) {
		const struct netif_addr *a = find_addr(map, what, families[i], &out[i]);

		memset(&out[i], 0, sizeof(out[i]));
		if (!a || !a->up)
			continue;
		out[i] = a->addr;
		addr_set_port(&out[i], map->setup.sip_port);
	}
}

/* No if_outbound: the default route's interface. */
static void guess_wan(struct side_map *map)
{
	struct addr gateway;

	char name[IF_NAMESIZE];
	int err = netif_default_gateway(AF_INET, &gateway, name);

	if (err == ENOENT)
		err = netif_default_gateway(AF_INET6, &gateway, name);
	if (err != ENOSYS)
		snprintf(map->wan_name, sizeof(map->wan_name), "%s", err ? "" : name);
	take_addr(map, map->wan_name, map->wan);
}

/* No if_inbound: the first other interface with a private address, or else the only one. */
static void guess_lan(struct side_map *map)
{
	const char *name = map->wan_name;

	for (size_t i = 0; i < map->set.count; i++) {
		const struct netif_addr *a = &map->set.entry[i];

		if (a->up && !addr_is_loopback(&a->addr) && addr_is_private(&a->addr) &&
		    strcmp(a->name, map->wan_name) != 0) {
			name = a->name;
			break;
		}
	}
	snprintf(map->lan_name[0], IF_NAMESIZE, "%s", name);
	map->n_lan = 1;
	take_addr(map, name, map->lan[0]);
}

static int copy_set(struct netif_set *out, const struct netif_set *set)
{
	out->entry = calloc(set->count ? set->count : 1, sizeof(*out->entry));
	if (!out->entry)
		return ENOMEM;
	if (set->count)
		memcpy(out->entry, set->entry, set->count * sizeof(*out->entry));
	out->count = set->count;
	return 0;
}

static bool same(const struct addr *a, const struct addr *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!addr_equal(&a[i], &b[i]))
			return false;
	return true;
}

int side_refresh(struct side_map *map, const struct netif_set *set, bool *changed)
{
	struct netif_set fresh = {NULL, 0};
	struct addr old_wan[2], old_lan[NAMES_MAX][2];
	int err = set ? copy_set(&fresh, set) : netif_snapshot(&fresh);

	if (err)
		return err;
	memcpy(old_wan, map->wan, sizeof(old_wan));
	memcpy(old_lan, map->lan, sizeof(old_lan));
	netif_set_done(&map->set);
	map->set = fresh;
	memset(map->route, 0, sizeof(map->route));
	if (map->setup.outbound) {
		resolve_name(map, map->setup.outbound, map->wan_name);
		take_addr(map, map->setup.outbound, map->wan);
	} else {
		guess_wan(map);
	}
	for (size_t i = 0; i < map->setup.n_inbound; i++) {
		resolve_name(map, map->setup.inbound[i], map->lan_name[i]);
		take_addr(map, map->setup.inbound[i], map->lan[i]);
	}
	map->n_lan = map->setup.n_inbound;
	if (map->n_lan == 0)
		guess_lan(map);
	for (int i = 0; i < 2; i++) {
		struct addr gateway = {0};

		/* In a chroot the system no longer tells; then the one seen at the start stands. */
		if (netif_default_gateway(i ? AF_INET6 : AF_INET, &gateway, NULL) != ENOSYS)
			map->gateway[i] = gateway;
	}
	if (changed)
		*changed =
		    !same(old_wan, map->wan, 2) || !same(old_lan[0], map->lan[0], 2 * NAMES_MAX);
	return 0;
}

void side_set_public(struct side_map *map, const struct addr *public_addr)
{
	memset(&map->public_addr, 0, sizeof(map->public_addr));
	if (!public_addr || !addr_is_set(public_addr))
		return;
	map->public_addr = *public_addr;
	addr_set_port(&map->public_addr, map->setup.sip_port);
}

void side_set_public_name(struct side_map *map, const char *name)
{
	struct addr literal;
	bool is_literal = name && addr_parse(&literal, name, 0) == 0;
	bool same = name && map->public_name && strcmp(name, map->public_name) == 0;

	if (same) { /* its address stands */
		map->public_name = name;
		return;
	}
	map->public_name = is_literal ? NULL : name;
	side_set_public(map, is_literal ? &literal : NULL);
}

void side_set_local_nets(struct side_map *map, const struct acl *local_nets)
{
	map->setup.local_nets = local_nets;
}

bool side_has_wan(const struct side_map *map)
{
	return addr_is_set(&map->wan[0]) || addr_is_set(&map->wan[1]);
}

bool side_is_single(const struct side_map *map)
{
	for (size_t i = 0; i < map->n_lan; i++)
		if (map->lan_name[i][0] && strcmp(map->lan_name[i], map->wan_name) == 0)
			return true;
	return false;
}

/* Until host_outbound's name is resolved (to IPv4: there NAT is at home) we have no name there that
 * anybody could answer to. */
static const struct addr *wan_named(const struct side_map *map, int family)
{
	if (addr_family(&map->public_addr) == family || (map->public_name && family == AF_INET))
		return &map->public_addr;
	return &map->wan[index_of(family)];
}

const struct addr *side_addr(const struct side_map *map, enum side side, int family)
{
	const struct addr *a = wan_named(map, family);

	if (side == LAN) {
		a = &map->lan[0][index_of(family)];
		for (size_t i = 1; i < map->n_lan && !addr_is_set(a); i++)
			a = &map->lan[i][index_of(family)];
	}
	return addr_family(a) == family ? a : NULL;
}

static bool has_moved(struct addr *was, const struct addr *now)
{
	bool moved;

	if (!addr_is_set(now))
		return false;
	moved = addr_is_set(was) && !addr_equal_ip(now, was);
	*was = *now;
	return moved;
}

bool side_wan_moved(struct side_map *map)
{
	const int families[] = {AF_INET, AF_INET6};
	bool moved = false;

	for (int i = 0; i < 2; i++) {
		moved |= has_moved(&map->known_as[i], wan_named(map, families[i]));
		moved |= has_moved(&map->known_at[i], &map->wan[i]);
	}
	return moved;
}

static const char *format_side(const struct side_map *map, enum side side, char *text)
{
	const struct addr *a = side_addr(map, side, AF_INET);

	if (!a)
		a = side_addr(map, side, AF_INET6);
	if (a)
		return addr_format_ip(a, text);
	return side == WAN && map->public_name ? "host_outbound not known yet"
					       : "without an address";
}

/* The interface, or what the configuration calls it while it is not there. */
static const char *side_name(const struct side_map *map, enum side side)
{
	const char *name = side == WAN ? map->wan_name : map->lan_name[0];
	const char *set = side == WAN ? map->setup.outbound
	    : map->setup.n_inbound    ? map->setup.inbound[0]
				      : NULL;

	return name[0] ? name : set ? set : "(not found)";
}

const char *side_describe(const struct side_map *map, char *buf, size_t size)
{
	char lan[ADDR_TEXT_MAX], wan[ADDR_TEXT_MAX];

	snprintf(buf, size, "LAN %s %s, WAN %s %s%s", side_name(map, LAN),
	    format_side(map, LAN, lan), side_name(map, WAN), format_side(map, WAN, wan),
	    side_is_single(map) ? " (one interface: in front of the router)" : "");
	return buf;
}

/* --- which side --------------------------------------------------------------------------- */

/* The LAN entry whose prefix holds `a`; NULL. The default gateway is never LAN (with one
 * interface it shares the phones' prefix). */
static const struct netif_addr *lan_prefix_of(const struct side_map *map, const struct addr *a)
{
	if (addr_equal_ip(a, &map->gateway[index_of(addr_family(a))]))
		return NULL;
	for (size_t i = 0; i < map->set.count; i++) {
		const struct netif_addr *e = &map->set.entry[i];

		for (size_t n = 0; n < map->n_lan; n++)
			if (strcmp(e->name, map->lan_name[n]) == 0 &&
			    addr_in_prefix(a, &e->addr, e->prefix_len))
				return e;
	}
	return NULL;
}

static bool in_local_nets(const struct side_map *map, const struct addr *a)
{
	return map->setup.local_nets && acl_match(map->setup.local_nets, a);
}

static bool is_own(const struct side_map *map, const struct addr *a)
{
	return addr_is_loopback(a) || netif_find_ip(&map->set, a) != NULL;
}

static bool is_lan_ifindex(const struct side_map *map, unsigned index)
{
	for (size_t i = 0; i < map->set.count; i++)
		for (size_t n = 0; n < map->n_lan; n++)
			if (map->set.entry[i].index == index &&
			    strcmp(map->set.entry[i].name, map->lan_name[n]) == 0)
				return true;
	return false;
}

static bool is_wan_ifindex(const struct side_map *map, unsigned index)
{
	for (size_t i = 0; i < map->set.count; i++)
		if (map->set.entry[i].index == index &&
		    strcmp(map->set.entry[i].name, map->wan_name) == 0)
			return true;
	return false;
}

/*
 * Anybody can write an address of ours into a packet as its sender. A kernel drops such a packet if
 * it comes from outside and is IPv4, or bears ::1; no other of IPv6. (One from within comes by the
 * interface whose address it is sent to: a program here talks to our LAN address, or to ::1.)
 */
static bool may_be_forged(const struct side_map *map, const struct udp_from *from)
{
	return addr_family(&from->peer) == AF_INET6 && !addr_is_loopback(&from->peer) &&
	    is_wan_ifindex(map, from->ifindex) && !is_lan_ifindex(map, from->ifindex);
}

static enum side side_of(const struct side_map *map, const struct udp_from *from)
{
	/* A program on this machine is a LAN phone, unless it is ourselves on the WAN socket. */
	if (is_own(map, &from->peer)) {
		const struct addr *wan = &map->wan[index_of(addr_family(&from->peer))];

		return addr_equal(&from->peer, wan) || may_be_forged(map, from) ? WAN : LAN;
	}
	/* One interface, or a system that does not tell where a packet came in: the source says. */
	if (side_is_single(map) || from->ifindex == 0)
		return lan_prefix_of(map, &from->peer) || in_local_nets(map, &from->peer) ? LAN
											  : WAN;
	if (is_lan_ifindex(map, from->ifindex))
		return LAN;
	return in_local_nets(map, &from->peer) && !is_wan_ifindex(map, from->ifindex) ? LAN : WAN;
}

/* netif_source_for(), which takes four system calls, for each peer once between two refreshes. */
static bool source_for(struct side_map *map, const struct addr *dest, struct addr *source)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = {0};
	struct route *r = &map->route[addr_hash(dest, key, false) % ROUTES];

	if (!addr_equal_ip(&r->dest, dest)) {
		r->dest = *dest;
		if (netif_source_for(dest, &r->source) != 0)
			memset(&r->source, 0, sizeof(r->source));
	}
	*source = r->source;
	return addr_is_set(source);
}

/* Our address on the LAN that suits this peer: on its own network if we are there. */
static const struct addr *lan_local(struct side_map *map, const struct addr *peer)
{
	int family = index_of(addr_family(peer));
	const struct netif_addr *e = lan_prefix_of(map, peer);
	struct addr source;

	for (size_t i = 0; e && i < map->n_lan; i++)
		if (strcmp(e->name, map->lan_name[i]) == 0 && addr_is_set(&map->lan[i][family]))
			return &map->lan[i][family];
	if (map->n_lan > 1 && source_for(map, peer, &source))
		for (size_t i = 0; i < map->n_lan; i++)
			if (addr_equal_ip(&source, &map->lan[i][family]))
				return &map->lan[i][family];
	return side_addr(map, LAN, addr_family(peer));
}

void side_classify(struct side_map *map, const struct udp_from *from, struct hop *out)
{
	const struct addr *named;

	out->side = side_of(map, from);
	out->peer = from->peer;
	out->transport = SIP_UDP; /* unless the transport knows better */
	out->connection = 0;
	out->local = from->local;
	addr_set_port(&out->local, map->setup.sip_port);
	if (out->side == WAN)
		named = side_addr(map, WAN, addr_family(&from->peer));
	else
		named = addr_is_loopback(&from->peer) ? NULL : lan_local(map, &from->peer);
	out->named = named ? *named : out->local;
}

static int route_to_lan(struct side_map *map, const struct addr *dest, struct hop *out)
{
	const struct addr *local = lan_local(map, dest);

	out->side = LAN;
	if (addr_is_loopback(dest)) {
		out->local = *dest;
		addr_set_port(&out->local, map->setup.sip_port);
	} else if (local) {
		out->local = *local;
	} else {
		return ENETUNREACH;
	}
	out->named = out->local;
	return 0;
}

int side_route(struct side_map *map, const struct addr *dest, struct hop *out)
{
	int family = addr_family(dest);
	const struct addr *named = side_addr(map, WAN, family);
	struct addr source;

	out->peer = *dest;
	out->transport = SIP_UDP; /* unless the target says otherwise */
	out->connection = 0;
	if (is_own(map, dest) || lan_prefix_of(map, dest) || in_local_nets(map, dest))
		return route_to_lan(map, dest, out);
	if (!side_is_single(map) && source_for(map, dest, &source))
		for (size_t i = 0; i < map->n_lan; i++)
			if (addr_equal_ip(&source, &map->lan[i][index_of(family)]))
				return route_to_lan(map, dest, out);
	if (!named || !addr_is_set(&map->wan[index_of(family)]))
		return ENETUNREACH;
	out->side = WAN;
	out->local = map->wan[index_of(family)];
	out->named = *named;
	return 0;
}

void side_set_names(struct side_map *map, const struct config_list *const lists[SIDE_NAME_LISTS])
{
	memcpy(map->names, lists, sizeof(map->names));
}

static bool is_our_name(const struct side_map *map, struct str host)
{
	if (map->public_name && str_is_nocase(host, map->public_name))
		return true;
	for (size_t i = 0; i < SIDE_NAME_LISTS; i++)
		for (size_t n = 0; map->names[i] && n < map->names[i]->count; n++)
			if (str_is_nocase(host, map->names[i]->item[n]))
				return true;
	return false;
}

bool side_is_us(const struct side_map *map, const struct sip_uri *uri)
{
	struct addr a;

	if (!sip_uri_is_sip(uri) || sip_uri_port(uri) != map->setup.sip_port)
		return false;
	if (!sip_uri_addr(uri, &a))
		return is_our_name(map, uri->host);
	return side_is_own(map, &a);
}

bool side_is_own(const struct side_map *map, const struct addr *a)
{
	return is_own(map, a) ||
	    (addr_is_set(&map->public_addr) && addr_equal_ip(a, &map->public_addr));
}

bool side_is_behind_nat(const struct side_map *map, const struct hop *to)
{
	return to->side == WAN &&
	    (side_is_single(map) || addr_is_private(&to->local) ||
		!addr_equal_ip(&to->local, &to->named));
}

bool side_is_lan_addr(const struct side_map *map, const struct addr *a)
{
	if (addr_is_any(a))
		return false;
	return addr_is_loopback(a) || lan_prefix_of(map, a) || in_local_nets(map, a);
}
