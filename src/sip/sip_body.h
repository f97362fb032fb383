/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_body: the part of a message's body that is of a given type: the body itself, or a part of a
 * multipart one, as a byte range to read and edit in place. RFC 3261 7.4, RFC 2046 5.1, RFC 5621.
 */
#ifndef SIP_SIP_BODY_H
#define SIP_SIP_BODY_H

#include "sip/sip_msg.h"

/* How many parts are of that type ("application/sdp", without parameters); *first is the first of
 * them, if there is one. Parts within parts count, three deep. */
unsigned sip_body_find(const struct sip_msg *msg, const char *type, struct str *first);

#endif
