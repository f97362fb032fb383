/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_header: the names of headers and methods. RFC 3261 7.1, 7.3, 20.
 */
#ifndef SIP_SIP_HEADER_H
#define SIP_SIP_HEADER_H

#include "base/str.h"

enum sip_method {
	SIP_OTHER, /* any that needs no special care */
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_REGISTER,
	SIP_OPTIONS,
	SIP_UPDATE,
	SIP_PRACK,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_REFER,
};

enum sip_hdr {
	HDR_UNKNOWN,
	/* What we route by, and libosip2 has to see as we do: */
	HDR_VIA,
	HDR_FROM,
	HDR_TO,
	HDR_CALL_ID,
	HDR_CSEQ,
	HDR_CONTACT,
	HDR_ROUTE,
	HDR_RECORD_ROUTE,
	/* The others: */
	HDR_MAX_FORWARDS,
	HDR_EXPIRES,
	HDR_SESSION_EXPIRES,
	HDR_RETRY_AFTER,
	HDR_CONTENT_TYPE,
	HDR_CONTENT_LENGTH,
	HDR_PROXY_REQUIRE,
	HDR_USER_AGENT,
	HDR_AUTHORIZATION, /* and Proxy-Authorization: what a password proves */
	HDR_URI, /* any other header whose values are name-addrs or URIs: Refer-To, P-Asserted... */
	HDR_WARNING,
	HDR_PATH,
	HDR_DIALOG,      /* names another call: Replaces, Join, Target-Dialog */
	HDR_IN_REPLY_TO, /* and other calls */
};

enum sip_shape {
	SIP_SINGLE, /* once, or the message is refused */
	SIP_COMMAS, /* a list of values, on one line or several */
	SIP_LOOSE,  /* as it comes; one value a line */
};

struct sip_header {
	struct str name;
	char compact; /* RFC 3261 7.3.3 and later RFCs; 0: none */
	enum sip_hdr id;
	enum sip_shape shape;
};

/* By its full or compact name, without regard to case; NULL. */
const struct sip_header *sip_header_find(struct str name);
/* SIP_OTHER for one that we have no name for. Case counts (RFC 3261 7.1). */
enum sip_method sip_method_of(struct str name);

#endif
