/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/acl.h"
#include "base/limit.h"
#include "base/log.h"
#include "config.h"
#include "proxy/authenticate.h"
#include "proxy/branch.h"
#include "proxy/dialog.h"
#include "proxy/failover.h"
#include "proxy/location.h"
#include "proxy/next_hop.h"
#include "proxy/pipeline.h"
#include "proxy/plugin_host.h"
#include "proxy/reach.h"
#include "proxy/registrars.h"
#include "proxy/registration.h"
#include "proxy/servers.h"
#include "proxy/session.h"
#include "proxy/tag.h"
#include "sip/sip_reply.h"
#include "siproxd.h"

/* RFC 3261 18.1.1: what is larger should go by a stream. */
#define LARGE       1300
#define RETRY_AFTER "Retry-After: 10\r\n"

/* A request on its way through the steps. */
struct passage {
	struct siproxd *sd;
	struct sip_msg *msg;
	const struct hop *from;
	struct plan plan;
	struct registration *registration;
};

/* Too many from one source on the WAN: what is beyond is dropped. */
static bool may_begin(struct passage *p)
{
	char who[ADDR_TEXT_MAX];

	if (limit_take(p->sd->callers, &p->from->peer, timers_now(p->sd->timers)))
		return true;
	p->sd->counters.dropped_stranger++;
	log_every(10, LOG_LVL_WARN, LOG_SIP, "too many requests from %s: dropped",
	    addr_format(&p->from->peer, who));
	return false;
}

/* A registrar of ours, or the far end of a dialog. */
static bool is_known_peer(const struct passage *p)
{
	return location_knows_registrar(p->sd->location, &p->from->peer, p->sd->now_s()) ||
	    dialogs_know(p->sd->dialogs, &p->from->peer);
}

static enum verdict refuse(struct passage *p, int status)
{
	if (p->from->side == WAN && is_known_peer(p))
		return may_begin(p) ? pipeline_reply(p->sd, p->msg, p->from, status, NULL) : DROP;
	if (p->from->side == WAN)
		return pipeline_reply_stranger(p->sd, p->msg, p->from, status);
	return pipeline_reply(p->sd, p->msg, p->from, status, status == 503 ? RETRY_AFTER : NULL);
}

/* We are full: a 503 would make a provider give up the whole trunk (RFC 3261 21.5.4). */
static enum verdict busy(struct passage *p)
{
	bool lan = p->from->side == LAN;
	int status = lan ? 503 : p->msg->method == SIP_INVITE ? 486 : 480;

	return pipeline_reply(p->sd, p->msg, p->from, status, lan ? RETRY_AFTER : NULL);
}

/* --- the steps before anything is kept ---------------------------------------------------- */

/* 17.2: a retransmission, or the ACK to a failure, ends here. */
static enum verdict known_transaction(struct passage *p)
{
	struct server_txn *st = server_txn_find(p->sd->transactions, p->msg, p->from->side);

	/* The ACK to a 2xx is a request of its own, even where a client reuses the branch. */
	if (!st || (p->msg->method == SIP_ACK && st->state == TXN_ACCEPTED))
		return PASS;
	server_txn_retransmitted(st, p->msg);
	return ANSWERED;
}

/* 17.1.1.3: the ACK to a failure that we answered ourselves, keeping nothing. */
static enum verdict own_answer(struct passage *p)
{
	char tag[TAG_LEN + 1];

	if (p->msg->method != SIP_ACK)
		return PASS;
	tag_for(p->sd->key, p->msg, tag);
	return str_is(p->msg->to_tag, tag) ? ANSWERED : PASS;
}

/* The request goes nowhere. May free `fw`. */
static void fail(struct forward *fw, int status)
{
	session_final(fw->sd, fw, status);
	if (status == 503 && fw->from.side == WAN)
		status = fw->method == SIP_INVITE ? 486 : 480; /* as in busy() */
	forward_reply(fw, status, status == 503 ? RETRY_AFTER : NULL);
	forward_settle(fw);
}

/* 16.10: a CANCEL is answered here and goes on as ours; without its INVITE it is nobody's. */
static enum verdict cancel(struct passage *p)
{
	struct server_txn *st;

	if (p->msg->method != SIP_CANCEL)
		return PASS;
	st = server_txn_find_cancelled(p->sd->transactions, p->msg, p->from->side);
	if (!st)
		return refuse(p, 481);
	pipeline_reply(p->sd, p->msg, p->from, 200, NULL);
	if (st->forward && !st->forward->final_sent) {
		struct forward *fw = st->forward;

		fw->cancelled = true;
		if (fw->query) { /* not sent anywhere yet */
			locate_cancel(fw->query);
			fw->query = NULL;
			fail(fw, 487);
		} else {
			forward_cancel(fw, NULL);
		}
	}
	return ANSWERED;
}

/* REGISTER is taken from the LAN only, and from whom hosts_allow_reg admits. */
static enum verdict may_register(struct passage *p)
{
	const struct acl *allowed = &p->sd->config->hosts_allow_reg;
	char who[ADDR_TEXT_MAX];

	if (p->msg->method != SIP_REGISTER)
		return PASS;
	if (p->from->side == WAN)
		return refuse(p, 403);
	if (acl_is_empty(allowed) || acl_match(allowed, &p->from->peer))
		return PASS;
	log_every(10, LOG_LVL_WARN, LOG_REG, "REGISTER from %s refused: not in hosts_allow_reg",
	    addr_format(&p->from->peer, who));
	return refuse(p, 403);
}

/* accept_calls_from = registrar: scanners call every address of the Internet, and phones ring at
 * night. What belongs to a dialog may come from anywhere. */
static bool is_welcome(const struct passage *p)
{
	if (p->sd->config->accept_calls_from == CALLS_FROM_ANY || p->from->side == LAN)
		return true;
	if (p->msg->to_tag.len &&
	    dialog_find(p->sd->dialogs, p->msg->call_id, p->msg->to_tag, p->msg->from_tag))
		return true;
	return location_knows_registrar(p->sd->location, &p->from->peer, p->sd->now_s()) ||
	    registrars_know(p->sd->registrars, &p->from->peer);
}

static enum verdict may_call(struct passage *p)
{
	return is_welcome(p) ? PASS : refuse(p, 403);
}

/* 16.3 step 2. tel: and the like are not for us to understand, but for the next hop. */
static enum verdict uri_scheme(struct passage *p)
{
	static const char *const known[] = {"sip", "tel", "urn", "im", "pres"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_is_nocase(p->msg->uri.scheme, known[i]))
			return PASS;
	/* sips: promises TLS all the way, which we do not speak (26.2). */
	return refuse(p, 416);
}

/*
 * 11.2, to those who know us: a provider takes a trunk that does not answer for dead. To others
 * there is nothing to tell.
 */
static enum verdict answer_options(struct passage *p, int status_of_others)
{
	if (p->from->side == WAN && !is_known_peer(p))
		return refuse(p, status_of_others);
	if (p->from->side == WAN && !may_begin(p))
		return DROP;
	return pipeline_reply(p->sd, p->msg, p->from, 200,
	    "Allow: INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, UPDATE, PRACK, SUBSCRIBE, NOTIFY, "
	    "REFER, MESSAGE, INFO, PUBLISH\r\nAccept: */*\r\n");
}

/* 16.3 step 3 */
static enum verdict max_forwards(struct passage *p)
{
	if (p->msg->max_forwards != 0)
		return PASS;
	return p->msg->method == SIP_OPTIONS ? answer_options(p, 483) : refuse(p, 483);
}

/* 16.3 step 4. Our Via is hidden on the WAN, so a loop shows as a request that is pending here
 * and comes back, from the same side, with fewer forwards left; a spiral has another Request-URI.
 * A call that hairpins through the provider comes back too, but from the other side. */
static enum verdict loop(struct passage *p)
{
	struct forward *fw = forward_twin(p->sd, p->msg, NULL);

	for (; fw; fw = forward_twin(p->sd, p->msg, fw))
		if (fw->from.side == p->from->side && str_is(p->msg->uri_text, fw->request_uri) &&
		    p->msg->max_forwards >= 0 && p->msg->max_forwards < fw->max_forwards)
			return refuse(p, 482);
	return PASS;
}

/* 16.3 step 5: we speak no extension that a client could require of a proxy. */
static enum verdict proxy_require(struct passage *p)
{
	struct buf unsupported = BUF_INIT;
	const struct sip_value *v;
	enum verdict verdict;

	if (!sip_msg_value(p->msg, HDR_PROXY_REQUIRE, 0) || p->msg->method == SIP_ACK)
		return PASS;
	if (p->from->side == WAN)
		return refuse(p, 420);
	buf_str(&unsupported, "Unsupported: ");
	for (unsigned i = 0; (v = sip_msg_value(p->msg, HDR_PROXY_REQUIRE, i)); i++)
		buf_printf(&unsupported, "%s%.*s", i ? ", " : "", STR_ARGS(v->text));
	buf_str(&unsupported, "\r\n");
	verdict = pipeline_reply(p->sd, p->msg, p->from, 420, unsupported.data);
	buf_free(&unsupported);
	return verdict;
}

/* 16.3 step 6 */
static enum verdict prove_identity(struct passage *p)
{
	return authenticate(p->sd, p->msg, p->from);
}

/* 10.3 step 7 and 8 */
static enum verdict register_here(struct passage *p)
{
	unsigned min_s = registration_too_brief(p->registration);
	struct buf lines = BUF_INIT;
	int status = min_s ? 423 : 200;
	enum verdict verdict;

	if (min_s)
		buf_printf(&lines, "Min-Expires: %u\r\n", min_s);
	else
		registration_local(p->registration, p->sd, &lines);
	verdict = lines.failed ? refuse(p, 500)
			       : pipeline_reply(p->sd, p->msg, p->from, status, lines.data);
	buf_free(&lines);
	return verdict;
}

static enum verdict for_ourselves(struct passage *p)
{
	struct sip_uri to;
	int err;

	if (!next_hop_is_us(p->sd, p->msg, p->from))
		return PASS;
	if (p->msg->method == SIP_OPTIONS)
		return answer_options(p, 404);
	if (p->msg->method != SIP_REGISTER || p->from->side == WAN)
		return refuse(p, 404);
	/* For our own address we are the registrar, but not for names of other domains. */
	if (sip_uri_parse(&to, p->msg->to.uri) != 0 || !side_is_us(p->sd->sides, &to))
		return refuse(p, 403);
	err = registration_new(&p->registration, p->sd, p->msg, p->from);
	if (err)
		return refuse(p, err == EINVAL ? 400 : 503);
	return register_here(p);
}

/* Plugins may send on what dials in short, or answer it. */
static enum verdict plugins_dial(struct passage *p)
{
	return plugins_target(p->sd, p->msg, p->from);
}

/* Where it goes; a name that nobody bears may mean somebody to a plugin, whose word counts more
 * than our guess from the trunk. 0, the status to refuse with, or PLUGINS_ANSWERED. */
static int make_plan(struct siproxd *sd, struct sip_msg *msg, const struct hop *from,
    struct plan *plan)
{
	int status = next_hop_plan(sd, msg, from, plan), said;
	struct plan theirs = {.own_routes = plan->own_routes};

	if (status != 404 && !plan->by_number)
		return status;
	said = plugins_unknown(sd, msg, from, 404, &theirs);
	if (said == 404)
		return status;
	plan_done(plan);
	*plan = theirs;
	return said;
}

/* 16.4 to 16.5 */
static enum verdict target(struct passage *p)
{
	int status;

	session_notify(p->sd, p->msg, p->from);
	status = make_plan(p->sd, p->msg, p->from, &p->plan);
	if (status)
		return status == PLUGINS_ANSWERED ? ANSWERED : refuse(p, status);
	if (p->from->side == WAN && !p->msg->to_tag.len && !may_begin(p))
		return DROP;
	return PASS;
}

/* What plugins change of that which goes on. */
static enum verdict plugins_change(struct passage *p)
{
	return plugins_forward(p->sd, p->msg, p->from, p->from);
}

static enum verdict registration(struct passage *p)
{
	int err;

	if (p->msg->method != SIP_REGISTER)
		return PASS;
	err = registration_new(&p->registration, p->sd, p->msg, p->from);
	return err ? refuse(p, err == EINVAL ? 400 : 503) : PASS;
}

/* --- forwarding: 16.6 --------------------------------------------------------------------- */

/* The plan stands: dialog, media, and a branch to each target. False: it failed, and `fw` may be
 * gone. */
static bool forward_to_plan(struct siproxd *sd, struct forward *fw, struct sip_msg *msg,
    const struct plan *plan, struct sip_sdp *sdp)
{
	int status = session_request(sd, fw, msg, plan, sdp), err = 0;

	for (unsigned i = 0; !status && i < plan->n_targets; i++) {
		int failed = branch_send(sd, fw, msg, plan, i, sdp);

		err = err ? err : failed;
	}
	if (!status && list_is_empty(&fw->branches))
		status = err == ENOSPC ? 503 : err == EINVAL ? 400 : 500;
	if (status)
		fail(fw, status);
	return !status;
}

static void log_unresolved(const struct plan *plan)
{
	char name[128];

	if (plan->name)
		log_every(10, LOG_LVL_WARN, LOG_DNS, "no address for \"%s\"",
		    log_escape(name, sizeof(name), plan->name, strlen(plan->name)));
}

/* The servers for a parked request. */
static void located(void *arg, int err, const struct located *found, size_t count)
{
	struct forward *fw = arg;
	struct siproxd *sd = fw->sd;
	struct sip_msg *msg = fw->parked;
	struct sip_sdp sdp;
	struct plan plan;
	int status;

	fw->query = NULL;
	fw->parked = NULL;
	status = make_plan(sd, msg, &fw->from, &plan);
	if (status == PLUGINS_ANSWERED)
		status = 480; /* a plugin changed its mind while the name was looked up */
	if (!status && plan.name)
		status = err ? (err == ETIMEDOUT ? 504 : 503)
			     : next_hop_located(sd, &fw->from, &plan, found, count);
	if (!status && msg->len > LARGE)
		next_hop_prefer_tcp(sd, &plan);
	if (status == 503 || status == 504)
		log_unresolved(&plan);
	if (status)
		fail(fw, status);
	if (!status && forward_to_plan(sd, fw, msg, &plan, &sdp)) {
		failover_begin(fw, msg, &plan, &sdp);
		return;
	}
	plan_done(&plan);
	sip_msg_free(msg);
}

/* A large request to a peer that speaks TCP: by UDP only if that fails. */
static void forward_large(struct passage *p, struct forward *fw)
{
	struct sip_sdp sdp;
	struct sip_msg *copy;

	if (!next_hop_prefer_tcp(p->sd, &p->plan) || sip_msg_dup(&copy, p->msg) != 0)
		forward_to_plan(p->sd, fw, p->msg, &p->plan, &sdp);
	else if (forward_to_plan(p->sd, fw, copy, &p->plan, &sdp))
		failover_begin(fw, copy, &p->plan, &sdp);
	else
		sip_msg_free(copy);
}

static enum verdict park(struct passage *p, struct forward *fw)
{
	struct locate_what what;

	next_hop_what(p->sd, p->from, &p->plan, &what);
	if (p->sd->locator && sip_msg_dup(&fw->parked, p->msg) == 0 &&
	    locate(p->sd->locator, &what, located, fw, &fw->query) == 0)
		return PARKED;
	fail(fw, 503);
	return ANSWERED;
}

/* The ACK's next hop by name: the server of that name that its caller talks to; else the dialog
 * knows where the INVITE went. */
static bool ack_hop(struct passage *p, struct hop *hop)
{
	struct located server;

	if (servers_kept(p->sd->servers, p->plan.account, &server))
		return next_hop_located(p->sd, p->from, &p->plan, &server, 1) == 0;
	if (!p->plan.dialog)
		return false;
	reach_end(p->sd, &p->plan.dialog->end[WAN], hop);
	return true;
}

/* An ACK to a 2xx has no transaction: it goes as it comes, each retransmission alike (16.11). */
static enum verdict forward_ack(struct passage *p)
{
	struct siproxd *sd = p->sd;
	struct buf out = BUF_INIT;
	struct target *t = &p->plan.target[0];
	struct sip_sdp sdp;
	struct branch_dress how = {
	    .from = p->from,
	    .plan = &p->plan,
	    .target = t,
	    .sdp = &sdp,
	    .named = &t->hop.named,
	};
	char branch[TXN_BRANCH_SIZE];

	if (p->msg->method != SIP_ACK)
		return PASS;
	if (p->plan.name && !ack_hop(p, &t->hop))
		return DROP;
	if (p->from->side == t->hop.side)
		sdp.n_lines = 0;
	else if (!session_ack(sd, p->msg, p->from, p->plan.dialog, &sdp))
		return DROP;
	if (branch_dress(sd, p->msg, &how, branch, &out) == 0) {
		sd->counters.forwarded++;
		pipeline_send(sd, out.data, out.len, &t->hop);
	}
	buf_free(&out);
	return ANSWERED;
}

/* The last tenth of the table is for what runs: running calls must be able to end. Half of it is
 * for those whom we know something of. */
static bool has_room(const struct passage *p)
{
	const struct transactions *ts = p->sd->transactions;

	if (p->msg->to_tag.len)
		return true;
	return !transactions_nearly_full(ts) &&
	    (!transactions_half_full(ts) || session_trusts(p->sd, p->from));
}

static enum verdict forward(struct passage *p)
{
	struct siproxd *sd = p->sd;
	struct sip_sdp sdp;
	struct server_txn *st;
	struct forward *fw;

	if (!has_room(p) || server_txn_new(sd->transactions, p->msg, p->from, &st) != 0)
		return busy(p);
	if (forward_new(sd, st, p->msg, &fw) != 0) {
		server_txn_abandon(st);
		return busy(p);
	}
	fw->registration = p->registration;
	p->registration = NULL;
	forward_trying(fw);
	if (p->plan.name)
		return park(p, fw);
	if (p->msg->len > LARGE)
		forward_large(p, fw);
	else
		forward_to_plan(sd, fw, p->msg, &p->plan, &sdp);
	return ANSWERED;
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct step {
	const char *name;
	enum verdict (*fn)(struct passage *p);
	const char *rfc;
} steps[] = {
    {"known transaction", known_transaction, "3261 17.2.3"},
    {"own answer", own_answer, "3261 17.1.1.3"},
    {"cancel", cancel, "3261 16.10"},
    {"may register", may_register, "design: REGISTER from the LAN only"},
    {"may call", may_call, "design: accept_calls_from"},
    {"URI scheme", uri_scheme, "3261 16.3 step 2"},
    {"max forwards", max_forwards, "3261 16.3 step 3"},
    {"loop", loop, "3261 16.3 step 4, 5393"},
    {"proxy require", proxy_require, "3261 16.3 step 5"},
    {"authenticate", prove_identity, "3261 16.3 step 6, 22.3"},
    {"for ourselves", for_ourselves, "3261 10.3, 11.2"},
    {"plugins: target", plugins_dial, "3261 16.5"},
    {"target", target, "3261 16.4, 16.5, 3263"},
    {"plugins: forward", plugins_change, "3261 16.6"},
    {"registration", registration, "3261 10"},
    {"forward ack", forward_ack, "3261 16.11"},
    {"forward", forward, "3261 16.6"},
};

void request_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	struct passage p = {.sd = sd, .msg = msg, .from = from};
	char who[ADDR_TEXT_MAX];

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		enum verdict verdict = steps[i].fn(&p);

		if (verdict == PASS)
			continue;
		log_debug(LOG_SIP, "%.*s from %s: %s by step \"%s\" (RFC %s)",
		    STR_ARGS(msg->method_name), addr_format(&from->peer, who),
		    verdict == DROP         ? "dropped"
			: verdict == PARKED ? "parked"
					    : "done",
		    steps[i].name, steps[i].rfc);
		if (verdict == DROP)
			sd->counters.dropped_stray++;
		break;
	}
	plan_done(&p.plan);
	registration_free(p.registration);
}
