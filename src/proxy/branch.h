/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * branch: a request made ready for one target, and sent there (RFC 3261 16.6 steps 1 to 10). Owns
 * nothing: the branch that it makes is its forward's. Called by request and failover.
 */
#ifndef PROXY_BRANCH_H
#define PROXY_BRANCH_H

#include "proxy/side.h"
#include "proxy/transaction.h"
#include "sip/sip_msg.h"
#include "sip/sip_sdp.h"

struct buf;
struct forward;
struct plan;
struct registration;
struct siproxd;
struct target;

/* What a request becomes for one target. */
struct branch_dress {
	const struct hop *from;
	const struct plan *plan;
	const struct target *target;
	const struct registration *registration; /* of a REGISTER; NULL */
	const struct sip_sdp *sdp;               /* n_lines 0: no description to change */
	const struct addr *named;                /* ours, in that description */
};

/* The edited message as bytes, and its branch. */
int branch_dress(struct siproxd *sd, struct sip_msg *msg, const struct branch_dress *d,
    char branch[TXN_BRANCH_SIZE], struct buf *out);
/* Sends it to the plan's n-th target, as the last of the forward's branches. errno of what makes
 * that impossible; a failed send is reported later, as by any branch. */
int branch_send(struct siproxd *sd, struct forward *fw, struct sip_msg *msg,
    const struct plan *plan, unsigned n, const struct sip_sdp *sdp);

#endif
