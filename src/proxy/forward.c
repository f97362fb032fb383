/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "proxy/failover.h"
#include "proxy/locate.h"
#include "proxy/masquerade.h"
#include "proxy/registration.h"
#include "proxy/subscription.h"
#include "proxy/tag.h"
#include "sip/sip_reply.h"
#include "siproxd.h"

/* When timer E of the sender has grown to T2 (RFC 4320 4.1): after 0.5, 1 and 2 seconds. */
#define LONG_WAIT_MS (SIP_T1_MS + 2 * SIP_T1_MS + 4 * SIP_T1_MS)
#define TIMER_C_MS   181000 /* RFC 3261 16.6 step 11: more than three minutes */

void target_done(struct target *t)
{
	free(t->uri);
	free(t->route);
	free(t->binding);
	memset(t, 0, sizeof(*t));
}

static char *copy_lines(const struct sip_msg *msg, enum sip_hdr id)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < msg->n_lines; i++)
		if (msg->line[i].id == id)
			buf_add(&b, msg->line[i].whole.s, msg->line[i].whole.len);
	return b.len ? buf_take(&b) : NULL;
}

static char *copy_timestamp(const struct sip_msg *req)
{
	const struct sip_line *line = sip_msg_line_named(req, "Timestamp", NULL);

	return line ? str_dup(line->value) : NULL;
}

static int copy_request(struct forward *fw, const struct sip_msg *req)
{
	const struct sip_value *contact = sip_msg_value(req, HDR_CONTACT, 0);
	struct buf head = BUF_INIT, vias = BUF_INIT;
	struct sip_nameaddr addr;
	struct sip_uri uri;
	char tag[TAG_LEN + 1];

	tag_for(fw->sd->key, req, tag);
	sip_reply_head(&head, req, &fw->from.peer, tag);
	sip_reply_vias(&vias, req, &fw->from.peer);
	fw->reply_head = buf_take(&head);
	fw->vias = buf_take(&vias);
	fw->from_value = str_dup(sip_msg_line(req, HDR_FROM)->value);
	fw->to_value = str_dup(sip_msg_line(req, HDR_TO)->value);
	fw->from_tag = str_dup(req->from_tag);
	fw->to_tag = str_dup(req->to_tag);
	fw->call_id = str_dup(req->call_id);
	fw->request_uri = str_dup(req->uri_text);
	fw->record_route = copy_lines(req, HDR_RECORD_ROUTE);
	fw->timestamp = copy_timestamp(req);
	fw->route_behind = mask_route_behind(fw->sd, req, fw->from.side);
	if (contact && sip_nameaddr_uri(contact->text, &addr, &uri) == 0) {
		fw->contact = str_dup(addr.uri);
		if (!fw->contact)
			return ENOMEM;
	}
	if (sip_msg_count(req, HDR_RECORD_ROUTE) && (!fw->record_route || !fw->route_behind))
		return ENOMEM;
	return fw->reply_head && fw->vias && fw->from_value && fw->to_value && fw->from_tag &&
		fw->to_tag && fw->call_id && fw->request_uri
	    ? 0
	    : ENOMEM;
}

static uint64_t key_of(const struct siproxd *sd, struct str call_id, struct str from_tag)
{
	struct siphash h;

	siphash_init(&h, sd->key);
	siphash_add_field(&h, call_id.s, call_id.len);
	siphash_add_field(&h, from_tag.s ? from_tag.s : "", from_tag.len);
	return siphash_end(&h);
}

struct forward *forward_twin(const struct siproxd *sd, const struct sip_msg *req,
    const struct forward *after)
{
	struct hash_node *n = after
	    ? hash_next(&after->node)
	    : hash_first(&sd->forwards, key_of(sd, req->call_id, req->from_tag));

	for (; n; n = hash_next(n)) {
		struct forward *fw = container_of(n, struct forward, node);

		if (fw->cseq == req->cseq && fw->method == req->method && !fw->final_sent &&
		    str_is(req->call_id, fw->call_id) && str_is(req->from_tag, fw->from_tag))
			return fw;
	}
	return NULL;
}

struct client_txn *forward_answered(const struct siproxd *sd, const struct sip_msg *response,
    enum side from)
{
	struct hash_node *n =
	    hash_first(&sd->forwards, key_of(sd, response->call_id, response->from_tag));

	for (; n; n = hash_next(n)) {
		struct forward *fw = container_of(n, struct forward, node);
		struct list *l;

		if (fw->cseq != response->cseq || fw->method != response->method ||
		    !str_is(response->call_id, fw->call_id) ||
		    !str_is(response->from_tag, fw->from_tag))
			continue;
		for (l = fw->branches.next; l != &fw->branches; l = l->next) {
			struct client_txn *ct = container_of(l, struct client_txn, link);

			if (ct->hop.side == from)
				return ct;
		}
	}
	return NULL;
}

static bool goes_to_wan(const struct forward *fw)
{
	const struct list *l = fw->branches.next;

	return l != &fw->branches && container_of(l, struct client_txn, link)->hop.side == WAN;
}

struct forward *forward_notified(const struct siproxd *sd, const struct sip_msg *notify)
{
	struct hash_node *n =
	    hash_first(&sd->forwards, key_of(sd, notify->call_id, notify->to_tag));

	for (; n; n = hash_next(n)) {
		struct forward *fw = container_of(n, struct forward, node);

		if ((fw->method == SIP_SUBSCRIBE || fw->method == SIP_REFER) && !fw->in_dialog &&
		    fw->from.side == LAN && goes_to_wan(fw) &&
		    str_is(notify->call_id, fw->call_id) && str_is(notify->to_tag, fw->from_tag))
			return fw;
	}
	return NULL;
}

void forward_restored(struct forward *fw, struct server_txn *st)
{
	struct siproxd *sd = fw->sd;

	hash_add(&sd->forwards, &fw->node, key_of(sd, str_of(fw->call_id), str_of(fw->from_tag)));
	fw->hashed = true;
	fw->st = st;
	if (st)
		st->forward = fw;
}

int forward_new(struct siproxd *sd, struct server_txn *st, const struct sip_msg *req,
    struct forward **out)
{
	struct forward *fw = calloc(1, sizeof(*fw));

	if (!fw)
		return ENOMEM;
	fw->sd = sd;
	list_init(&fw->branches);
	fw->method = req->method;
	fw->from = st->hop;
	fw->cseq = req->cseq;
	fw->in_dialog = req->to_tag.len > 0;
	/* It leaves with 70 if it came without (16.6 step 3). */
	fw->max_forwards = req->max_forwards < 0 ? 71 : req->max_forwards;
	fw->expires_s = req->expires;
	subscription_read(fw, req);
	if (copy_request(fw, req) != 0) {
		forward_free(fw);
		return ENOMEM;
	}
	forward_restored(fw, st);
	*out = fw;
	return 0;
}

void forward_free(struct forward *fw)
{
	struct list *l, *tmp;

	if (!fw)
		return;
	if (fw->hashed)
		hash_del(&fw->sd->forwards, &fw->node);
	locate_cancel(fw->query);
	failover_free(fw->failover);
	sip_msg_free(fw->parked);
	if (fw->st)
		fw->st->forward = NULL;
	list_each(l, tmp, &fw->branches) {
		struct client_txn *ct = container_of(l, struct client_txn, link);

		list_del(&ct->link);
		ct->forward = NULL;
	}
	registration_free(fw->registration);
	free(fw->reply_head);
	free(fw->vias);
	free(fw->from_value);
	free(fw->to_value);
	free(fw->from_tag);
	free(fw->to_tag);
	free(fw->call_id);
	free(fw->contact);
	free(fw->record_route);
	free(fw->timestamp);
	free(fw->route_behind);
	free(fw->request_uri);
	buf_free(&fw->best);
	buf_free(&fw->challenges);
	timer_stop(fw->sd->timers, &fw->long_wait);
	free(fw);
}

/* Nothing that a branch may still get is passed on. A second 2xx to an INVITE would be; and for
 * some time a NOTIFY may find the SUBSCRIBE or REFER that it is for. */
static bool branches_are_done(const struct forward *fw)
{
	bool more_may_come =
	    fw->method == SIP_INVITE || fw->method == SIP_SUBSCRIBE || fw->method == SIP_REFER;

	for (const struct list *l = fw->branches.next; l != &fw->branches; l = l->next)
		if (more_may_come ||
		    container_of(l, struct client_txn, link)->state != TXN_COMPLETED)
			return false;
	return true;
}

bool forward_settle(struct forward *fw)
{
	if (!branches_are_done(fw) || (fw->st && (fw->query || !fw->final_sent)))
		return false;
	forward_free(fw);
	return true;
}

/* We say nothing of our own any more. */
static void forget_own_answers(struct forward *fw)
{
	free(fw->reply_head);
	fw->reply_head = NULL;
	free(fw->timestamp);
	fw->timestamp = NULL;
}

void forward_respond(struct forward *fw, int status, const void *data, size_t len)
{
	if (status >= 200) {
		bool again = fw->method == SIP_INVITE && status < 300;

		if (fw->final_sent && !again)
			return;
		fw->final_sent = true;
		forget_own_answers(fw);
	}
	if (fw->st)
		server_txn_respond(fw->st, status, data, len);
}

void forward_reply(struct forward *fw, int status, const char *extra)
{
	struct buf reply = BUF_INIT;

	if (fw->final_sent)
		return;
	sip_reply_write(&reply, status, fw->reply_head, extra);
	if (!reply.failed) {
		fw->sd->counters.answered++;
		forward_respond(fw, status, reply.data, reply.len);
	} else if (status >= 200) {
		fw->final_sent = true;
		if (fw->st)
			server_txn_linger(fw->st);
	}
	buf_free(&reply);
}

static void send_trying(struct forward *fw, const char *delay)
{
	char *extra = NULL;

	if (fw->timestamp && asprintf(&extra, "Timestamp: %s%s\r\n", fw->timestamp, delay) < 0)
		extra = NULL;
	forward_reply(fw, 100, extra);
	free(extra);
}

static void waited_long(void *arg)
{
	struct forward *fw = arg;

	if (fw->final_sent || !fw->st)
		return;
	/* A second number is the delay that somebody else has told already. */
	send_trying(fw, fw->timestamp && strchr(fw->timestamp, ' ') ? "" : " 3.5");
}

void forward_trying(struct forward *fw)
{
	if (fw->method == SIP_INVITE)
		send_trying(fw, "");
	else
		timer_start(fw->sd->timers, &fw->long_wait, LONG_WAIT_MS, waited_long, fw);
}

void forward_cancel(struct forward *fw, const struct client_txn *but)
{
	struct list *l, *tmp;

	list_each(l, tmp, &fw->branches) {
		struct client_txn *ct = container_of(l, struct client_txn, link);

		if (ct != but && (ct->state == TXN_TRYING || ct->state == TXN_PROCEEDING))
			client_txn_cancel(ct);
	}
}

static void timer_c_fires(void *arg)
{
	struct client_txn *ct = arg;

	log_debug(LOG_SIP, "timer C: an INVITE rang for too long");
	client_txn_cancel(ct);
}

void forward_watch_for(struct client_txn *ct, uint64_t ms)
{
	timer_start(ct->forward->sd->timers, &ct->timer_c, ms, timer_c_fires, ct);
}

void forward_watch(struct client_txn *ct)
{
	if (ct->method == SIP_INVITE && ct->state < TXN_COMPLETED)
		forward_watch_for(ct, TIMER_C_MS);
}
