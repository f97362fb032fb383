/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define GIVE_UP_MS (64 * SIP_T1_MS) /* timers B, F, H, J, L, M */
#define TIMER_D_MS 32000
/* However long a call rings: what is older than this was forgotten by its owner. */
#define LAST_RESORT_MS (24 * 3600 * 1000)

struct transactions {
	struct timers *timers;
	struct txn_ops ops;
	uint8_t key[SIPHASH_KEY_LEN];
	size_t max;
	struct list lingering; /* longest first; without those that are about to go early */
	size_t n_lingering;    /* with them */
	struct hash servers, clients;
	struct hash servers_by_connection, clients_by_connection; /* of TCP alone */
};

int transactions_new(struct transactions **out, struct timers *timers, const struct txn_ops *ops,
    const uint8_t key[SIPHASH_KEY_LEN], size_t max)
{
	struct transactions *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return ENOMEM;
	ts->timers = timers;
	ts->ops = *ops;
	ts->max = max;
	list_init(&ts->lingering);
	memcpy(ts->key, key, sizeof(ts->key));
	if (hash_init(&ts->servers, 256) != 0 || hash_init(&ts->clients, 256) != 0 ||
	    hash_init(&ts->servers_by_connection, 16) != 0 ||
	    hash_init(&ts->clients_by_connection, 16) != 0) {
		transactions_free(ts);
		return ENOMEM;
	}
	*out = ts;
	return 0;
}

void transactions_set_max(struct transactions *ts, size_t max)
{
	ts->max = max;
}

size_t transactions_count(const struct transactions *ts)
{
	return ts->servers.count + ts->clients.count;
}

static size_t count_waiting(const struct transactions *ts)
{
	return transactions_count(ts) - ts->n_lingering;
}

bool transactions_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max;
}

bool transactions_half_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max - ts->max / 2;
}

bool transactions_nearly_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max - ts->max / 10;
}

/* --- ends --------------------------------------------------------------------------------- */

static int end_in(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn,
    void *arg)
{
	return timer_start(ts->timers, &end->timer, ms, fn, arg);
}

/* It ends in the next round of the loop, and not under the feet of who is dealing with it. */
static void end_oldest(struct transactions *ts)
{
	struct txn_end *oldest = container_of(ts->lingering.next, struct txn_end, link);

	list_del(&oldest->link);
	end_in(ts, oldest, 0, oldest->timer.fn, oldest->timer.arg);
}

/* From here on it waits for repetitions alone. */
static void linger(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn,
    void *arg)
{
	end_in(ts, end, ms, fn, arg);
	if (end->lingers)
		return;
	end->lingers = true;
	list_add_tail(&ts->lingering, &end->link);
	if (++ts->n_lingering > ts->max * TXN_LINGER_FACTOR)
		end_oldest(ts);
}

static void end_done(struct transactions *ts, struct txn_end *end)
{
	timer_stop(ts->timers, &end->timer);
	list_del(&end->link);
	ts->n_lingering -= end->lingers;
}

/* --- connections -------------------------------------------------------------------------- */

static bool is_reliable(const struct hop *hop)
{
	return hop->transport == SIP_TCP;
}

/* Notes in `table` that it hangs on hop->connection now; 0 and UDP are in no table. */
static void move_to_connection(struct hash *table, struct hash_node *node, uint64_t connection)
{
	if (node->key == connection)
		return;
	if (node->key)
		hash_del(table, node);
	node->key = 0;
	if (connection)
		hash_add(table, node, connection);
}

void transactions_lost(struct transactions *ts, uint64_t connection)
{
	struct hash_node *n = hash_first(&ts->clients_by_connection, connection);

	/* They end in a later round of the loop, so the chain stays whole. */
	for (; n; n = hash_next(n)) {
		struct client_txn *ct = container_of(n, struct client_txn, by_connection);

		if (ct->state == TXN_TRYING)
			client_txn_fail(ct);
	}
}

bool transactions_use(const struct transactions *ts, uint64_t connection)
{
	return hash_first(&ts->clients_by_connection, connection) ||
	    hash_first(&ts->servers_by_connection, connection);
}

/* --- server: RFC 3261 17.2 ---------------------------------------------------------------- */

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
		n = asprintf(&key, "%d %.*s %.*s %.*s", (int)from, STR_ARGS(branch),
		    STR_ARGS(req->via.sent_by), STR_ARGS(name));
	else
		n = asprintf(&key, "2543 %d %.*s %.*s %.*s %u %.*s", (int)from, STR_ARGS(branch),
		    STR_ARGS(req->call_id), STR_ARGS(req->from_tag), (unsigned)req->cseq,
		    STR_ARGS(name));
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

static void server_free(struct server_txn *st)
{
	struct transactions *ts = st->owner;

	st->state = TXN_TERMINATED;
	ts->ops.server_gone(ts->ops.arg, st);
	timer_stop(ts->timers, &st->retransmit);
	end_done(ts, &st->end);
	hash_del(&ts->servers, &st->node);
	move_to_connection(&ts->servers_by_connection, &st->by_connection, 0);
	buf_free(&st->last);
	free(st->key);
	free(st);
}

static void server_ends(void *arg)
{
	server_free(arg);
}

int server_txn_new(struct transactions *ts, const struct sip_msg *req, const struct hop *from,
    struct server_txn **out)
{
	struct server_txn *st;

	if (transactions_full(ts))
		return ENOSPC;
	st = calloc(1, sizeof(*st));
	if (!st)
		return ENOMEM;
	list_init(&st->end.link);
	st->key = server_key(req, req->method, from->side);
	if (!st->key || end_in(ts, &st->end, LAST_RESORT_MS, server_ends, st) != 0) {
		free(st->key);
		free(st);
		return ENOMEM;
	}
	st->owner = ts;
	st->method = req->method;
	st->state = req->method == SIP_INVITE ? TXN_PROCEEDING : TXN_TRYING;
	st->hop = *from;
	if (is_reliable(from))
		sip_via_listen_addr(&req->via, &from->peer, &st->reply_to);
	else
		sip_via_reply_addr(&req->via, &from->peer, &st->reply_to);
	hash_add(&ts->servers, &st->node, siphash(ts->key, st->key, strlen(st->key)));
	move_to_connection(&ts->servers_by_connection, &st->by_connection, from->connection);
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

	if (transactions_full(ts))
		return ENOSPC;
	if (server_key_is_known(ts, as->key))
		return EEXIST;
	st = calloc(1, sizeof(*st));
	if (!st)
		return ENOMEM;
	list_init(&st->end.link);
	st->owner = ts;
	st->method = SIP_INVITE;
	st->state = as->state == TXN_ACCEPTED ? TXN_ACCEPTED : TXN_PROCEEDING;
	st->hop = as->hop;
	st->reply_to = as->reply_to;
	st->key = str_dup(str_of(as->key));
	buf_add(&st->last, as->last.data, as->last.len);
	if (!st->key || st->last.failed ||
	    end_in(ts, &st->end, LAST_RESORT_MS, server_ends, st) != 0) {
		buf_free(&st->last);
		free(st->key);
		free(st);
		return ENOMEM;
	}
	hash_add(&ts->servers, &st->node, siphash(ts->key, st->key, strlen(st->key)));
	if (st->state == TXN_ACCEPTED)
		linger(ts, &st->end, GIVE_UP_MS, server_ends, st);
	*out = st;
	return 0;
}

static void server_send(struct server_txn *st, const void *data, size_t len)
{
	struct transactions *ts = st->owner;
	struct hop to = st->hop;

	if (is_reliable(&to) && to.connection &&
	    ts->ops.send(ts->ops.arg, data, len, &to) != ENOTCONN)
		return;
	/* 18.2.2: UDP, or the connection is gone and its sender may listen for another one. */
	to.peer = st->reply_to;
	to.connection = 0;
	if (ts->ops.send(ts->ops.arg, data, len, &to) == 0 && is_reliable(&to)) {
		st->hop = to;
		move_to_connection(&ts->servers_by_connection, &st->by_connection, to.connection);
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
		linger(ts, &st->end, is_reliable(&st->hop) ? 0 : SIP_T4_MS, server_ends, st);
	}
}

/* Timers H, J and L; over TCP nothing is sent twice, so that only a 2xx to INVITE may follow. */
static void server_final(struct server_txn *st, int status)
{
	struct transactions *ts = st->owner;
	bool invite = st->method == SIP_INVITE, reliable = is_reliable(&st->hop);

	if (invite && status < 300) {
		st->state = TXN_ACCEPTED;
		buf_free(&st->last); /* the phones repeat it, not we */
		linger(ts, &st->end, GIVE_UP_MS, server_ends, st);
		return;
	}
	st->state = TXN_COMPLETED;
	st->interval_ms = SIP_T1_MS;
	if (!invite) {
		linger(ts, &st->end, reliable ? 0 : GIVE_UP_MS, server_ends, st);
		return;
	}
	/* the ACK is waited for */
	if (!reliable)
		timer_start(ts->timers, &st->retransmit, SIP_T1_MS, server_resend, st);
	end_in(ts, &st->end, GIVE_UP_MS, server_ends, st);
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
	server_free(st);
}

void server_txn_linger(struct server_txn *st)
{
	linger(st->owner, &st->end, GIVE_UP_MS, server_ends, st);
}

/* --- client: RFC 3261 17.1 ---------------------------------------------------------------- */

static void to_hex(uint64_t n, char out[17])
{
	snprintf(out, 17, "%016llx", (unsigned long long)n);
}

void txn_branch(const struct transactions *ts, const struct sip_msg *req, const char *target,
    char out[TXN_BRANCH_SIZE])
{
	enum sip_method method = req->method;
	bool invite = method == SIP_INVITE || method == SIP_ACK || method == SIP_CANCEL;
	struct str name = invite ? str_of("INVITE") : req->method_name;
	char hex[2][17];

	for (unsigned i = 0; i < 2; i++) {
		struct siphash h;

		siphash_init(&h, ts->key);
		siphash_add(&h, &i, sizeof(i));
		siphash_add_field(&h, req->via.branch.s, req->via.branch.len);
		siphash_add_field(&h, req->via.sent_by.s, req->via.sent_by.len);
		siphash_add_field(&h, req->call_id.s, req->call_id.len);
		siphash_add(&h, &req->cseq, sizeof(req->cseq));
		siphash_add_field(&h, name.s, name.len);
		siphash_add_field(&h, target, strlen(target));
		to_hex(siphash_end(&h), hex[i]);
	}
	snprintf(out, TXN_BRANCH_SIZE, "%s%s%s", SIP_BRANCH_COOKIE, hex[0], hex[1]);
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

static void client_free(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;

	ct->state = TXN_TERMINATED;
	ts->ops.client_gone(ts->ops.arg, ct);
	timer_stop(ts->timers, &ct->retransmit);
	end_done(ts, &ct->end);
	timer_stop(ts->timers, &ct->timer_c);
	hash_del(&ts->clients, &ct->node);
	move_to_connection(&ts->clients_by_connection, &ct->by_connection, 0);
	buf_free(&ct->sent);
	free(ct->target);
	free(ct);
}

static void client_ends(void *arg)
{
	client_free(arg);
}

static void client_gives_up(void *arg)
{
	struct client_txn *ct = arg;
	struct transactions *ts = ct->owner;

	ts->ops.timeout(ts->ops.arg, ct);
	client_free(ct);
}

static int client_send(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;
	int err = ts->ops.send(ts->ops.arg, ct->sent.data, ct->sent.len, &ct->hop);

	move_to_connection(&ts->clients_by_connection, &ct->by_connection, ct->hop.connection);
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

int client_txn_new(struct transactions *ts, const char *branch, enum sip_method method,
    const struct hop *to, const void *data, size_t len, struct client_txn **out)
{
	struct client_txn *ct;

	if (client_find(ts, str_of(branch), method))
		return EEXIST;
	if (transactions_full(ts))
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
	buf_set(&ct->sent, data, len);
	if (ct->sent.failed ||
	    (!is_reliable(to) &&
		timer_start(ts->timers, &ct->retransmit, SIP_T1_MS, client_resend, ct) != 0) ||
	    end_in(ts, &ct->end, GIVE_UP_MS, client_gives_up, ct) != 0) {
		timer_stop(ts->timers, &ct->retransmit);
		buf_free(&ct->sent);
		free(ct);
		return ENOMEM;
	}
	hash_add(&ts->clients, &ct->node, client_key(ts, str_of(branch), method == SIP_CANCEL));
	/* A send that fails at once is not waited for, but reported from the loop. */
	if (client_send(ct) != 0)
		client_txn_fail(ct);
	*out = ct;
	return 0;
}

static int client_restart_timers(struct client_txn *ct)
{
	struct transactions *ts = ct->owner;
	bool rings = ct->state == TXN_PROCEEDING && !ct->cancelled; /* timer C watches */
	int err = end_in(ts, &ct->end, rings ? LAST_RESORT_MS : GIVE_UP_MS, client_gives_up, ct);

	if (!err && ct->state == TXN_TRYING && !ct->abandoned)
		err = timer_start(ts->timers, &ct->retransmit, SIP_T1_MS, client_resend, ct);
	return err;
}

int client_txn_restore(struct transactions *ts, const struct client_txn *as,
    struct client_txn **out)
{
	struct client_txn *ct;

	if (client_find(ts, str_of(as->branch), SIP_INVITE))
		return EEXIST;
	if (transactions_full(ts))
		return ENOSPC;
	ct = calloc(1, sizeof(*ct));
	if (!ct)
		return ENOMEM;
	ct->owner = ts;
	ct->method = SIP_INVITE;
	ct->state = as->state;
	ct->hop = as->hop;
	ct->status = as->status;
	ct->cancel_wanted = as->cancel_wanted;
	ct->cancelled = as->cancelled;
	ct->abandoned = as->abandoned;
	ct->unsent = as->unsent;
	ct->interval_ms = SIP_T1_MS;
	list_init(&ct->link);
	list_init(&ct->end.link);
	memcpy(ct->branch, as->branch, sizeof(ct->branch));
	buf_add(&ct->sent, as->sent.data, as->sent.len);
	if (ct->sent.failed || client_restart_timers(ct) != 0) {
		timer_stop(ts->timers, &ct->end.timer);
		buf_free(&ct->sent);
		free(ct);
		return ENOMEM;
	}
	hash_add(&ts->clients, &ct->node, client_key(ts, str_of(ct->branch), false));
	if (ct->state >= TXN_COMPLETED)
		linger(ts, &ct->end, GIVE_UP_MS, client_ends, ct);
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
	end_in(ts, &ct->end, GIVE_UP_MS, client_gives_up, ct);
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
	end_in(ts, &ct->end, 0, client_gives_up, ct);
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
		end_in(ts, &ct->end, LAST_RESORT_MS, client_gives_up, ct);
	}
	ct->state = TXN_PROCEEDING;
	ct->status = msg->status;
	if (ct->cancel_wanted && !ct->cancelled)
		send_cancel(ct);
	ts->ops.response(ts->ops.arg, ct, msg);
}

static void client_final(struct client_txn *ct, struct sip_msg *msg)
{
	struct transactions *ts = ct->owner;
	bool invite = ct->method == SIP_INVITE, success = msg->status < 300;
	uint64_t linger_ms = invite && success ? GIVE_UP_MS
	    : is_reliable(&ct->hop)            ? 0
	    : invite                           ? TIMER_D_MS
					       : SIP_T4_MS;

	timer_stop(ts->timers, &ct->retransmit);
	timer_stop(ts->timers, &ct->timer_c);
	ct->state = invite && success ? TXN_ACCEPTED : TXN_COMPLETED;
	ct->status = msg->status;
	if (invite && !success)
		send_ack(ct, msg);
	else if (!invite)
		buf_free(&ct->sent); /* nobody asks for it any more */
	linger(ts, &ct->end, linger_ms, client_ends, ct); /* M, D, K */
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

static void free_server_node(struct hash_node *node, void *arg)
{
	(void)arg;
	server_free(container_of(node, struct server_txn, node));
}

static void free_client_node(struct hash_node *node, void *arg)
{
	(void)arg;
	client_free(container_of(node, struct client_txn, node));
}

void transactions_free(struct transactions *ts)
{
	if (!ts)
		return;
	if (ts->clients.bucket)
		hash_each(&ts->clients, free_client_node, NULL);
	if (ts->servers.bucket)
		hash_each(&ts->servers, free_server_node, NULL);
	hash_done(&ts->clients_by_connection);
	hash_done(&ts->servers_by_connection);
	hash_done(&ts->clients);
	hash_done(&ts->servers);
	free(ts);
}
