/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/session.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "config.h"
#include "proxy/call.h"
#include "proxy/emergency.h"
#include "proxy/location.h"
#include "proxy/masquerade.h"
#include "proxy/next_hop.h"
#include "proxy/own_request.h"
#include "proxy/plugin_host.h"
#include "proxy/subscription.h"
#include "proxy/tag.h"
#include "siproxd.h"

/* How long a dialog waits for the 2xx that tells how long it is good for. */
#define DIALOG_GRACE_S 64
/* Dialogs of one SUBSCRIBE, forked, before it is answered. */
#define NOTIFIERS_MAX 16

static struct call *call_of(const struct siproxd *sd, const struct forward *fw)
{
	return call_find(sd->calls, fw->call);
}

const struct addr *session_named(const struct siproxd *sd, const struct forward *fw,
    const struct hop *to)
{
	const struct call *call = call_of(sd, fw);

	return call ? call_named(call, call_leg_of(call, to->side)) : &to->named;
}

static void log_call(const struct call *call, const char *what, const struct forward *fw)
{
	char from[128], to[128];

	log_info(LOG_SIP, "call %u: %s: %s -> %s", call_number(call), what,
	    log_escape(from, sizeof(from), fw->from_value, strlen(fw->from_value)),
	    log_escape(to, sizeof(to), fw->request_uri, strlen(fw->request_uri)));
}

/* --- requests ----------------------------------------------------------------------------- */

bool session_trusts(const struct siproxd *sd, const struct hop *from)
{
	return from->side == LAN ||
	    location_knows_registrar(sd->location, &from->peer, sd->now_s()) ||
	    dialogs_talk_with(sd->dialogs, &from->peer);
}

static int new_call(struct siproxd *sd, const struct forward *fw, const struct target *t,
    struct call **call)
{
	if (fw->from.side == LAN && emergency_is_called(sd->config, str_of(fw->request_uri)))
		return call_new_urgent(sd->calls, &fw->from, &t->hop, call);
	if (session_trusts(sd, &fw->from))
		return call_new(sd->calls, &fw->from, &t->hop, call);
	return call_new_stranger(sd->calls, &fw->from, &t->hop, call);
}

static int begin_call(struct siproxd *sd, struct forward *fw, const struct target *t)
{
	struct call *call;
	int err = new_call(sd, fw, t, &call);

	if (err) {
		sd->counters.calls_refused++;
		log_every(10, LOG_LVL_WARN, LOG_SIP, "a call was refused: %s",
		    err == ENOSPC ? "max_calls is reached" : "out of memory");
		return 503;
	}
	sd->counters.calls++;
	fw->call = call_number(call);
	fw->made_call = true;
	log_call(call, fw->from.side == LAN ? "outgoing" : "incoming", fw);
	plugins_call_begins(sd, call, fw, &t->hop);
	return 0;
}

/* An end of the dialog sent a request: it signals from there now. */
static void heard_from(struct dialog *d, enum side side, uint32_t cseq, const struct hop *from)
{
	if (cseq > d->end[side].cseq)
		d->end[side].cseq = cseq;
	dialog_heard(d, side, from);
}

/* The description in `msg`, ready to be filled in. 0: it is there; ENOENT: none to look at;
 * EINVAL: none that can be read. */
static int read_sdp(const struct siproxd *sd, const struct sip_msg *msg, struct sip_sdp *sdp)
{
	sdp->n_lines = 0;
	if (!sd->relay)
		return ENOENT;
	return sip_sdp_present(msg) ? sip_sdp_parse(sdp, msg) : sip_sdp_parse_fragment(sdp, msg);
}

/* Methods whose descriptions are offers and answers; in all others (OPTIONS, INFO, MESSAGE ...) one
 * tells of capabilities at most. ACK is apart: it has no forward. */
static bool negotiates(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_UPDATE || method == SIP_PRACK;
}

static int offer(struct siproxd *sd, struct call *call, enum call_leg leg, struct str tag,
    const struct hop *from, struct sip_sdp *sdp)
{
	int err = call_offer(call, leg, tag_id(sd->key, tag), from, sdp);

	if (!err)
		return 0;
	sd->counters.calls_refused++;
	log_every(10, LOG_LVL_WARN, LOG_RTP, "call %u: %s", call_number(call),
	    err == ENOSPC ? "no free RTP port pair between rtp_port_low and rtp_port_high"
			  : "the media ports could not be opened");
	return 503;
}

static int answer(struct siproxd *sd, struct call *call, enum call_leg leg, struct str tag,
    const struct hop *from, struct sip_sdp *sdp)
{
	return call_answer(call, leg, tag_id(sd->key, tag), from, sdp) ? 500 : 0;
}

static int request_description(struct siproxd *sd, struct forward *fw, const struct sip_msg *req,
    struct sip_sdp *sdp)
{
	struct call *call = call_of(sd, fw);
	int err = read_sdp(sd, req, sdp), status;
	enum call_leg leg;

	if (err == ENOENT)
		return 0;
	if (err)
		return err == EINVAL ? 488 : 500;
	/* Without an offer there is no relay: what it describes gets our address and no port. */
	if (!negotiates(req->method))
		return 0;
	if (!call)
		return fw->in_dialog ? 481 : 0;
	leg = call_leg_of(call, fw->from.side);
	if (req->method == SIP_PRACK && call_awaits_answer(call, leg))
		return answer(sd, call, leg, req->from_tag, &fw->from, sdp);
	fw->had_offer = true;
	status = offer(sd, call, leg, req->from_tag, &fw->from, sdp);
	fw->offer = call_last_offer(call);
	return status;
}

int session_request(struct siproxd *sd, struct forward *fw, const struct sip_msg *req,
    const struct plan *plan, struct sip_sdp *sdp)
{
	const struct target *t = &plan->target[0];
	int status;

	sdp->n_lines = 0;
	if (t->hop.side == fw->from.side)
		return 0;
	if (plan->dialog) {
		heard_from(plan->dialog, fw->from.side, req->cseq, &fw->from);
		fw->call = plan->dialog->call ? call_number(plan->dialog->call) : 0;
	}
	/* Also for a re-INVITE whose dialog a restart made us forget. */
	if (req->method == SIP_INVITE && !call_of(sd, fw)) {
		status = begin_call(sd, fw, t);
		if (status)
			return status;
	}
	return request_description(sd, fw, req, sdp);
}

int session_turn(struct siproxd *sd, const struct forward *fw, const struct hop *to,
    struct sip_sdp *sdp)
{
	struct call *call = fw->made_call ? call_of(sd, fw) : NULL;
	enum call_leg leg = call ? call_leg_of(call, to->side) : CALLEE;
	int err = call ? call_turn(call, leg, to) : 0;

	if (call && !err && sdp)
		call_repeat(call, !leg, sdp);
	return err;
}

bool session_ack(struct siproxd *sd, const struct sip_msg *ack, const struct hop *from,
    struct dialog *dialog, struct sip_sdp *sdp)
{
	struct call *call = dialog ? dialog->call : NULL;
	int err = read_sdp(sd, ack, sdp);

	/* Without a call it still must not tell the other side's address: ours, and no port. */
	if (!err && call)
		err = answer(sd, call, call_leg_of(call, from->side), ack->from_tag, from, sdp);
	return err == 0 || err == ENOENT;
}

/* --- responses ---------------------------------------------------------------------------- */

static struct str contact_uri(const struct sip_msg *msg)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_CONTACT, 0);
	struct sip_nameaddr addr;
	struct sip_uri uri;

	if (!v || sip_nameaddr_uri(v->text, &addr, &uri) != 0)
		return (struct str){NULL, 0};
	return addr.uri;
}

static struct dialog *find_dialog(struct siproxd *sd, const struct forward *fw, struct str to_tag)
{
	struct str a = str_of(fw->from_tag);

	return fw->from.side == LAN ? dialog_find(sd->dialogs, str_of(fw->call_id), a, to_tag)
				    : dialog_find(sd->dialogs, str_of(fw->call_id), to_tag, a);
}

/* What each end calls itself, on the WAN and, where that differs, on the LAN. */
static int set_identities(struct siproxd *sd, struct dialog *d, const struct forward *fw)
{
	enum side asker = fw->from.side;
	const struct addr *wan = &d->end[WAN].hop.named;

	d->end[asker].identity = mask_identity_for_wan(sd, fw->from_value, wan);
	d->end[!asker].identity = mask_identity_for_wan(sd, fw->to_value, wan);
	if (asker == LAN) {
		d->lan_self = mask_hidden_identity(sd, fw->from_value);
		d->lan_peer = mask_hidden_identity(sd, fw->to_value);
	}
	return d->end[LAN].identity && d->end[WAN].identity ? 0 : ENOMEM;
}

/* `msg` is what the far end of `fw`, of that tag, sent: a response, or a NOTIFY. */
static int make_dialog(struct siproxd *sd, const struct forward *fw, const struct sip_msg *msg,
    struct str tag, const struct hop *from, struct dialog **out)
{
	enum side asker = fw->from.side;
	bool lan = asker == LAN;
	struct dialog *d;
	int err = dialog_new(sd->dialogs, str_of(fw->call_id), lan ? str_of(fw->from_tag) : tag,
	    lan ? tag : str_of(fw->from_tag), fw->method == SIP_INVITE, &d);

	if (err)
		return err;
	dialog_heard(d, asker, &fw->from);
	d->end[asker].cseq = fw->cseq;
	dialog_heard(d, !asker, from);
	d->end[!asker].route = mask_route_behind(sd, msg, from->side);
	err = set_identities(sd, d, fw);
	if (!err)
		err = dialog_set(&d->end[asker].route, str_of(fw->route_behind));
	if (!err)
		err = dialog_set(&d->end[asker].contact, str_of(fw->contact));
	if (!err)
		err = dialog_set(&d->end[!asker].contact, contact_uri(msg));
	if (err) {
		dialog_free(d);
		return err;
	}
	*out = d;
	return 0;
}

static int begin_dialog(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from, struct dialog **out)
{
	struct call *call = call_of(sd, fw);
	int err;

	if (call && !call_takes_dialog(call))
		return ENOSPC;
	err = make_dialog(sd, fw, msg, msg->to_tag, from, out);
	if (err)
		return err;
	if (call)
		call_add_dialog(call, *out);
	else
		err = dialog_keep_for(*out, 1000 * DIALOG_GRACE_S); /* its 2xx says how long */
	return err;
}

void session_notify(struct siproxd *sd, const struct sip_msg *req, const struct hop *from)
{
	struct forward *fw;
	struct dialog *d;

	if (req->method != SIP_NOTIFY || from->side != WAN || !req->to_tag.len ||
	    !req->from_tag.len ||
	    dialog_find(sd->dialogs, req->call_id, req->to_tag, req->from_tag))
		return;
	fw = forward_notified(sd, req);
	if (!fw || fw->notifiers >= NOTIFIERS_MAX ||
	    make_dialog(sd, fw, req, req->from_tag, from, &d) != 0)
		return;
	/* Where a fork's NOTIFY is all that tells of it, what was asked for counts. */
	if (subscription_expected(sd, d, fw) == 0)
		fw->notifiers++;
}

/* 12.1, and 12.2.1.2 for the target refresh. */
static int update_dialog(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from)
{
	struct dialog *d = find_dialog(sd, fw, msg->to_tag);
	enum side asker = fw->from.side;
	int err = 0;

	if (!msg->to_tag.len)
		return 0;
	if (!d) {
		/* made_call: a re-INVITE whose dialog a restart made us forget begins it anew. */
		if (!mask_forms_dialog(fw->method) || (fw->in_dialog && !fw->made_call))
			return 0;
		err = begin_dialog(sd, fw, msg, from, &d);
		if (err)
			return err;
	}
	dialog_heard(d, !asker, from);
	if (!fw->in_dialog || msg->status >= 200) {
		err = dialog_set(&d->end[asker].contact, str_of(fw->contact));
		if (!err)
			err = dialog_set(&d->end[!asker].contact, contact_uri(msg));
	}
	/* A 2xx to the PRACK or UPDATE of an early dialog confirms nothing. */
	if (err || msg->status < 200 || !mask_forms_dialog(fw->method))
		return err;
	d->confirmed = true;
	return fw->method == SIP_INVITE ? 0 : subscription_granted(sd, d, fw, msg->expires);
}

/* A retransmitted 2xx to INVITE: the call may have moved on since the first one. */
static bool is_repeated(const struct siproxd *sd, const struct forward *fw,
    const struct sip_msg *msg)
{
	return fw->method == SIP_INVITE && msg->status >= 200 && fw->accepted &&
	    fw->accepted == tag_id(sd->key, msg->to_tag);
}

static int response_description(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from, struct sip_sdp *sdp)
{
	struct call *call = call_of(sd, fw);
	int err = read_sdp(sd, msg, sdp);
	enum call_leg leg;

	if (err == ENOENT)
		return 0;
	if (err || !call || !negotiates(fw->method))
		return err;
	leg = call_leg_of(call, from->side);
	if (is_repeated(sd, fw, msg)) {
		call_repeat(call, leg, sdp);
		return 0;
	}
	/* The server of the other family, which had been given up, was but slow. (Phones of both
	 * families that ring at once were all told of one address, which stays.) */
	if (fw->failover && session_turn(sd, fw, from, NULL) != 0)
		return ENOSPC;
	return fw->had_offer ? answer(sd, call, leg, msg->to_tag, from, sdp)
			     : offer(sd, call, leg, msg->to_tag, from, sdp);
}

/* "1800;refresher=uac"; each refresh says anew (RFC 4028 8.2). */
static void note_session_timer(struct call *call, const struct sip_msg *msg)
{
	const struct sip_line *line = sip_msg_line(msg, HDR_SESSION_EXPIRES);
	const char *end;
	uint64_t s = 0;

	if (line) {
		end = line->value.s + line->value.len;
		end = sip_scan_to(line->value.s, end, ';');
		str_to_uint(str_trim(str_range(line->value.s, end)), UINT32_MAX, &s);
	}
	call_must_refresh(call, (uint32_t)s);
}

static bool refreshes(const struct forward *fw, const struct sip_msg *msg)
{
	return msg->status >= 200 && (fw->method == SIP_INVITE || fw->method == SIP_UPDATE);
}

bool session_response(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from, struct sip_sdp *sdp)
{
	struct call *call = call_of(sd, fw);

	sdp->n_lines = 0;
	if (from->side == fw->from.side)
		return true;
	if (msg->status >= 300) {
		/* A failure may describe capabilities (21.4.26): our address, and no port. */
		int err = read_sdp(sd, msg, sdp);

		return err == 0 || err == ENOENT;
	}
	if (fw->made_call && !call)
		return false; /* a late 200 of a call that was hung up meanwhile */
	if ((!is_repeated(sd, fw, msg) && update_dialog(sd, fw, msg, from) != 0) ||
	    response_description(sd, fw, msg, from, sdp) != 0) {
		log_every(10, LOG_LVL_WARN, LOG_SIP, "a response %d could not be carried: %s",
		    msg->status, "no memory, no port, or no session description");
		return false;
	}
	if (call && refreshes(fw, msg) && !is_repeated(sd, fw, msg))
		note_session_timer(call, msg);
	if (fw->method == SIP_INVITE && msg->status >= 200 && !fw->accepted)
		fw->accepted = tag_id(sd->key, msg->to_tag);
	if (fw->method == SIP_INVITE && msg->status >= 200 && call && !call_is_answered(call)) {
		call_answered(call, tag_id(sd->key, msg->to_tag));
		log_call(call, "answered", fw);
		plugins_call_answered(sd, call);
	}
	return true;
}

/* --- ends --------------------------------------------------------------------------------- */

static void end_call(struct siproxd *sd, struct call *call, const char *why)
{
	plugins_call_ends(sd, call, why);
	log_info(LOG_SIP, "call %u: ended: %s", call_number(call), why);
	call_free(call);
}

static bool has_confirmed_dialog(struct call *call)
{
	struct list *l, *tmp;

	list_each(l, tmp, call_dialogs(call))
		if (container_of(l, struct dialog, link)->confirmed)
			return true;
	return false;
}

/* Two phones had answered at once, and the caller hangs up on one. */
static void forget_peer(struct siproxd *sd, struct call *call, const struct dialog *d)
{
	const char *callee = d->end[call_side_of(call, CALLEE)].tag;

	call_forget_callee(call, tag_id(sd->key, str_of(callee)));
}

/* Early dialogs of phones that did not get the call are no reason to keep it. */
static void end_dialog(struct siproxd *sd, const struct forward *fw)
{
	struct dialog *d = find_dialog(sd, fw, str_of(fw->to_tag));
	struct call *call = d ? d->call : NULL;

	if (!call)
		return; /* it is no call's: a subscription is not ended by BYE (RFC 5057 5.3) */
	forget_peer(sd, call, d);
	if (!subscription_survives(sd, d))
		dialog_free(d);
	if (!has_confirmed_dialog(call) &&
	    (call_is_answered(call) || list_is_empty(call_dialogs(call))))
		end_call(sd, call, "BYE");
}

void session_final(struct siproxd *sd, struct forward *fw, int status)
{
	struct call *call = call_of(sd, fw);
	bool refused = status == 0 || status >= 300;

	if (fw->method == SIP_BYE) {
		/* A challenged BYE comes again; every other one is the end, whatever is said. */
		if (status != 401 && status != 407)
			end_dialog(sd, fw);
	} else if (fw->method == SIP_NOTIFY) {
		struct dialog *d = find_dialog(sd, fw, str_of(fw->to_tag));

		if (d)
			subscription_notified(sd, d, fw, status);
	} else if (refused && call && fw->made_call && !call_is_answered(call)) {
		char why[16];

		snprintf(why, sizeof(why), "%d", status ? status : 408);
		end_call(sd, call, why);
	} else if (refused && call && fw->had_offer) {
		call_offer_refused(call, fw->offer);
	}
}

/* --- hanging up from here ----------------------------------------------------------------- */

void session_reject_answer(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from)
{
	struct dialog *d = find_dialog(sd, fw, msg->to_tag);

	if (fw->in_dialog || from->side == fw->from.side)
		return;
	/* There was no room for it among those of the call. */
	if (!d && make_dialog(sd, fw, msg, msg->to_tag, from, &d) != 0)
		return;
	own_request_ack(sd, d, from->side, fw->cseq);
	own_request_bye(sd, d, from->side);
	dialog_free(d);
}

void session_hang_up(struct siproxd *sd, struct call *call, const char *why)
{
	struct list *l, *tmp;

	list_each(l, tmp, call_dialogs(call)) {
		const struct dialog *d = container_of(l, struct dialog, link);

		if (!d->confirmed)
			continue;
		own_request_bye(sd, d, LAN);
		own_request_bye(sd, d, WAN);
	}
	end_call(sd, call, why);
}
