/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_reply: responses that we make ourselves, from the index of a request (so that even one that
 * libosip2 refuses can be answered). RFC 3261 8.2.6, 18.2.
 */
#ifndef SIP_SIP_REPLY_H
#define SIP_SIP_REPLY_H

#include "base/addr.h"
#include "base/buf.h"
#include "sip/sip_msg.h"

/*
 * The lines that every response to this request shares: all Vias (the top one with received and
 * rport), From, To (with `to_tag` if it has none; NULL: leave it), Call-ID, CSeq.
 */
void sip_reply_head(struct buf *out, const struct sip_msg *req, const struct addr *source,
    const char *to_tag);
/* The Via lines alone, as above: what a response gets back when we hid them. */
void sip_reply_vias(struct buf *out, const struct sip_msg *req, const struct addr *source);
/* A whole response without a body: status line, `head`, `extra` ("Name: value\r\n" lines, or
 * NULL), Content-Length. */
void sip_reply_write(struct buf *out, int status, const char *head, const char *extra);
/* The same; the reason phrase tells `why`, too (RFC 3261 21.4.1). NULL: as above. */
void sip_reply_write_why(struct buf *out, int status, const char *why, const char *head,
    const char *extra);
/* The usual words for a status code. */
const char *sip_reply_reason(int status);

#endif
