/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/own_request.h"

#include <stdio.h>

#include "base/buf.h"
#include "proxy/dialog.h"
#include "proxy/masquerade.h"
#include "proxy/pipeline.h"
#include "proxy/reach.h"
#include "proxy/transaction.h"
#include "siproxd.h"

struct own_request {
	const struct dialog *dialog;
	enum side to;
	const char *method;
	uint32_t cseq;
	struct hop hop; /* where that end is reached now */
	char branch[TXN_BRANCH_SIZE];
};

static void write_request(const struct siproxd *sd, const struct own_request *own, struct buf *out)
{
	const struct dialog *d = own->dialog;
	const struct dialog_end *end = &d->end[own->to], *other = &d->end[!own->to];
	const char *self = own->to == LAN && d->lan_self ? d->lan_self : end->identity;
	const char *peer = own->to == LAN && d->lan_peer ? d->lan_peer : other->identity;
	char host[ADDR_TEXT_MAX];

	buf_printf(out, "%s %s SIP/2.0\r\n", own->method, end->contact);
	buf_printf(out, "Via: SIP/2.0/%s %s:%u;branch=%s\r\nMax-Forwards: 70\r\n",
	    sip_transport_name(end->hop.transport), addr_format_host(&end->hop.named, host),
	    addr_port(&end->hop.named), own->branch);
	if (end->route)
		buf_printf(out, "Route: %s\r\n", end->route);
	/* An RFC 2543 client has no tag. */
	buf_printf(out, "From: %s%s%s\r\nTo: %s%s%s\r\n", peer, *other->tag ? ";tag=" : "",
	    other->tag, self, *end->tag ? ";tag=" : "", end->tag);
	mask_write_call_id(sd, out, own->to, d->call_id);
	buf_printf(out, "CSeq: %u %s\r\n", own->cseq, own->method);
	buf_str(out, "Content-Length: 0\r\n\r\n");
}

static void new_branch(const struct siproxd *sd, char out[TXN_BRANCH_SIZE])
{
	uint8_t random[8];

	random_bytes(random, sizeof(random));
	snprintf(out, TXN_BRANCH_SIZE, "%s%016llx", SIP_BRANCH_COOKIE,
	    (unsigned long long)siphash(sd->key, random, sizeof(random)));
}

/* False: there is nothing to send. The caller frees `out`. */
static bool prepare(const struct siproxd *sd, struct own_request *own, struct buf *out)
{
	const struct dialog_end *end = &own->dialog->end[own->to];

	if (!end->contact)
		return false;
	reach_end(sd, end, &own->hop);
	new_branch(sd, own->branch);
	write_request(sd, own, out);
	return !out->failed;
}

void own_request_bye(struct siproxd *sd, const struct dialog *d, enum side to)
{
	struct own_request own = {
	    .dialog = d,
	    .to = to,
	    .method = "BYE",
	    .cseq = d->end[!to].cseq + 1,
	};
	struct buf bye = BUF_INIT;
	struct client_txn *ct;

	if (prepare(sd, &own, &bye))
		client_txn_new(sd->transactions, own.branch, SIP_BYE, &own.hop, bye.data, bye.len,
		    &ct);
	buf_free(&bye);
}

void own_request_ack(struct siproxd *sd, const struct dialog *d, enum side to, uint32_t cseq)
{
	struct own_request own = {.dialog = d, .to = to, .method = "ACK", .cseq = cseq};
	struct buf ack = BUF_INIT;

	if (prepare(sd, &own, &ack))
		pipeline_send(sd, ack.data, ack.len, &own.hop);
	buf_free(&ack);
}
