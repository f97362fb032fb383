/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtp_stats: counts one direction of an RTP stream: lost, reordered, repeated and late packets,
 * interarrival jitter (RFC 3550 A.1, A.3, A.8). Pure: the clock is given. One thread counts, any
 * thread may read. Lives in its owner's struct, zeroed; owned by flow.
 */
#ifndef MEDIA_RTP_STATS_H
#define MEDIA_RTP_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_header;

/* So far behind the pace of the others that no phone waited for it. */
#define RTP_LATE_US 100000

/* What was counted. All 0 where there was no RTP. */
struct rtp_report {
	uint32_t packets;    /* repeated ones included */
	uint32_t lost;       /* expected and not seen, in all streams together */
	uint32_t reordered;  /* came after one with a higher number */
	uint32_t duplicates; /* a number that was there already */
	uint32_t late;       /* RTP_LATE_US behind */
	uint32_t jitter_us;  /* as of the last packet; 0 also while the clock rate is unknown */
	uint32_t ssrc;       /* of the last packet */
	uint32_t ssrc_changes;
	uint32_t clock_hz;    /* 0: unknown yet */
	uint8_t payload_type; /* of the last packet */
	uint64_t first_ms, last_ms;
};

struct rtp_stats {
	/* any thread reads, one writes */
	_Atomic uint32_t packets, expected, reordered, duplicates, late, jitter_us, ssrc,
	    ssrc_changes, clock_hz, payload_type;
	_Atomic uint64_t first_ms, last_ms;

	/* the counting thread's */
	uint32_t new_ssrc; /* on probation: one packet of it was seen, with the number before */
	uint16_t new_seq;  /* ... the next one's */
	bool on_probation;
	bool has_arrival;         /* there is one to compare the next with */
	uint16_t max_seq;         /* highest number seen, */
	uint16_t far_seq;         /* and the one after the last that was far off from it */
	bool is_far;              /* far_seq means something */
	uint64_t window;          /* bit n: max_seq - n was seen */
	uint32_t timestamp;       /* of the packet that arrived last, */
	uint64_t arrival_us;      /* and when */
	uint32_t jitter_x16;      /* RFC 3550 A.8, in microseconds */
	int64_t delay_us;         /* of the last packet against the first */
	int64_t mean_delay_x128;  /* of them all, the newest counting most */
	uint32_t clock_timestamp; /* where the clock's rate is measured from */
	uint64_t clock_us;
	uint32_t clock_packets;
};

/* An RTP_MEDIA packet's header came. A stream begins with two packets in sequence (A.1): what only
 * looks like RTP is not counted. */
void rtp_stats_count(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us);
/* Any thread. */
void rtp_stats_read(const struct rtp_stats *s, struct rtp_report *out);
/* Parts of 1000; of nothing nothing is lost. */
unsigned rtp_report_loss_permille(const struct rtp_report *r);

#endif
