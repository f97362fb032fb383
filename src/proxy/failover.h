/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failover: a request that was sent to the first of several servers, and what it takes to send it
 * to the next: after four seconds of silence, at once when it cannot be sent, is refused or gets a
 * 503 (RFC 3263 4.3, RFC 3261 16.7). Each one gets a new branch, made from the bytes that came.
 * Called by request and response; each belongs to its forward.
 */
#ifndef PROXY_FAILOVER_H
#define PROXY_FAILOVER_H

#include <stdbool.h>

#include "sip/sip_msg.h"
#include "sip/sip_sdp.h"

struct client_txn;
struct failover;
struct forward;
struct plan;

/* The request was sent to the plan's first server. Takes `msg`, which `sdp` speaks of, and what is
 * in `plan`, in any case. Without memory there will be no second try. */
void failover_begin(struct forward *fw, struct sip_msg *msg, struct plan *plan,
    const struct sip_sdp *sdp);
void failover_free(struct failover *fo);

/* A response came by this branch. */
void failover_answered(struct forward *fw, struct client_txn *ct, const struct sip_msg *msg);
/* This branch got no response, could not be sent, or (`refusal`) got a 503. True: the next server
 * has the request now. */
bool failover_next(struct forward *fw, struct client_txn *ct, const struct sip_msg *refusal);

#endif
