/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request: what becomes of a request: RFC 3261 16.3 to 16.6, in the RFC's order, as a table of
 * steps. Called by the pipeline.
 */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include "proxy/side.h"
#include "sip/sip_msg.h"

struct siproxd;

void request_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from);

#endif
