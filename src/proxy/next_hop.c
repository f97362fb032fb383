/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/next_hop.h"

#include <errno.h>
#include <stdlib.h>

#include "config.h"
#include "proxy/dialog.h"
#include "proxy/location.h"
#include "proxy/masquerade.h"
#include "proxy/reach.h"
#include "proxy/servers.h"
#include "proxy/way.h"
#include "siproxd.h"

void plan_done(struct plan *plan)
{
	for (unsigned i = 0; i < plan->n_targets; i++)
		target_done(&plan->target[i]);
	free(plan->name);
	plan->name = NULL;
	plan->n_targets = plan->n_hops = 0;
}

/* --- towards the LAN ---------------------------------------------------------------------- */

/* The contact under another user: a PBX behind a trunk wants to know which number was dialled. */
static char *uri_with_user(const char *contact, struct str user)
{
	struct sip_uri uri;
	char *out;

	if (sip_uri_parse(&uri, str_of(contact)) != 0 ||
	    asprintf(&out, "%.*s:%.*s@%s", STR_ARGS(uri.scheme), STR_ARGS(user), uri.hostport.s) <
		0)
		return NULL;
	return out;
}

/* `number`: the user to call there, if it is not the contact's own. */
static int add_phone(struct siproxd *sd, struct plan *plan, const struct binding *b,
    struct str number)
{
	struct target *t = &plan->target[plan->n_targets];
	struct reach seen = {b->peer, b->transport, b->connection};
	char *uri = b->path && b->transport == SIP_TCP ? reach_first_route(b->path) : NULL;
	int err;

	err = reach_phone(sd, uri ? uri : b->path ? "" : b->contact, &seen, &t->hop);
	free(uri);
	if (err)
		return 0; /* an address that is no longer on the LAN; others may ring */
	t->uri = number.len ? uri_with_user(b->contact, number) : str_dup(str_of(b->contact));
	t->binding = str_dup(str_of(b->mask_user));
	t->route = b->path ? str_dup(str_of(b->path)) : NULL;
	plan->n_targets++;
	return t->uri && t->binding && (t->route || !b->path) ? 0 : ENOMEM;
}

/* The same request, forked by the provider to two of our names, may already ring this phone. */
static bool rings_already(const struct siproxd *sd, const struct sip_msg *req,
    const struct binding *b)
{
	for (struct forward *fw = forward_twin(sd, req, NULL); fw; fw = forward_twin(sd, req, fw)) {
		struct list *l, *tmp;

		list_each(l, tmp, &fw->branches) {
			const struct client_txn *ct = container_of(l, struct client_txn, link);

			if (ct->target && strcmp(ct->target, b->mask_user) == 0)
				return true;
		}
	}
	return false;
}

static int plan_bindings(struct siproxd *sd, const struct sip_msg *req, struct str user,
    struct plan *out)
{
	struct binding *found[FORWARD_TARGETS_MAX];
	bool lately, merged = false;
	size_t n =
	    location_find(sd->location, user, sd->now_s(), found, FORWARD_TARGETS_MAX, &lately);

	for (size_t i = 0; i < n; i++) {
		if (rings_already(sd, req, found[i]))
			merged = true;
		else if (add_phone(sd, out, found[i], (struct str){NULL, 0}) != 0)
			return 500;
	}
	if (out->n_targets)
		return 0;
	if (merged)
		return 482; /* RFC 3261 8.2.2.2 */
	return n || lately ? 480 : 404;
}

static int plan_dialog_to_lan(struct siproxd *sd, const struct sip_msg *req, struct plan *out)
{
	struct dialog *d = dialog_find(sd->dialogs, req->call_id, req->to_tag, req->from_tag);
	struct target *t = &out->target[0];
	const struct dialog_end *phone;
	struct hop hop;
	struct reach seen;

	if (!d || !d->end[LAN].contact)
		return 481;
	phone = &d->end[LAN];
	reach_end(sd, phone, &hop);
	seen = reach_of(&phone->hop);
	out->dialog = d;
	out->n_targets = 1;
	t->uri = str_dup(str_of(phone->contact));
	if (phone->route) {
		t->route = str_dup(str_of(phone->route));
		if (!t->route || side_route(sd->sides, &hop.peer, &t->hop) != 0 ||
		    t->hop.side != LAN)
			return 480;
		t->hop.transport = hop.transport;
		t->hop.connection = hop.connection;
	} else if (reach_phone(sd, phone->contact, &seen, &t->hop) != 0) {
		return 480;
	}
	return t->uri ? 0 : 500;
}

/* The URI names us, the account's own domain, or nobody (tel:). */
static bool is_named_by(const struct siproxd *sd, const struct sip_uri *uri,
    const struct binding *b)
{
	struct sip_uri aor;

	if (!sip_uri_is_sip(uri) || side_is_us(sd->sides, uri))
		return true;
	return (b->domain && str_is_nocase(uri->host, b->domain)) ||
	    (sip_uri_parse(&aor, str_of(b->aor)) == 0 && str_equal_nocase(uri->host, aor.host));
}

/* Requests that mean nothing outside of a dialog. */
static bool needs_dialog(enum sip_method method)
{
	return method == SIP_ACK || method == SIP_BYE || method == SIP_PRACK ||
	    method == SIP_UPDATE;
}

static struct str user_of(struct str nameaddr_uri)
{
	struct sip_uri uri;

	if (sip_uri_parse(&uri, nameaddr_uri) != 0)
		return (struct str){NULL, 0};
	if (sip_uri_is_sip(&uri))
		return uri.user;
	return str_range(uri.scheme.s + uri.scheme.len + 1, uri.whole.s + uri.whole.len);
}

/*
 * A trunk: the registrar calls a number, in its own domain's name or in ours, and means the account
 * that it granted us. Nobody else may: it would be a way in for whoever guesses.
 */
static int plan_number(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out)
{
	struct str number = user_of(req->uri_text);
	struct binding *found[FORWARD_TARGETS_MAX];
	size_t n = location_find_account(sd->location, &from->peer, user_of(req->to.uri),
	    sd->now_s(), found, FORWARD_TARGETS_MAX);

	if (!number.len)
		return 404;
	for (size_t i = 0; i < n; i++) {
		bool account = str_is(number, found[i]->user);

		if (!is_named_by(sd, &req->uri, found[i]))
			return 404;
		if (add_phone(sd, out, found[i], account ? (struct str){NULL, 0} : number) != 0)
			return 500;
	}
	return out->n_targets ? 0 : n ? 480 : 404;
}

static int plan_from_wan(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out)
{
	int status = 404;

	/* The WAN cannot know of a way behind us: what it says of one is left out. */
	out->own_routes = sip_msg_count(req, HDR_ROUTE);
	if (req->to_tag.len || needs_dialog(req->method))
		return plan_dialog_to_lan(sd, req, out);
	if (sip_uri_is_sip(&req->uri) && side_is_us(sd->sides, &req->uri) && req->uri.user.len)
		status = plan_bindings(sd, req, req->uri.user, out);
	if (status != 404)
		return status;
	out->by_number = true;
	return plan_number(sd, req, from, out);
}

/* --- from the LAN ------------------------------------------------------------------------- */

/* outbound_domain_*: a proxy for the domain in From; else outbound_proxy_host. *port is 0 when the
 * configuration has none. */
static const char *outbound_proxy(const struct config *c, const struct sip_msg *req, uint16_t *port)
{
	struct sip_uri from;
	bool known = sip_uri_parse(&from, req->from.uri) == 0 && sip_uri_is_sip(&from);

	for (size_t i = 0; known && i < c->outbound_domain_name.count; i++) {
		int p = c->outbound_domain_port.item[i];

		if (!str_is_nocase(from.host, c->outbound_domain_name.item[i]))
			continue;
		*port = (uint16_t)p;
		return c->outbound_domain_host.item[i];
	}
	*port = (uint16_t)c->outbound_proxy_port;
	return c->outbound_proxy_host;
}

/* The hop to an address that a LAN phone wrote, or that its name resolved to. 0, or the status: as
 * reach_written(), and 403 for a LAN address as the target of a dialog with somebody on the WAN,
 * who would aim the phone's requests at its neighbours. */
static int route_to(struct siproxd *sd, const struct addr *a, const struct hop *from,
    const struct plan *plan, struct hop *out)
{
	int status = reach_written(sd, a, from, plan->configured, out);

	out->transport = plan->transport;
	return !status && plan->dialog && out->side == LAN ? 403 : status;
}

/* port 0: none is written, and so a name may have SRV records. */
static int plan_host(struct siproxd *sd, const struct hop *from, struct str host, uint16_t port,
    struct plan *out)
{
	struct addr a;

	out->n_targets = 1;
	if (addr_parse_n(&a, host.s, host.len, port ? port : SIP_PORT) == 0)
		return route_to(sd, &a, from, out, &out->target[0].hop);
	out->name = str_dup(host);
	out->port = port;
	return out->name ? 0 : 500;
}

static int plan_uri(struct siproxd *sd, const struct hop *from, const struct sip_uri *uri,
    struct plan *out)
{
	struct str host;

	/* sips: promises TLS all the way, which we do not speak. */
	if (!sip_uri_is_sip(uri) || str_is_nocase(uri->scheme, "sips"))
		return 416;
	if (!way_maddr(uri, &host))
		host = uri->host;
	out->has_transport =
	    sip_uri_transport(uri, &out->transport) == 0 && locate_speaks(out->transport);
	return plan_host(sd, from, host, uri->port, out);
}

/* Of a number (tel:) or a service (urn:) nobody says where it is: the sender's own provider knows.
 */
static int plan_home(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out)
{
	const struct sip_value *v = sip_msg_value(req, HDR_CONTACT, 0);
	struct sip_nameaddr addr;
	const struct binding *b = NULL;
	struct sip_uri uri;
	struct addr ip;

	if (sip_uri_parse(&uri, req->from.uri) == 0 && sip_uri_is_sip(&uri) &&
	    !side_is_us(sd->sides, &uri) &&
	    (!sip_uri_addr(&uri, &ip) || !side_is_lan_addr(sd->sides, &ip)))
		return plan_host(sd, from, uri.host, uri.port, out);
	if (v && sip_nameaddr_uri(v->text, &addr, &uri) == 0)
		b = location_by_contact(sd->location, &uri, user_of(req->from.uri));
	return b && b->domain ? plan_host(sd, from, str_of(b->domain), 0, out) : 416;
}

/* Puts the way into the plan's target. 0, or 500. */
static int follow(const struct sip_msg *req, const struct way *way, struct plan *out)
{
	struct target *t = &out->target[0];

	out->own_routes = way->first;
	if (!way->changed)
		return 0;
	out->own_routes = sip_msg_count(req, HDR_ROUTE);
	out->n_targets = 1;
	t->uri = str_dup(way->uri.whole);
	t->route = way_write_route(req, way);
	return t->uri && (t->route || (way->first == way->end && !way->tail.len)) ? 0 : 500;
}

static int plan_way(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    const struct way *way, struct plan *out)
{
	struct sip_uri next = way->uri;
	bool routed = way->first < way->end || way->tail.len;
	enum sip_transport asked;
	const char *proxy;
	struct str maddr;
	uint16_t port;
	int status;

	if (!routed && side_is_us(sd->sides, &way->uri) && !way_maddr(&way->uri, &maddr)) {
		out->own_routes = sip_msg_count(req, HDR_ROUTE);
		return plan_bindings(sd, req, way->uri.user, out);
	}
	status = follow(req, way, out);
	if (status)
		return status;
	if (routed) {
		if (!way->tail.len && !way_route_uri(req, way->first, &next))
			return 400;
		return plan_uri(sd, from, &next, out);
	}
	proxy = outbound_proxy(sd->config, req, &port);
	/* Within a dialog the route set alone says where (12.2.1.1). */
	out->configured = proxy && !req->to_tag.len;
	/* What the phone asks for behind the proxy it asks for in front of it. */
	if (out->configured && sip_uri_transport(&req->uri, &asked) == 0 && asked == SIP_TCP) {
		out->has_transport = true;
		out->transport = SIP_TCP;
	}
	if (out->configured)
		return plan_host(sd, from, str_of(proxy), port, out);
	return sip_uri_is_sip(&next) ? plan_uri(sd, from, &next, out)
				     : plan_home(sd, req, from, out);
}

static int plan_from_lan(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out)
{
	struct way way;
	int status = way_find(sd, req, &way);

	if (req->to_tag.len)
		out->dialog = dialog_find(sd->dialogs, req->call_id, req->from_tag, req->to_tag);
	if (!status)
		status = plan_way(sd, req, from, &way, out);
	way_done(&way);
	return status;
}

int next_hop_plan(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    struct plan *out)
{
	int status;

	memset(out, 0, sizeof(*out));
	if (from->side == WAN)
		return plan_from_wan(sd, req, from, out);
	status = plan_from_lan(sd, req, from, out);
	if (!status && out->name)
		out->account = servers_account(sd->servers, req->from.uri, out->name);
	return status;
}

void next_hop_what(const struct siproxd *sd, const struct hop *from, const struct plan *plan,
    struct locate_what *out)
{
	bool v6 = side_addr(sd->sides, WAN, AF_INET6) || side_addr(sd->sides, LAN, AF_INET6);

	*out = (struct locate_what){
	    .host = plan->name,
	    .port = plan->port,
	    .has_transport = plan->has_transport,
	    .transport = plan->transport,
	    .family = v6 ? AF_UNSPEC : AF_INET,
	    .source = from->peer,
	};
}

/* Within a dialog the server that it runs over comes first. */
static void sort_located(struct siproxd *sd, const struct plan *plan, struct located *found,
    size_t n)
{
	const struct hop *hop = plan->dialog ? &plan->dialog->end[WAN].hop : NULL;
	struct located dialog = {.transport = SIP_UDP};

	for (size_t i = 0; hop && i < n; i++) {
		if (found[i].transport != hop->transport || !addr_equal(&found[i].addr, &hop->peer))
			continue;
		dialog = found[i];
		servers_sort(sd->servers, plan->account, &dialog, found, n);
		return;
	}
	servers_sort(sd->servers, plan->account, NULL, found, n);
}

int next_hop_located(struct siproxd *sd, const struct hop *from, struct plan *plan,
    const struct located *found, size_t n)
{
	struct located sorted[LOCATE_MAX];
	int status = 503;

	if (n > LOCATE_MAX)
		n = LOCATE_MAX;
	memcpy(sorted, found, n * sizeof(*found));
	sort_located(sd, plan, sorted, n);
	for (size_t i = 0; i < n; i++) {
		struct hop *hop = &plan->hop[plan->n_hops];
		int err = route_to(sd, &sorted[i].addr, from, plan, hop);

		if (!err && from->side == WAN && hop->side != LAN)
			err = 404; /* never from the WAN to the WAN */
		if (!err) {
			hop->transport = sorted[i].transport;
			plan->n_hops++;
		} else if (!plan->n_hops) {
			status = err;
		}
	}
	if (plan->n_hops)
		plan->target[0].hop = plan->hop[0];
	return plan->n_hops ? 0 : status;
}

/* --- large requests ----------------------------------------------------------------------- */

static void add_hop(struct plan *plan, const struct hop *hop, enum sip_transport transport)
{
	for (unsigned i = 0; i < plan->n_hops; i++)
		if (plan->hop[i].transport == transport &&
		    addr_equal(&plan->hop[i].peer, &hop->peer))
			return;
	if (plan->n_hops == LOCATE_MAX)
		return;
	plan->hop[plan->n_hops] = *hop;
	plan->hop[plan->n_hops++].transport = transport;
}

bool next_hop_prefer_tcp(const struct siproxd *sd, struct plan *plan)
{
	struct hop old[LOCATE_MAX];
	unsigned n = plan->n_hops;

	if (plan->n_targets != 1 || (!n && plan->target[0].hop.transport == SIP_TCP))
		return false;
	memcpy(old, plan->hop, n * sizeof(*old));
	if (!n)
		old[n++] = plan->target[0].hop;
	plan->n_hops = 0;
	for (unsigned i = 0; i < n; i++)
		if (old[i].transport == SIP_TCP ||
		    (sd->speaks_tcp && sd->speaks_tcp(sd->send_arg, &old[i].peer)))
			add_hop(plan, &old[i], SIP_TCP);
	for (unsigned i = 0; i < n; i++)
		add_hop(plan, &old[i], old[i].transport);
	plan->target[0].hop = plan->hop[0];
	return plan->n_hops > 1;
}

/* --- what a plugin decided ---------------------------------------------------------------- */

struct account {
	struct siproxd *sd;
	struct sip_uri aor;
	struct plan *plan;
	int64_t now;
	bool lately; /* it was registered */
	int err;
};

static void add_of_account(struct binding *b, void *arg)
{
	struct account *a = arg;
	struct sip_uri aor;
	struct target *t;
	unsigned n = a->plan->n_targets;

	if (n == FORWARD_TARGETS_MAX || !b->expires || sip_uri_parse(&aor, str_of(b->aor)) != 0 ||
	    !sip_uri_equal(&aor, &a->aor))
		return;
	a->lately = true;
	if (b->expires <= a->now)
		return;
	if (add_phone(a->sd, a->plan, b, (struct str){NULL, 0}) != 0)
		a->err = ENOMEM;
	if (a->plan->n_targets == n)
		return;
	t = &a->plan->target[n];
	free(t->uri);
	t->uri = NULL; /* the PBX wants the number that was called */
}

int next_hop_to_account(struct siproxd *sd, struct str aor, struct plan *out)
{
	struct account a = {.sd = sd, .plan = out, .now = sd->now_s()};

	if (sip_uri_parse(&a.aor, aor) != 0)
		return 404;
	location_each(sd->location, add_of_account, &a);
	if (a.err)
		return 500;
	return out->n_targets ? 0 : a.lately ? 480 : 404;
}

int next_hop_to_uri(struct siproxd *sd, const struct hop *from, const char *uri, struct plan *out)
{
	struct target *t = &out->target[0];
	struct sip_uri parsed;
	int status;

	if (sip_uri_parse(&parsed, str_of(uri)) != 0)
		return 416;
	out->n_targets = 1;
	t->uri = str_dup(str_of(uri));
	if (!t->uri)
		return 500;
	out->configured = true;
	status = plan_uri(sd, from, &parsed, out);
	if (!status && !out->name && t->hop.side != LAN)
		status = 404; /* never from the WAN to the WAN */
	if (status) {
		out->configured = false;
		plan_done(out);
	}
	return status;
}

bool next_hop_is_us(const struct siproxd *sd, const struct sip_msg *req, const struct hop *from)
{
	unsigned routes = sip_msg_count(req, HDR_ROUTE);

	if (req->to_tag.len || !side_is_us(sd->sides, &req->uri) || req->uri.user.len)
		return false;
	if (from->side == WAN)
		return req->method == SIP_OPTIONS;
	return routes == mask_own_routes(sd, req) &&
	    !(routes && way_strict_router_names_us(sd, req));
}
