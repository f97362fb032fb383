/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_msg.h"

#include <errno.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>
#include <stdarg.h>
#include <stdio.h>

/* --- what headers there are --------------------------------------------------------------- */

enum shape {
	SINGLE, /* once, or the message is refused */
	COMMAS, /* a list of values, on one line or several */
	LOOSE,  /* as it comes; one value a line */
};

static const struct header_name {
	const char *name;
	char compact; /* RFC 3261 7.3.3 and later RFCs; 0: none */
	enum sip_hdr id;
	enum shape shape;
} header_names[] = {
    {"Via", 'v', HDR_VIA, COMMAS},
    {"From", 'f', HDR_FROM, SINGLE},
    {"To", 't', HDR_TO, SINGLE},
    {"Call-ID", 'i', HDR_CALL_ID, SINGLE},
    {"CSeq", 0, HDR_CSEQ, SINGLE},
    {"Contact", 'm', HDR_CONTACT, COMMAS},
    {"Route", 0, HDR_ROUTE, COMMAS},
    {"Record-Route", 0, HDR_RECORD_ROUTE, COMMAS},
    {"Max-Forwards", 0, HDR_MAX_FORWARDS, SINGLE},
    {"Expires", 0, HDR_EXPIRES, SINGLE},
    {"Content-Type", 'c', HDR_CONTENT_TYPE, SINGLE},
    {"Content-Length", 'l', HDR_CONTENT_LENGTH, SINGLE},
    {"Proxy-Require", 0, HDR_PROXY_REQUIRE, COMMAS},
    {"User-Agent", 0, HDR_USER_AGENT, LOOSE},
    {"Refer-To", 'r', HDR_URI, LOOSE},
    {"Referred-By", 'b', HDR_URI, LOOSE},
    {"P-Asserted-Identity", 0, HDR_URI, COMMAS},
    {"P-Preferred-Identity", 0, HDR_URI, COMMAS},
    {"P-Associated-URI", 0, HDR_URI, COMMAS},
    {"P-Called-Party-ID", 0, HDR_URI, LOOSE},
    {"Remote-Party-ID", 0, HDR_URI, COMMAS},
    {"Reply-To", 0, HDR_URI, LOOSE},
    {"Diversion", 0, HDR_URI, COMMAS},
    {"History-Info", 0, HDR_URI, COMMAS},
    {"Call-Info", 0, HDR_URI, COMMAS},
    {"Alert-Info", 0, HDR_URI, COMMAS},
    {"Error-Info", 0, HDR_URI, COMMAS},
    {"Path", 0, HDR_URI, COMMAS},
    {"Warning", 0, HDR_WARNING, COMMAS},
};

static const struct header_name *header_find(struct str name)
{
	for (size_t i = 0; i < sizeof(header_names) / sizeof(*header_names); i++) {
		const struct header_name *h = &header_names[i];

		if (name.len == 1 && h->compact && (name.s[0] | 0x20) == h->compact)
			return h;
		if (str_is_nocase(name, h->name))
			return h;
	}
	return NULL;
}

static const struct {
	const char *name;
	enum sip_method method;
} methods[] = {
    {"INVITE", SIP_INVITE},
    {"ACK", SIP_ACK},
    {"BYE", SIP_BYE},
    {"CANCEL", SIP_CANCEL},
    {"REGISTER", SIP_REGISTER},
    {"OPTIONS", SIP_OPTIONS},
    {"UPDATE", SIP_UPDATE},
    {"PRACK", SIP_PRACK},
    {"SUBSCRIBE", SIP_SUBSCRIBE},
    {"NOTIFY", SIP_NOTIFY},
    {"REFER", SIP_REFER},
};

enum sip_method sip_method_of(struct str name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_is(name, methods[i].name))
			return methods[i].method;
	return SIP_OTHER;
}

/* --- the index ---------------------------------------------------------------------------- */

static bool is_token(struct str s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return true;
}

/* End of the line that starts at p, its CR LF included; NULL when there is no whole line or a
 * lone CR or LF stands in it (libosip2 would end the line there). */
static const char *line_end(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\n')
			return NULL;
		if (*p == '\r')
			return p + 1 < end && p[1] == '\n' ? p + 2 : NULL;
	}
	return NULL;
}

static int add_value(struct sip_msg *msg, enum sip_hdr id, struct str text)
{
	if (msg->n_values == SIP_VALUES_MAX)
		return EMSGSIZE;
	msg->value[msg->n_values++] =
	    (struct sip_value){.id = id, .line = msg->n_lines - 1, .text = str_trim(text)};
	return 0;
}

static int split_values(struct sip_msg *msg, enum sip_hdr id, struct str text)
{
	const char *p = text.s, *end = text.s + text.len;

	for (;;) {
		const char *comma = sip_scan_to(p, end, ',');
		int err = add_value(msg, id, str_range(p, comma));

		if (err)
			return err;
		if (comma == end)
			return 0;
		p = comma + 1;
	}
}

/* A header line, folded lines included (RFC 3261 7.3.1). */
static int index_line(struct sip_msg *msg, const char **p, const char *end, const char **why)
{
	const char *start = *p, *stop = line_end(start, end), *colon;
	const struct header_name *h;
	struct sip_line *line;

	while (stop && stop < end && (*stop == ' ' || *stop == '\t'))
		stop = line_end(stop, end);
	if (!stop) {
		*why = "a header line without CR LF";
		return EINVAL;
	}
	colon = memchr(start, ':', (size_t)(stop - start));
	if (!colon || !is_token(str_trim(str_range(start, colon)))) {
		*why = "a header line without a name";
		return EINVAL;
	}
	if (msg->n_lines == SIP_LINES_MAX) {
		*why = "too many header lines";
		return EINVAL;
	}
	line = &msg->line[msg->n_lines++];
	line->name = str_trim(str_range(start, colon));
	line->value = str_trim(str_range(colon + 1, stop));
	line->whole = str_range(start, stop);
	h = header_find(line->name);
	line->id = h ? h->id : HDR_UNKNOWN;
	*p = stop;
	if (!h)
		return 0;
	if (h->shape == SINGLE && sip_msg_count(msg, h->id) > 0) {
		*why = "a header that must stand once stands twice";
		return EINVAL;
	}
	if ((h->shape == COMMAS ? split_values(msg, h->id, line->value)
				: add_value(msg, h->id, line->value)) != 0) {
		*why = "too many header values";
		return EINVAL;
	}
	return 0;
}

static int index_start_line(struct sip_msg *msg, const char **p, const char *end)
{
	const char *stop = line_end(*p, end), *a, *b;

	if (!stop)
		return EINVAL;
	msg->start_line = str_range(*p, stop - 2);
	*p = stop;
	end = stop - 2;
	a = memchr(msg->start_line.s, ' ', msg->start_line.len);
	if (!a)
		return EINVAL;
	if (str_is(str_range(msg->start_line.s, a), "SIP/2.0")) {
		uint64_t status;

		if (end - a < 4 || !str_to_uint(str_range(a + 1, a + 4), 699, &status) ||
		    status < 100 || (end - a > 4 && a[4] != ' '))
			return EINVAL;
		msg->status = (int)status;
		return 0;
	}
	b = memchr(a + 1, ' ', (size_t)(end - a - 1));
	msg->is_request = true;
	msg->method_name = str_range(msg->start_line.s, a);
	if (!b || !str_is(str_range(b + 1, end), "SIP/2.0") || !is_token(msg->method_name))
		return EINVAL;
	msg->uri_text = str_range(a + 1, b);
	msg->method = sip_method_of(msg->method_name);
	return 0;
}

/* Fills line and value tables. EINVAL: some line is bad, and *why says which. */
static int index_headers(struct sip_msg *msg, const char *p, const char **why)
{
	const char *end = msg->data + msg->len;
	int bad = 0;

	while (p < end) {
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
			msg->body = str_range(p + 2, end);
			return bad;
		}
		if (index_line(msg, &p, end, why) != 0) {
			const char *lf = memchr(p, '\n', (size_t)(end - p));

			/* Read on, so that the 400 finds its Via and the rest. */
			bad = EINVAL;
			if (!lf)
				return bad;
			if (p <= lf)
				p = lf + 1;
		}
	}
	*why = "no empty line behind the headers";
	return EINVAL;
}

/* --- the fields that everybody asks for --------------------------------------------------- */

static struct str first_text(const struct sip_msg *msg, enum sip_hdr id)
{
	const struct sip_value *v = sip_msg_value(msg, id, 0);

	return v ? v->text : (struct str){NULL, 0};
}

static int read_cseq(struct sip_msg *msg)
{
	struct str text = first_text(msg, HDR_CSEQ);
	const char *p = text.s, *end = text.s + text.len, *digits = p;
	struct str method;
	uint64_t n;

	while (p < end && !str_is_blank(*p))
		p++;
	if (!str_to_uint(str_range(digits, p), UINT32_MAX, &n))
		return EINVAL;
	method = str_trim(str_range(p, end));
	msg->cseq = (uint32_t)n;
	if (!msg->is_request) {
		msg->method_name = method;
		msg->method = sip_method_of(method);
	}
	return str_equal(method, msg->method_name) && is_token(method) ? 0 : EINVAL;
}

static int read_number(const struct sip_msg *msg, enum sip_hdr id, uint64_t max, int64_t *out)
{
	const struct sip_value *v = sip_msg_value(msg, id, 0);
	uint64_t n;

	*out = -1;
	if (!v)
		return 0;
	if (!str_to_uint(v->text, max, &n))
		return EINVAL;
	*out = (int64_t)n;
	return 0;
}

static int read_nameaddr(const struct sip_msg *msg, enum sip_hdr id, struct sip_nameaddr *out,
    struct str *tag)
{
	if (sip_nameaddr_parse(out, first_text(msg, id)) != 0)
		return EINVAL;
	sip_param_get(out->params, "tag", tag, NULL);
	return 0;
}

/* Content-Length says where a datagram's body ends; more bytes are no part of it (18.3). */
static int read_body(struct sip_msg *msg)
{
	int64_t len;

	if (read_number(msg, HDR_CONTENT_LENGTH, SIP_MSG_MAX, &len) != 0)
		return EINVAL;
	if (len < 0)
		return 0;
	if ((size_t)len > msg->body.len)
		return EINVAL;
	msg->body.len = (size_t)len;
	msg->len = (size_t)(msg->body.s + len - msg->data);
	msg->data[msg->len] = '\0';
	return 0;
}

/* What an answer needs: without it the message cannot be answered either. */
static bool read_reply_fields(struct sip_msg *msg)
{
	msg->call_id = first_text(msg, HDR_CALL_ID);
	return str_is_word(msg->call_id) && first_text(msg, HDR_CSEQ).len &&
	    sip_via_parse(&msg->via, first_text(msg, HDR_VIA)) == 0 &&
	    read_nameaddr(msg, HDR_FROM, &msg->from, &msg->from_tag) == 0 &&
	    read_nameaddr(msg, HDR_TO, &msg->to, &msg->to_tag) == 0;
}

static const char *read_fields(struct sip_msg *msg)
{
	if (read_cseq(msg) != 0)
		return "bad CSeq";
	if (msg->is_request && sip_uri_parse(&msg->uri, msg->uri_text) != 0)
		return "bad Request-URI";
	if (read_number(msg, HDR_MAX_FORWARDS, 255, &msg->max_forwards) != 0)
		return "bad Max-Forwards";
	if (read_number(msg, HDR_EXPIRES, UINT32_MAX, &msg->expires) != 0)
		msg->expires = -1; /* RFC 3261 10.2.1.1: a malformed one counts as none */
	if (read_body(msg) != 0)
		return "bad Content-Length";
	for (unsigned i = 0; i < msg->n_values; i++) {
		struct sip_via via;
		const struct sip_value *v = &msg->value[i];

		if (v->id == HDR_VIA && sip_via_parse(&via, v->text) != 0)
			return "bad Via";
	}
	return NULL;
}

/* --- libosip2's opinion ------------------------------------------------------------------- */

static bool counts_agree(const struct sip_msg *msg, const osip_message_t *osip)
{
	const struct {
		enum sip_hdr id;
		const osip_list_t *list;
	} lists[] = {
	    {HDR_VIA, &osip->vias},
	    {HDR_ROUTE, &osip->routes},
	    {HDR_RECORD_ROUTE, &osip->record_routes},
	    {HDR_CONTACT, &osip->contacts},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if ((unsigned)osip_list_size(lists[i].list) != sip_msg_count(msg, lists[i].id))
			return false;
	return true;
}

static bool host_agrees(struct str nameaddr_uri, const osip_uri_t *theirs)
{
	struct sip_uri ours;

	if (!theirs || sip_uri_parse(&ours, nameaddr_uri) != 0)
		return false;
	if (!sip_uri_is_sip(&ours))
		return true;
	if (ours.host.s[0] == '[') {
		ours.host.s++;
		ours.host.len -= 2;
	}
	return theirs->host && str_is_nocase(ours.host, theirs->host);
}

/* RFC 3261 says what a message is through libosip2; that it and our index see the same thing is
 * checked here, since we edit by the index what libosip2 understood. */
static const char *ask_osip(const struct sip_msg *msg)
{
	osip_message_t *osip = NULL;
	const char *why = NULL;

	if (osip_message_init(&osip) != 0)
		return "no memory";
	if (osip_message_parse(osip, msg->data, msg->len) != 0 || !osip->cseq || !osip->from ||
	    !osip->to || !osip->call_id)
		why = "not well-formed";
	else if (!counts_agree(msg, osip))
		why = "ambiguous header values";
	else if (!host_agrees(msg->from.uri, osip->from->url) ||
	    !host_agrees(msg->to.uri, osip->to->url) ||
	    (msg->is_request && !host_agrees(msg->uri_text, osip->req_uri)))
		why = "ambiguous URI";
	osip_message_free(osip);
	return why;
}

/* libosip2 would write two lines on stderr for every bad message; we tell our own way. */
static void no_trace(const char *file, int line, osip_trace_level_t level, const char *fmt,
    va_list ap)
{
	(void)file, (void)line, (void)level, (void)fmt, (void)ap;
}

int sip_msg_init(void)
{
	osip_trace_initialize_func(OSIP_FATAL, no_trace);
	return parser_init() == 0 ? 0 : ENOMEM;
}

/* --- parse and free ----------------------------------------------------------------------- */

static int alloc_msg(struct sip_msg **out, const void *data, size_t len)
{
	struct sip_msg *msg = calloc(1, sizeof(*msg));

	if (!msg)
		return ENOMEM;
	msg->data = malloc(len + 1);
	msg->line = calloc(SIP_LINES_MAX, sizeof(*msg->line));
	msg->value = calloc(SIP_VALUES_MAX, sizeof(*msg->value));
	if (!msg->data || !msg->line || !msg->value) {
		sip_msg_free(msg);
		return ENOMEM;
	}
	memcpy(msg->data, data, len);
	msg->data[len] = '\0';
	msg->len = len;
	*out = msg;
	return 0;
}

static enum sip_parse parse(struct sip_msg *msg, const char **why)
{
	const char *p = msg->data;
	bool answerable;
	int bad;

	*why = "no SIP start line";
	if (index_start_line(msg, &p, msg->data + msg->len) != 0)
		return SIP_PARSE_BAD;
	bad = index_headers(msg, p, why);
	answerable = read_reply_fields(msg) && msg->is_request;
	if (!answerable && (!msg->call_id.len || !msg->via.host.len || !msg->to.uri.len)) {
		*why = "Via, From, To, Call-ID or CSeq is missing or bad";
		return SIP_PARSE_BAD;
	}
	if (bad == 0) {
		const char *wrong = memchr(msg->data, '\0', (size_t)(msg->body.s - msg->data))
		    ? "a NUL byte in the headers"
		    : read_fields(msg);

		if (!wrong)
			wrong = ask_osip(msg);
		if (!wrong)
			return SIP_PARSE_OK;
		*why = wrong;
	}
	return answerable && msg->method != SIP_ACK ? SIP_PARSE_REFUSE : SIP_PARSE_BAD;
}

enum sip_parse sip_msg_parse(struct sip_msg **out, const void *data, size_t len, const char **why)
{
	struct sip_msg *msg;
	enum sip_parse result;

	*out = NULL;
	*why = "too short or too long";
	if (len < 16 || len > SIP_MSG_MAX)
		return SIP_PARSE_BAD;
	if (alloc_msg(&msg, data, len) != 0)
		return SIP_PARSE_NOMEM;
	result = parse(msg, why);
	if (result == SIP_PARSE_OK || result == SIP_PARSE_REFUSE)
		*out = msg;
	else
		sip_msg_free(msg);
	return result;
}

int sip_msg_dup(struct sip_msg **out, const struct sip_msg *msg)
{
	const char *why;

	return sip_msg_parse(out, msg->data, msg->len, &why) == SIP_PARSE_OK ? 0 : ENOMEM;
}

void sip_msg_free(struct sip_msg *msg)
{
	if (!msg)
		return;
	free(msg->data);
	free(msg->line);
	free(msg->value);
	free(msg->edit);
	buf_free(&msg->edit_text);
	free(msg);
}

/* --- look-up ------------------------------------------------------------------------------ */

const struct sip_value *sip_msg_value(const struct sip_msg *msg, enum sip_hdr id, unsigned n)
{
	for (unsigned i = 0; i < msg->n_values; i++)
		if (msg->value[i].id == id && n-- == 0)
			return &msg->value[i];
	return NULL;
}

unsigned sip_msg_count(const struct sip_msg *msg, enum sip_hdr id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < msg->n_values; i++)
		n += msg->value[i].id == id;
	return n;
}

const struct sip_line *sip_msg_line(const struct sip_msg *msg, enum sip_hdr id)
{
	for (unsigned i = 0; i < msg->n_lines; i++)
		if (msg->line[i].id == id)
			return &msg->line[i];
	return NULL;
}

const struct sip_line *sip_msg_line_named(const struct sip_msg *msg, const char *name)
{
	for (unsigned i = 0; i < msg->n_lines; i++)
		if (str_is_nocase(msg->line[i].name, name))
			return &msg->line[i];
	return NULL;
}

/* --- edits -------------------------------------------------------------------------------- */

static int add_edit(struct sip_msg *msg, size_t off, size_t len, size_t text, size_t textlen)
{
	if (msg->edit_text.failed)
		return ENOMEM;
	if (msg->n_edits == msg->cap_edits) {
		unsigned cap = msg->cap_edits ? msg->cap_edits * 2 : 16;
		struct sip_edit *more = realloc(msg->edit, cap * sizeof(*more));

		if (!more)
			return ENOMEM;
		msg->edit = more;
		msg->cap_edits = cap;
	}
	msg->edit[msg->n_edits++] = (struct sip_edit){off, len, text, textlen};
	return 0;
}

static size_t offset_of(const struct sip_msg *msg, const char *at)
{
	return (size_t)(at - msg->data);
}

int sip_msg_replace(struct sip_msg *msg, struct str range, struct str text)
{
	size_t at = msg->edit_text.len;

	buf_add(&msg->edit_text, text.s, text.len);
	return add_edit(msg, offset_of(msg, range.s), range.len, at, text.len);
}

__attribute__((format(printf, 4, 0))) static int editv(struct sip_msg *msg, const char *at, size_t len, const char *fmt, va_list ap)
{
	char *text = NULL;
	int err, n = vasprintf(&text, fmt, ap);

	if (n < 0)
		return ENOMEM;
	err = sip_msg_replace(msg, (struct str){at, len}, (struct str){text, (size_t)n});
	free(text);
	return err;
}

int sip_msg_replacef(struct sip_msg *msg, struct str range, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = editv(msg, range.s, range.len, fmt, ap);
	va_end(ap);
	return err;
}

int sip_msg_insertf(struct sip_msg *msg, const char *at, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = editv(msg, at, 0, fmt, ap);
	va_end(ap);
	return err;
}

int sip_msg_remove_lines(struct sip_msg *msg, enum sip_hdr id)
{
	int err = 0;

	for (unsigned i = 0; i < msg->n_lines && !err; i++)
		if (msg->line[i].id == id)
			err = sip_msg_replace(msg, msg->line[i].whole, (struct str){NULL, 0});
	return err;
}

int sip_msg_remove_first(struct sip_msg *msg, enum sip_hdr id, unsigned n)
{
	int err = 0;

	for (unsigned i = 0, in_line; i < msg->n_values && n > 0 && !err; i += in_line) {
		const struct sip_value *v = &msg->value[i];

		/* Values of a line stand one behind the other in the table. */
		for (in_line = 1; i + in_line < msg->n_values && v[in_line].line == v->line;)
			in_line++;
		if (v->id != id)
			continue;
		if (n >= in_line) {
			err = sip_msg_replace(msg, msg->line[v->line].whole, (struct str){NULL, 0});
			n -= in_line;
		} else {
			err = sip_msg_replace(msg, str_range(v->text.s, v[n].text.s),
			    (struct str){NULL, 0});
			n = 0;
		}
	}
	return err;
}

const char *sip_msg_line_start(const struct sip_msg *msg, enum sip_hdr id)
{
	const struct sip_line *line = sip_msg_line(msg, id);

	return line ? line->whole.s : sip_msg_line_end(msg, HDR_VIA);
}

const char *sip_msg_line_end(const struct sip_msg *msg, enum sip_hdr id)
{
	const struct sip_line *last = NULL;

	for (unsigned i = 0; i < msg->n_lines; i++)
		if (msg->line[i].id == id)
			last = &msg->line[i];
	if (last)
		return last->whole.s + last->whole.len;
	return id == HDR_VIA ? msg->start_line.s + msg->start_line.len + 2
			     : sip_msg_line_end(msg, HDR_VIA);
}

void sip_msg_edits_clear(struct sip_msg *msg)
{
	msg->n_edits = 0;
	buf_reset(&msg->edit_text);
}

static bool stands_before(const struct sip_edit *a, const struct sip_edit *b)
{
	if (a->off != b->off)
		return a->off < b->off;
	return a->len == 0 && b->len != 0; /* an insertion, and what it stands in front of */
}

/* Insertion sort: there are a dozen edits, mostly in order; insertions at one place keep theirs. */
static void sort_edits(struct sip_msg *msg)
{
	for (unsigned i = 1; i < msg->n_edits; i++) {
		struct sip_edit e = msg->edit[i];
		unsigned j = i;

		for (; j > 0 && stands_before(&e, &msg->edit[j - 1]); j--)
			msg->edit[j] = msg->edit[j - 1];
		msg->edit[j] = e;
	}
}

static int fix_content_length(struct sip_msg *msg)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_CONTENT_LENGTH, 0);
	size_t body = offset_of(msg, msg->body.s), len = msg->body.len;
	bool edited = false;

	for (unsigned i = 0; i < msg->n_edits; i++) {
		if (msg->edit[i].off < body)
			continue;
		edited = true;
		len = len - msg->edit[i].len + msg->edit[i].textlen;
	}
	return edited && v ? sip_msg_replacef(msg, v->text, "%zu", len) : 0;
}

int sip_msg_splice(struct sip_msg *msg, struct buf *out)
{
	size_t at = 0;
	int err = fix_content_length(msg);

	if (err)
		return err;
	sort_edits(msg);
	buf_reset(out);
	for (unsigned i = 0; i < msg->n_edits; i++) {
		const struct sip_edit *e = &msg->edit[i];

		if (e->off < at)
			return EINVAL; /* overlapping edits: our own mistake, never sent */
		buf_add(out, msg->data + at, e->off - at);
		if (e->textlen)
			buf_add(out, msg->edit_text.data + e->text, e->textlen);
		at = e->off + e->len;
	}
	buf_add(out, msg->data + at, msg->len - at);
	return out->failed ? ENOMEM : 0;
}
