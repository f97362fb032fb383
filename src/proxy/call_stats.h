/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_stats: how a call was heard: both directions' packets, losses, jitter and an estimated MOS,
 * summed over its m-lines, also those that have ended. For the call record and for plugins. Owns
 * nothing; the sums lie in the call.
 */
#ifndef PROXY_CALL_STATS_H
#define PROXY_CALL_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "media/relay.h"

struct call;

/* What one end sent; the worst m-line's jitter, the voice's MOS. */
struct call_direction {
	uint64_t packets, bytes; /* accepted, RTCP and all else included */
	uint64_t rtcp_packets;
	uint64_t rejected; /* that came to its ports from strangers */
	uint64_t rtp_packets, lost, reordered, duplicates, late;
	unsigned loss_permille; /* before us; or up to the other end, if that reports more */
	unsigned jitter_us;
	unsigned round_trip_us; /* to this end and back; 0: not known */
	unsigned ssrc_changes;
	int payload_type;           /* the last; -1: there was no RTP */
	unsigned mos_x100;          /* 100 to 450; 0: nothing to judge by */
	uint64_t first_ms, last_ms; /* of RTP, by loop_clock_ms(); 0: there was none */
};

struct call_stats {
	struct call_direction from[2]; /* enum call_leg */
};

/* As of now. All 0 (payload_type -1) where the media does not pass through us. */
void call_stats(const struct call *call, struct call_stats *out);
/* Adds one m-line's flow. A zeroed struct is a sum of nothing. */
void call_stats_add(struct call_stats *sum, const struct flow_stats *flow);
/* The call ends: one line of the log, if anything was heard. */
void call_stats_log(const struct call *call);

#endif
