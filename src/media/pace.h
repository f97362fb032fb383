/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace: how long the relay may rest before it looks for packets again. Being woken costs more than
 * moving a packet; so when many come a short rest lets several wait together: as many as pay for
 * the look, and no more, so the more come the shorter it is. Where few come each is moved at once.
 * Pure: the clock is given. Owned by relay.
 */
#ifndef MEDIA_PACE_H
#define MEDIA_PACE_H

#include <stddef.h>
#include <stdint.h>

#define PACE_REST_MAX_US 500   /* a fortieth of what a phone puts into a packet */
#define PACE_WINDOW_US   20000 /* that of the phone */
#define PACE_TOGETHER    12    /* packets that are to wait for a look */
#define PACE_PACKETS_MIN 80    /* in a window: two in the longest rest */

struct pace {
	uint64_t since_us; /* the beginning of this window, */
	size_t packets;    /* what has come in it, */
	size_t before;     /* and what came in the one before */
};

/*
 * A look at looked_us found so many packets, and now, at now_us, they are moved. Returns how many
 * microseconds to rest, 0: not at all. Moving them counts as rest, so who is behind gets none.
 */
unsigned pace_rest_us(struct pace *p, size_t packets, uint64_t looked_us, uint64_t now_us);

#endif
