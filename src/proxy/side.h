/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * side: the two sides of the firewall and what belongs to which: which side sent a datagram, which
 * side an address is reached on, from which of our addresses, and how that address is announced.
 * It holds a picture of the interfaces that side_refresh() renews. Used by the rest of proxy/.
 */
#ifndef PROXY_SIDE_H
#define PROXY_SIDE_H

#include <stdbool.h>

#include "base/acl.h"
#include "base/addr.h"
#include "base/netif.h"
#include "base/str.h"
#include "base/udp.h"
#include "sip/sip_uri.h"

enum side { LAN, WAN };

/* Where a message goes, or came from. */
struct hop {
	enum side side;
	struct addr peer;
	struct addr local; /* ours, with the SIP port: what the packet is sent from */
	struct addr named; /* what we call ourselves there, in Via, Contact, SDP; usually local */
	enum sip_transport transport;
	uint64_t connection; /* of a stream, the one that it came by; 0: whichever leads there */
};

struct config_list;
struct side_map;

struct side_setup {
	const char *const *inbound; /* interface names or addresses */
	size_t n_inbound;
	const char *outbound;
	const struct acl *local_nets; /* may be NULL; must outlive the map, as all strings here */
	uint16_t sip_port;
};

/* ENOMEM. With no inbound or outbound named it guesses them (and says so through side_describe). */
int side_new(struct side_map **out, const struct side_setup *setup);
void side_free(struct side_map *map);
/* Reads the interfaces anew (or takes `set`, for tests; it is copied). *changed (may be NULL):
 * an address of ours on one of the sides is another. errno. */
int side_refresh(struct side_map *map, const struct netif_set *set, bool *changed);
/* The WAN knows us by another address, or we have another one there, behind a router that keeps its
 * own, since the previous call. One that has only gone away, or comes back, is no other one. */
bool side_wan_moved(struct side_map *map);
/* The name (host_outbound) under which the WAN knows us, which must outlive the map or the next
 * call; NULL: none. Its address follows by side_set_public(), unless it is a literal. */
void side_set_public_name(struct side_map *map, const char *name);
/* The name's address; NULL or unset: the interface's own one counts. */
void side_set_public(struct side_map *map, const struct addr *public_addr);

/* Another list of local networks, which must outlive the map. */
void side_set_local_nets(struct side_map *map, const struct acl *local_nets);
/* Host names by which phones and callers mean us; NULL: none. They must outlive the map, or be set
 * again. */
#define SIDE_NAME_LISTS 3
void side_set_names(struct side_map *map, const struct config_list *const lists[SIDE_NAME_LISTS]);

bool side_has_wan(const struct side_map *map);
bool side_is_single(const struct side_map *map); /* one interface serves both sides */
/* "LAN eth1 192.168.1.1, WAN eth0 203.0.113.9"; returns buf. */
const char *side_describe(const struct side_map *map, char *buf, size_t size);
/* Our address on a side as announced there, of that family; NULL when there is none. */
const struct addr *side_addr(const struct side_map *map, enum side side, int family);

/* Which side a datagram came from, and how to answer it. */
void side_classify(struct side_map *map, const struct udp_from *from, struct hop *out);
/* How to reach an address. ENETUNREACH: that side has no address of its family. */
int side_route(struct side_map *map, const struct addr *dest, struct hop *out);

/* The URI names this machine: one of our addresses or host_outbound, and the SIP port. */
bool side_is_us(const struct side_map *map, const struct sip_uri *uri);
/* Another NAT stands between us and that far end: it has to learn from us where we are. */
bool side_is_behind_nat(const struct side_map *map, const struct hop *to);
/* One of this machine's addresses, loopback included, or the one that the WAN knows us by. */
bool side_is_own(const struct side_map *map, const struct addr *a);
/* An address that means nothing on the WAN: of the LAN, of loopback, or ours on the LAN. */
bool side_is_lan_addr(const struct side_map *map, const struct addr *a);

#endif
