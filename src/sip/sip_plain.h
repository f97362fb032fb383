/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_plain: messages so plain that every reader of SIP reads them alike. For sip_check, which asks
 * libosip2 about all others.
 */
#ifndef SIP_SIP_PLAIN_H
#define SIP_SIP_PLAIN_H

#include "sip/sip_msg.h"

/* Of a message that sip_msg has read so far: is all that we route by written in the narrow part of
 * the grammar that phones and servers commonly use? No folding, no escapes, no byte but ASCII, no
 * blank where none belongs. False says nothing against a message. */
bool sip_plain(const struct sip_msg *msg);

#endif
