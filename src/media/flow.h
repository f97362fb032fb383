/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow: one m-line's two legs and their peers: which packets are taken and who gets them. Knows
 * no socket, no thread and no clock, so that it stays true when somebody else (the kernel) moves
 * the packets. Owned and driven by relay; only the counters may be read by another thread.
 */
#ifndef MEDIA_FLOW_H
#define MEDIA_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "media/latch.h"
#include "media/relay.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/rtp_stats.h"

enum flow_channel { FLOW_RTP, FLOW_RTCP, FLOW_CHANNELS };

struct flow_peer_state {
	uint64_t id;
	struct latch latch[FLOW_CHANNELS];
};

/* The peers of one leg. Made and freed as a whole, so that exchanging them allocates nothing. */
struct flow_peers {
	size_t count;
	struct flow_peer_state peer[];
};

/* What struct flow_leg_stats tells, as the relay writes it and others read it. */
struct flow_counters {
	_Atomic uint64_t packets, bytes, rejected, empty, sent, unsent, last_seen_ms, rtcp_packets;
};

struct flow_leg {
	struct flow_peers *peers; /* NULL: none yet */
	struct flow_counters count;
	struct rtp_stats rtp;   /* what came from this leg's end */
	struct rtcp_stats rtcp; /* what that end says of what it hears */
};

struct flow {
	struct flow_leg leg[2];
};

/* NULL: no memory. Nothing is latched in it yet. */
struct flow_peers *flow_peers_new(const struct flow_peer *peer, size_t count);

/* Releases the peers; the struct itself is the caller's. */
void flow_done(struct flow *f);
/* The leg gets `peers`; what a peer of the same id had latched is carried over. Returns the set
 * that they replace, for the caller to free(); NULL if there was none. */
struct flow_peers *flow_set_peers(struct flow *f, unsigned leg, struct flow_peers *peers);
/*
 * A datagram of len bytes came from src to that leg and channel, at now_us of loop_clock_us().
 * Judges and counts it, and returns how many addresses of `to` are to get it, by the same channel
 * of the other leg. They point into the flow and are good until the next call.
 */
size_t flow_receive(struct flow *f, unsigned leg, enum flow_channel channel, const struct addr *src,
    const uint8_t *data, size_t len, uint64_t now_us, const struct addr *to[static FLOW_PEERS_MAX]);
/* The same addresses as of now, for a packet that was kept for a while. `leg` is where it came in.
 */
size_t flow_targets(const struct flow *f, unsigned leg, enum flow_channel channel,
    const struct addr *to[static FLOW_PEERS_MAX]);
/* Is h of the stream that is counted as RTP there? And what is its clock (0: not known)? */
bool flow_is_stream(const struct flow *f, unsigned leg, const struct rtp_header *h,
    uint32_t *clock_hz);
/* A packet that flow_receive() asked for has left by this leg (err 0), or could not. */
void flow_sent(struct flow *f, unsigned leg, int err);
/* Any thread. */
void flow_stats(const struct flow *f, struct flow_stats *out);

#endif
