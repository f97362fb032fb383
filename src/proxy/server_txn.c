/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/txn_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* One string, with a blank between each two. */
static char *join(const struct str part[], size_t count)
{
	size_t len = count;
	char *text, *p;

	for (size_t i = 0; i < count; i++)
		len += part[i].len;
	text = p = malloc(len);
	for (size_t i = 0; p && i < count; i++) {
		if (part[i].len)
			memcpy(p, part[i].s, part[i].len);
		p += part[i].len;
		*p++ = i + 1 < count ? ' ' : '\0';
	}
	return text;
}

/* 17.2.3: branch, sent-by, and the method with ACK standing for INVITE. A branch without the
 * magic cookie is an RFC 2543 client's: there the Call-ID, From tag and CSeq say which. And the
 * side: many a phone's branches can be guessed, and nobody on the WAN is to cancel its calls. */
static char *server_key(const struct sip_msg *req, enum sip_method method, enum side from)
{
	struct str name = method == SIP_INVITE ? str_of("INVITE") : req->method_name;
	struct str branch = req->via.branch;
	char *key = NULL;
	int n;

	if (branch.len > 7 && strncasecmp(branch.s, SIP_BRANCH_COOKIE, 7) == 0)
		return join((const struct str[]){str_of(from == LAN ? "0" : "1"), branch,
				req->via.sent_by, name},
		    4);
	n = asprintf(&key, "2543 %d %.*s %.*s %.*s %u %.*s", (int)from, STR_ARGS(branch),
	    STR_ARGS(req->call_id), STR_ARGS(req->from_tag), (unsigned)req->cseq, STR_ARGS(name));
	return n < 0 ? NULL : key;
}

static struct server_txn *find_by_key(struct transactions *ts, char *key)
{
	struct hash_node *n;

	if (!key)
		return NULL;
	n = hash_first(&ts->servers, siphash(ts->key, key, strlen(key)));
	for (; n; n = hash_next(n)) {
		struct server_txn *st = container_of(n, struct server_txn, node);

		if (strcmp(st->key, key) == 0)
			break;
	}
	free(key);
	return n ? container_of(n, struct server_txn, node) : NULL;
}

struct server_txn *server_txn_find(struct transactions *ts, const struct sip_msg *req,
    enum side from)
{
	return find_by_key(ts,
	    server_key(req, req->method == SIP_ACK ? SIP_INVITE : req->method, from));
}

struct server_txn *server_txn_find_cancelled(struct transactions *ts, const struct sip_msg *cancel,
    enum side from)
{
	return find_by_key(ts, server_key(cancel, SIP_INVITE, from));
}

static void unmake(struct server_txn *st)
{
	struct transactions *ts = st->owner;

	timer_stop(ts->timers, &st->retransmit);
	txn_end_done(ts, &st->end);
	hash_del(&ts->servers, &st->node);
	txn_move_to_connection(&ts->servers_by_connection, &st->by_connection, 0);
	buf_free(&st->last);
	free(st->key);
	free(st);
}

void server_txn_free(struct server_txn *st)
{
	struct transactions *ts = st->owner;

	st->state = TXN_TERMINATED;
	ts->ops.server_gone(ts->ops.arg, st);
	unmake(st);
}

static void server_ends(void *arg)
{
	server_txn_free(arg);
}

/* Before its answer, and in no table of connections. Takes over `key`; NULL: no memory for it. */
static int make(struct transactions *ts, char *key, enum sip_method method, const struct hop *hop,
    struct server_txn **out)
{
	struct server_txn *st = key ? calloc(1, sizeof(*st)) : NULL;

	if (!st) {
		free(key);
		return ENOMEM;
	}
	st->owner = ts;
	st->method = method;
	st->state = method == SIP_INVITE ? TXN_PROCEEDING : TXN_TRYING;
	st->hop = *hop;
	st->key = key;
	list_init(&st->end.link);
	hash_add(&ts->servers, &st->node, siphash(ts->key, key, strlen(key)));
	if (txn_end_in(ts, &st->end, TXN_LAST_RESORT_MS, server_ends, st) != 0) {
		unmake(st);
		return ENOMEM;
	}
	*out = st;
	return 0;
}

int server_txn_new(struct transactions *ts, const struct sip_msg *req, const struct hop *from,
    struct server_txn **out)
{
	struct server_txn *st;

	if (txn_full(ts))
		return ENOSPC;
	if (make(ts, server_key(req, req->method, from->side), req->method, from, &st) != 0)
		return ENOMEM;
	if (txn_is_reliable(from))
		sip_via_listen_addr(&req->via, &from->peer, &st->reply_to);
	else
		sip_via_reply_addr(&req->via, &from->peer, &st->reply_to);
	txn_move_to_connection(&ts->servers_by_connection, &st->by_connection, from->connection);
	*out = st;
	return 0;
}

static bool server_key_is_known(struct transactions *ts, const char *key)
{
	return find_by_key(ts, str_dup(str_of(key))) != NULL;
}

int server_txn_restore(struct transactions *ts, const struct server_txn *as,
    struct server_txn **out)
{
	struct server_txn *st;

	if (txn_full(ts))
		return ENOSPC;
	if (server_key_is_known(ts, as->key))
		return EEXIST;
	if (make(ts, str_dup(str_of(as->key)), SIP_INVITE, &as->hop, &st) != 0)
		return ENOMEM;
	st->reply_to = as->reply_to;
	buf_add(&st->last, as->last.data, as->last.len);
	if (st->last.failed) {
		unmake(st);
		return ENOMEM;
	}
	if (as->state == TXN_ACCEPTED) {
		st->state = TXN_ACCEPTED;
		txn_linger(ts, &st->end, TXN_GIVE_UP_MS, server_ends, st);
	}
	*out = st;
	return 0;
}

static void server_send(struct server_txn *st, const void *data, size_t len)
{
	struct transactions *ts = st->owner;
	struct hop to = st->hop;

	if (txn_is_reliable(&to) && to.connection &&
	    ts->ops.send(ts->ops.arg, data, len, &to) != ENOTCONN)
		return;
	/* 18.2.2: UDP, or the connection is gone and its sender may listen for another one. */
	to.peer = st->reply_to;
	to.connection = 0;
	if (ts->ops.send(ts->ops.arg, data, len, &to) == 0 && txn_is_reliable(&to)) {
		st->hop = to;
		txn_move_to_connection(&ts->servers_by_connection, &st->by_connection,
		    to.connection);
	}
}

static void server_send_last(struct server_txn *st)
{
	if (st->last.len)
		server_send(st, st->last.data, st->last.len);
}

/* Timer G */
static void server_resend(void *arg)
{
	struct server_txn *st = arg;

	server_send_last(st);
	st->interval_ms = st->interval_ms * 2 > SIP_T2_MS ? SIP_T2_MS : st->interval_ms * 2;
	timer_start(st->owner->timers, &st->retransmit, st->interval_ms, server_resend, st);
}

void server_txn_retransmitted(struct server_txn *st, const struct sip_msg *req)
{
	struct transactions *ts = st->owner;

	if (req->method != SIP_ACK) {
		/* RFC 6026 7.1: in Accepted a retransmitted INVITE is absorbed in silence. */
		if (st->state != TXN_ACCEPTED && st->state != TXN_CONFIRMED)
			server_send_last(st);
	} else if (st->state == TXN_COMPLETED && st->method == SIP_INVITE) {
		st->state = TXN_CONFIRMED;
		timer_stop(ts->timers, &st->retransmit);
		/* timer I */
		buf_free(&st->last);
		txn_linger(ts, &st->end, txn_is_reliable(&st->hop) ? 0 : SIP_T4_MS, server_ends,
		    st);
	}
}

/* Timers H, J and L; over TCP nothing is sent twice, so that only a 2xx to INVITE may follow. */
static void server_final(struct server_txn *st, int status)
{
	struct transactions *ts = st->owner;
	bool invite = st->method == SIP_INVITE, reliable = txn_is_reliable(&st->hop);

	if (invite && status < 300) {
		st->state = TXN_ACCEPTED;
		buf_free(&st->last); /* the phones repeat it, not we */
		txn_linger(ts, &st->end, TXN_GIVE_UP_MS, server_ends, st);
		return;
	}
	st->state = TXN_COMPLETED;
	st->interval_ms = SIP_T1_MS;
	if (!invite) {
		txn_linger(ts, &st->end, reliable ? 0 : TXN_GIVE_UP_MS, server_ends, st);
		return;
	}
	/* the ACK is waited for */
	if (!reliable)
		timer_start(ts->timers, &st->retransmit, SIP_T1_MS, server_resend, st);
	txn_end_in(ts, &st->end, TXN_GIVE_UP_MS, server_ends, st);
}

void server_txn_respond(struct server_txn *st, int status, const void *data, size_t len)
{
	if (st->state == TXN_ACCEPTED && status >= 200 && status < 300)
		server_send(st, data, len);
	if (st->state != TXN_TRYING && st->state != TXN_PROCEEDING)
		return;
	buf_set(&st->last, data, len);
	if (st->last.failed)
		buf_free(&st->last); /* it cannot be sent again, but once */
	server_send(st, data, len);
	if (status < 200)
		st->state = TXN_PROCEEDING;
	else
		server_final(st, status);
}

void server_txn_abandon(struct server_txn *st)
{
	server_txn_free(st);
}

void server_txn_linger(struct server_txn *st)
{
	txn_linger(st->owner, &st->end, TXN_GIVE_UP_MS, server_ends, st);
}
