/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call: one forwarded INVITE server transaction: its dialogs, and its media: for each m-line a
 * port pair on each leg and the flow between them. A media port is held exactly as long as its
 * call. Leg 0 is the caller's, leg 1 the callee's. Owns its calls, their flows and dialogs.
 * RFC 3264.
 */
#ifndef PROXY_CALL_H
#define PROXY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/timers.h"
#include "media/ports.h"
#include "media/relay.h"
#include "proxy/dialog.h"
#include "proxy/side.h"
#include "sip/sip_sdp.h"

struct calls;
struct call;
struct resolver;

enum call_leg { CALLER, CALLEE };

#define CALL_DIALOGS_MAX 16 /* early ones of a forked call */

struct call_setup {
	struct timers *timers;
	struct relay *relay; /* NULL: descriptions pass untouched (rtp_proxy_enable = 0) */
	struct ports *ports;
	struct side_map *sides;
	/* The media fell silent, or the session's timer ran out: end it properly. The callee must
	 * call call_free() now or later. */
	void (*lapsed)(void *arg, struct call *call, const char *why);
	void *arg;
	struct resolver *resolver; /* for names in descriptions; NULL: none */
};

struct call_limits {
	size_t max;
	unsigned silence_s; /* rtp_timeout */
	unsigned hold_s;    /* rtp_hold_timeout */
	bool latch_any;     /* rtp_latch = any */
	bool reserve;       /* ports for one stream are kept back for urgent calls */
	int dscp;           /* -1: leave it alone */
	bool copy_dscp;     /* rtp_dscp_copy */
	/* rtp_input_dejitter, rtp_output_dejitter: of what comes from each enum side */
	uint32_t delay_us[2];
};

int calls_new(struct calls **out, const struct call_setup *setup, const struct call_limits *limits);
/* relay_free() must follow before the loop runs again: ports on their way back are not awaited. */
void calls_free(struct calls *cs);
void calls_set_limits(struct calls *cs, const struct call_limits *limits);
size_t calls_count(const struct calls *cs);

/* ENOMEM, ENOSPC. The legs' hops say where each end signals and under which address we stand
 * there. */
int call_new(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out);
/* The same for a call for help: it may be one too many, and it may take the reserve. */
int call_new_urgent(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out);
/*
 * The same for the call of somebody whom we know nothing of. Until they are answered, such calls
 * have no more than half of the calls, and half of the port pairs: nobody rings all lines of a
 * house busy.
 */
int call_new_stranger(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out);
/* Gives every port back and forgets the dialogs. */
void call_free(struct call *call);
unsigned call_number(const struct call *call); /* "call 17:" in the log; never 0 */
/* NULL: it has ended. */
struct call *call_find(const struct calls *cs, unsigned number);
/* The far ends agreed (2xx): the silence clock may run, early answers but `peer_id`'s go. */
void call_answered(struct call *call, uint64_t peer_id);
/* The ends agreed to refresh their session within so many seconds (RFC 4028); 0: they did not. */
void call_must_refresh(struct call *call, uint32_t within_s);
/* One of several callees has left: nothing is sent to it or taken from it any more. */
void call_forget_callee(struct call *call, uint64_t peer_id);
bool call_is_answered(const struct call *call);
/* There is room for one more dialog of this call: no callee may fill the table with its forks. */
bool call_takes_dialog(const struct call *call);
void call_add_dialog(struct call *call, struct dialog *d);
struct list *call_dialogs(struct call *call); /* of struct dialog, by `link` */
/* Where that end signals. */
const struct hop *call_hop(const struct call *call, enum call_leg leg);
/* `fn` may free the call that it was handed. */
void calls_each(struct calls *cs, void (*fn)(struct call *call, void *arg), void *arg);
enum call_leg call_leg_of(const struct call *call, enum side side);
enum side call_side_of(const struct call *call, enum call_leg leg);

/*
 * An offer that passes from `leg` to the other one: takes ports for new m-lines and fills in each
 * media[].relay with where the other end shall send. What runs goes on unchanged until the answer
 * (but for an m-line's first offer). An m-line that finds no pair beside others is left without a
 * relay. ENOSPC: no port pair is free for any; ENOMEM; then nothing changed.
 */
int call_offer(struct call *call, enum call_leg leg, uint64_t peer_id, const struct hop *from,
    struct sip_sdp *sdp);
/* The answer, from `leg`: both sides' addresses take effect. May come several times: from several
 * early dialogs (peer_id tells them apart), and again in the 200. */
int call_answer(struct call *call, enum call_leg leg, uint64_t peer_id, const struct hop *from,
    struct sip_sdp *sdp);
/* That end signals by the other family now, and has not answered yet: its media go there too. What
 * it is told is another address; call_repeat() has it. ENOSPC, ENOMEM; then some have no port. */
int call_turn(struct call *call, enum call_leg leg, const struct hop *to);
/* The same description again, from `leg`: it is rewritten as before and changes nothing. */
void call_repeat(const struct call *call, enum call_leg leg, struct sip_sdp *sdp);
/* An offer of the other leg waits for this one's answer. */
bool call_awaits_answer(const struct call *call, enum call_leg leg);
/* Which offer the last call_offer() was. */
unsigned call_last_offer(const struct call *call);
/* That offer was refused: what it added goes, what ran goes on. */
void call_offer_refused(struct call *call, unsigned offer);
/* The streams that flow now: of each leg what we receive by, who sends there, and the counters.
 * Returns how many. */
#define CALL_STREAMS_MAX SIP_SDP_MEDIA_MAX
struct call_stream {
	struct addr local[2];
	struct addr remote[2]; /* as it was signalled; unset: nobody has said */
	struct flow_stats stats;
};
unsigned call_streams(const struct call *call, struct call_stream out[static CALL_STREAMS_MAX]);
/* Our address on a leg, for the session level of a description. */
const struct addr *call_named(const struct call *call, enum call_leg leg);

#endif
