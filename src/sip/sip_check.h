/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_check: libosip2's opinion of a message whose index stands. Used by sip_msg alone.
 */
#ifndef SIP_SIP_CHECK_H
#define SIP_SIP_CHECK_H

#include "sip/sip_msg.h"

/* libosip2's tables; from then on it prints nothing. ENOMEM. */
int sip_check_init(void);
/* OK, BAD or NOMEM, and for the last two `why`: is it well-formed, and does libosip2 see the same
 * values and hosts as our index? It is asked where two readers could differ at all; tests prove
 * that it has nothing to say of the others. */
enum sip_parse sip_check(const struct sip_msg *msg, const char **why);
/* The same, asking it in any case. */
enum sip_parse sip_check_asked(const struct sip_msg *msg, const char **why);

#endif
