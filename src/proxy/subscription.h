/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subscription: how long SUBSCRIBE, REFER and their NOTIFYs keep a dialog, within a call and
 * without one (RFC 6665 4.1, RFC 3515 2.4, RFC 5057). It owns nothing: what it knows stands in the
 * dialog. Used by session.
 */
#ifndef PROXY_SUBSCRIPTION_H
#define PROXY_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

struct dialog;
struct forward;
struct siproxd;
struct sip_msg;

/* What such a request says is noted in its forward. */
void subscription_read(struct forward *fw, const struct sip_msg *req);
/* Before its answer: as if that would grant what it asks for. ENOMEM: the dialog is gone. */
int subscription_expected(struct siproxd *sd, struct dialog *d, const struct forward *fw);
/* SUBSCRIBE or REFER got its 2xx, with that Expires (-1: none). ENOMEM as above. */
int subscription_granted(struct siproxd *sd, struct dialog *d, const struct forward *fw,
    int64_t expires_s);
/* The NOTIFY got its final answer: it is still active for so long, or over. May free `d`. */
void subscription_notified(struct siproxd *sd, struct dialog *d, const struct forward *fw,
    int status);
/* The call of `d` ends, and a subscription goes on: the dialog stays without the call. */
bool subscription_survives(struct siproxd *sd, struct dialog *d);

#endif
