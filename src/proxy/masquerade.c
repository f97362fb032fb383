/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/masquerade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "proxy/call_id.h"
#include "proxy/dialog.h"
#include "proxy/leak_guard.h"
#include "proxy/location.h"
#include "proxy/registration.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

enum crossing {
	REQUEST_OUT = 1, /* towards the WAN */
	REQUEST_IN = 2,  /* from the WAN to the LAN */
	RESPONSE_OUT = 4,
	RESPONSE_IN = 8,
};

struct mask {
	const struct siproxd *sd;
	struct sip_msg *msg;
	enum crossing crossing;
	const struct addr *named;     /* ours on the leaving side */
	enum sip_transport transport; /* of that side */
	const struct mask_request *how;
	const struct forward *fw; /* of a response */
	unsigned contact;         /* how many Contact values were seen */
};

/* "192.0.2.1" or "192.0.2.1:5062": the default port is not written. */
static const char *host_port(const struct addr *a, char out[static ADDR_TEXT_MAX + 8])
{
	char host[ADDR_TEXT_MAX];

	if (addr_port(a) == SIP_PORT)
		snprintf(out, ADDR_TEXT_MAX + 8, "%s", addr_format_host(a, host));
	else
		snprintf(out, ADDR_TEXT_MAX + 8, "%s:%u", addr_format_host(a, host), addr_port(a));
	return out;
}

static bool is_lan_host(const struct siproxd *sd, const struct sip_uri *uri)
{
	struct addr a;

	return sip_uri_is_sip(uri) && sip_uri_addr(uri, &a) && side_is_lan_addr(sd->sides, &a);
}

/* The URI of a name-addr, if it is a SIP URI that names a LAN address. */
static bool find_lan_uri(const struct siproxd *sd, struct str text, struct sip_uri *uri)
{
	struct sip_nameaddr addr;

	return sip_nameaddr_parse(&addr, text) == 0 && sip_uri_parse(uri, addr.uri) == 0 &&
	    is_lan_host(sd, uri);
}

/* mask_host: what the WAN knows that host by; NULL: by its own name. */
static const char *masked_host(const struct siproxd *sd, const struct sip_uri *uri)
{
	const struct config *c = sd->config;

	for (size_t i = 0; sip_uri_is_sip(uri) && i < c->mask_host.count; i++)
		if (str_is_nocase(uri->host, c->mask_host.item[i]))
			return c->masked_host.item[i];
	return NULL;
}

/* The URI of a name-addr whose host the WAN must not see; *shown: what it sees instead. */
static bool find_hidden_uri(const struct siproxd *sd, struct str text, const struct addr *named,
    struct sip_uri *uri, char buf[static ADDR_TEXT_MAX + 8], struct str *shown)
{
	struct sip_nameaddr addr;
	const char *masked;

	if (sip_nameaddr_uri(text, &addr, uri) != 0)
		return false;
	masked = masked_host(sd, uri);
	if (!masked && !is_lan_host(sd, uri))
		return false;
	*shown = str_of(masked ? masked : host_port(named, buf));
	return true;
}

/* --- the translations --------------------------------------------------------------------- */

/* From, To, Refer-To, P-Asserted-Identity ...: a LAN host becomes our WAN address. */
static int uri_out(struct mask *m, const struct sip_value *v)
{
	char text[ADDR_TEXT_MAX + 8];
	struct sip_uri uri;
	struct str shown;

	if (!find_hidden_uri(m->sd, v->text, m->named, &uri, text, &shown))
		return 0;
	return sip_edit_replace(m->msg, uri.hostport, shown);
}

static struct str without_tag(struct str value)
{
	struct sip_nameaddr addr;
	struct str whole;

	/* A tag in the middle of other parameters is rare; then they go with it. */
	if (sip_nameaddr_parse(&addr, value) == 0 &&
	    sip_param_get(addr.params, "tag", NULL, &whole))
		return str_trim(str_range(value.s, whole.s));
	return value;
}

/* The sender of the request gets back the From and To that it wrote; the tag is the far end's. */
static int identity_back(struct mask *m, const struct sip_value *v)
{
	const char *own = v->id == HDR_FROM ? m->fw->from_value : m->fw->to_value;
	struct sip_nameaddr ours, theirs;
	struct str tag = {NULL, 0};

	if (sip_nameaddr_parse(&ours, str_of(own)) != 0 ||
	    sip_nameaddr_parse(&theirs, v->text) != 0)
		return EINVAL;
	if (str_equal(ours.uri, theirs.uri))
		return 0;
	if (sip_param_get(ours.params, "tag", NULL, NULL) ||
	    !sip_param_get(theirs.params, "tag", &tag, NULL))
		return sip_edit_replace(m->msg, v->text, str_of(own));
	return sip_edit_replacef(m->msg, v->text, "%s;tag=%.*s", own, STR_ARGS(tag));
}

/* A request from the WAN within a dialog: the phone sees the names that it uses itself. */
static int identity_in(struct mask *m, const struct sip_value *v)
{
	const struct dialog *d = m->how->dialog;
	const char *own = !d ? NULL : v->id == HDR_FROM ? d->lan_peer : d->lan_self;
	struct str tag = v->id == HDR_FROM ? m->msg->from_tag : m->msg->to_tag;

	if (!own)
		return 0;
	return sip_edit_replacef(m->msg, v->text, "%s%s%.*s", own, tag.len ? ";tag=" : "",
	    STR_ARGS(tag));
}

/* The binding of this contact. A phone with several accounts may use one Contact for all of them:
 * then the one in whose name it speaks is meant. */
static const struct binding *binding_of(const struct mask *m, const struct sip_uri *contact)
{
	bool asks = m->msg->is_request;
	const struct binding *b;
	struct sip_uri self;

	if (sip_uri_parse(&self, asks ? m->msg->from.uri : m->msg->to.uri) != 0)
		self.user.len = 0;
	b = location_by_contact(m->sd->location, contact, self.user);
	return b && b->expires ? b : NULL;
}

/* The user part under which the WAN reaches this contact. */
static struct str name_for(const struct mask *m, const struct sip_uri *uri)
{
	const struct binding *b = binding_of(m, uri);
	struct addr a;

	if (b)
		return str_of(b->mask_user);
	/* A phone without an account calls itself by its address. */
	if (addr_parse_n(&a, uri->user.s, uri->user.len, 0) == 0)
		return (struct str){NULL, 0};
	return uri->user;
}

static int contact_out(struct mask *m, const struct sip_value *v)
{
	unsigned n = m->contact++;
	char host[ADDR_TEXT_MAX + 8];
	struct sip_nameaddr addr;
	struct sip_uri uri;
	struct str user;

	if (str_is(v->text, "*"))
		return 0;
	if (sip_nameaddr_uri(v->text, &addr, &uri) != 0)
		return EINVAL;
	if (!sip_uri_is_sip(&uri))
		return 0;
	/* A redirection to somebody else is none of our business (RFC 3261 8.1.3.4). */
	if (m->msg->status >= 300 && !is_lan_host(m->sd, &uri) && !side_is_us(m->sd->sides, &uri))
		return 0;
	if (m->how && m->how->registration)
		user = str_of(registration_name(m->how->registration, n));
	else
		user = name_for(m, &uri);
	return sip_edit_replacef(m->msg, addr.uri, "sip:%.*s%s%s%s", STR_ARGS(user),
	    user.len ? "@" : "", host_port(m->named, host), sip_transport_param(m->transport));
}

/* Refer-To and the like: the WAN must find the phone that is meant, not only us. */
static int target_out(struct mask *m, const struct sip_value *v)
{
	char host[ADDR_TEXT_MAX + 8];
	const struct binding *b;
	struct sip_uri uri;
	struct str range;

	if (!find_lan_uri(m->sd, v->text, &uri))
		return 0;
	b = binding_of(m, &uri);
	if (!b)
		return uri_out(m, v);
	range = str_range(uri.userinfo.len ? uri.userinfo.s : uri.hostport.s,
	    uri.hostport.s + uri.hostport.len);
	return sip_edit_replacef(m->msg, range, "%s@%s", b->mask_user, host_port(m->named, host));
}

static enum side viewer(const struct mask *m)
{
	return m->crossing & (REQUEST_OUT | RESPONSE_OUT) ? WAN : LAN;
}

static int put_call_id(struct mask *m, struct str range,
    char *(*seen_by)(enum side side, const uint8_t *key, struct str id))
{
	char *id;
	int err;

	if (!m->sd->config->obscure_loops)
		return 0;
	id = seen_by(viewer(m), m->sd->key, range);
	err = id ? sip_edit_replace(m->msg, range, str_of(id)) : ENOMEM;
	free(id);
	return err;
}

static int call_id(struct mask *m, const struct sip_value *v)
{
	return put_call_id(m, v->text, call_id_seen_by);
}

/* Replaces, Join, Target-Dialog: "call-id;to-tag=..."; In-Reply-To: nothing behind it. */
static int other_call(struct mask *m, const struct sip_value *v)
{
	const char *end = memchr(v->text.s, ';', v->text.len);
	struct str id = str_trim(end ? str_range(v->text.s, end) : v->text);

	return str_is_word(id) ? put_call_id(m, id, call_id_seen_by) : 0;
}

/* Refer-To: <sip:b@h?Replaces=call-id%3Bto-tag%3D...> */
static int call_in_uri(struct mask *m, const struct sip_value *v)
{
	struct sip_nameaddr addr;
	const char *p, *end;
	struct sip_uri uri;
	struct str id;

	if (sip_nameaddr_uri(v->text, &addr, &uri) != 0 || uri.headers.len < 10)
		return 0;
	end = uri.headers.s + uri.headers.len;
	for (p = uri.headers.s; p; p = memchr(p + 1, '&', (size_t)(end - p - 1)))
		if (end - p > 10 && strncasecmp(p + 1, "Replaces=", 9) == 0)
			break;
	if (!p)
		return 0;
	id = str_range(p + 10, p + 10);
	while (id.s + id.len < end && id.s[id.len] != '&' && id.s[id.len] != ';' &&
	    strncasecmp(id.s + id.len, "%3B", 3) != 0)
		id.len++;
	return id.len ? put_call_id(m, id, call_id_escaped_seen_by) : 0;
}

/* max_expires: the phone shall come back sooner than the registrar demands. */
static int shorten(struct mask *m, const struct sip_nameaddr *contact)
{
	struct str text;
	uint64_t n;

	if (!sip_param_get(contact->params, "expires", &text, NULL) ||
	    !str_to_uint(text, UINT32_MAX, &n) ||
	    registration_told(m->sd, (int64_t)n) == (int64_t)n)
		return 0;
	return sip_edit_replacef(m->msg, text, "%lld",
	    (long long)registration_told(m->sd, (int64_t)n));
}

/* The registrar's 2xx lists contacts as it knows them; the phone must find its own. */
static int contact_in(struct mask *m, const struct sip_value *v)
{
	struct sip_nameaddr addr;
	struct sip_uri uri;
	const char *own;
	int err;

	if (m->fw->method != SIP_REGISTER || sip_nameaddr_uri(v->text, &addr, &uri) != 0)
		return 0;
	own = registration_own_contact(m->sd, &uri);
	err = own ? sip_edit_replace(m->msg, addr.uri, str_of(own)) : 0;
	return err ? err : shorten(m, &addr);
}

/* RFC 3261 20.43: `399 192.168.1.5 "text"`, the second word names who warns. */
static int warning_out(struct mask *m, const struct sip_value *v)
{
	const char *end = v->text.s + v->text.len, *p, *stop;
	char text[ADDR_TEXT_MAX + 8];
	struct addr a;

	p = memchr(v->text.s, ' ', v->text.len);
	if (!p)
		return 0;
	for (stop = ++p; stop < end && *stop != ' ' && *stop != ':';)
		stop++;
	if (addr_parse_n(&a, p, (size_t)(stop - p), 0) != 0 || !side_is_lan_addr(m->sd->sides, &a))
		return 0;
	while (stop < end && *stop != ' ')
		stop++;
	return sip_edit_replace(m->msg, str_range(p, stop), str_of(host_port(m->named, text)));
}

static const struct translation {
	enum sip_hdr hdr;
	unsigned when;
	int (*fn)(struct mask *m, const struct sip_value *v);
} translations[] = {
    {HDR_FROM, REQUEST_OUT, uri_out},
    {HDR_TO, REQUEST_OUT, uri_out},
    {HDR_FROM, REQUEST_IN, identity_in},
    {HDR_TO, REQUEST_IN, identity_in},
    {HDR_FROM, RESPONSE_IN | RESPONSE_OUT, identity_back},
    {HDR_TO, RESPONSE_IN | RESPONSE_OUT, identity_back},
    {HDR_CONTACT, REQUEST_OUT | RESPONSE_OUT, contact_out},
    {HDR_CONTACT, RESPONSE_IN, contact_in},
    {HDR_URI, REQUEST_OUT | RESPONSE_OUT, target_out},
    {HDR_URI, REQUEST_OUT | REQUEST_IN, call_in_uri},
    {HDR_CALL_ID, REQUEST_OUT | REQUEST_IN | RESPONSE_OUT | RESPONSE_IN, call_id},
    {HDR_DIALOG, REQUEST_OUT | REQUEST_IN, other_call},
    {HDR_IN_REPLY_TO, REQUEST_OUT | REQUEST_IN, other_call},
    {HDR_WARNING, REQUEST_OUT | RESPONSE_OUT, warning_out},
};

static int translate(struct mask *m)
{
	for (unsigned i = 0; i < m->msg->n_values; i++) {
		const struct sip_value *v = &m->msg->value[i];

		for (size_t t = 0; t < sizeof(translations) / sizeof(*translations); t++) {
			int err;

			if (translations[t].hdr != v->id || !(translations[t].when & m->crossing))
				continue;
			err = translations[t].fn(m, v);
			if (err)
				return err;
		}
	}
	return 0;
}

/* --- requests: RFC 3261 16.6 -------------------------------------------------------------- */

/* use_rport, as in siproxd 0.8 */
enum { RPORT_LAN = 1, RPORT_WAN = 2 };

static bool wants_rport(const struct siproxd *sd, const struct hop *to)
{
	if (sd->config->use_rport & (to->side == LAN ? RPORT_LAN : RPORT_WAN))
		return true;
	return side_is_behind_nat(sd->sides, to); /* RFC 3581 */
}

/* Step 8. Towards the WAN ours is the only one; the others wait in the forward. */
static int put_via(const struct siproxd *sd, struct sip_msg *msg, const struct mask_request *how)
{
	const struct hop *to = &how->target->hop;
	const struct sip_value *top = sip_msg_value(msg, HDR_VIA, 0);
	char host[ADDR_TEXT_MAX];
	int err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_VIA),
	    "Via: SIP/2.0/%s %s:%u;branch=%s%s\r\n", sip_transport_name(to->transport),
	    addr_format_host(&to->named, host), addr_port(&to->named), how->branch,
	    wants_rport(sd, to) ? ";rport" : "");

	if (err)
		return err;
	if (to->side == WAN) {
		err = sip_edit_remove_lines(msg, HDR_VIA);
	} else {
		struct buf received = BUF_INIT;

		sip_via_write_received(&received, top->text, &msg->via, &how->from->peer);
		err = received.failed
		    ? ENOMEM
		    : sip_edit_replace(msg, top->text, (struct str){received.data, received.len});
		buf_free(&received);
	}
	return err;
}

/* Step 3. The default of 70 is for requests that came without. */
static int put_max_forwards(struct sip_msg *msg)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_MAX_FORWARDS, 0);

	if (!v)
		return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_VIA),
		    "Max-Forwards: 70\r\n");
	return sip_edit_replacef(msg, v->text, "%d", (int)msg->max_forwards - 1);
}

bool mask_forms_dialog(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_SUBSCRIBE || method == SIP_REFER;
}

/* Step 4: only the LAN needs a Record-Route of ours; the WAN finds us by our Contact. */
static int put_record_route(struct sip_msg *msg, const struct mask_request *how)
{
	char host[ADDR_TEXT_MAX + 8];
	const struct hop *to = &how->target->hop;

	if (to->side == WAN)
		return sip_edit_remove_lines(msg, HDR_RECORD_ROUTE);
	if (how->from->side == LAN || msg->to_tag.len || !mask_forms_dialog(msg->method))
		return 0;
	return sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_RECORD_ROUTE),
	    "Record-Route: <sip:%s%s;lr>\r\n", host_port(&to->named, host),
	    sip_transport_param(to->transport));
}

static int put_route(struct sip_msg *msg, const struct mask_request *how)
{
	int err = sip_edit_remove_first(msg, HDR_ROUTE, how->own_routes);

	if (!err && how->target->route)
		err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_ROUTE), "Route: %s\r\n",
		    how->target->route);
	return err;
}

/* RFC 3327: a way behind us, which waits in the binding. The registrar's answer tells it again. */
static int hide_path(struct sip_msg *msg, const struct mask_request *how)
{
	if (!how->registration || how->target->hop.side != WAN)
		return 0;
	return sip_edit_remove_lines(msg, HDR_PATH);
}

/* The same for the Expires header, or for a registrar that says nothing at all. */
static int shorten_expires(const struct siproxd *sd, struct sip_msg *msg, const struct forward *fw,
    enum side from)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_EXPIRES, 0);
	int64_t said = msg->expires, told;

	if (!fw->registration || from != WAN || msg->status < 200 || msg->status > 299)
		return 0;
	if (said < 0)
		said = fw->expires_s >= 0 ? fw->expires_s : sd->config->default_expires;
	told = registration_told(sd, said);
	if (told == said)
		return 0;
	if (v)
		return sip_edit_replacef(msg, v->text, "%lld", (long long)told);
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_CSEQ), "Expires: %lld\r\n",
	    (long long)told);
}

static int restore_path(struct sip_msg *msg, const struct forward *fw, enum side from)
{
	const char *path = fw->registration ? registration_path(fw->registration) : NULL;

	if (!path || from != WAN || msg->status > 299)
		return 0;
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_PATH), "Path: %s\r\n", path);
}

/* ua_string hides what the phone calls itself. */
static int put_user_agent(const struct siproxd *sd, struct sip_msg *msg)
{
	const struct sip_line *line = sip_msg_line(msg, HDR_USER_AGENT);

	if (!sd->config->ua_string)
		return 0;
	if (line)
		return sip_edit_replace(msg, line->value, str_of(sd->config->ua_string));
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_CSEQ), "User-Agent: %s\r\n",
	    sd->config->ua_string);
}

int mask_request(const struct siproxd *sd, struct sip_msg *msg, const struct mask_request *how)
{
	const struct target *target = how->target;
	struct mask m = {
	    .sd = sd,
	    .msg = msg,
	    .crossing = target->hop.side == WAN ? REQUEST_OUT : REQUEST_IN,
	    .named = &target->hop.named,
	    .transport = target->hop.transport,
	    .how = how,
	};
	int err = put_via(sd, msg, how);

	msg->needs_length = target->hop.transport == SIP_TCP;
	if (!err && target->uri)
		err = sip_edit_replace(msg, msg->uri_text, str_of(target->uri));
	if (!err)
		err = put_max_forwards(msg);
	if (!err)
		err = put_record_route(msg, how);
	if (!err)
		err = put_route(msg, how);
	if (!err)
		err = hide_path(msg, how);
	if (!err && target->hop.side == WAN)
		err = put_user_agent(sd, msg);
	/* Between two phones on the LAN every name is good as it is. */
	if (!err && how->from->side != target->hop.side)
		err = translate(&m);
	if (!err && target->hop.side == WAN)
		err = leak_guard(sd->sides, msg, m.named);
	return err;
}

/* --- responses: RFC 3261 16.7 ------------------------------------------------------------- */

/* Ours goes; towards a LAN phone its own Vias come back, which the WAN never saw. */
static int pop_via(struct sip_msg *msg, const struct forward *fw, enum side from)
{
	int err;

	if (from != WAN)
		return sip_edit_remove_first(msg, HDR_VIA, 1);
	err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_VIA), "%s", fw->vias);
	return err ? err : sip_edit_remove_lines(msg, HDR_VIA);
}

/* A Record-Route value that names us, from the top; -1. */
static int find_own_record_route(const struct siproxd *sd, const struct sip_msg *msg)
{
	const struct sip_value *v;

	for (int i = 0; (v = sip_msg_value(msg, HDR_RECORD_ROUTE, (unsigned)i)); i++) {
		struct sip_nameaddr addr;
		struct sip_uri uri;

		if (sip_nameaddr_uri(v->text, &addr, &uri) == 0 && side_is_us(sd->sides, &uri))
			return i;
	}
	return -1;
}

/* The leading Record-Route values that are ours or the LAN's: nothing for the WAN, whatever the
 * status: phones repeat them in failures too. */
static unsigned inner_record_routes(const struct siproxd *sd, const struct sip_msg *msg)
{
	unsigned n = (unsigned)(find_own_record_route(sd, msg) + 1);
	const struct sip_value *v;
	struct sip_uri uri;

	while ((v = sip_msg_value(msg, HDR_RECORD_ROUTE, n)) && find_lan_uri(sd, v->text, &uri))
		n++;
	return n;
}

static int response_record_route(const struct siproxd *sd, struct sip_msg *msg,
    const struct forward *fw, enum side from)
{
	char host[ADDR_TEXT_MAX + 8];

	if (from == fw->from.side)
		return 0;
	if (from == LAN)
		return sip_edit_remove_first(msg, HDR_RECORD_ROUTE, inner_record_routes(sd, msg));
	if (!fw->in_dialog && mask_forms_dialog(fw->method) && msg->status > 100 &&
	    msg->status < 300)
		return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_RECORD_ROUTE),
		    "Record-Route: <sip:%s%s;lr>\r\n%s", host_port(&fw->from.named, host),
		    sip_transport_param(fw->from.transport),
		    fw->record_route ? fw->record_route : "");
	return 0;
}

int mask_response(const struct siproxd *sd, struct sip_msg *msg, const struct forward *fw,
    const struct hop *from)
{
	struct mask m = {
	    .sd = sd,
	    .msg = msg,
	    .crossing = from->side == WAN ? RESPONSE_IN : RESPONSE_OUT,
	    .named = &fw->from.named,
	    .transport = fw->from.transport,
	    .fw = fw,
	};
	int err = pop_via(msg, fw, from->side);

	msg->needs_length = fw->from.transport == SIP_TCP;
	if (!err)
		err = response_record_route(sd, msg, fw, from->side);
	if (!err)
		err = restore_path(msg, fw, from->side);
	if (!err)
		err = shorten_expires(sd, msg, fw, from->side);
	if (!err && fw->from.side == WAN)
		err = put_user_agent(sd, msg);
	if (!err && from->side != fw->from.side)
		err = translate(&m);
	if (!err && fw->from.side == WAN)
		err = leak_guard(sd->sides, msg, m.named);
	return err;
}

void mask_write_call_id(const struct siproxd *sd, struct buf *out, enum side to,
    const char *call_id)
{
	char *seen = NULL;

	if (to == WAN && sd->config->obscure_loops) {
		seen = call_id_seen_by(WAN, sd->key, str_of(call_id));
		out->failed |= !seen;
	}
	buf_printf(out, "Call-ID: %s\r\n", seen ? seen : call_id);
	free(seen);
}

/* --- what others ask about ---------------------------------------------------------------- */

char *mask_hidden_identity(const struct siproxd *sd, const char *value)
{
	static const struct addr nobody;
	char buf[ADDR_TEXT_MAX + 8];
	struct sip_uri uri;
	struct str shown;

	if (!find_hidden_uri(sd, str_of(value), &nobody, &uri, buf, &shown))
		return NULL;
	return str_dup(without_tag(str_of(value)));
}

unsigned mask_own_routes(const struct siproxd *sd, const struct sip_msg *msg)
{
	const struct sip_value *v;
	unsigned n = 0;

	for (; (v = sip_msg_value(msg, HDR_ROUTE, n)); n++) {
		struct sip_nameaddr addr;
		struct sip_uri uri;

		if (sip_nameaddr_uri(v->text, &addr, &uri) != 0 || !side_is_us(sd->sides, &uri))
			break;
	}
	return n;
}

char *mask_route_behind(const struct siproxd *sd, const struct sip_msg *msg, enum side from)
{
	struct buf b = BUF_INIT;
	int count = (int)sip_msg_count(msg, HDR_RECORD_ROUTE);

	/* In a phone's response the LAN's proxies stand above our own entry, the nearest last. */
	if (!msg->is_request && from == LAN)
		count = find_own_record_route(sd, msg);
	for (int i = 0; i < count; i++) {
		int n = msg->is_request ? i : count - 1 - i;
		struct str text = sip_msg_value(msg, HDR_RECORD_ROUTE, (unsigned)n)->text;

		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_ARGS(text));
	}
	return b.len ? buf_take(&b) : NULL;
}

char *mask_identity_for_wan(const struct siproxd *sd, const char *value, const struct addr *named)
{
	struct str bare = without_tag(str_of(value));
	char host[ADDR_TEXT_MAX + 8], *out;
	struct sip_uri uri;
	struct str shown;

	if (!find_hidden_uri(sd, bare, named, &uri, host, &shown))
		return str_dup(bare);
	if (asprintf(&out, "%.*s%.*s%.*s", STR_ARGS(str_range(bare.s, uri.hostport.s)),
		STR_ARGS(shown),
		STR_ARGS(str_range(uri.hostport.s + uri.hostport.len, bare.s + bare.len))) < 0)
		return NULL;
	return out;
}
