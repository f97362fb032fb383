/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_state: what a call consists of, shared by the files that look after it: call.c keeps its
 * life, dialogs and silence, call_media.c its ports and descriptions, call_peer.c knows whom to
 * believe what, call_stats.c keeps its record, snapshot_call.c brings it over a restart. Nobody
 * else includes this.
 */
#ifndef PROXY_CALL_STATE_H
#define PROXY_CALL_STATE_H

#include "base/hash.h"
#include "base/list.h"
#include "base/timers.h"
#include "proxy/call.h"
#include "proxy/call_stats.h"

struct calls {
	struct call_setup setup;
	struct call_limits limits;
	struct list all;
	struct list leases;
	struct hash by_number;
	unsigned last_number;
	struct timer check;
	/* Of strangers' calls that nobody has answered: */
	size_t unproved, unproved_pairs;
};

/* What one end last said of an m-line. */
struct said {
	struct flow_peer peer;
	bool held;
};

/* What an end offers of an m-line, until the other one answers. */
struct offered {
	unsigned number; /* of the offer */
	struct said said;
};

struct m_line {
	struct flow *flow;          /* NULL: port 0 */
	uint16_t port[2];           /* of each leg */
	struct addr named[2];       /* where each end is told to send; the port is not in it */
	struct offered *offered[2]; /* by each leg; NULL: nothing. Both, where two cross */
	unsigned fresh;             /* the unanswered offer that it came with; 0: none */
	uint64_t refused_by;        /* an early answer with port 0; 0: none */
	struct flow_peer *peer[2];  /* of each leg n_peers, FLOW_PEERS_MAX at most */
	size_t n_peers[2];
	bool held[2];
};

struct call {
	struct list link;
	struct hash_node node;
	struct calls *owner;
	unsigned number;
	struct hop hop[2];
	struct list dialogs;
	struct list names; /* that descriptions named, being looked up */
	struct m_line *m;  /* n_m of them: as many as were ever described */
	unsigned n_m;
	unsigned offers; /* how many there were */
	bool answered;
	bool urgent;
	bool unproved; /* a stranger's, until it is answered */
	uint64_t answered_ms;
	uint64_t refresh_ms; /* until when the session must be refreshed; 0: it need not be */
	bool restored;       /* from an earlier run: it may have ended while we were away */
	bool lapsing;
	struct call_stats *ended; /* of m-lines that are no more; NULL: none is */
};

/* Ports on their way back to the pool: given when the relay has closed the sockets. */
struct lease {
	struct list link;
	struct ports *ports;
	uint16_t port[2];
};

/* In call.c: */

/* One of an earlier run, with its number. EEXIST, ENOMEM, ENOSPC. */
int call_restore(struct calls *cs, unsigned number, const struct hop *caller,
    const struct hop *callee, bool urgent, struct call **out);

/* In call_media.c: */

/* Room for so many m-lines. ENOMEM. */
int call_media_grow(struct call *call, unsigned n);
/* The leg's offer, which takes the place of an older one; zeroed. NULL: no memory. */
struct offered *call_media_offered(struct m_line *m, enum call_leg leg, unsigned number);
/* One more peer of that leg, of which there are fewer than FLOW_PEERS_MAX. ENOMEM. */
int call_media_add_peer(struct m_line *m, enum call_leg leg, const struct flow_peer *peer);
/* Opens the ports of an earlier run's m-line again, for the peers that stand there. errno: one of
 * them is not to be had; then none is held. */
int call_media_reopen(struct call *call, struct m_line *m);

/* The call ends, and its record is written: closes every flow. The ports come back once the relay
 * has let go of them. */
void call_media_close(struct call *call);
/* Waits for no port that is still on its way back. */
void call_media_forget(struct calls *cs);
/* The relay learns who a leg's peers are. */
int call_media_set_peers(struct call *call, struct m_line *m, enum call_leg leg);

/* In call_peer.c: */

/* What an end said of m-line number `line`, as rules for the relay. A name is looked up if need be;
 * its address finds its way to the relay later. */
void call_peer_read(struct call *call, unsigned line, enum call_leg leg, uint64_t peer_id,
    const struct hop *from, const struct sip_sdp_media *media, struct said *out);
/* Waits for no name any more. */
void call_peer_forget(struct call *call);

#endif
