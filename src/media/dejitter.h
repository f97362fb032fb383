/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dejitter: holds back the RTP packets of one direction, so that they leave in their order and at
 * the sender's pace: each one so long that it leaves a fixed time after the one that was quickest
 * under way would have come. No packet is ever dropped: one that comes too late leaves at once, and
 * where there is no room the oldest leaves early. Pure: the clock is given. Owned by relay, used in
 * its thread.
 */
#ifndef MEDIA_DEJITTER_H
#define MEDIA_DEJITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct rtp_header;

/* Of one direction: a second and a half of video at 2 Mbit/s. */
#define DEJITTER_PACKETS_MAX 512
#define DEJITTER_BYTES_MAX   (384 * 1024)
/* Of all together. */
#define DEJITTER_BUDGET (8 * 1024 * 1024)

struct dejitter_packet {
	struct list link;
	uint64_t due_us;
	uint32_t ssrc;
	uint16_t seq;
	size_t len;
	uint8_t data[];
};

struct dejitter {
	uint32_t delay_us; /* 0: nothing is held back */
	struct list queue; /* in the order of leaving */
	size_t count, bytes;
	long *budget; /* bytes that all together may still hold */

	/* of the stream */
	bool has_base;
	uint32_t ssrc, clock_hz;
	int64_t timestamp;   /* the newest, with what it has wrapped */
	int64_t base_us;     /* the shortest way of late: arrival less timestamp */
	unsigned late;       /* packets in a row that came too late */
	uint64_t arrival_us; /* of the packet before, */
	uint64_t due_us;     /* and when it is to leave */
	uint16_t seq;
};

void dejitter_init(struct dejitter *d, uint32_t delay_us, long *budget);
/* Frees what still waits. */
void dejitter_done(struct dejitter *d);
/*
 * A copy of the packet waits. clock_hz is its timestamps', 0 when unknown: then it is only put in
 * order. False when there is no memory: the packet is the caller's to send, after what is due. In
 * both cases dejitter_next() is to be asked then.
 */
bool dejitter_put(struct dejitter *d, const struct rtp_header *h, uint32_t clock_hz,
    const uint8_t *data, size_t len, uint64_t now_us);
/* The next packet that is due, for the caller to free(); NULL: none. */
struct dejitter_packet *dejitter_next(struct dejitter *d, uint64_t now_us);
/* When that will be; UINT64_MAX: nothing waits. */
uint64_t dejitter_due_us(const struct dejitter *d);

#endif
