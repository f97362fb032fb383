/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/reach.h"

#include <errno.h>
#include <string.h>

#include "proxy/dialog.h"
#include "siproxd.h"

static bool is_connected(const struct siproxd *sd, uint64_t connection)
{
	return connection && sd->has_connection && sd->has_connection(sd->send_arg, connection);
}

/* The address that a URI names, and the transport it asks for; UDP where it does not say. False:
 * a name, or a transport that we do not speak. */
static bool literal_reach(const char *text, struct reach *out)
{
	struct sip_uri uri;
	int err;

	memset(out, 0, sizeof(*out));
	if (sip_uri_parse(&uri, str_of(text)) != 0 || !sip_uri_addr(&uri, &out->peer))
		return false;
	err = sip_uri_transport(&uri, &out->transport);
	return !err || err == ENOENT;
}

/*
 * By the connection that it made to us; at its Contact if that is where
 * it signals from; else (a second NAT, a name, a port that only the outside of that NAT has) where
 * its datagrams come from. Behind such a NAT nobody can connect to it.
 */
static int find_phone(const struct siproxd *sd, const char *contact, const struct reach *seen,
    struct reach *out)
{
	bool literal = literal_reach(contact, out);

	if (is_connected(sd, seen->connection)) {
		*out = *seen;
		return 0;
	}
	if (literal && (!addr_is_set(&seen->peer) || addr_equal_ip(&out->peer, &seen->peer)))
		return 0;
	if (!addr_is_set(&seen->peer) || seen->transport != SIP_UDP)
		return ENETUNREACH;
	*out = *seen;
	return 0;
}

int reach_phone(const struct siproxd *sd, const char *contact, const struct reach *seen,
    struct hop *out)
{
	struct reach reach;
	int err = find_phone(sd, contact, seen, &reach);

	if (!err)
		err = side_route(sd->sides, &reach.peer, out);
	if (err)
		return err;
	out->transport = reach.transport;
	out->connection = reach.connection;
	/* Never from the WAN to the WAN, whatever a phone once wrote into its Contact. */
	return out->side == LAN ? 0 : ENETUNREACH;
}

struct reach reach_of(const struct hop *hop)
{
	return (struct reach){hop->peer, hop->transport, hop->connection};
}

int reach_written(const struct siproxd *sd, const struct addr *a, const struct hop *by,
    bool configured, struct hop *out)
{
	const struct addr *us = side_addr(sd->sides, WAN, addr_family(a));

	if (!us)
		us = &by->local;
	if (addr_is_any(a) || addr_is_multicast(a))
		return 403;
	if (side_is_own(sd->sides, a) && addr_port(a) == addr_port(us))
		return 482;
	if (addr_is_loopback(a) && !addr_is_loopback(&by->peer) && !configured)
		return 403;
	return side_route(sd->sides, a, out) == 0 ? 0 : 503;
}

/* Does what an end says of itself lead to its own side? It shall not aim what we send, which bears
 * words of its choice, at others: those on the other side, or the services of this machine. */
static bool stays_on_side(const struct siproxd *sd, const struct addr *a, const struct hop *end)
{
	struct hop hop;

	return reach_written(sd, a, end, false, &hop) == 0 && hop.side == end->side;
}

char *reach_first_route(const char *route)
{
	struct sip_nameaddr addr;
	const char *end = route + strlen(route);

	if (sip_nameaddr_parse(&addr, str_range(route, sip_scan_to(route, end, ','))) != 0)
		return NULL;
	return str_dup(addr.uri);
}

void reach_end(const struct siproxd *sd, const struct dialog_end *end, struct hop *out)
{
	char *uri = end->route ? reach_first_route(end->route) : NULL;
	struct reach reach;

	*out = end->hop;
	if (out->transport == SIP_TCP && !is_connected(sd, out->connection)) {
		out->connection = 0;
		if (literal_reach(uri ? uri : end->contact, &reach) && reach.transport == SIP_TCP &&
		    stays_on_side(sd, &reach.peer, &end->hop))
			out->peer = reach.peer;
	}
	free(uri);
}
