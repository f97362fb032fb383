/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_via: one Via value as byte ranges, and where a response to it goes.
 * RFC 3261 18.2, 20.42; RFC 3581.
 */
#ifndef SIP_SIP_VIA_H
#define SIP_SIP_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

#define SIP_BRANCH_COOKIE "z9hG4bK"

struct sip_via {
	struct str version;   /* "2.0", as a rule */
	struct str transport; /* "UDP" */
	struct str sent_by;   /* host[:port] */
	struct str host;
	uint16_t port; /* 0: none written */
	struct str params;
	struct str branch; /* empty: none */
	bool rport;        /* the parameter is there */
};

int sip_via_parse(struct sip_via *out, struct str value);
/*
 * The value that `via` was parsed from, as a server keeps it: with `received` set where the
 * sent-by is not the packet's source, and rport filled in where it was asked for (RFC 3261 18.2.1,
 * RFC 3581 4).
 */
void sip_via_write_received(struct buf *out, struct str value, const struct sip_via *via,
    const struct addr *source);
/*
 * Where the response goes over UDP (RFC 3261 18.2.2, RFC 3581 4): to the packet's source IP; to
 * its port if rport was asked for, else to the sent-by port. maddr is not followed: it would
 * let a stranger choose whom we send to.
 */
void sip_via_reply_addr(const struct sip_via *via, const struct addr *source, struct addr *out);
/* The same over TCP when the connection that the request came by is gone: the source's IP and the
 * sent-by port, where its sender listens. */
void sip_via_listen_addr(const struct sip_via *via, const struct addr *source, struct addr *out);

#endif
