/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a leg's peer is, by what its description says: an address to believe or not, or a name. */
#include "proxy/call_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/resolver.h"

#define NAMES_MAX 4   /* being looked up for one call */
#define HOST_MAX  256 /* a name's length, with its NUL */

/* A name in a c= line, until the resolver answers. */
struct call_name {
	struct list link; /* among its call's */
	struct call *call;
	struct resolver_query *query;
	unsigned line;
	enum call_leg leg;
	uint64_t peer_id;
	struct hop from;
	struct addr rtp, rtcp; /* what stands in for it */
};

static bool is_our_port(const struct call *call, enum call_leg leg, uint16_t port)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow && (port | 1) == (call->m[i].port[leg] | 1))
			return true;
	return false;
}

/*
 * One of our own addresses as a peer's: packets that come back to the relay may circle for ever.
 * From the WAN it is right when a call between two phones hairpins through the provider and meets
 * itself here, on the ports of another call; on the LAN when a program on this machine (an
 * Asterisk) speaks, on ports that are not the relay's.
 */
static bool own_address_is_right(const struct call *call, enum call_leg leg, uint16_t port)
{
	bool relays = ports_in_range(call->owner->setup.ports, port);

	if (call->hop[leg].side == LAN)
		return !relays && port != addr_port(&call->hop[leg].local);
	return relays && !is_our_port(call, leg, port);
}

static bool is_usable(const struct call *call, enum call_leg leg, const struct addr *written)
{
	const struct side_map *sides = call->owner->setup.sides;

	if (!addr_is_set(written) || addr_is_any(written) || addr_is_multicast(written))
		return false;
	if (side_is_own(sides, written) || addr_equal_ip(written, &call->hop[leg].named))
		return own_address_is_right(call, leg, addr_port(written));
	/* Nobody outside aims a phone's voice at other hosts of the LAN. */
	return call->hop[leg].side == LAN || !side_is_lan_addr(sides, written);
}

/* A call that meets itself may name us as a router does; here we are our own address, and the
 * packets need not go out to that router, which may not send them back. */
static struct addr as_bound(const struct call *call, enum call_leg leg, const struct addr *written)
{
	struct addr local = call->hop[leg].local;

	if (call->hop[leg].side == LAN || !addr_equal_ip(written, &call->hop[leg].named))
		return *written;
	addr_set_port(&local, addr_port(written));
	return local;
}

/* A phone on a network behind the LAN is sent to; one behind a router of its own names an address
 * that our routes would send out to the Internet. */
static bool leads_to_lan(const struct call *call, const struct addr *a)
{
	struct hop hop;

	return side_route(call->owner->setup.sides, a, &hop) == 0 && hop.side == LAN;
}

/*
 * From where packets of this end are taken, and where they go (RFC 7362 4). The address it wrote
 * is believed if it can be reached from the side it is on; else packets come from the address that
 * signals for it.
 */
static void fill_rule(const struct call *call, enum call_leg leg, const struct hop *from,
    const struct addr *written, struct latch_rule *rule)
{
	bool usable = is_usable(call, leg, written), suits;

	memset(rule, 0, sizeof(*rule));
	if (from->side == LAN)
		suits = side_is_lan_addr(call->owner->setup.sides, written);
	else
		suits = !addr_is_private(written) || addr_is_private(&call->hop[leg].named);
	suits = suits && usable;
	if (usable)
		rule->signalled = as_bound(call, leg, written);
	rule->sendable = suits || (usable && from->side == LAN && leads_to_lan(call, written));
	if (!suits)
		rule->also = from->peer;
	rule->any = call->owner->limits.latch_any && from->side == WAN && call->answered;
}

/* --- names ------------------------------------------------------------------------------------ */

static int family_of(const struct call *call, enum call_leg leg)
{
	return addr_family(&call->hop[leg].named);
}

/* Was the rule made of what stood in for the name? */
static bool stands_in(const struct latch_rule *rule, const struct addr *a)
{
	return addr_is_set(&rule->signalled) && addr_equal(&rule->signalled, a);
}

static bool replace(const struct call_name *name, const struct addr *ip, struct flow_peer *peer)
{
	struct addr rtp = *ip, rtcp = *ip;

	if (peer->id != name->peer_id || !stands_in(&peer->rtp, &name->rtp))
		return false;
	addr_set_port(&rtp, addr_port(&name->rtp));
	addr_set_port(&rtcp, addr_port(&name->rtcp));
	fill_rule(name->call, name->leg, &name->from, &rtp, &peer->rtp);
	fill_rule(name->call, name->leg, &name->from, &rtcp, &peer->rtcp);
	return true;
}

static void name_free(struct call_name *name)
{
	list_del(&name->link);
	free(name);
}

static void found(void *arg, int err, const struct addr *addr, size_t count)
{
	struct call_name *name = arg;
	struct m_line *m = &name->call->m[name->line];
	bool changed = false;

	if (!err && count && m->flow) {
		if (m->offered[name->leg])
			replace(name, addr, &m->offered[name->leg]->said.peer);
		for (size_t i = 0; i < m->n_peers[name->leg]; i++)
			changed |= replace(name, addr, &m->peer[name->leg][i]);
		if (changed)
			call_media_set_peers(name->call, m, name->leg);
	}
	name_free(name);
}

static unsigned names_open(const struct call *call)
{
	unsigned n = 0;

	for (const struct list *l = call->names.next; l != &call->names; l = l->next)
		n++;
	return n;
}

static void look_up(const struct call_name *asked, const char *host)
{
	struct call *call = asked->call;
	struct call_name *name;

	if (names_open(call) >= NAMES_MAX)
		return;
	name = malloc(sizeof(*name));
	if (!name)
		return;
	*name = *asked;
	list_add_tail(&call->names, &name->link);
	if (resolver_lookup(call->owner->setup.resolver, host, family_of(call, asked->leg), 0,
		found, name, &name->query) != 0)
		name_free(name);
}

static bool is_known(struct resolver *r, const char *host, int family, struct addr *out)
{
	size_t n = 0;

	return resolver_cached(r, host, family, 0, out, 1, &n) == 0 && n > 0;
}

/* Known already, or else the address that signals stands in for it: most who write a name write
 * their own. */
static void read_name(struct call_name *name, const struct sip_sdp_media *media)
{
	struct resolver *r = name->call->owner->setup.resolver;
	struct addr ip = name->from.peer;
	char host[HOST_MAX] = "";
	bool ask = r && media->host.len < sizeof(host);

	if (ask) {
		memcpy(host, media->host.s, media->host.len);
		ask = !is_known(r, host, family_of(name->call, name->leg), &ip);
	}
	name->rtp = name->rtcp = ip;
	addr_set_port(&name->rtp, media->port);
	addr_set_port(&name->rtcp, media->rtcp_port);
	if (ask)
		look_up(name, host);
}

/* --- what the others call ------------------------------------------------------------------- */

void call_peer_read(struct call *call, unsigned line, enum call_leg leg, uint64_t peer_id,
    const struct hop *from, const struct sip_sdp_media *media, struct said *out)
{
	struct call_name name = {.call = call, .line = line, .leg = leg, .peer_id = peer_id};

	name.from = *from;
	name.rtp = media->rtp;
	name.rtcp = media->rtcp;
	if (media->host.len)
		read_name(&name, media);
	memset(out, 0, sizeof(*out));
	out->peer.id = peer_id;
	out->held = media->held;
	fill_rule(call, leg, from, &name.rtp, &out->peer.rtp);
	fill_rule(call, leg, from, &name.rtcp, &out->peer.rtcp);
}

void call_peer_forget(struct call *call)
{
	struct list *l, *tmp;

	list_each(l, tmp, &call->names) {
		struct call_name *name = container_of(l, struct call_name, link);

		resolver_cancel(name->query);
		name_free(name);
	}
}
