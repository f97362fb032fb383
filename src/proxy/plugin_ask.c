/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plugin asks about a message, and what it does with it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/forward.h"
#include "proxy/location.h"
#include "proxy/next_hop.h"
#include "proxy/plugin_state.h"
#include "sip/sip_body.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

/* A copy that lives as long as the message; "" without memory. */
static const char *copy(struct plugin_msg *m, struct str text)
{
	struct plugin_copy *c = malloc(sizeof(*c) + text.len + 1);

	if (!c)
		return "";
	if (text.len)
		memcpy(c->text, text.s, text.len);
	c->text[text.len] = '\0';
	c->next = m->copies;
	m->copies = c;
	return c->text;
}

void plugin_msg_done(struct plugin_msg *m)
{
	while (m->copies) {
		struct plugin_copy *next = m->copies->next;

		free(m->copies);
		m->copies = next;
	}
}

/* --- what it is --------------------------------------------------------------------------- */

enum plugin_side plugin_msg_side(const struct plugin_msg *m)
{
	return m->from->side == LAN ? PLUGIN_LAN : PLUGIN_WAN;
}

bool plugin_msg_is_request(const struct plugin_msg *m)
{
	return m->msg->is_request;
}

const char *plugin_msg_method(struct plugin_msg *m)
{
	return copy(m, m->msg->method_name);
}

int plugin_msg_status(const struct plugin_msg *m)
{
	return m->msg->status;
}

bool plugin_msg_in_dialog(const struct plugin_msg *m)
{
	return m->msg->to_tag.len > 0;
}

const char *plugin_msg_uri(struct plugin_msg *m)
{
	return copy(m, m->msg->uri_text);
}

const char *plugin_msg_call_id(struct plugin_msg *m)
{
	return copy(m, m->msg->call_id);
}

const char *plugin_msg_source(struct plugin_msg *m)
{
	char text[ADDR_TEXT_MAX];

	return copy(m, str_of(addr_format(&m->from->peer, text)));
}

const char *plugin_msg_source_ip(struct plugin_msg *m)
{
	char text[ADDR_TEXT_MAX];

	return copy(m, str_of(addr_format_ip(&m->from->peer, text)));
}

const char *plugin_msg_asker_ip(struct plugin_msg *m)
{
	char text[ADDR_TEXT_MAX];

	return copy(m, str_of(addr_format_ip(m->asker ? &m->asker->peer : &m->from->peer, text)));
}

bool plugin_msg_is_local(const struct plugin_msg *m)
{
	return m->msg->is_request && side_is_us(m->sd->sides, &m->msg->uri);
}

/* --- header lines and their values -------------------------------------------------------- */

static bool is_named(struct str line, const char *name)
{
	const struct sip_header *known = sip_header_find(str_of(name));

	if (known)
		return sip_header_find(line) == known &&
		    (known->id != HDR_URI || str_equal_nocase(line, known->name) || line.len == 1);
	return str_is_nocase(line, name);
}

static const struct sip_line *find_line(const struct plugin_msg *m, const char *name, unsigned n)
{
	for (unsigned i = 0; i < m->msg->n_lines; i++)
		if (is_named(m->msg->line[i].name, name) && n-- == 0)
			return &m->msg->line[i];
	return NULL;
}

/* The k-th of the values of a line; false behind the last. */
static bool nth_of_line(const struct sip_line *line, unsigned k, struct str *out)
{
	const char *p = line->value.s, *end = p + line->value.len;

	for (;; k--) {
		const char *stop = sip_scan_to(p, end, ',');

		if (k == 0) {
			*out = str_trim(str_range(p, stop));
			return true;
		}
		if (stop == end)
			return false;
		p = stop + 1;
	}
}

/* The n-th value, its line, and its number on that; NULL. */
static const struct sip_line *find_value(const struct plugin_msg *m, const char *name, unsigned n,
    unsigned *on_line, struct str *out)
{
	const struct sip_line *line;

	for (unsigned i = 0; (line = find_line(m, name, i)); i++)
		for (*on_line = 0; nth_of_line(line, *on_line, out); ++*on_line)
			if (n-- == 0)
				return line;
	return NULL;
}

const char *plugin_msg_header(struct plugin_msg *m, const char *name, unsigned n)
{
	const struct sip_line *line = find_line(m, name, n);

	return line ? copy(m, line->value) : NULL;
}

const char *plugin_msg_value(struct plugin_msg *m, const char *name, unsigned n)
{
	struct str text;
	unsigned k;

	return find_value(m, name, n, &k, &text) ? copy(m, text) : NULL;
}

const char *plugin_msg_body(const struct plugin_msg *m, size_t *len)
{
	*len = m->msg->body.len;
	return m->msg->body.len ? m->msg->body.s : NULL;
}

const char *plugin_msg_body_part(const struct plugin_msg *m, const char *type, size_t *len)
{
	struct str part;

	*len = 0;
	if (!sip_body_find(m->msg, type, &part))
		return NULL;
	*len = part.len;
	return part.s;
}

/* --- changing it -------------------------------------------------------------------------- */

/* The edit was taken (err 0) and takes effect. */
static int apply(struct plugin_msg *m, int err)
{
	if (!err)
		return sip_edit_apply(m->msg);
	sip_edit_clear(m->msg);
	return err;
}

/* What a plugin writes must not become two lines. */
static bool is_one_line(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

int plugin_msg_set_uri(struct plugin_msg *m, const char *uri)
{
	if (m->fixed || !m->msg->is_request || !str_is_word(str_of(uri)))
		return EINVAL;
	return apply(m, sip_edit_replace(m->msg, m->msg->uri_text, str_of(uri)));
}

int plugin_msg_set_header(struct plugin_msg *m, const char *name, unsigned n, const char *value)
{
	const struct sip_line *line = find_line(m, name, n);

	if (m->fixed || !is_one_line(value))
		return EINVAL;
	if (!line)
		return ENOENT;
	return apply(m, sip_edit_replace(m->msg, line->value, str_of(value)));
}

int plugin_msg_set_value(struct plugin_msg *m, const char *name, unsigned n, const char *value)
{
	struct str text;
	unsigned k;

	if (m->fixed || !is_one_line(value))
		return EINVAL;
	if (!find_value(m, name, n, &k, &text))
		return ENOENT;
	return apply(m, sip_edit_replace(m->msg, text, str_of(value)));
}

/* At the end of the headers; the empty line stands before the body. */
int plugin_msg_add_header(struct plugin_msg *m, const char *name, const char *value)
{
	const struct sip_msg *msg = m->msg;
	struct str last;

	if (m->fixed || !msg->n_lines || !is_one_line(name) || !is_one_line(value))
		return EINVAL;
	last = msg->line[msg->n_lines - 1].whole;
	return apply(m, sip_edit_insertf(m->msg, last.s + last.len, "%s: %s\r\n", name, value));
}

int plugin_msg_remove_header(struct plugin_msg *m, const char *name, unsigned n)
{
	const struct sip_line *line = find_line(m, name, n);

	if (m->fixed)
		return EINVAL;
	if (!line)
		return ENOENT;
	return apply(m, sip_edit_replace(m->msg, line->whole, (struct str){NULL, 0}));
}

int plugin_msg_remove_value(struct plugin_msg *m, const char *name, unsigned n)
{
	struct str text, next;
	unsigned k;
	const struct sip_line *line = find_value(m, name, n, &k, &text);

	if (m->fixed)
		return EINVAL;
	if (!line)
		return ENOENT;
	if (nth_of_line(line, k + 1, &next)) /* with the comma behind it */
		next = str_range(text.s, next.s);
	else if (k > 0) { /* with the one before it */
		struct str before;

		nth_of_line(line, k - 1, &before);
		next = str_range(before.s + before.len, text.s + text.len);
	} else {
		next = line->whole;
	}
	return apply(m, sip_edit_replace(m->msg, next, (struct str){NULL, 0}));
}

int plugin_msg_set_body(struct plugin_msg *m, const char *at, size_t len, const char *text,
    size_t text_len)
{
	struct str body = m->msg->body;

	if (m->fixed || !body.len || at < body.s || at + len > body.s + body.len)
		return EINVAL;
	return apply(m,
	    sip_edit_replace(m->msg, (struct str){at, len}, (struct str){text, text_len}));
}

/* --- deciding about it -------------------------------------------------------------------- */

enum plugin_verdict plugin_reply(struct plugin_msg *m, int status, const char *extra)
{
	if (m->msg->is_request && !m->answered)
		pipeline_reply(m->sd, m->msg, m->from, status, extra);
	m->answered = true;
	return PLUGIN_DONE;
}

enum plugin_verdict plugin_redirect(struct plugin_msg *m, const char *contact)
{
	struct buf extra = BUF_INIT;

	buf_printf(&extra, "Contact: <%s>\r\n", contact);
	plugin_reply(m, extra.failed ? 500 : 302, extra.data);
	buf_free(&extra);
	return PLUGIN_DONE;
}

int plugin_forward_to(struct plugin_msg *m, const char *uri)
{
	return m->plan ? next_hop_to_uri(m->sd, m->from, uri, m->plan) : 500;
}

int plugin_forward_to_account(struct plugin_msg *m, const char *aor)
{
	return m->plan ? next_hop_to_account(m->sd, str_of(aor), m->plan) : 500;
}

/* --- URIs --------------------------------------------------------------------------------- */

static struct plugin_part part(struct str text)
{
	return (struct plugin_part){text.s ? text.s : "", (int)text.len};
}

bool plugin_uri_parse(const char *text, struct plugin_uri *out)
{
	struct sip_nameaddr addr;
	struct sip_uri uri;

	if (!strchr(text, '<'))
		addr.uri = str_trim(str_of(text)); /* a bare URI keeps its parameters */
	else if (sip_nameaddr_parse(&addr, str_of(text)) != 0)
		return false;
	if (sip_uri_parse(&uri, addr.uri) != 0)
		return false;
	*out = (struct plugin_uri){
	    .whole = part(uri.whole),
	    .scheme = part(uri.scheme),
	    .user = part(uri.user),
	    .host = part(uri.host),
	    .params = part(uri.params),
	};
	return true;
}

bool plugin_uri_param(struct plugin_part params, const char *name, struct plugin_part *value)
{
	struct str found;

	if (!sip_param_get((struct str){params.s, (size_t)params.len}, name, &found, NULL))
		return false;
	*value = part(found);
	return true;
}

bool plugin_via_parse(const char *value, struct plugin_via *out)
{
	struct sip_via via;

	if (sip_via_parse(&via, str_of(value)) != 0)
		return false;
	if (via.host.len > 2 && *via.host.s == '[') {
		via.host.s++;
		via.host.len -= 2;
	}
	snprintf(out->host, sizeof(out->host), "%.*s", STR_ARGS(via.host));
	out->params = part(via.params);
	return true;
}

bool plugin_is_private(struct plugin_part host)
{
	struct addr a;

	return addr_parse_n(&a, host.s, (size_t)host.len, 0) == 0 && addr_is_private(&a);
}

bool plugin_uri_equal(const char *a, const char *b)
{
	struct sip_uri one, other;

	return sip_uri_parse(&one, str_of(a)) == 0 && sip_uri_parse(&other, str_of(b)) == 0 &&
	    sip_uri_equal(&one, &other);
}

/* --- what siproxd knows ------------------------------------------------------------------- */

struct binding_walk {
	plugin_binding_fn *fn;
	void *arg;
	int64_t now;
};

static void show_binding(struct binding *b, void *arg)
{
	struct binding_walk *walk = arg;
	struct plugin_binding shown = {b->aor, b->contact, b->mask_user, b->expires};

	if (b->expires > walk->now)
		walk->fn(walk->arg, &shown);
}

void plugin_bindings(struct plugin_self *self, plugin_binding_fn *fn, void *arg)
{
	struct binding_walk walk = {fn, arg, 0};

	if (!self->sd || !self->sd->location)
		return;
	walk.now = self->sd->now_s();
	location_each(self->sd->location, show_binding, &walk);
}

/* As it stands in the request that was sent: its first line but one. */
const char *plugin_own_via(struct plugin_msg *m)
{
	const struct client_txn *ct =
	    m->msg->is_request ? NULL : forward_answered(m->sd, m->msg, m->from->side);
	const char *via = ct && ct->sent.data ? strstr(ct->sent.data, "\r\nVia: ") : NULL;

	if (!via)
		return NULL;
	via += strlen("\r\nVia: ");
	return copy(m, (struct str){via, strcspn(via, "\r")});
}
