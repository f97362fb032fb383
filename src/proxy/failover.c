/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/failover.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/timers.h"
#include "proxy/branch.h"
#include "proxy/dialog.h"
#include "proxy/forward.h"
#include "proxy/next_hop.h"
#include "proxy/response.h"
#include "proxy/servers.h"
#include "proxy/session.h"
#include "siproxd.h"

/* A server that has the request says so at once, with 100 if with nothing else. */
#define SILENCE_MS        4000
#define RETRY_AFTER_MAX_S 86400 /* what is more is no number; servers.c bounds the rest */

struct failover {
	struct forward *forward;
	struct client_txn *current; /* the branch that we wait for; NULL */
	struct timer silence;
	uint64_t account;
	bool settled; /* a final response came */

	/* For the next try; NULL when there will be none. */
	struct sip_msg *msg;
	struct sip_sdp *sdp; /* NULL also where it has none */
	struct plan *plan;
	unsigned tried; /* of the plan's servers */
};

static void forget_request(struct failover *fo)
{
	if (fo->plan)
		plan_done(fo->plan);
	free(fo->plan);
	sip_msg_free(fo->msg);
	free(fo->sdp);
	fo->plan = NULL;
	fo->msg = NULL;
	fo->sdp = NULL;
}

void failover_free(struct failover *fo)
{
	if (!fo)
		return;
	timer_stop(fo->forward->sd->timers, &fo->silence);
	forget_request(fo);
	free(fo);
}

static struct located server_of(const struct client_txn *ct)
{
	return (struct located){.transport = ct->hop.transport, .addr = ct->hop.peer};
}

static bool others_remain(const struct failover *fo)
{
	return fo->msg && fo->tried < fo->plan->n_hops;
}

/* --- silence ------------------------------------------------------------------------------ */

/* The server is given up, but for what it may still say. */
static void on_silence(void *arg)
{
	struct failover *fo = arg;
	struct forward *fw = fo->forward;
	struct client_txn *ct = fo->current;

	if (!ct)
		return;
	if (!others_remain(fo) && !fw->best_status && !fw->cancelled)
		return; /* it is the last one: it gets the time that RFC 3261 17.1 gives it */
	client_txn_abandon(ct);
	if (!failover_next(fw, ct, NULL))
		response_give_up(fw);
}

/* Also for the last one, since an earlier one may have answered late. */
static void watch(struct failover *fo, struct client_txn *ct)
{
	fo->current = ct;
	timer_start(fo->forward->sd->timers, &fo->silence, SILENCE_MS, on_silence, fo);
}

static void stop_watching(struct failover *fo)
{
	fo->current = NULL;
	timer_stop(fo->forward->sd->timers, &fo->silence);
}

/* --- the next one ------------------------------------------------------------------------- */

static struct client_txn *latest_branch(const struct forward *fw)
{
	return container_of(fw->branches.prev, struct client_txn, link);
}

/* Takes over what is in `plan`, and leaves nothing in it. False: no memory. */
static bool keep_plan(struct failover *fo, struct plan *plan)
{
	fo->plan = malloc(sizeof(*plan));
	if (fo->plan) {
		*fo->plan = *plan;
		plan->n_targets = 0;
		plan->name = NULL;
	}
	return fo->plan != NULL;
}

static bool keep_sdp(struct failover *fo, const struct sip_sdp *sdp)
{
	if (!sdp->n_lines)
		return true;
	fo->sdp = malloc(sizeof(*sdp));
	if (fo->sdp)
		*fo->sdp = *sdp;
	return fo->sdp != NULL;
}

void failover_begin(struct forward *fw, struct sip_msg *msg, struct plan *plan,
    const struct sip_sdp *sdp)
{
	struct failover *fo = calloc(1, sizeof(*fo));
	bool has_next = plan->n_hops > 1;

	if (!fo) {
		plan_done(plan);
		sip_msg_free(msg);
		return;
	}
	fo->forward = fw;
	fo->account = plan->account;
	fo->msg = msg;
	fo->tried = 1;
	fw->failover = fo;
	if (has_next && keep_plan(fo, plan) && keep_sdp(fo, sdp))
		watch(fo, latest_branch(fw));
	else
		forget_request(fo);
	plan_done(plan);
}

void failover_answered(struct forward *fw, struct client_txn *ct, const struct sip_msg *msg)
{
	struct failover *fo = fw->failover;
	struct located server = server_of(ct);

	if (!fo || msg->status == 503)
		return;
	/* Of two that answered the account's is the one whose answer counts. */
	servers_answered(fw->sd->servers, !fo->settled || msg->status / 100 == 2 ? fo->account : 0,
	    &server);
	fo->settled = fo->settled || msg->status >= 200;
	if (ct != fo->current)
		return;
	stop_watching(fo);
	forget_request(fo);
}

/* RFC 3261 20.33: "120 (maintenance);duration=60". 0: it says nothing. */
static unsigned retry_after_s(const struct sip_msg *msg)
{
	const struct sip_line *line = sip_msg_line(msg, HDR_RETRY_AFTER);
	struct str text = line ? line->value : (struct str){NULL, 0};
	uint64_t n;

	for (size_t i = 0; i < text.len; i++)
		if (text.s[i] < '0' || text.s[i] > '9')
			text.len = i;
	return str_to_uint(text, RETRY_AFTER_MAX_S, &n) ? (unsigned)n : 0;
}

static void note_failure(struct forward *fw, const struct client_txn *ct,
    const struct sip_msg *refusal)
{
	struct located server = server_of(ct);
	unsigned for_s = refusal ? retry_after_s(refusal) : 0;
	char who[ADDR_TEXT_MAX];

	/* RFC 3261 21.5.4: a 503 without Retry-After speaks of this request alone. And it is not
	 * the server's fault when the address that we wrote from is gone. */
	if ((refusal && !for_s) || !side_is_own(fw->sd->sides, &ct->hop.local))
		return;
	log_every(10, LOG_LVL_WARN, LOG_NET, "the server %s %s: tried last for a while",
	    addr_format(&server.addr, who), refusal ? "answers 503" : "does not answer");
	servers_failed(fw->sd->servers, &server, for_s);
}

/* Our own address may be another one by now. */
static bool aim(struct failover *fo, const struct hop *hop)
{
	struct hop *to = &fo->plan->target[0].hop;

	if (side_route(fo->forward->sd->sides, &hop->peer, to) != 0 || to->side != hop->side)
		return false;
	to->transport = hop->transport;
	return true;
}

static bool send_next(struct failover *fo)
{
	struct forward *fw = fo->forward;
	struct sip_sdp none = {.n_lines = 0};

	/* It may have ended while we waited. */
	if (others_remain(fo) && fo->plan->dialog)
		fo->plan->dialog = dialog_find(fw->sd->dialogs, fo->msg->call_id, fo->msg->from_tag,
		    fo->msg->to_tag);
	while (others_remain(fo)) {
		if (!aim(fo, &fo->plan->hop[fo->tried++]))
			continue;
		if (session_turn(fw->sd, fw, &fo->plan->target[0].hop, fo->sdp) != 0)
			return false;
		if (branch_send(fw->sd, fw, fo->msg, fo->plan, 0, fo->sdp ? fo->sdp : &none) != 0)
			continue;
		watch(fo, latest_branch(fw));
		return true;
	}
	return false;
}

bool failover_next(struct forward *fw, struct client_txn *ct, const struct sip_msg *refusal)
{
	struct failover *fo = fw->failover;
	char to[ADDR_TEXT_MAX];

	if (!fo)
		return false;
	note_failure(fw, ct, refusal);
	if (ct != fo->current)
		return false;
	stop_watching(fo);
	if (fw->cancelled || fw->final_sent || (fw->best_status && fw->best_status != 503))
		return false;
	if (!send_next(fo))
		return false;
	log_debug(LOG_SIP, "the next server of the name is tried: %s",
	    addr_format(&latest_branch(fw)->hop.peer, to));
	return true;
}
