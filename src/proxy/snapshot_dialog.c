/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dialogs over a restart: a call's, and those of subscriptions. */
#include <errno.h>
#include <stdlib.h>

#include "base/timers.h"
#include "proxy/call.h"
#include "proxy/dialog.h"
#include "proxy/snapshot_state.h"
#include "sip/sip_uri.h"
#include "siproxd.h"

struct end_names {
	const char *tag, *contact, *route, *identity, *cseq, *hop;
};

static const struct end_names names[2] = {
    [LAN] = {"lan_tag", "lan_contact", "lan_route", "lan_identity", "lan_cseq", "lan_hop"},
    [WAN] = {"wan_tag", "wan_contact", "wan_route", "wan_identity", "wan_cseq", "wan_hop"},
};

static void write_end(struct snapshot_writing *w, const struct dialog_end *e,
    const struct end_names *name)
{
	record_add(w->out, name->tag, e->tag);
	record_add(w->out, name->contact, e->contact);
	record_add(w->out, name->route, e->route);
	record_add(w->out, name->identity, e->identity);
	record_add_uint(w->out, name->cseq, e->cseq);
	snapshot_add_hop(w, name->hop, &e->hop);
}

void snapshot_write_dialog(struct dialog *d, struct snapshot_writing *w)
{
	record_begin(w->out, "dialog");
	record_add_uint(w->out, "of_call", d->of_call);
	record_add(w->out, "call_id", d->call_id);
	write_end(w, &d->end[LAN], &names[LAN]);
	write_end(w, &d->end[WAN], &names[WAN]);
	record_add(w->out, "lan_self", d->lan_self);
	record_add(w->out, "lan_peer", d->lan_peer);
	record_add_uint(w->out, "confirmed", d->confirmed);
	if (timer_is_running(&d->expiry))
		snapshot_add_due(w, "until", d->expiry.due_ms);
	snapshot_add_due(w, "subscribed_until", d->subscribed_until_ms);
	record_add_uint(w->out, "event", d->event);
	record_add_uint(w->out, "several", d->several);
	record_end(w->out);
}

/* A remote target becomes a Request-URI. */
static int read_contact(const struct record *rec, const char *name, char **out)
{
	int err = record_word(rec, name, out);
	struct sip_uri uri;

	if (err || !*out || sip_uri_parse(&uri, str_of(*out)) == 0)
		return err;
	free(*out);
	*out = NULL;
	return EBADMSG;
}

static int read_end(struct snapshot_reading *r, const struct record *rec, struct dialog *d,
    enum side side)
{
	struct dialog_end *e = &d->end[side];
	const struct end_names *name = &names[side];
	struct hop hop;
	int err = read_contact(rec, name->contact, &e->contact);

	if (!err)
		err = record_line(rec, name->route, &e->route);
	if (!err)
		err = record_line(rec, name->identity, &e->identity);
	if (err)
		return err;
	e->cseq = (uint32_t)record_uint(rec, name->cseq);
	if (!e->identity || !snapshot_hop(r, rec, name->hop, &hop) || hop.side != side)
		return EBADMSG;
	dialog_heard(d, side, &hop);
	return 0;
}

static int read_rest(struct snapshot_reading *r, const struct record *rec, struct dialog *d)
{
	uint64_t left_ms = snapshot_due(r, rec, "subscribed_until");
	int err = read_end(r, rec, d, LAN);

	if (!err)
		err = read_end(r, rec, d, WAN);
	if (!err)
		err = record_line(rec, "lan_self", &d->lan_self);
	if (!err)
		err = record_line(rec, "lan_peer", &d->lan_peer);
	d->confirmed = record_uint(rec, "confirmed") != 0;
	d->subscribed_until_ms = left_ms ? timers_now(r->sd->timers) + left_ms : 0;
	d->event = record_uint(rec, "event");
	d->several = record_uint(rec, "several") != 0;
	return err;
}

struct dialog_key {
	char *call_id, *tag[2];
};

static int read_key(const struct record *rec, struct dialog_key *key)
{
	int err = record_word(rec, "call_id", &key->call_id);

	/* An RFC 2543 client has no tag. */
	for (enum side side = LAN; !err && side <= WAN; side++)
		err = record_line(rec, names[side].tag, &key->tag[side]);
	if (!err && (!key->call_id || !key->tag[LAN] || !key->tag[WAN]))
		err = EBADMSG;
	return err;
}

static int make(struct snapshot_reading *r, const struct dialog_key *key, bool of_call,
    struct dialog **out)
{
	struct dialogs *ds = r->sd->dialogs;
	struct str id = str_of(key->call_id), lan = str_of(key->tag[LAN]),
		   wan = str_of(key->tag[WAN]);

	if (of_call && (!r->call || !call_takes_dialog(r->call)))
		return ENOSPC;
	if (dialog_find(ds, id, lan, wan))
		return EEXIST;
	return dialog_new(ds, id, lan, wan, of_call, out);
}

int snapshot_read_dialog(struct snapshot_reading *r, const struct record *rec)
{
	bool of_call = record_uint(rec, "of_call") != 0;
	uint64_t left_ms = snapshot_due(r, rec, "until");
	struct dialog_key key = {NULL, {NULL, NULL}};
	struct dialog *d = NULL;
	int err = 0;

	if (!of_call && !left_ms)
		return 0; /* it has expired meanwhile */
	err = read_key(rec, &key);
	if (!err)
		err = make(r, &key, of_call, &d);
	if (!err)
		err = read_rest(r, rec, d);
	if (err)
		dialog_free(d);
	else if (of_call)
		call_add_dialog(r->call, d);
	else
		err = dialog_keep_for(d, left_ms);
	free(key.call_id);
	free(key.tag[LAN]);
	free(key.tag[WAN]);
	return err;
}
