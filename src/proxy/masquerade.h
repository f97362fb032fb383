/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * masquerade: translates whatever names an address from where a message came by to where it
 * leaves by, and back: Via, Contact, Record-Route, Request-URI, From, To and every other header
 * that carries a URI. The table of those translations is in mask_names.c. It edits the message and
 * decides nothing about its way. RFC 3261 16.6, 16.7.
 */
#ifndef PROXY_MASQUERADE_H
#define PROXY_MASQUERADE_H

#include "proxy/forward.h"
#include "sip/sip_msg.h"

struct dialog;
struct siproxd;

struct mask_request {
	const struct hop *from;
	const struct target *target;
	const char *branch;                      /* of our Via */
	unsigned own_routes;                     /* leading Route values that go */
	const struct dialog *dialog;             /* the dialog it belongs to; NULL */
	const struct registration *registration; /* of a REGISTER; NULL */
};

/* 0, ENOMEM; EINVAL for a header that cannot be translated. */
int mask_request(const struct siproxd *sd, struct sip_msg *msg, const struct mask_request *how);
/* A response to `fw`'s request that came by `from`. */
int mask_response(const struct siproxd *sd, struct sip_msg *msg, const struct forward *fw,
    const struct hop *from);

/* The From/To value as its LAN owner wrote it, if the WAN sees another (its host is a LAN
 * address): without the tag, malloced. NULL: both see the same, or no memory. */
char *mask_hidden_identity(const struct siproxd *sd, const char *value);
/* The Call-ID line of a request of our own. */
void mask_write_call_id(const struct siproxd *sd, struct buf *out, enum side to,
    const char *call_id);
/* Leading Route values that name us. */
unsigned mask_own_routes(const struct siproxd *sd, const struct sip_msg *msg);
/* Requests that may form a dialog (RFC 3261 12.1, 6665, 3515). */
bool mask_forms_dialog(enum sip_method method);
/*
 * The Route values that lead from us to the end that sent `msg`: from the Record-Route of its
 * request in order, of its response in reverse (RFC 3261 12.1); of a phone's response only what
 * stands above our own entry. Malloced; NULL: none.
 */
char *mask_route_behind(const struct siproxd *sd, const struct sip_msg *msg, enum side from);
/* A From/To value as the WAN sees it, without its tag. Malloced; NULL without memory. */
char *mask_identity_for_wan(const struct siproxd *sd, const char *value, const struct addr *named);

#endif
