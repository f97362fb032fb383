/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nonces: those that we gave to phones in challenges. A nonce says itself when it was made and for
 * which address, under a keyed hash, so nothing is kept until one has served; then a slot of a
 * table of fixed size keeps how often. The key is a new one at each start. RFC 7616 3.3, 5.4.
 */
#ifndef PROXY_NONCES_H
#define PROXY_NONCES_H

#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"

struct nonces;

#define NONCE_TEXT_MAX 56
#define NONCE_LIFE_S   300

/* ENOMEM */
int nonces_new(struct nonces **out);
void nonces_free(struct nonces *n);
/* A fresh one for who sends from that IP address. */
void nonces_make(struct nonces *n, const struct addr *peer, uint64_t now_ms,
    char out[static NONCE_TEXT_MAX]);
/*
 * It serves for the request whose bytes hash to `request`. count: the request's nc, or 0 without
 * one: then the nonce serves once. False: it is not ours, not this address's, too old, or has
 * served for another request with as high a count. The same request again is its retransmission,
 * and good. Call it only for one whose password is right.
 */
bool nonces_use(struct nonces *n, struct str nonce, const struct addr *peer, uint32_t count,
    uint64_t request, uint64_t now_ms);

#endif
