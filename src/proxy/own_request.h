/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own_request: what siproxd itself says to one end of a dialog in the name of the other: BYE, and
 * the ACK without which a callee would send its 2xx again and again (RFC 3261 13.2.2.4, 15.1.1). It
 * keeps nothing; a BYE's transaction is its own. Used by session.
 */
#ifndef PROXY_OWN_REQUEST_H
#define PROXY_OWN_REQUEST_H

#include <stdint.h>

#include "proxy/side.h"

struct dialog;
struct siproxd;

/* To an end of which no Contact is known nothing is sent. Without memory, or room for a
 * transaction, that end finds out by itself: nothing here can fail. */
void own_request_bye(struct siproxd *sd, const struct dialog *d, enum side to);
/* Of the INVITE with that CSeq. */
void own_request_ack(struct siproxd *sd, const struct dialog *d, enum side to, uint32_t cseq);

#endif
