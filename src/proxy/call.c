/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/call_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"

#define CHECK_MS 1000 /* how often the counters of the relay are looked at */
/* A call whose media we do not see ends by itself after this long. */
#define BLIND_S 86400
#define PROOF_S 30 /* within which a call of an earlier run shows that it still is one */

/* RFC 4028: no session is shorter (4), and a refresh that was begun in time may take until its
 * transaction times out. */
#define REFRESH_MIN_S   90
#define REFRESH_GRACE_S 32

static void check_calls(void *arg);

int calls_new(struct calls **out, const struct call_setup *setup, const struct call_limits *limits)
{
	struct calls *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return ENOMEM;
	cs->setup = *setup;
	cs->limits = *limits;
	list_init(&cs->all);
	list_init(&cs->leases);
	if (hash_init(&cs->by_number, 64) != 0 ||
	    timer_start(setup->timers, &cs->check, CHECK_MS, check_calls, cs) != 0) {
		hash_done(&cs->by_number);
		free(cs);
		return ENOMEM;
	}
	*out = cs;
	return 0;
}

void calls_free(struct calls *cs)
{
	struct list *l, *tmp;

	if (!cs)
		return;
	timer_stop(cs->setup.timers, &cs->check);
	list_each(l, tmp, &cs->all)
		call_free(container_of(l, struct call, link));
	call_media_forget(cs);
	hash_done(&cs->by_number);
	free(cs);
}

void calls_set_limits(struct calls *cs, const struct call_limits *limits)
{
	cs->limits = *limits;
}

size_t calls_count(const struct calls *cs)
{
	return cs->by_number.count;
}

static unsigned next_number(struct calls *cs)
{
	do
		if (++cs->last_number == 0)
			cs->last_number = 1;
	while (call_find(cs, cs->last_number));
	return cs->last_number;
}

enum kind { USUAL, URGENT, STRANGER };

static bool has_room(const struct calls *cs, enum kind kind)
{
	size_t max = cs->limits.max, half = max > 1 ? max / 2 : 1;

	if (kind == STRANGER && cs->unproved >= half)
		return false;
	return calls_count(cs) < max + (kind == URGENT ? 1 : 0);
}

static int make_call(struct calls *cs, unsigned number, const struct hop *caller,
    const struct hop *callee, enum kind kind, struct call **out)
{
	struct call *call;

	if (!has_room(cs, kind))
		return ENOSPC;
	call = calloc(1, sizeof(*call));
	if (!call)
		return ENOMEM;
	call->owner = cs;
	call->urgent = kind == URGENT;
	call->unproved = kind == STRANGER;
	cs->unproved += call->unproved;
	call->number = number ? number : next_number(cs);
	hash_add(&cs->by_number, &call->node, call->number);
	call->hop[CALLER] = *caller;
	call->hop[CALLEE] = *callee;
	list_init(&call->dialogs);
	list_init(&call->names);
	list_add_tail(&cs->all, &call->link);
	*out = call;
	return 0;
}

int call_new(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out)
{
	return make_call(cs, 0, caller, callee, USUAL, out);
}

int call_new_urgent(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out)
{
	return make_call(cs, 0, caller, callee, URGENT, out);
}

int call_restore(struct calls *cs, unsigned number, const struct hop *caller,
    const struct hop *callee, bool urgent, struct call **out)
{
	int err;

	if (!number || call_find(cs, number))
		return EEXIST;
	err = make_call(cs, number, caller, callee, urgent ? URGENT : USUAL, out);
	if (err)
		return err;
	(*out)->restored = true;
	if (number > cs->last_number)
		cs->last_number = number;
	return 0;
}

int call_new_stranger(struct calls *cs, const struct hop *caller, const struct hop *callee,
    struct call **out)
{
	return make_call(cs, 0, caller, callee, STRANGER, out);
}

struct call *call_find(const struct calls *cs, unsigned number)
{
	struct hash_node *n = number ? hash_first(&cs->by_number, number) : NULL;

	return n ? container_of(n, struct call, node) : NULL;
}

unsigned call_number(const struct call *call)
{
	return call->number;
}

bool call_is_answered(const struct call *call)
{
	return call->answered;
}

void call_must_refresh(struct call *call, uint32_t within_s)
{
	uint64_t s = within_s < REFRESH_MIN_S ? REFRESH_MIN_S : within_s;

	call->refresh_ms = within_s ? timers_now(call->owner->setup.timers) + 1000 * s : 0;
}

enum call_leg call_leg_of(const struct call *call, enum side side)
{
	return call->hop[CALLER].side == side ? CALLER : CALLEE;
}

enum side call_side_of(const struct call *call, enum call_leg leg)
{
	return call->hop[leg].side;
}

const struct addr *call_named(const struct call *call, enum call_leg leg)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow)
			return &call->m[i].named[leg];
	return &call->hop[leg].named;
}

unsigned call_streams(const struct call *call, struct call_stream out[static CALL_STREAMS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < call->n_m && n < CALL_STREAMS_MAX; i++) {
		const struct m_line *m = &call->m[i];
		struct call_stream *s = &out[n];

		if (!m->flow)
			continue;
		memset(s, 0, sizeof(*s));
		for (int leg = 0; leg < 2; leg++) {
			s->local[leg] = call->hop[leg].local;
			addr_set_port(&s->local[leg], m->port[leg]);
			if (m->n_peers[leg])
				s->remote[leg] = m->peer[leg][0].rtp.signalled;
		}
		relay_flow_stats(m->flow, &s->stats);
		n++;
	}
	return n;
}

bool call_takes_dialog(const struct call *call)
{
	unsigned n = 0;

	for (const struct list *l = call->dialogs.next; l != &call->dialogs; l = l->next)
		n++;
	return n < CALL_DIALOGS_MAX;
}

void call_add_dialog(struct call *call, struct dialog *d)
{
	d->call = call;
	list_add_tail(&call->dialogs, &d->link);
}

struct list *call_dialogs(struct call *call)
{
	return &call->dialogs;
}

const struct hop *call_hop(const struct call *call, enum call_leg leg)
{
	return &call->hop[leg];
}

void calls_each(struct calls *cs, void (*fn)(struct call *call, void *arg), void *arg)
{
	struct list *l, *tmp;

	list_each(l, tmp, &cs->all)
		fn(container_of(l, struct call, link), arg);
}

void call_free(struct call *call)
{
	struct list *l, *tmp;

	if (!call)
		return;
	list_each(l, tmp, &call->dialogs)
		dialog_free(container_of(l, struct dialog, link));
	call_peer_forget(call);
	call_stats_log(call);
	call_media_close(call);
	call->owner->unproved -= call->unproved;
	list_del(&call->link);
	hash_del(&call->owner->by_number, &call->node);
	free(call->ended);
	free(call);
}

/* --- silence, and the session timer ------------------------------------------------------- */

/* When one of the ends was last heard, in the timers' clock. */
static uint64_t last_heard(const struct call *call, bool *held)
{
	uint64_t last = call->answered_ms;

	*held = false;
	for (unsigned i = 0; i < call->n_m; i++) {
		const struct m_line *m = &call->m[i];
		struct flow_stats stats;

		if (!m->flow)
			continue;
		*held |= m->held[CALLER] || m->held[CALLEE];
		relay_flow_stats(m->flow, &stats);
		for (int leg = 0; leg < 2; leg++)
			if (stats.leg[leg].last_seen_ms > last)
				last = stats.leg[leg].last_seen_ms;
	}
	return last;
}

static bool has_media(const struct call *call)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow)
			return true;
	return false;
}

/* How long it may be silent. One of an earlier run, of which nothing has been heard yet, has
 * perhaps ended without our knowing: its ends, if there are any, need not speak, but they send. */
static unsigned patience_s(const struct call *call, bool held, bool heard)
{
	const struct call_limits *limits = &call->owner->limits;

	if (!has_media(call))
		return BLIND_S;
	if (held)
		return limits->hold_s;
	if (call->restored && !heard && limits->silence_s > PROOF_S)
		return PROOF_S;
	return limits->silence_s;
}

/* Why the call is over; NULL: it is not. Ringing does not start the clock. */
static const char *find_end(const struct call *call)
{
	bool held;
	uint64_t last = last_heard(call, &held), now = timers_now(call->owner->setup.timers);
	unsigned limit_s = patience_s(call, held, last > call->answered_ms);

	if (!call->answered)
		return NULL;
	if (call->refresh_ms && now >= call->refresh_ms + 1000 * REFRESH_GRACE_S)
		return "its session timer ran out";
	if (now < last + (uint64_t)limit_s * 1000)
		return NULL;
	return has_media(call) ? "no media from either side" : "open for too long";
}

static void check_call(struct call *call)
{
	const char *why = call->lapsing ? NULL : find_end(call);

	if (!why)
		return;
	call->lapsing = true;
	call->owner->setup.lapsed(call->owner->setup.arg, call, why);
}

static void check_calls(void *arg)
{
	struct calls *cs = arg;
	struct list *l, *tmp;

	list_each(l, tmp, &cs->all)
		check_call(container_of(l, struct call, link));
	timer_start(cs->setup.timers, &cs->check, CHECK_MS, check_calls, cs);
}
