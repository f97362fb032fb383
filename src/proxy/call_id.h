/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_id: other Call-IDs on the WAN than on the LAN (obscure_loops), since phones write their
 * address into them. What a phone wrote leaves encrypted; what comes from the WAN and is not that
 * gets a mark of its own on the LAN, so that both ways back are clear. It is a function of the text
 * and the key alone: it keeps nothing, and a restart changes nothing. Used by masquerade and
 * session.
 */
#ifndef PROXY_CALL_ID_H
#define PROXY_CALL_ID_H

#include <stdint.h>

#include "base/siphash.h"
#include "base/str.h"
#include "proxy/side.h"

/* Longer ones pass as they are. */
#define CALL_ID_MAX 1024

/* The same call's id as that side sees it, from how the other side sees it. Malloced; NULL without
 * memory. */
char *call_id_seen_by(enum side side, const uint8_t key[SIPHASH_KEY_LEN], struct str id);
/* The same for a call id that stands escaped in a URI's header (Refer-To: <...?Replaces=...>). */
char *call_id_escaped_seen_by(enum side side, const uint8_t key[SIPHASH_KEY_LEN], struct str id);

#endif
