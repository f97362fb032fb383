/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * next_hop: where a request goes: the Route set, a dialog, a binding, an outbound proxy, or the
 * Request-URI, in this order (RFC 3261 16.4 to 16.6 step 7, RFC 3263). It sends nothing and keeps
 * nothing.
 */
#ifndef PROXY_NEXT_HOP_H
#define PROXY_NEXT_HOP_H

#include "proxy/forward.h"
#include "sip/sip_msg.h"

struct dialog;
struct siproxd;

struct plan {
	struct target target[FORWARD_TARGETS_MAX];
	unsigned n_targets;
	unsigned own_routes;   /* leading Route values that go: ours, or all of them */
	struct dialog *dialog; /* that the request belongs to; NULL */
	char *name; /* host to be looked up for the one target; NULL: nothing to look up */
	uint16_t port;
	bool configured; /* the administrator named that host, not a phone */
};

/*
 * 0: the plan stands (with `name` set once the resolver has answered). Else the status to answer
 * with: 404, 480, 481, 416, 500, 503 ...
 */
int next_hop_plan(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out);
/* The answer for plan->name: the first address that we can reach. 0, or the status as above. */
int next_hop_resolved(struct siproxd *sd, const struct hop *from, struct plan *plan,
    const struct addr *addr, size_t n);
/*
 * What a plugin decided: to `uri`, which becomes the Request-URI and leads into the LAN; to the
 * phones of an account, with the Request-URI as it came. 0, or the status as above.
 */
int next_hop_to_uri(struct siproxd *sd, const struct hop *from, const char *uri, struct plan *out);
int next_hop_to_account(struct siproxd *sd, struct str aor, struct plan *out);
void plan_done(struct plan *plan);
/* The request is for siproxd itself: the Request-URI names us, and no user. */
bool next_hop_is_us(const struct siproxd *sd, const struct sip_msg *req, const struct hop *from);

#endif
