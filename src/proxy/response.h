/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * response: what becomes of a response: RFC 3261 16.7, in the RFC's order.
 */
#ifndef PROXY_RESPONSE_H
#define PROXY_RESPONSE_H

#include "proxy/side.h"
#include "proxy/transaction.h"
#include "sip/sip_msg.h"

struct forward;
struct siproxd;

/* From the pipeline: finds its transaction, or drops it. */
void response_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from);
/* No further branch will be tried: what is there goes up, if all branches have ended (16.7 step 6).
 * For failover. */
void response_give_up(struct forward *fw);
/* What the transactions call: struct txn_ops with arg = struct siproxd. */
void response_txn_ops(struct siproxd *sd, struct txn_ops *ops);

#endif
