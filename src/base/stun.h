/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stun: the one question of RFC 8489 that we ask: which address do you see me by? Builds the
 * Binding request and reads its answer; no socket, no clock. Answers of RFC 3489 servers are
 * understood.
 */
#ifndef BASE_STUN_H
#define BASE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define STUN_ID_LEN      12
#define STUN_REQUEST_LEN 20

/* By its first bytes no SIP message, but STUN (RFC 8489 5, RFC 7983 7). */
bool stun_is_message(const void *data, size_t len);
void stun_request(uint8_t out[STUN_REQUEST_LEN], const uint8_t id[STUN_ID_LEN]);
/* The address in the success response to the request of that id. EINVAL: it is none, or is broken;
 * ECONNREFUSED: the server answers with an error. */
int stun_mapped(const void *data, size_t len, const uint8_t id[STUN_ID_LEN], struct addr *out);

#endif
