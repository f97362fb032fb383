/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay: the thread that moves media packets. The main thread adds, changes and removes flows and
 * reads their counters; the relay thread owns sockets and latches. No lock is taken per packet.
 *
 * A flow is one m-line: two legs (0 and 1), each a port pair on a local address: RTP on the even
 * port, RTCP on the odd one. What leg 0 receives from an accepted source leaves by leg 1 to all of
 * leg 1's peers, and the mirror image. Which source is accepted is media/latch's decision.
 * media/flow holds the flow itself (which packets go where); relay.c how they get there. A peer
 * that is a leg of another flow of this relay gets its packets without a detour through the kernel.
 */
#ifndef MEDIA_RELAY_H
#define MEDIA_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "media/latch.h"
#include "media/rtcp.h"
#include "media/rtp_stats.h"

struct relay;
struct flow;

#define FLOW_PEERS_MAX 8 /* early dialogs of one forked call */

/* One far end of a leg: an early dialog's answer, or the offerer. */
struct flow_peer {
	uint64_t id; /* says which far end this is, so that a change keeps what it latched on */
	struct latch_rule rtp;
	struct latch_rule rtcp;
};

struct flow_leg_stats {
	uint64_t packets, bytes; /* received and accepted, RTP and RTCP */
	uint64_t rejected;       /* from sources that may not */
	uint64_t empty;          /* datagrams without a byte, from anybody; dropped */
	uint64_t sent;           /* packets that left by this leg */
	uint64_t unsent;         /* packets that should have, but sendto() failed */
	uint64_t last_seen_ms;   /* loop_clock_ms() of the last accepted packet; 0: never */
	uint64_t rtcp_packets;   /* of `packets`, RTCP: on its own port or muxed */
	struct rtp_report rtp;   /* of the streams that came */
	struct rtcp_report rtcp; /* what this leg's end says of the stream that it gets */
};

struct flow_stats {
	struct flow_leg_stats leg[2];
};

/* Called from the main loop, or from relay_settle(), when the flow's sockets are closed and its
 * memory is gone. It may add, change and remove flows, but not free the relay. */
typedef void relay_gone_fn(void *arg);

/*
 * Starts the thread: call it after daemon_detach(). Raises the soft limit of open files to the
 * hard one. ENOMEM, EMFILE, EAGAIN (no thread).
 */
int relay_new(struct relay **out, struct loop *loop);
/* Its thread goes before ordinary ones. EPERM; media/priority.h tells what permits it. */
int relay_raise_priority(struct relay *r);
/* Stops it and closes every flow; no relay_gone_fn is called any more. Before loop_free(). */
void relay_free(struct relay *r);

struct flow_setup {
	struct addr local[2]; /* IP and even port of each leg */
	int dscp;             /* 0..63, or -1 to leave it alone */
	bool copy_dscp;       /* what comes with a mark leaves with it, and not with `dscp` */
	uint32_t delay_us[2]; /* to even out the RTP that comes in by each leg (media/dejitter);
				 0: none is held back */
};
/*
 * Opens and binds the four sockets (the caller's thread) and hands the flow to the relay thread.
 * It has no peers yet: what arrives is counted as rejected. A DSCP that cannot be set is logged
 * and does without. EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENOMEM, EINVAL (port odd or 0), ...
 */
int relay_flow_add(struct relay *r, const struct flow_setup *setup, struct flow **out);
/*
 * Replaces the peers of one leg; count 0 mutes it. Peers are matched by id. Several calls take
 * effect in their order, and before the next packet is relayed. No change when it fails: ENOMEM;
 * EINVAL for more than FLOW_PEERS_MAX.
 */
int relay_flow_peers(struct relay *r, struct flow *f, unsigned leg, const struct flow_peer *peer,
    size_t count);
/* The flow ends; `gone` (may be NULL) is called once its ports are free again. `f` is then no
 * longer the caller's. Never fails. */
void relay_flow_remove(struct relay *r, struct flow *f, relay_gone_fn *gone, void *arg);
/* Waits for the relay thread (some microseconds: it never blocks) until all flows that were removed
 * are gone, and calls their relay_gone_fn. Not from within such a callback. */
void relay_settle(struct relay *r);
/* Each number is whole, though one may be a packet ahead of another. */
void relay_flow_stats(const struct flow *f, struct flow_stats *out);
/* Flows whose sockets are open, those just being removed included. */
size_t relay_flow_count(const struct relay *r);

#endif
