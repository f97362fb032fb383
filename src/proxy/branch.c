/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/branch.h"

#include <errno.h>

#include "base/buf.h"
#include "proxy/forward.h"
#include "proxy/masquerade.h"
#include "proxy/next_hop.h"
#include "proxy/plugin_host.h"
#include "proxy/session.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

/* A server may be tried by both transports. */
static int name_branch(const struct siproxd *sd, const struct sip_msg *msg, const struct target *t,
    char branch[TXN_BRANCH_SIZE])
{
	char peer[ADDR_TEXT_MAX];
	struct buf name = BUF_INIT;
	bool failed;

	buf_str(&name, t->hop.transport == SIP_TCP ? "tcp " : "");
	buf_str(&name, addr_format(&t->hop.peer, peer));
	buf_str(&name, " ");
	buf_str(&name, t->uri ? t->uri : "");
	if (!name.failed)
		txn_branch(sd->transactions, msg, name.data, branch);
	failed = name.failed;
	buf_free(&name);
	return failed ? ENOMEM : 0;
}

int branch_dress(struct siproxd *sd, struct sip_msg *msg, const struct branch_dress *d,
    char branch[TXN_BRANCH_SIZE], struct buf *out)
{
	struct mask_request how = {
	    .from = d->from,
	    .target = d->target,
	    .branch = branch,
	    .own_routes = d->plan->own_routes,
	    .dialog = d->plan->dialog,
	    .registration = d->registration,
	};
	int err = name_branch(sd, msg, d->target, branch);

	if (err)
		return err;
	sip_edit_clear(msg);
	err = mask_request(sd, msg, &how);
	if (!err && d->sdp->n_lines)
		err = sip_sdp_apply(d->sdp, msg, d->named);
	if (!err)
		err = sip_edit_splice(msg, out);
	if (!err)
		plugins_leave(sd, &d->target->hop, out);
	return err;
}

int branch_send(struct siproxd *sd, struct forward *fw, struct sip_msg *msg,
    const struct plan *plan, unsigned n, const struct sip_sdp *sdp)
{
	const struct target *t = &plan->target[n];
	struct branch_dress how = {
	    .from = &fw->from,
	    .plan = plan,
	    .target = t,
	    .registration = fw->registration,
	    .sdp = sdp,
	    .named = session_named(sd, fw, &t->hop),
	};
	struct buf out = BUF_INIT;
	struct client_txn *ct;
	char branch[TXN_BRANCH_SIZE];
	int err = branch_dress(sd, msg, &how, branch, &out);

	if (!err)
		err = client_txn_new(sd->transactions, branch, msg->method, &t->hop, out.data,
		    out.len, &ct);
	buf_free(&out);
	if (err)
		return err;
	sd->counters.forwarded++;
	ct->forward = fw;
	ct->target = t->binding ? str_dup(str_of(t->binding)) : NULL;
	list_add_tail(&fw->branches, &ct->link);
	forward_watch(ct);
	return 0;
}
