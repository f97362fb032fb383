/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/response.h"

#include "base/log.h"
#include "proxy/failover.h"
#include "proxy/forward.h"
#include "proxy/masquerade.h"
#include "proxy/pipeline.h"
#include "proxy/plugin_host.h"
#include "proxy/registration.h"
#include "proxy/session.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

static bool is_of(const struct sip_msg *msg, const struct forward *fw)
{
	return msg->cseq == fw->cseq && str_is(msg->call_id, fw->call_id) &&
	    str_is(msg->from_tag, fw->from_tag);
}

void response_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	struct client_txn *ct = client_txn_find(sd->transactions, msg);

	/* 16.7 step 1; RFC 6026: a stray response is not forwarded. Nor is one that comes from
	 * the side where the request did not go, or that speaks of another dialog. */
	if (!ct || ct->hop.side != from->side || (ct->forward && !is_of(msg, ct->forward))) {
		sd->counters.dropped_stray++;
		log_debug(LOG_SIP, "stray response %d dropped", msg->status);
		return;
	}
	if (ct->forward && plugins_forward(sd, msg, from, &ct->forward->from) != PASS)
		return;
	client_txn_received(ct, msg);
}

/* Steps 3, 4 and 7: our Via goes, the names come back, the description is carried. */
static bool undress(struct siproxd *sd, struct forward *fw, struct sip_msg *msg,
    const struct hop *from, struct buf *out)
{
	struct sip_sdp sdp;
	int err;

	if (!session_response(sd, fw, msg, from, &sdp))
		return false;
	err = mask_response(sd, msg, fw, from);
	if (!err && sdp.n_lines)
		err = sip_sdp_apply(&sdp, msg, session_named(sd, fw, &fw->from));
	if (!err)
		err = sip_edit_splice(msg, out);
	if (!err)
		plugins_leave(sd, &fw->from, out);
	if (err)
		log_every(10, LOG_LVL_WARN, LOG_SIP, "a response %d could not be rewritten",
		    msg->status);
	return !err;
}

/* Step 6: how much a final response is worth; the lowest wins. */
static int rank(int status)
{
	switch (status) {
	case 401:
	case 407:
		return 4000; /* what the caller can do something about */
	case 415:
	case 420:
	case 484:
		return 4001;
	case 408:
	case 487:
		return 4998; /* the others have more to say than a phone that is not there */
	default:
		return status >= 600 ? 0 : status * 10 + 9; /* the lowest class */
	}
}

static bool is_better(int status, int than)
{
	return than == 0 || rank(status) < rank(than);
}

static bool all_final(const struct forward *fw)
{
	struct list *l;

	for (l = fw->branches.next; l != &fw->branches; l = l->next) {
		const struct client_txn *ct = container_of(l, struct client_txn, link);

		if (ct->status < 200 && !ct->abandoned)
			return false;
	}
	return true;
}

/* Step 7: the caller gets to know all that it is asked for, not only by the first. */
static void add_challenges(struct forward *fw)
{
	struct buf whole = BUF_INIT;
	const char *end = strstr(fw->best.data, "\r\n\r\n");

	if (!fw->challenges.len || fw->challenges.failed || !end)
		return;
	end += 2;
	buf_add(&whole, fw->best.data, (size_t)(end - fw->best.data));
	buf_add(&whole, fw->challenges.data, fw->challenges.len);
	buf_add(&whole, end, fw->best.len - (size_t)(end - fw->best.data));
	if (whole.failed) {
		buf_free(&whole);
		return;
	}
	buf_free(&fw->best);
	fw->best = whole;
}

static bool is_challenge(int status)
{
	return status == 401 || status == 407;
}

static void keep_challenges(struct forward *fw, const struct sip_msg *msg)
{
	for (unsigned i = 0; i < msg->n_lines; i++)
		if (str_is_nocase(msg->line[i].name, "WWW-Authenticate") ||
		    str_is_nocase(msg->line[i].name, "Proxy-Authenticate"))
			buf_add(&fw->challenges, msg->line[i].whole.s, msg->line[i].whole.len);
}

/* Step 5 and 6: every branch has failed, so the best failure goes up. */
static void send_best(struct siproxd *sd, struct forward *fw)
{
	int status = fw->best_status;

	if (fw->final_sent || !all_final(fw))
		return;
	session_final(sd, fw, status);
	if (status == 0) {
		/* RFC 4320 4.2: nobody is told that a non-INVITE got no answer. */
		fw->final_sent = true;
		if (fw->st && fw->refused_by_timeout)
			server_txn_linger(fw->st); /* its sender has not given up yet */
		else if (fw->st)
			server_txn_abandon(fw->st);
	} else if (fw->best.len && !fw->best.failed && status != 503) {
		if (is_challenge(status))
			add_challenges(fw);
		forward_respond(fw, status, fw->best.data, fw->best.len);
		buf_free(&fw->best);
		buf_free(&fw->challenges);
	} else {
		/* 16.7 step 6: a 503 of one next hop is no 503 of ours; and a provider would take
		 * the whole trunk for dead. */
		if (status == 503)
			status = fw->from.side == WAN ? 480 : 500;
		forward_reply(fw, status, NULL);
	}
}

static void branch_failed(struct siproxd *sd, struct forward *fw, struct client_txn *ct,
    struct sip_msg *msg)
{
	struct buf out = BUF_INIT;

	if (msg->status == 408 && fw->method != SIP_INVITE) {
		fw->refused_by_timeout = true; /* RFC 4320 4.2: as if it had said nothing */
		send_best(sd, fw);
		return;
	}
	if (is_better(msg->status, fw->best_status)) {
		fw->best_status = msg->status;
		buf_free(&fw->best);
		if (undress(sd, fw, msg, &ct->hop, &out))
			buf_add(&fw->best, out.data, out.len);
	} else if (is_challenge(msg->status) && !fw->failover) {
		keep_challenges(fw, msg);
	}
	buf_free(&out);
	if (msg->status == 503 && failover_next(fw, ct, msg))
		return;
	if (msg->status >= 600)
		forward_cancel(fw, ct);
	send_best(sd, fw);
}

void response_give_up(struct forward *fw)
{
	if (!fw->best_status && fw->cancelled)
		fw->best_status = 487;
	else if (!fw->best_status && fw->method == SIP_INVITE)
		fw->best_status = 408; /* the servers that remained could not be asked */
	send_best(fw->sd, fw);
}

/* It said yes, but what it said cannot be passed on: the asker must not wait for ever. */
static void branch_unusable(struct siproxd *sd, struct forward *fw, struct client_txn *ct,
    const struct sip_msg *msg)
{
	int status = fw->from.side == WAN ? 480 : 500;

	if (fw->method == SIP_INVITE)
		session_reject_answer(sd, fw, msg, &ct->hop);
	if (is_better(status, fw->best_status)) {
		fw->best_status = status;
		buf_free(&fw->best);
	}
	send_best(sd, fw);
}

static void branch_succeeded(struct siproxd *sd, struct forward *fw, struct client_txn *ct,
    struct sip_msg *msg)
{
	struct buf out = BUF_INIT;

	if (fw->registration)
		registration_answered(fw->registration, sd, msg, &ct->hop);
	if (undress(sd, fw, msg, &ct->hop, &out)) {
		session_final(sd, fw, msg->status);
		forward_respond(fw, msg->status, out.data, out.len);
		forward_cancel(fw, ct); /* step 10 */
	} else if (!fw->final_sent) {
		branch_unusable(sd, fw, ct, msg);
	}
	buf_free(&out);
}

static void branch_progresses(struct siproxd *sd, struct forward *fw, struct client_txn *ct,
    struct sip_msg *msg)
{
	struct buf out = BUF_INIT;

	if (ct->abandoned)
		return; /* a server that woke up too late: its CANCEL is on the way */
	if (fw->method != SIP_INVITE)
		return; /* RFC 4320 4.1 */
	if (msg->status > 100)
		forward_watch(ct); /* step 2 */
	if (msg->status > 100 && !fw->final_sent && undress(sd, fw, msg, &ct->hop, &out))
		forward_respond(fw, msg->status, out.data, out.len);
	buf_free(&out);
}

/* --- what the transactions report --------------------------------------------------------- */

static void on_response(void *arg, struct client_txn *ct, struct sip_msg *msg)
{
	struct siproxd *sd = arg;
	struct forward *fw = ct->forward;

	if (!fw)
		return; /* a CANCEL or BYE of our own */
	failover_answered(fw, ct, msg);
	/* What we asked for, or no news: others have the request now. */
	if (ct->abandoned && (msg->status == 487 || msg->status == 503))
		return;
	if (msg->status < 200)
		branch_progresses(sd, fw, ct, msg);
	else if (msg->status < 300)
		branch_succeeded(sd, fw, ct, msg);
	else
		branch_failed(sd, fw, ct, msg);
	/* Its transactions linger, and need it no more; it may have gone already. */
	if (ct->forward)
		forward_settle(ct->forward);
}

/* 16.8, 16.9: silence counts as 408; after a CANCEL as 487; what could not be sent as 503. */
static void on_timeout(void *arg, struct client_txn *ct)
{
	struct siproxd *sd = arg;
	struct forward *fw = ct->forward;
	int status = ct->unsent ? 503 : 408;

	if (!fw || ct->abandoned)
		return;
	ct->status = status;
	if (failover_next(fw, ct, NULL))
		return;
	if (fw->cancelled)
		status = 487;
	ct->status = status;
	/* RFC 4320 4.2: no 408 to anything but INVITE. */
	if ((fw->method == SIP_INVITE || ct->unsent) && is_better(status, fw->best_status)) {
		fw->best_status = status;
		buf_free(&fw->best);
	}
	send_best(sd, fw);
}

static void on_server_gone(void *arg, struct server_txn *st)
{
	(void)arg;
	if (!st->forward)
		return;
	st->forward->st = NULL;
	forward_settle(st->forward);
}

static void on_client_gone(void *arg, struct client_txn *ct)
{
	struct forward *fw = ct->forward;

	(void)arg;
	if (!fw)
		return;
	list_del(&ct->link);
	ct->forward = NULL;
	forward_settle(fw);
}

static int on_send(void *arg, const void *data, size_t len, struct hop *hop)
{
	return pipeline_send_by(arg, data, len, hop);
}

void response_txn_ops(struct siproxd *sd, struct txn_ops *ops)
{
	*ops = (struct txn_ops){
	    .arg = sd,
	    .send = on_send,
	    .response = on_response,
	    .timeout = on_timeout,
	    .server_gone = on_server_gone,
	    .client_gone = on_client_gone,
	};
}
