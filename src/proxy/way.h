/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * way: where the Request-URI and the Route values of a request lead, strict routers and our own
 * entries among them told apart (RFC 3261 16.4, 16.6 step 6). It decides nothing and sends nothing.
 * Used by next_hop.
 */
#ifndef PROXY_WAY_H
#define PROXY_WAY_H

#include <stdbool.h>

#include "sip/sip_msg.h"

struct siproxd;

/* Its ranges are of the message, or of `text`. */
struct way {
	struct sip_uri uri;  /* the Request-URI that it leaves with */
	unsigned first, end; /* the Route values that stay */
	struct str tail;     /* what a strict router wants behind them; len 0: nothing */
	char *text;          /* `uri`, if it is none of the message's bytes */
	bool changed;        /* the message says it in other words */
};

/* 0, or the status to refuse with: 400, 500. In both cases way_done() follows. */
int way_find(const struct siproxd *sd, const struct sip_msg *req, struct way *way);
void way_done(struct way *way);
/* The Route values in new words. Malloced; NULL: none is left, or no memory. */
char *way_write_route(const struct sip_msg *req, const struct way *way);

/* The URI of the n-th Route value, which must be there. False: it has none. */
bool way_route_uri(const struct sip_msg *req, unsigned n, struct sip_uri *uri);
/* A strict router put our Record-Route into the Request-URI; what was there stands last. */
bool way_strict_router_names_us(const struct siproxd *sd, const struct sip_msg *req);
/* The host that its maddr names. */
bool way_maddr(const struct sip_uri *uri, struct str *host);

#endif
