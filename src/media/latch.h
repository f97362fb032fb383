/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * latch: from which source a leg accepts packets, and where it sends them (RFC 7362 4, and our
 * promise that a stranger hears nothing and is heard by nobody). Pure: no socket, no clock of
 * its own. One latch stands for one peer on one socket (RTP or RTCP).
 */
#ifndef MEDIA_LATCH_H
#define MEDIA_LATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "media/rtp.h"

struct latch_rule {
	struct addr signalled; /* where the peer said that it receives; unset: it receives nothing,
				  neither there nor where it is seen to send from */
	struct addr also;      /* port ignored: a second IP that it may send from (the one that
				  signals for it, where `signalled` is private); unset: none */
	bool sendable;         /* packets may go to `signalled` before anything was heard */
	bool any;              /* rtp_latch = any: the first other source is taken too */
};

struct latch {
	struct latch_rule rule;
	struct addr seen;       /* source that we latched on; unset before the first packet */
	uint64_t seen_ms;       /* when it was last heard */
	struct rtp_header last; /* its last RTP packet, */
	bool has_last;          /* if there was one, */
	uint64_t last_ms;       /* when it came, */
	uint64_t pause_ms;      /* and how long after the one before */
};

/* A quiet latched source may be succeeded by another port of an accepted IP after this long. */
#define LATCH_QUIET_MS 1000
/*
 * ... by one of its own IP that goes on with its stream (a NAT that took another port) after twice
 * the pause that it made last, but not before this: who cannot see the stream would have to guess
 * its SSRC, and where its numbers and its time are. Further ahead than this is not gone on with.
 */
#define LATCH_FOLLOW_MS   50
#define LATCH_NUMBERS_MAX 1000
#define LATCH_TIME_MAX    192000 /* a second of the fastest clock */

/* How well a source fits a peer, from not at all to best. */
enum latch_match {
	LATCH_NO,
	LATCH_ANY,       /* only because the rule takes any first source */
	LATCH_IP,        /* another port of an accepted IP */
	LATCH_FOLLOWS,   /* another port of the latched IP, which goes on with the stream */
	LATCH_SEEN,      /* what we latched on */
	LATCH_SIGNALLED, /* exactly what was signalled: taken even if another port is latched */
};

/*
 * A new rule. What was latched stays when the new rule still accepts it and names the same
 * signalled address; otherwise it is forgotten. Nothing is sent to a signalled wildcard,
 * multicast or broadcast address or to port 0, `sendable` or not.
 */
void latch_set(struct latch *l, const struct latch_rule *rule);
/* Would a packet from src be taken? h is its header; NULL: it is no RTP. Changes nothing. */
enum latch_match latch_match(const struct latch *l, const struct addr *src,
    const struct rtp_header *h, uint64_t now_ms);
/* Latches on src, which matched. */
void latch_take(struct latch *l, const struct addr *src, const struct rtp_header *h,
    uint64_t now_ms);
/* Where packets for this peer go; NULL: nowhere (yet). */
const struct addr *latch_target(const struct latch *l);

#endif
