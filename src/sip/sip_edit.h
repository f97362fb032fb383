/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_edit: edits of a message's bytes, and the message that they make. Ranges lie in msg->data
 * and must not overlap; several insertions at one place keep their order. All return 0 or ENOMEM,
 * after which the message must not be sent. The list of edits is the message's own.
 */
#ifndef SIP_SIP_EDIT_H
#define SIP_SIP_EDIT_H

#include "sip/sip_msg.h"

int sip_edit_replace(struct sip_msg *msg, struct str range, struct str text);
int sip_edit_replacef(struct sip_msg *msg, struct str range, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int sip_edit_replace_uint(struct sip_msg *msg, struct str range, uint64_t n);
/* Before the byte at `at` (a pointer into msg->data). */
int sip_edit_insertf(struct sip_msg *msg, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Every line of that header. */
int sip_edit_remove_lines(struct sip_msg *msg, enum sip_hdr id);
/* The first n values of a header, with their lines where those become empty. */
int sip_edit_remove_first(struct sip_msg *msg, enum sip_hdr id, unsigned n);
void sip_edit_clear(struct sip_msg *msg);
/* Some edit touches that range. */
bool sip_edit_touches(const struct sip_msg *msg, struct str range);
/* The message with its edits; Content-Length set right if the body was edited. May be called
 * again, after more edits too. ENOMEM; EINVAL: edits overlap. */
int sip_edit_splice(struct sip_msg *msg, struct buf *out);
/* The message becomes the one that its edits make; what pointed into it is void. ENOMEM; EINVAL:
 * that would be no message, or another one (its Call-ID, tags, CSeq and method must stay). Then it
 * is as it came, without any edits. */
int sip_edit_apply(struct sip_msg *msg);

#endif
