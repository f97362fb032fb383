/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ports: the pool of RTP port pairs, an even port and the odd one above it (RFC 3550 11), out of
 * rtp_port_low..rtp_port_high. Numbers only; it opens no socket. Used by proxy/call.
 */
#ifndef MEDIA_PORTS_H
#define MEDIA_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ports;

/* An odd low is rounded up, a pair at the end is used only whole. EINVAL: no pair fits; ENOMEM. */
int ports_new(struct ports **out, uint16_t low, uint16_t high);
void ports_free(struct ports *p);
/* The free pair that was given back longest ago (a late packet of the last call should find
 * nobody); *rtp is its even port. ENOENT when none is free. */
int ports_take(struct ports *p, uint16_t *rtp);
/* That pair, by its even port, in the range or not. EBUSY: it is taken; EINVAL: it is none. */
int ports_claim(struct ports *p, uint16_t rtp);
/* Giving back what is not taken changes nothing. */
void ports_give(struct ports *p, uint16_t rtp);
/*
 * A new range, without touching what is in use: pairs outside it are forgotten when they are
 * given back. No change when it fails: EINVAL when no pair fits, ENOMEM.
 */
int ports_set_range(struct ports *p, uint16_t low, uint16_t high);
/* Is that port, RTP or RTCP, one of the range? */
bool ports_in_range(const struct ports *p, uint16_t port);
size_t ports_free_count(const struct ports *p);
size_t ports_total(const struct ports *p);

#endif
