/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tag: the To tags of answers that we make ourselves: a keyed hash over the request, so that a
 * retransmission is answered with the same tag though we keep nothing. RFC 3261 8.2.6.2, 19.3.
 */
#ifndef PROXY_TAG_H
#define PROXY_TAG_H

#include "base/siphash.h"
#include "sip/sip_msg.h"

#define TAG_LEN SIPHASH_HEX_LEN

void tag_for(const uint8_t key[SIPHASH_KEY_LEN], const struct sip_msg *req, char out[TAG_LEN + 1]);
/* The far end that a tag stands for, as a number. */
uint64_t tag_id(const uint8_t key[SIPHASH_KEY_LEN], struct str tag);

#endif
