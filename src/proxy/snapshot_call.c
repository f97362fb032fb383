/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls over a restart, with their ports and who may use them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/call_state.h"
#include "proxy/plugin_host.h"
#include "proxy/session.h"
#include "proxy/snapshot_state.h"
#include "siproxd.h"
#include "siproxd/plugin.h"

/* --- writing ------------------------------------------------------------------------------ */

static void write_rule(struct snapshot_writing *w, const struct latch_rule *rule,
    const char *const name[4])
{
	record_add_addr(w->out, name[0], &rule->signalled);
	record_add_addr(w->out, name[1], &rule->also);
	record_add_uint(w->out, name[2], rule->sendable);
	record_add_uint(w->out, name[3], rule->any);
}

static const char *const rtp_names[4] = {"rtp", "rtp_also", "rtp_sendable", "rtp_any"};
static const char *const rtcp_names[4] = {"rtcp", "rtcp_also", "rtcp_sendable", "rtcp_any"};

/* `offer`: which one it stands in that nobody has answered; 0: none. */
static void write_peer(struct snapshot_writing *w, const struct flow_peer *peer, enum call_leg leg,
    unsigned offer, bool held)
{
	record_begin(w->out, "peer");
	record_add_uint(w->out, "callee", leg == CALLEE);
	record_add_uint(w->out, "offer", offer);
	record_add_uint(w->out, "held", held);
	record_add_uint(w->out, "id", peer->id);
	write_rule(w, &peer->rtp, rtp_names);
	write_rule(w, &peer->rtcp, rtcp_names);
	record_end(w->out);
}

static void write_m_line(struct snapshot_writing *w, const struct m_line *m, unsigned line)
{
	record_begin(w->out, "media");
	record_add_uint(w->out, "line", line);
	record_add_uint(w->out, "caller_port", m->port[CALLER]);
	record_add_uint(w->out, "callee_port", m->port[CALLEE]);
	record_add_addr(w->out, "caller_named", &m->named[CALLER]);
	record_add_addr(w->out, "callee_named", &m->named[CALLEE]);
	record_add_uint(w->out, "caller_held", m->held[CALLER]);
	record_add_uint(w->out, "callee_held", m->held[CALLEE]);
	record_add_uint(w->out, "fresh", m->fresh);
	record_add_uint(w->out, "refused_by", m->refused_by);
	record_end(w->out);
	for (enum call_leg leg = CALLER; leg <= CALLEE; leg++) {
		for (size_t i = 0; i < m->n_peers[leg]; i++)
			write_peer(w, &m->peer[leg][i], leg, 0, false);
		if (m->offered[leg])
			write_peer(w, &m->offered[leg]->said.peer, leg, m->offered[leg]->number,
			    m->offered[leg]->said.held);
	}
}

static void write_note(struct snapshot_writing *w, const struct call *call)
{
	struct plugin_call note;

	if (!plugins_call_noted(w->sd, call, &note))
		return;
	record_add(w->out, "note_from", note.from);
	record_add(w->out, "note_to", note.to);
	record_add(w->out, "note_call_id", note.call_id);
	record_add_uint(w->out, "note_begun", (uint64_t)note.begun_s);
	record_add_uint(w->out, "note_answered", (uint64_t)note.answered_s);
}

void snapshot_write_call(struct call *call, void *writing)
{
	struct snapshot_writing *w = writing;
	struct list *l, *tmp;

	if (call->lapsing)
		return;
	record_begin(w->out, "call");
	record_add_uint(w->out, "number", call->number);
	snapshot_add_hop(w, "caller", &call->hop[CALLER]);
	snapshot_add_hop(w, "callee", &call->hop[CALLEE]);
	record_add_uint(w->out, "urgent", call->urgent);
	record_add_uint(w->out, "offers", call->offers);
	record_add_uint(w->out, "answered", call->answered);
	if (call->answered)
		snapshot_add_due(w, "answered_at", call->answered_ms);
	snapshot_add_due(w, "refresh", call->refresh_ms);
	write_note(w, call);
	record_end(w->out);
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow)
			write_m_line(w, &call->m[i], i);
	list_each(l, tmp, &call->dialogs)
		snapshot_write_dialog(container_of(l, struct dialog, link), w);
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_note(struct snapshot_reading *r, const struct record *rec, const struct call *call)
{
	char *from = NULL, *to = NULL, *call_id = NULL;
	int err = record_line(rec, "note_from", &from);

	if (!err)
		err = record_line(rec, "note_to", &to);
	if (!err)
		err = record_line(rec, "note_call_id", &call_id);
	if (!err && from && to && call_id) {
		struct plugin_call note = {
		    .from = from,
		    .to = to,
		    .call_id = call_id,
		    .outgoing = call->hop[CALLER].side == LAN,
		    .begun_s = (int64_t)(record_uint(rec, "note_begun") & INT64_MAX),
		    .answered_s = (int64_t)(record_uint(rec, "note_answered") & INT64_MAX),
		};

		plugins_call_goes_on(r->sd, call, &note);
	}
	free(from);
	free(to);
	free(call_id);
	return err == EBADMSG ? 0 : err;
}

int snapshot_read_call(struct snapshot_reading *r, const struct record *rec)
{
	struct hop caller, callee;
	uint64_t number = record_uint(rec, "number"), refresh_ms = snapshot_due(r, rec, "refresh");
	struct call *call;
	int err;

	r->call = NULL;
	if (number > UINT32_MAX || !snapshot_hop(r, rec, "caller", &caller) ||
	    !snapshot_hop(r, rec, "callee", &callee) || caller.side == callee.side)
		return EBADMSG;
	err = call_restore(r->sd->calls, (unsigned)number, &caller, &callee,
	    record_uint(rec, "urgent") != 0, &call);
	if (err)
		return err;
	call->offers = (unsigned)record_uint(rec, "offers");
	call->answered = record_uint(rec, "answered") != 0;
	if (call->answered)
		call->answered_ms = snapshot_since(r, rec, "answered_at");
	/* One that ran out meanwhile ends soon. */
	if (record_uint(rec, "refresh"))
		call->refresh_ms = timers_now(r->sd->timers) + refresh_ms;
	r->call = call;
	return read_note(r, rec, call);
}

void snapshot_lost_of_call(struct snapshot_reading *r)
{
	if (r->call)
		r->call->lapsing = true;
}

int snapshot_read_media(struct snapshot_reading *r, const struct record *rec)
{
	uint64_t line = record_uint(rec, "line"), caller_port = record_uint(rec, "caller_port"),
		 callee_port = record_uint(rec, "callee_port");
	struct m_line *m;
	int err;

	r->line = SIP_SDP_MEDIA_MAX;
	if (!r->call || line >= SIP_SDP_MEDIA_MAX || !caller_port || caller_port > UINT16_MAX ||
	    !callee_port || callee_port > UINT16_MAX)
		return EBADMSG;
	err = call_media_grow(r->call, (unsigned)line + 1);
	if (err)
		return err;
	m = &r->call->m[line];
	if (m->port[CALLER])
		return EEXIST;
	m->port[CALLER] = (uint16_t)caller_port;
	m->port[CALLEE] = (uint16_t)callee_port;
	record_addr(rec, "caller_named", &m->named[CALLER]);
	record_addr(rec, "callee_named", &m->named[CALLEE]);
	m->held[CALLER] = record_uint(rec, "caller_held") != 0;
	m->held[CALLEE] = record_uint(rec, "callee_held") != 0;
	m->fresh = (unsigned)record_uint(rec, "fresh");
	m->refused_by = record_uint(rec, "refused_by");
	r->line = (unsigned)line;
	return 0;
}

static void read_rule(const struct record *rec, struct latch_rule *rule, const char *const name[4])
{
	memset(rule, 0, sizeof(*rule));
	record_addr(rec, name[0], &rule->signalled);
	record_addr(rec, name[1], &rule->also);
	rule->sendable = record_uint(rec, name[2]) != 0;
	rule->any = record_uint(rec, name[3]) != 0;
}

int snapshot_read_peer(struct snapshot_reading *r, const struct record *rec)
{
	enum call_leg leg = record_uint(rec, "callee") ? CALLEE : CALLER;
	unsigned offer = (unsigned)record_uint(rec, "offer");
	struct flow_peer peer = {.id = record_uint(rec, "id")};
	struct m_line *m;

	if (!r->call || r->line >= r->call->n_m)
		return EBADMSG;
	m = &r->call->m[r->line];
	read_rule(rec, &peer.rtp, rtp_names);
	read_rule(rec, &peer.rtcp, rtcp_names);
	if (offer) {
		struct offered *offered = call_media_offered(m, leg, offer);

		if (!offered)
			return ENOMEM;
		offered->said = (struct said){peer, record_uint(rec, "held") != 0};
	} else if (m->n_peers[leg] < FLOW_PEERS_MAX) {
		return call_media_add_peer(m, leg, &peer);
	}
	return 0;
}

/* --- and on it goes ----------------------------------------------------------------------- */

static bool has_ports(const struct call *call, bool *held)
{
	bool any = false;

	*held = false;
	for (unsigned i = 0; i < call->n_m; i++) {
		any |= call->m[i].port[CALLER] != 0;
		*held |= call->m[i].held[CALLER] || call->m[i].held[CALLEE];
	}
	return any;
}

/* Nobody waits that long for a voice to come back. */
static bool is_too_old(const struct snapshot_reading *r, const struct call *call)
{
	const struct call_limits *limits = &call->owner->limits;
	bool held, media = has_ports(call, &held);

	return media && r->age_s >= (int64_t)(held ? limits->hold_s : limits->silence_s);
}

static int reopen(struct call *call)
{
	int err = 0;

	for (unsigned i = 0; !err && i < call->n_m; i++)
		if (call->m[i].port[CALLER])
			err = call_media_reopen(call, &call->m[i]);
	return err;
}

void snapshot_resume_call(struct call *call, void *reading)
{
	struct snapshot_reading *r = reading;
	struct siproxd *sd = r->sd;
	bool held, media = has_ports(call, &held);
	const char *why = NULL;
	int err = 0;

	if (call->lapsing || (call->answered && list_is_empty(&call->dialogs)))
		why = "it was not known whole after the restart";
	else if (is_too_old(r, call))
		why = "siproxd was away for too long";
	else if (media && sd->relay)
		err = reopen(call);
	if (err) {
		log_warn(LOG_RTP, "call %u: its ports cannot be opened again: %s", call->number,
		    strerror(err));
		why = "its ports could not be opened again";
	}
	if (why)
		session_hang_up(sd, call, why);
	else if (media && call->answered)
		call->answered_ms = timers_now(sd->timers); /* the silence clock begins anew */
}
