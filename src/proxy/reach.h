/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach: how a far end is reached now, by where it signalled from and by what it says of itself:
 * phones behind a second NAT, connections that are gone. It keeps nothing and asks no name server.
 * Used by next_hop, request and own_request.
 */
#ifndef PROXY_REACH_H
#define PROXY_REACH_H

#include "proxy/side.h"

struct dialog_end;
struct siproxd;

/* Where somebody signalled from, whatever he says of himself. */
struct reach {
	struct addr peer; /* unset: not known */
	enum sip_transport transport;
	uint64_t connection; /* 0: none */
};

struct reach reach_of(const struct hop *hop);
/* The hop to a phone of the LAN. ENETUNREACH: there is none, or it leads to the WAN. */
int reach_phone(const struct siproxd *sd, const char *contact, const struct reach *seen,
    struct hop *out);
/*
 * The hop to an address that somebody wrote who signals by `by`. 0, or the status to refuse with:
 * 482 where that is our own SIP port, by whatever name; 403 for another service of this machine,
 * which only programs on it, and the configuration, may reach, and for what is no single host (the
 * system takes 0.0.0.0 for this machine); 503.
 */
int reach_written(const struct siproxd *sd, const struct addr *a, const struct hop *by,
    bool configured, struct hop *out);
/* Where that end of a dialog is reached now: as it signals, or where it says that it listens if
 * the connection that it signalled by is gone. */
void reach_end(const struct siproxd *sd, const struct dialog_end *end, struct hop *out);
/* The URI of the first of Route values. Malloced; NULL: it is none, or no memory. */
char *reach_first_route(const char *route);

#endif
