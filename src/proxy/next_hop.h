/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * next_hop: where a request goes: the Route set, a dialog, a binding, an outbound proxy, or the
 * Request-URI, in this order (RFC 3261 16.4 to 16.6 step 7, RFC 3263). It sends nothing and keeps
 * nothing.
 */
#ifndef PROXY_NEXT_HOP_H
#define PROXY_NEXT_HOP_H

#include "proxy/forward.h"
#include "proxy/locate.h"
#include "sip/sip_msg.h"

struct dialog;
struct siproxd;

struct plan {
	struct target target[FORWARD_TARGETS_MAX];
	unsigned n_targets;
	unsigned own_routes;   /* leading Route values that go: ours, or all of them */
	struct dialog *dialog; /* that the request belongs to; NULL */
	char *name;    /* host to be looked up for the one target; NULL: nothing to look up */
	uint16_t port; /* 0: none written */
	bool has_transport;
	enum sip_transport transport;
	bool by_number;   /* the account of the trunk that it came by: nobody bears that name */
	bool configured;  /* the administrator named that host, not a phone */
	uint64_t account; /* servers_account() of it */
	struct hop hop[LOCATE_MAX]; /* once it was looked up: the servers, in order of trying */
	unsigned n_hops;
};

/*
 * 0: the plan stands (with `name` set once the resolver has answered). Else the status to answer
 * with: 404, 480, 481, 416, 500, 503 ...
 */
int next_hop_plan(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out);
/*
 * What a plugin decided: to `uri`, which becomes the Request-URI and leads into the LAN; to the
 * phones of an account, with the Request-URI as it came. 0, or the status as above.
 */
int next_hop_to_uri(struct siproxd *sd, const struct hop *from, const char *uri, struct plan *out);
int next_hop_to_account(struct siproxd *sd, struct str aor, struct plan *out);
/* What is to be looked up for plan->name. */
void next_hop_what(const struct siproxd *sd, const struct hop *from, const struct plan *plan,
    struct locate_what *out);
/* The answer: those that we can reach become plan->hop, the first of them the target. 0, or the
 * status as above. */
int next_hop_located(struct siproxd *sd, const struct hop *from, struct plan *plan,
    const struct located *found, size_t n);
/*
 * The plan's request is too large for a datagram: ways over TCP come first, for as far as the peer
 * is known to speak it, and those over UDP stay behind them (RFC 3261 18.1.1). True: it has
 * several ways now.
 */
bool next_hop_prefer_tcp(const struct siproxd *sd, struct plan *plan);
void plan_done(struct plan *plan);
/* The request is for siproxd itself: the Request-URI names us, and no user. */
bool next_hop_is_us(const struct siproxd *sd, const struct sip_msg *req, const struct hop *from);

#endif
