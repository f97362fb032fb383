/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/readdress.h"

#include "proxy/call.h"
#include "proxy/dialog.h"
#include "proxy/forward.h"
#include "proxy/session.h"
#include "proxy/side.h"
#include "proxy/transaction.h"
#include "siproxd.h"

#define WHY "our address has changed"

/* That address of ours, or the name that the WAN knew it by, is gone, and there is another. */
static bool is_stale(const struct siproxd *sd, const struct hop *hop)
{
	const struct addr *now = side_addr(sd->sides, hop->side, addr_family(&hop->local));

	if (!now)
		return false;
	if (!side_is_own(sd->sides, &hop->local))
		return true;
	return hop->side == WAN && !addr_equal_ip(&hop->named, &hop->local) &&
	    !addr_equal_ip(&hop->named, now);
}

/* The same peer, from where we are now. */
static void renew(const struct siproxd *sd, struct hop *hop)
{
	struct hop fresh;

	if (!is_stale(sd, hop) || side_route(sd->sides, &hop->peer, &fresh) != 0 ||
	    fresh.side != hop->side)
		return;
	hop->local = fresh.local;
	hop->named = fresh.named;
	hop->connection = 0;
}

/* --- dialogs and calls -------------------------------------------------------------------- */

static void renew_dialog(struct dialog *d, void *arg)
{
	renew(arg, &d->end[LAN].hop);
	renew(arg, &d->end[WAN].hop);
}

static void end_call(struct call *call, void *arg)
{
	struct siproxd *sd = arg;

	if (is_stale(sd, call_hop(call, CALLER)) || is_stale(sd, call_hop(call, CALLEE)))
		session_hang_up(sd, call, WHY);
}

/* --- what is pending ---------------------------------------------------------------------- */

/* Its responses cannot find us. The transaction ends as if the network had lost the request. */
static void fail_branches(struct siproxd *sd, struct forward *fw)
{
	struct list *l, *tmp;

	list_each(l, tmp, &fw->branches) {
		struct client_txn *ct = container_of(l, struct client_txn, link);

		if (is_stale(sd, &ct->hop))
			client_txn_fail(ct);
	}
}

static bool has_stale_branch(const struct siproxd *sd, const struct forward *fw)
{
	for (const struct list *l = fw->branches.next; l != &fw->branches; l = l->next)
		if (is_stale(sd, &container_of(l, struct client_txn, link)->hop))
			return true;
	return false;
}

/* The sender of a datagram will send it again, and then it leaves by the new address; INVITE was
 * promised an answer with its 100. */
static void forget(struct siproxd *sd, struct forward *fw)
{
	fail_branches(sd, fw);
	if (fw->st && fw->method != SIP_INVITE && fw->from.transport == SIP_UDP)
		server_txn_abandon(fw->st);
}

/* Whoever asked under our old address may still hear us from the new one; nobody need ring on. */
static void give_up(struct siproxd *sd, struct forward *fw)
{
	if (fw->st)
		renew(sd, &fw->st->hop);
	fw->cancelled = true;
	forward_cancel(fw, NULL);
	forward_reply(fw, 480, NULL);
}

static void end_pending(struct hash_node *node, void *arg)
{
	struct siproxd *sd = arg;
	struct forward *fw = container_of(node, struct forward, node);

	if (fw->final_sent)
		return;
	if (is_stale(sd, &fw->from))
		give_up(sd, fw);
	else if (has_stale_branch(sd, fw))
		forget(sd, fw);
}

void readdress(struct siproxd *sd)
{
	hash_each(&sd->forwards, end_pending, sd);
	/* Before the calls end: that makes their BYEs leave from where we are now. */
	dialogs_each(sd->dialogs, renew_dialog, sd);
	calls_each(sd->calls, end_call, sd);
}
