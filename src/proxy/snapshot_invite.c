/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INVITEs over a restart: those without a final answer, and those whose 2xx may come once more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timers.h"
#include "proxy/forward.h"
#include "proxy/request.h"
#include "proxy/session.h"
#include "proxy/snapshot.h"
#include "proxy/snapshot_state.h"
#include "siproxd.h"

#define BRANCHES_MAX 64

/* The strings of a forward, as it stands there. */
static const struct text_field {
	const char *name;
	size_t at;
	bool needed, lines; /* whole header lines, with their ends */
} texts[] = {
    {"reply_head", offsetof(struct forward, reply_head), false, true},
    {"vias", offsetof(struct forward, vias), true, true},
    {"from_value", offsetof(struct forward, from_value), true, true},
    {"to_value", offsetof(struct forward, to_value), true, true},
    {"from_tag", offsetof(struct forward, from_tag), true, false},
    {"to_tag", offsetof(struct forward, to_tag), true, false},
    {"call_id", offsetof(struct forward, call_id), true, false},
    {"contact", offsetof(struct forward, contact), false, false},
    {"record_route", offsetof(struct forward, record_route), false, true},
    {"timestamp", offsetof(struct forward, timestamp), false, true},
    {"route_behind", offsetof(struct forward, route_behind), false, true},
    {"request_uri", offsetof(struct forward, request_uri), true, false},
};
#define N_TEXTS (sizeof(texts) / sizeof(*texts))

static char **text_of(const struct forward *fw, const struct text_field *f)
{
	return (char **)((char *)(uintptr_t)fw + f->at);
}

/* Of a server that was given up nothing is expected. */
static bool waits_for_answer(const struct forward *fw)
{
	for (const struct list *l = fw->branches.next; l != &fw->branches; l = l->next) {
		const struct client_txn *ct = container_of(l, struct client_txn, link);

		if (ct->state < TXN_COMPLETED && !ct->abandoned)
			return true;
	}
	return false;
}

/* --- writing ------------------------------------------------------------------------------ */

static void write_branch(struct snapshot_writing *w, const struct client_txn *ct)
{
	record_begin(w->out, "branch");
	record_add(w->out, "branch", ct->branch);
	record_add_uint(w->out, "state", ct->state);
	record_add_uint(w->out, "status", (uint64_t)ct->status);
	snapshot_add_hop(w, "hop", &ct->hop);
	record_add_bytes(w->out, "sent", ct->sent.data, ct->sent.len);
	record_add(w->out, "target", ct->target);
	record_add_uint(w->out, "cancel_wanted", ct->cancel_wanted);
	record_add_uint(w->out, "cancelled", ct->cancelled);
	record_add_uint(w->out, "abandoned", ct->abandoned);
	record_add_uint(w->out, "unsent", ct->unsent);
	if (timer_is_running(&ct->timer_c))
		snapshot_add_due(w, "timer_c", ct->timer_c.due_ms);
	record_end(w->out);
}

static void write_forward(struct snapshot_writing *w, const struct forward *fw)
{
	const struct server_txn *st = fw->st;

	record_begin(w->out, "invite");
	record_add(w->out, "key", st->key);
	record_add_uint(w->out, "state", st->state);
	snapshot_add_hop(w, "from", &fw->from);
	snapshot_add_hop(w, "hop", &st->hop);
	record_add_addr(w->out, "reply_to", &st->reply_to);
	record_add_bytes(w->out, "last", st->last.data, st->last.len);
	for (size_t i = 0; i < N_TEXTS; i++)
		record_add(w->out, texts[i].name, *text_of(fw, &texts[i]));
	record_add_uint(w->out, "cseq", fw->cseq);
	record_add_uint(w->out, "max_forwards", (uint64_t)fw->max_forwards);
	record_add_uint(w->out, "in_dialog", fw->in_dialog);
	record_add_uint(w->out, "final_sent", fw->final_sent);
	record_add_uint(w->out, "was_cancelled", fw->cancelled);
	record_add_uint(w->out, "had_offer", fw->had_offer);
	record_add_uint(w->out, "offer", fw->offer);
	record_add_uint(w->out, "accepted", fw->accepted);
	record_add_uint(w->out, "call", fw->call);
	record_add_uint(w->out, "made_call", fw->made_call);
	record_add_uint(w->out, "best_status", (uint64_t)fw->best_status);
	record_add_bytes(w->out, "best", fw->best.data, fw->best.len);
	record_add_bytes(w->out, "challenges", fw->challenges.data, fw->challenges.len);
	record_end(w->out);
	for (const struct list *l = fw->branches.next; l != &fw->branches; l = l->next)
		write_branch(w, container_of(l, struct client_txn, link));
}

static void write_parked(struct snapshot_writing *w, const struct forward *fw)
{
	record_begin(w->out, "parked");
	snapshot_add_hop(w, "from", &fw->from);
	record_add_bytes(w->out, "bytes", fw->parked->data, fw->parked->len);
	record_end(w->out);
}

/* Only phones name servers that must be looked up. */
static bool is_parked(const struct forward *fw)
{
	return fw->parked && fw->query && !fw->cancelled && fw->from.side == LAN;
}

enum stage {
	OVER,
	WAITS,
	ANSWERED, /* what may still come is its 2xx, or the INVITE, once more */
};

/* Of a fork one phone may have answered, and the CANCEL to another one be on its way. */
static enum stage stage_of(const struct forward *fw)
{
	if (fw->method != SIP_INVITE || !fw->st)
		return OVER;
	if (is_parked(fw))
		return WAITS;
	if (list_is_empty(&fw->branches))
		return OVER;
	if (!fw->final_sent)
		return WAITS;
	if (fw->st->state != TXN_ACCEPTED)
		return OVER;
	return waits_for_answer(fw) ? WAITS : ANSWERED;
}

static void write_invite(struct snapshot_writing *w, const struct forward *fw)
{
	size_t began = w->out->len;

	if (w->full)
		return;
	if (is_parked(fw))
		write_parked(w, fw);
	else
		write_forward(w, fw);
	snapshot_keep(w, began);
}

static void write_waiting(struct hash_node *node, void *arg)
{
	const struct forward *fw = container_of(node, struct forward, node);

	if (stage_of(fw) == WAITS)
		write_invite(arg, fw);
}

void snapshot_write_waiting(struct snapshot_writing *w)
{
	hash_each(&w->sd->forwards, write_waiting, w);
}

/* By how many seconds each of them has left: the newest have most. */
struct answered {
	struct snapshot_writing *w;
	size_t count[64 * SIP_T1_MS / 1000 + 1]; /* RFC 6026: timer L */
	size_t oldest, room; /* the second of which not all have room, and how many have */
};

static size_t seconds_left(const struct answered *a, const struct forward *fw)
{
	const size_t last = sizeof(a->count) / sizeof(*a->count) - 1;
	uint64_t now = timers_now(a->w->sd->timers), due = fw->st->end.timer.due_ms;
	uint64_t left = due > now ? (due - now) / 1000 : 0;

	return left < last ? (size_t)left : last;
}

static void count_answered(struct hash_node *node, void *arg)
{
	const struct forward *fw = container_of(node, struct forward, node);
	struct answered *a = arg;

	if (stage_of(fw) == ANSWERED)
		a->count[seconds_left(a, fw)]++;
}

static void choose_newest(struct answered *a)
{
	a->oldest = sizeof(a->count) / sizeof(*a->count) - 1;
	a->room = SNAPSHOT_ANSWERED_MAX;
	while (a->oldest > 0 && a->count[a->oldest] <= a->room)
		a->room -= a->count[a->oldest--];
}

static void write_answered(struct hash_node *node, void *arg)
{
	const struct forward *fw = container_of(node, struct forward, node);
	struct answered *a = arg;
	size_t left;

	if (stage_of(fw) != ANSWERED)
		return;
	left = seconds_left(a, fw);
	if (left < a->oldest || (left == a->oldest && a->room == 0))
		return;
	a->room -= left == a->oldest;
	write_invite(a->w, fw);
}

void snapshot_write_answered(struct snapshot_writing *w)
{
	struct answered a = {.w = w};

	hash_each(&w->sd->forwards, count_answered, &a);
	choose_newest(&a);
	hash_each(&w->sd->forwards, write_answered, &a);
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_texts(const struct record *rec, struct forward *fw)
{
	for (size_t i = 0; i < N_TEXTS; i++) {
		char **text = text_of(fw, &texts[i]);
		int err = texts[i].lines ? record_text(rec, texts[i].name, text)
					 : record_line(rec, texts[i].name, text);

		if (err)
			return err;
		if (texts[i].needed && !*text)
			return EBADMSG;
	}
	return 0;
}

static int read_forward(struct snapshot_reading *r, const struct record *rec, struct forward *fw)
{
	int err = read_texts(rec, fw);

	if (!err && !snapshot_hop(r, rec, "from", &fw->from))
		err = EBADMSG;
	if (!err)
		err = record_bytes(rec, "best", &fw->best);
	if (!err)
		err = record_bytes(rec, "challenges", &fw->challenges);
	fw->cseq = (uint32_t)record_uint(rec, "cseq");
	fw->max_forwards = (int64_t)(record_uint(rec, "max_forwards") & 0xff);
	fw->in_dialog = record_uint(rec, "in_dialog") != 0;
	fw->final_sent = record_uint(rec, "final_sent") != 0;
	if (!err && !fw->final_sent && !fw->reply_head)
		err = EBADMSG;
	fw->cancelled = record_uint(rec, "was_cancelled") != 0;
	fw->had_offer = record_uint(rec, "had_offer") != 0;
	fw->offer = (unsigned)record_uint(rec, "offer");
	fw->accepted = record_uint(rec, "accepted");
	fw->call = (unsigned)record_uint(rec, "call");
	fw->made_call = record_uint(rec, "made_call") != 0;
	fw->best_status = (int)(record_uint(rec, "best_status") % 700);
	fw->expires_s = fw->state_s = -1;
	return err;
}

static int read_server_txn(struct snapshot_reading *r, const struct record *rec,
    struct server_txn **out)
{
	struct server_txn as = {
	    .state = record_uint(rec, "state") == TXN_ACCEPTED ? TXN_ACCEPTED : TXN_PROCEEDING};
	int err = record_line(rec, "key", &as.key);

	if (!err)
		err = record_bytes(rec, "last", &as.last);
	if (!err &&
	    (!as.key || !snapshot_hop(r, rec, "hop", &as.hop) ||
		!record_addr(rec, "reply_to", &as.reply_to)))
		err = EBADMSG;
	if (!err)
		err = server_txn_restore(r->sd->transactions, &as, out);
	free(as.key);
	buf_free(&as.last);
	return err;
}

int snapshot_read_invite(struct snapshot_reading *r, const struct record *rec)
{
	struct forward *fw = calloc(1, sizeof(*fw));
	struct server_txn *st;
	int err;

	r->forward = NULL;
	if (!fw)
		return ENOMEM;
	fw->sd = r->sd;
	fw->method = SIP_INVITE;
	list_init(&fw->branches);
	err = read_forward(r, rec, fw);
	if (!err)
		err = read_server_txn(r, rec, &st);
	if (err) {
		forward_free(fw);
		return err;
	}
	forward_restored(fw, st);
	r->forward = fw;
	return 0;
}

static bool has_room(const struct forward *fw)
{
	unsigned n = 0;

	for (const struct list *l = fw->branches.next; l != &fw->branches; l = l->next)
		n++;
	return n < BRANCHES_MAX;
}

/* `branch` of `as` is the first word of ours in what was sent. */
static int read_client_txn(struct snapshot_reading *r, const struct record *rec,
    struct client_txn *as)
{
	uint64_t state = record_uint(rec, "state");
	char *branch = NULL;
	int err = record_word(rec, "branch", &branch);

	if (!err)
		err = record_bytes(rec, "sent", &as->sent);
	if (!err &&
	    (!branch || strlen(branch) >= sizeof(as->branch) || !as->sent.len ||
		state > TXN_ACCEPTED || !snapshot_hop(r, rec, "hop", &as->hop)))
		err = EBADMSG;
	if (!err)
		snprintf(as->branch, sizeof(as->branch), "%s", branch);
	as->state = (enum txn_state)state;
	as->status = (int)(record_uint(rec, "status") % 700);
	as->cancel_wanted = record_uint(rec, "cancel_wanted") != 0;
	as->cancelled = record_uint(rec, "cancelled") != 0;
	as->abandoned = record_uint(rec, "abandoned") != 0;
	as->unsent = record_uint(rec, "unsent") != 0;
	free(branch);
	return err;
}

int snapshot_read_branch(struct snapshot_reading *r, const struct record *rec)
{
	struct client_txn as = {.status = 0}, *ct;
	int err;

	if (!r->forward || !has_room(r->forward))
		return ENOSPC;
	if (r->late && record_uint(rec, "state") == TXN_TRYING)
		return 0;
	err = read_client_txn(r, rec, &as);
	if (!err)
		err = client_txn_restore(r->sd->transactions, &as, &ct);
	buf_free(&as.sent);
	if (err)
		return err;
	ct->forward = r->forward;
	list_add_tail(&r->forward->branches, &ct->link);
	if (ct->state < TXN_COMPLETED && record_uint(rec, "timer_c"))
		forward_watch_for(ct, snapshot_due(r, rec, "timer_c"));
	err = record_word(rec, "target", &ct->target);
	return err == EBADMSG ? 0 : err;
}

void snapshot_resume_invite(struct forward *fw)
{
	struct list *l, *tmp;

	list_each(l, tmp, &fw->branches)
		client_txn_cancel_again(container_of(l, struct client_txn, link));
	/* Nobody is left who could answer. */
	if (!fw->final_sent && !waits_for_answer(fw)) {
		int status = fw->from.side == WAN ? 480 : 500;

		session_final(fw->sd, fw, status);
		forward_reply(fw, status, NULL);
	}
	forward_settle(fw);
}

int snapshot_read_parked(struct snapshot_reading *r, const struct record *rec)
{
	struct buf bytes = BUF_INIT;
	struct sip_msg *msg = NULL;
	struct hop from;
	const char *why;
	int err;

	if (r->late)
		return 0;
	err = record_bytes(rec, "bytes", &bytes);
	if (!err && (!bytes.len || !snapshot_hop(r, rec, "from", &from) || from.side != LAN))
		err = EBADMSG;
	if (!err &&
	    (sip_msg_parse(&msg, bytes.data, bytes.len, &why) != SIP_PARSE_OK ||
		msg->method != SIP_INVITE || !msg->is_request))
		err = EBADMSG;
	if (!err && !r->moved)
		request_receive(r->sd, msg, &from);
	sip_msg_free(msg);
	buf_free(&bytes);
	return err;
}
