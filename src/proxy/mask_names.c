/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/mask_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "proxy/call_id.h"
#include "proxy/dialog.h"
#include "proxy/location.h"
#include "proxy/registration.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

const char *mask_host_port(const struct addr *a, char out[static ADDR_TEXT_MAX + 8])
{
	char host[ADDR_TEXT_MAX];

	if (addr_port(a) == SIP_PORT)
		return addr_format_host(a, out);
	snprintf(out, ADDR_TEXT_MAX + 8, "%s:%u", addr_format_host(a, host), addr_port(a));
	return out;
}

static bool is_lan_host(const struct siproxd *sd, const struct sip_uri *uri)
{
	struct addr a;

	return sip_uri_is_sip(uri) && sip_uri_addr(uri, &a) && side_is_lan_addr(sd->sides, &a);
}

bool mask_find_lan_uri(const struct siproxd *sd, struct str text, struct sip_uri *uri)
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
	*shown = str_of(masked ? masked : mask_host_port(named, buf));
	return true;
}

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
	    user.len ? "@" : "", mask_host_port(m->named, host), sip_transport_param(m->transport));
}

/* Refer-To and the like: the WAN must find the phone that is meant, not only us. */
static int target_out(struct mask *m, const struct sip_value *v)
{
	char host[ADDR_TEXT_MAX + 8];
	const struct binding *b;
	struct sip_uri uri;
	struct str range;

	if (!mask_find_lan_uri(m->sd, v->text, &uri))
		return 0;
	b = binding_of(m, &uri);
	if (!b)
		return uri_out(m, v);
	range = str_range(uri.userinfo.len ? uri.userinfo.s : uri.hostport.s,
	    uri.hostport.s + uri.hostport.len);
	return sip_edit_replacef(m->msg, range, "%s@%s", b->mask_user,
	    mask_host_port(m->named, host));
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
	return sip_edit_replace(m->msg, str_range(p, stop), str_of(mask_host_port(m->named, text)));
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

int mask_translate(struct mask *m)
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
