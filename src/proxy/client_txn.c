/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/txn_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define TIMER_D_MS 32000

void txn_branch(const struct transactions *ts, const struct sip_msg *req, const char *target,
    char out[TXN_BRANCH_SIZE])
{
	enum sip_method method = req->method;
	bool invite = method == SIP_INVITE || method == SIP_ACK || method == SIP_CANCEL;
	struct str name = invite ? str_of("INVITE") : req->method_name;
	char *p = out + strlen(SIP_BRANCH_COOKIE);
	struct siphash both, h;

	siphash_init(&both, ts->key);
	siphash_add_field(&both, req->via.branch.s, req->via.branch.len);
	siphash_add_field(&both, req->via.sent_by.s, req->via.sent_by.len);
	siphash_add_field(&both, req->call_id.s, req->call_id.len);
	siphash_add(&both, &req->cseq, sizeof(req->cseq));
	siphash_add_field(&both, name.s, name.len);
	siphash_add_field(&both, target, strlen(target));
	memcpy(out, SIP_BRANCH_COOKIE, strlen(SIP_BRANCH_COOKIE));
	/* Two sums: 64 bits might meet by chance. */
	for (unsigned i = 0; i < 2; i++, p += SIPHASH_HEX_LEN) {
		h = both;
		siphash_add(&h, &i, sizeof(i));
		siphash_hex(siphash_end(&h), p);
	}
}

/* 17.1.3: branch, and the method, since a CANCEL shares its INVITE's branch. */
static uint64_t client_key(const struct transactions *ts, struct str branch, bool cancel)
{
	struct siphash h;

	siphash_init(&h, ts->key);
	siphash_add_field(&h, branch.s, branch.len);
	siphash_add(&h, &cancel, sizeof(cancel));
	return siphash_end(&h);
}

static struct client_txn *client_find(struct transactions *ts, struct str branch,
    enum sip_method method)
{
	struct hash_node *n =
	    hash_first(&ts->clients, client_key(ts, branch, method == SIP_CANCEL));

	for (; n; n = hash_next(n)) {
		struct client_txn *ct = container_of(n, struct client_txn, node);

		if (ct->method == method && str_is(branch, ct->branch))
			return ct;
	}
	return NULL;
}

struct client_txn *client_txn_find(struct transactions *ts, const struct sip_msg *response)
{
	return client_find(ts, response->via.branch, response->method);
}

static void unmake(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;

	timer_stop(ts->timers, &ct->retransmit);
	txn_end_done(ts, &ct->end);
	timer_stop(ts->timers, &ct->timer_c);
	hash_del(&ts->clients, &ct->node);
	txn_move_to_connection(&ts->clients_by_connection, &ct->by_connection, 0);
	buf_free(&ct->sent);
	free(ct->target);
	free(ct);
}

void client_txn_free(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;

	ct->state = TXN_TERMINATED;
	ts->ops.client_gone(ts->ops.arg, ct);
	unmake(ct);
}

static void client_ends(void *arg)
{
	client_txn_free(arg);
}

static void client_gives_up(void *arg)
{
	struct client_txn *ct = arg;
	struct transactions *ts = ct->owner;

	ts->ops.timeout(ts->ops.arg, ct);
	client_txn_free(ct);
}

static int client_send(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;
	int err = ts->ops.send(ts->ops.arg, ct->sent.data, ct->sent.len, &ct->hop);

	txn_move_to_connection(&ts->clients_by_connection, &ct->by_connection, ct->hop.connection);
	return err;
}

/* Timers A and E */
static void client_resend(void *arg)
{
	struct client_txn *ct = arg;

	client_send(ct);
	ct->interval_ms *= 2;
	if (ct->method != SIP_INVITE &&
	    (ct->interval_ms > SIP_T2_MS || ct->state == TXN_PROCEEDING))
		ct->interval_ms = SIP_T2_MS;
	timer_start(ct->owner->timers, &ct->retransmit, ct->interval_ms, client_resend, ct);
}

/* In state Calling or Trying, without its timers. */
static int make(struct transactions *ts, const char *branch, enum sip_method method,
    const struct hop *to, struct str sent, struct client_txn **out)
{
	struct client_txn *ct;

	if (client_find(ts, str_of(branch), method))
		return EEXIST;
	if (txn_full(ts))
		return ENOSPC;
	ct = calloc(1, sizeof(*ct));
	if (!ct)
		return ENOMEM;
	ct->owner = ts;
	ct->state = TXN_TRYING;
	ct->method = method;
	ct->hop = *to;
	ct->interval_ms = SIP_T1_MS;
	list_init(&ct->link);
	list_init(&ct->end.link);
	snprintf(ct->branch, sizeof(ct->branch), "%s", branch);
	hash_add(&ts->clients, &ct->node, client_key(ts, str_of(branch), method == SIP_CANCEL));
	buf_set(&ct->sent, sent.s, sent.len);
	if (ct->sent.failed) {
		unmake(ct);
		return ENOMEM;
	}
	*out = ct;
	return 0;
}

static int start_timers(struct client_txn *ct)
{
	int err = txn_end_in(ct->owner, &ct->end, TXN_GIVE_UP_MS, client_gives_up, ct);

	if (!err && !txn_is_reliable(&ct->hop))
		err = timer_start(ct->owner->timers, &ct->retransmit, SIP_T1_MS, client_resend, ct);
	return err;
}

int client_txn_new(struct transactions *ts, const char *branch, enum sip_method method,
    const struct hop *to, const void *data, size_t len, struct client_txn **out)
{
	struct client_txn *ct;
	int err = make(ts, branch, method, to, (struct str){data, len}, &ct);

	if (err)
		return err;
	err = start_timers(ct);
	if (err) {
		unmake(ct);
		return err;
	}
	/* A send that fails at once is not waited for, but reported from the loop. */
	if (client_send(ct) != 0)
		client_txn_fail(ct);
	*out = ct;
	return 0;
}

static int restart_timers(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;
	bool rings = ct->state == TXN_PROCEEDING && !ct->cancelled; /* timer C watches */
	int err = txn_end_in(ts, &ct->end, rings ? TXN_LAST_RESORT_MS : TXN_GIVE_UP_MS,
	    client_gives_up, ct);

	if (!err && ct->state == TXN_TRYING && !ct->abandoned)
		err = timer_start(ts->timers, &ct->retransmit, SIP_T1_MS, client_resend, ct);
	return err;
}

int client_txn_restore(struct transactions *ts, const struct client_txn *as,
    struct client_txn **out)
{
	struct client_txn *ct;
	struct str sent = {as->sent.data, as->sent.len};
	int err = make(ts, as->branch, SIP_INVITE, &as->hop, sent, &ct);

	if (err)
		return err;
	ct->state = as->state;
	ct->status = as->status;
	ct->cancel_wanted = as->cancel_wanted;
	ct->cancelled = as->cancelled;
	ct->abandoned = as->abandoned;
	ct->unsent = as->unsent;
	err = restart_timers(ct);
	if (err) {
		unmake(ct);
		return err;
	}
	if (ct->state >= TXN_COMPLETED)
		txn_linger(ts, &ct->end, TXN_GIVE_UP_MS, client_ends, ct);
	*out = ct;
	return 0;
}

/* A request of our own towards the same hop: the INVITE's start line with another method, its
 * topmost Via, From, Call-ID, Route, and the given To (9.1, 17.1.1.3). */
static int build_from_invite(struct client_txn *ct, const char *method, struct str to,
    struct buf *out)
{
	static const enum sip_hdr copied[] = {HDR_FROM, HDR_CALL_ID, HDR_ROUTE, HDR_MAX_FORWARDS};
	struct sip_msg *invite;
	const char *why;

	if (sip_msg_parse(&invite, ct->sent.data, ct->sent.len, &why) != SIP_PARSE_OK) {
		sip_msg_free(invite);
		return EINVAL;
	}
	buf_printf(out, "%s %.*s SIP/2.0\r\nVia: %.*s\r\n", method, STR_ARGS(invite->uri_text),
	    STR_ARGS(sip_msg_value(invite, HDR_VIA, 0)->text));
	for (size_t h = 0; h < sizeof(copied) / sizeof(*copied); h++)
		for (unsigned i = 0; i < invite->n_lines; i++)
			if (invite->line[i].id == copied[h])
				buf_add(out, invite->line[i].whole.s, invite->line[i].whole.len);
	if (!to.len)
		to = sip_msg_line(invite, HDR_TO)->value;
	buf_printf(out, "To: %.*s\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n", STR_ARGS(to),
	    (unsigned)invite->cseq, method);
	sip_msg_free(invite);
	return out->failed ? ENOMEM : 0;
}

/* 17.1.1.3: the ACK to a failure is the client transaction's. */
static void send_ack(struct client_txn *ct, const struct sip_msg *response)
{
	struct buf ack = BUF_INIT;
	struct transactions *ts = ct->owner;

	if (build_from_invite(ct, "ACK", sip_msg_line(response, HDR_TO)->value, &ack) == 0)
		ts->ops.send(ts->ops.arg, ack.data, ack.len, &ct->hop);
	buf_free(&ack);
}

static void send_cancel(struct client_txn *ct)
{
	struct buf cancel = BUF_INIT;
	struct client_txn *txn;
	struct transactions *ts = ct->owner;

	ct->cancelled = true;
	/* Without room for its transaction it is sent once: better than a phone that rings on. */
	if (build_from_invite(ct, "CANCEL", (struct str){NULL, 0}, &cancel) == 0 &&
	    client_txn_new(ts, ct->branch, SIP_CANCEL, &ct->hop, cancel.data, cancel.len, &txn) !=
		0)
		ts->ops.send(ts->ops.arg, cancel.data, cancel.len, &ct->hop);
	buf_free(&cancel);
	/* 9.1: the far end may never answer the INVITE now; then it counts as cancelled. */
	txn_end_in(ts, &ct->end, TXN_GIVE_UP_MS, client_gives_up, ct);
}

void client_txn_cancel_again(struct client_txn *ct)
{
	if (ct->cancelled && ct->state < TXN_COMPLETED)
		send_cancel(ct);
}

void client_txn_cancel(struct client_txn *ct)
{
	if (ct->method != SIP_INVITE || ct->cancelled)
		return;
	ct->cancel_wanted = true;
	if (ct->state == TXN_PROCEEDING)
		send_cancel(ct);
}

void client_txn_fail(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;

	if (ct->state != TXN_TRYING && ct->state != TXN_PROCEEDING)
		return;
	ct->unsent = true;
	timer_stop(ts->timers, &ct->retransmit);
	txn_end_in(ts, &ct->end, 0, client_gives_up, ct);
}

struct refused {
	const struct addr *peer;
	const void *data;
	size_t len;
};

/* Anybody can write such a message; who has seen the branch could as well answer. */
static bool is_beginning_of(const struct client_txn *ct, const struct refused *r)
{
	const char *branch = strstr(ct->sent.data, ct->branch);

	return branch && r->len <= ct->sent.len &&
	    r->len >= (size_t)(branch - ct->sent.data) + strlen(ct->branch) &&
	    memcmp(ct->sent.data, r->data, r->len) == 0;
}

static void fail_if_refused(struct hash_node *node, void *arg)
{
	struct client_txn *ct = container_of(node, struct client_txn, node);
	const struct refused *r = arg;

	if (ct->state == TXN_TRYING && !ct->abandoned && ct->hop.transport == SIP_UDP &&
	    addr_equal(&ct->hop.peer, r->peer) && is_beginning_of(ct, r))
		client_txn_fail(ct);
}

void client_txn_refused(struct transactions *ts, const struct addr *peer, const void *data,
    size_t len)
{
	struct refused r = {.peer = peer, .data = data, .len = len};

	hash_each(&ts->clients, fail_if_refused, &r);
}

void client_txn_abandon(struct client_txn *ct)
{
	ct->abandoned = true;
	timer_stop(ct->owner->timers, &ct->retransmit);
	timer_stop(ct->owner->timers, &ct->timer_c);
	client_txn_cancel(ct);
}

static void client_provisional(struct client_txn *ct, struct sip_msg *msg)
{
	struct transactions *ts = ct->owner;

	if (ct->state != TXN_TRYING && ct->state != TXN_PROCEEDING)
		return;
	if (ct->state == TXN_TRYING && ct->method == SIP_INVITE) {
		timer_stop(ts->timers, &ct->retransmit);
		/* from here on timer C watches */
		txn_end_in(ts, &ct->end, TXN_LAST_RESORT_MS, client_gives_up, ct);
	}
	ct->state = TXN_PROCEEDING;
	ct->status = msg->status;
	if (ct->cancel_wanted && !ct->cancelled)
		send_cancel(ct);
	ts->ops.response(ts->ops.arg, ct, msg);
}

/* Of an answered INVITE nothing is asked any more but our Via: by a snapshot, and for responses
 * that come without it. */
static void keep_via(struct client_txn *ct)
{
	const char *via = strstr(ct->sent.data, "\r\nVia: ");
	const char *end = via ? strstr(via + 2, "\r\n") : NULL;

	if (end)
		buf_cut(&ct->sent, (size_t)(end + 2 - ct->sent.data));
}

static void client_final(struct client_txn *ct, struct sip_msg *msg)
{
	struct transactions *ts = ct->owner;
	bool invite = ct->method == SIP_INVITE, success = msg->status < 300;
	uint64_t linger_ms = invite && success ? TXN_GIVE_UP_MS
	    : txn_is_reliable(&ct->hop)        ? 0
	    : invite                           ? TIMER_D_MS
					       : SIP_T4_MS;

	timer_stop(ts->timers, &ct->retransmit);
	timer_stop(ts->timers, &ct->timer_c);
	ct->state = invite && success ? TXN_ACCEPTED : TXN_COMPLETED;
	ct->status = msg->status;
	if (invite && !success)
		send_ack(ct, msg);
	else if (invite)
		keep_via(ct);
	else
		buf_free(&ct->sent);                          /* nobody asks for it any more */
	txn_linger(ts, &ct->end, linger_ms, client_ends, ct); /* M, D, K */
	ts->ops.response(ts->ops.arg, ct, msg);
}

void client_txn_received(struct client_txn *ct, struct sip_msg *msg)
{
	bool invite = ct->method == SIP_INVITE;

	if (msg->status < 200)
		client_provisional(ct, msg);
	else if (ct->state == TXN_TRYING || ct->state == TXN_PROCEEDING)
		client_final(ct, msg);
	else if (ct->state == TXN_ACCEPTED && msg->status < 300)
		ct->owner->ops.response(ct->owner->ops.arg, ct, msg);
	else if (ct->state == TXN_COMPLETED && invite && msg->status >= 300)
		send_ack(ct, msg);
}
