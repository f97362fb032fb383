/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leak_guard: the last look at a message that leaves to the WAN. masquerade translates what it
 * understands; here every address literal of the LAN that still stands in the start line or in a
 * header, in whatever header and whatever place, gives way to our WAN address.
 */
#ifndef PROXY_LEAK_GUARD_H
#define PROXY_LEAK_GUARD_H

#include "base/addr.h"
#include "sip/sip_msg.h"

struct side_map;

/*
 * Leaves alone what names a dialog (Call-ID, tags, Replaces, Join, Target-Dialog, In-Reply-To,
 * Event, the headers inside a Refer-To's URI), which both ends must see alike, credentials, which
 * are signed, phone numbers, and numbers that are longer than an address. 0 or ENOMEM.
 */
int leak_guard(const struct side_map *sides, struct sip_msg *msg, const struct addr *named);

#endif
