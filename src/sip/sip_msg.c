/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_msg.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "sip/sip_check.h"

/* --- the index ---------------------------------------------------------------------------- */

static bool is_token(struct str s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (isalnum(c))
			continue;
		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return true;
}

/*
 * End of the line that starts at p, the lines folded to it included (RFC 3261 7.3.1). *clean is
 * false when it has a NUL byte in it, or a CR or LF that is no part of a CR LF (libosip2 would end
 * the line there).
 */
static const char *line_end(const char *p, const char *end, bool *clean)
{
	const char *start = p;

	*clean = true;
	do {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (!lf || lf == p || memchr(p, '\r', (size_t)(lf - p)) != lf - 1)
			*clean = false;
		p = lf ? lf + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	if (memchr(start, '\0', (size_t)(p - start)))
		*clean = false;
	return p;
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

/* The values of the header line that stands last in the table. */
static const char *index_values(struct sip_msg *msg, const struct sip_header *h)
{
	struct str text = msg->line[msg->n_lines - 1].value;
	int err;

	if (h->shape == SIP_SINGLE && sip_msg_count(msg, h->id) > 0)
		return "a header that must stand once stands twice";
	err = h->shape == SIP_COMMAS ? split_values(msg, h->id, text) : add_value(msg, h->id, text);
	return err ? "too many header values" : NULL;
}

/* A header line; *p is behind it, whatever it is worth. NULL, or what is wrong with it. */
static const char *index_line(struct sip_msg *msg, const char **p, const char *end)
{
	bool clean;
	const char *start = *p, *stop = line_end(start, end, &clean), *colon;
	const struct sip_header *h;
	struct sip_line *line;

	*p = stop;
	if (!clean)
		return "a header line with a NUL byte, or without CR LF";
	colon = memchr(start, ':', (size_t)(stop - start));
	if (!colon || str_is_blank(*start) || !is_token(str_trim(str_range(start, colon))))
		return "a header line without a name";
	if (msg->n_lines == SIP_LINES_MAX)
		return "too many header lines";
	line = &msg->line[msg->n_lines++];
	line->name = str_trim(str_range(start, colon));
	line->value = str_trim(str_range(colon + 1, stop));
	if (!line->value.len)
		line->value.s = colon + 1; /* where one could be written */
	line->whole = str_range(start, stop);
	h = sip_header_find(line->name);
	line->id = h ? h->id : HDR_UNKNOWN;
	return h ? index_values(msg, h) : NULL;
}

static int index_status_line(struct sip_msg *msg, struct str rest)
{
	uint64_t status;

	if (rest.len < 3 || !str_to_uint((struct str){rest.s, 3}, 699, &status) || status < 100 ||
	    (rest.len > 3 && rest.s[3] != ' '))
		return EINVAL;
	msg->status = (int)status;
	return 0;
}

/* "SIP/3.0" and the like: answered with 505 (RFC 3261 21.5.6). */
static bool is_other_version(struct str s)
{
	uint64_t major, minor;
	const char *dot = s.len > 4 ? memchr(s.s, '.', s.len) : NULL;

	return dot && strncasecmp(s.s, "SIP/", 4) == 0 && dot > s.s + 4 &&
	    str_to_uint(str_range(s.s + 4, dot), UINT64_MAX, &major) &&
	    str_to_uint(str_range(dot + 1, s.s + s.len), UINT64_MAX, &minor);
}

static int index_start_line(struct sip_msg *msg, const char **p, const char *end)
{
	bool clean;
	const char *start = *p, *a, *b;

	*p = line_end(start, end, &clean);
	if (!clean)
		return EINVAL;
	end = *p - 2;
	msg->start_line = str_range(start, end);
	a = memchr(start, ' ', msg->start_line.len);
	if (!a || memchr(start, '\r', msg->start_line.len))
		return EINVAL;
	if (str_is_nocase(str_range(start, a), "SIP/2.0"))
		return index_status_line(msg, str_range(a + 1, end));
	/* Blanks in between belong to a bad Request-URI, those at the end are bad themselves: both
	 * can be answered. */
	for (; end > a + 1 && end[-1] == ' '; end--)
		msg->refusal = 400;
	for (b = end; b[-1] != ' ';)
		b--;
	msg->is_request = true;
	msg->method_name = str_range(start, a);
	if (b - 1 <= a || !is_token(msg->method_name))
		return EINVAL;
	if (is_other_version(str_range(b, end)) && !str_is_nocase(str_range(b, end), "SIP/2.0"))
		msg->refusal = 505;
	else if (!str_is_nocase(str_range(b, end), "SIP/2.0"))
		return EINVAL;
	msg->uri_text = str_range(a + 1, b - 1);
	msg->method = sip_method_of(msg->method_name);
	return 0;
}

/* Fills line and value tables, also behind a bad line, so that the 400 finds its Via and the
 * rest. NULL, or what was wrong first. */
static const char *index_headers(struct sip_msg *msg, const char *p)
{
	const char *end = msg->data + msg->len, *wrong = NULL;

	while (p < end) {
		const char *why;

		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
			msg->body = str_range(p + 2, end);
			return wrong;
		}
		why = index_line(msg, &p, end);
		if (!wrong)
			wrong = why;
	}
	return wrong ? wrong : "no empty line behind the headers";
}

/* --- the fields that everybody asks for --------------------------------------------------- */

static struct str first_text(const struct sip_msg *msg, enum sip_hdr id)
{
	const struct sip_value *v = sip_msg_value(msg, id, 0);

	return v ? v->text : (struct str){msg->data, 0};
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
	struct str whole, rest;

	if (sip_nameaddr_parse(out, first_text(msg, id)) != 0)
		return EINVAL;
	if (!sip_param_get(out->params, "tag", tag, &whole))
		return 0;
	/* One token: it will stand in other messages (19.3, 25.1). */
	rest = str_range(whole.s + whole.len, out->params.s + out->params.len);
	return str_is_word(*tag) && !memchr(whole.s, '"', whole.len) &&
		!memchr(whole.s, '<', whole.len) && !sip_param_get(rest, "tag", NULL, NULL)
	    ? 0
	    : EINVAL;
}

/* Content-Length says where a datagram's body ends; more bytes are no part of it (18.3). */
static const char *read_body(struct sip_msg *msg)
{
	size_t head = (size_t)(msg->body.s - msg->data);
	int64_t len;

	if (read_number(msg, HDR_CONTENT_LENGTH, INT64_MAX, &len) != 0)
		return "bad Content-Length";
	if (len < 0)
		return NULL;
	if ((uint64_t)len > SIP_MSG_MAX - head) {
		msg->refusal = 513;
		return "more than 65535 bytes";
	}
	if ((size_t)len > msg->body.len)
		return "bad Content-Length";
	msg->body.len = (size_t)len;
	msg->len = head + (size_t)len;
	msg->data[msg->len] = '\0';
	return NULL;
}

/* NULL, or what is wrong with what every message needs (8.1.1). */
static const char *read_reply_fields(struct sip_msg *msg)
{
	bool from = sip_msg_line(msg, HDR_FROM) &&
	    read_nameaddr(msg, HDR_FROM, &msg->from, &msg->from_tag) == 0;
	bool to =
	    sip_msg_line(msg, HDR_TO) && read_nameaddr(msg, HDR_TO, &msg->to, &msg->to_tag) == 0;

	msg->call_id = first_text(msg, HDR_CALL_ID);
	if (!from || !to)
		return from ? "missing or bad To" : "missing or bad From";
	if (!str_is_word(msg->call_id))
		return "missing or bad Call-ID";
	return first_text(msg, HDR_CSEQ).len ? NULL : "missing CSeq";
}

/* The values that we route by or rewrite. */
static const char *check_value(const struct sip_value *v)
{
	struct sip_nameaddr addr;
	struct sip_via via;
	struct sip_uri uri;

	switch (v->id) {
	case HDR_VIA:
		return sip_via_parse(&via, v->text) == 0 && str_is(via.version, "2.0") ? NULL
										       : "bad Via";
	case HDR_CONTACT:
		if (str_is(v->text, "*"))
			return NULL;
		/* fall through */
	case HDR_ROUTE:
	case HDR_RECORD_ROUTE:
		return sip_nameaddr_parse(&addr, v->text) == 0 && sip_uri_parse(&uri, addr.uri) == 0
		    ? NULL
		    : "bad Contact, Route or Record-Route";
	default:
		return NULL;
	}
}

static const char *read_fields(struct sip_msg *msg)
{
	const struct sip_value *top = sip_msg_value(msg, HDR_VIA, 0);
	const char *wrong = NULL;

	if (read_cseq(msg) != 0)
		return "bad CSeq";
	if (msg->is_request && sip_uri_parse(&msg->uri, msg->uri_text) != 0)
		return "bad Request-URI";
	if (msg->is_request && msg->uri.headers.len)
		return "headers in the Request-URI"; /* 19.1.1, table 1 */
	if (read_number(msg, HDR_MAX_FORWARDS, 255, &msg->max_forwards) != 0)
		return "bad Max-Forwards";
	if (read_number(msg, HDR_EXPIRES, UINT32_MAX, &msg->expires) != 0)
		msg->expires = -1; /* RFC 3261 10.2.1.1: a malformed one counts as none */
	wrong = read_body(msg);
	if (!wrong && !str_is(msg->via.version, "2.0"))
		wrong = "bad Via";
	for (unsigned i = 0; i < msg->n_values && !wrong; i++)
		if (&msg->value[i] != top) /* it has been read */
			wrong = check_value(&msg->value[i]);
	return wrong;
}

/* --- parse and free ----------------------------------------------------------------------- */

static size_t count_of(const char *data, size_t len, char c)
{
	const char *p = data, *end = data + len;
	size_t n = 0;

	while ((p = memchr(p, c, (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* Room for what can be there: each line has its end, and a value has its line or its comma. The
 * most there may be would be 20 kB, which malloc() cleans up for. */
static int alloc_tables(struct sip_msg *msg)
{
	size_t lines = count_of(msg->data, msg->len, '\n') + 1;
	size_t values = lines + count_of(msg->data, msg->len, ',');

	msg->line = malloc(at_most(lines, SIP_LINES_MAX) * sizeof(*msg->line));
	msg->value = malloc(at_most(values, SIP_VALUES_MAX) * sizeof(*msg->value));
	return msg->line && msg->value ? 0 : ENOMEM;
}

static int alloc_msg(struct sip_msg **out, const void *data, size_t len)
{
	struct sip_msg *msg = calloc(1, sizeof(*msg));

	if (!msg)
		return ENOMEM;
	msg->data = malloc(len + 1);
	if (!msg->data) {
		sip_msg_free(msg);
		return ENOMEM;
	}
	memcpy(msg->data, data, len);
	msg->data[len] = '\0';
	msg->len = len;
	if (alloc_tables(msg) != 0) {
		sip_msg_free(msg);
		return ENOMEM;
	}
	msg->max_forwards = msg->expires = -1;
	*out = msg;
	return 0;
}

static enum sip_parse parse(struct sip_msg *msg, const char **why)
{
	const char *p = msg->data;
	enum sip_parse bad, result;
	const char *wrong;

	*why = "no SIP start line";
	if (index_start_line(msg, &p, msg->data + msg->len) != 0)
		return SIP_PARSE_BAD;
	*why = index_headers(msg, p);
	if (sip_via_parse(&msg->via, first_text(msg, HDR_VIA)) != 0) {
		*why = "missing or bad Via"; /* nobody could be answered */
		return SIP_PARSE_BAD;
	}
	if (msg->refusal)
		*why = msg->refusal == 505 ? "SIP version not supported" : "bad start line";
	else
		msg->refusal = 400;
	bad = msg->is_request && msg->method != SIP_ACK ? SIP_PARSE_REFUSE : SIP_PARSE_BAD;
	wrong = read_reply_fields(msg);
	if (!*why)
		*why = wrong ? wrong : read_fields(msg);
	if (*why)
		return bad;
	result = sip_check(msg, why);
	return result == SIP_PARSE_BAD ? bad : result;
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

int sip_msg_init(void)
{
	return sip_check_init();
}

int sip_msg_dup(struct sip_msg **out, const struct sip_msg *msg)
{
	char *call_id = msg->other_call_id ? str_dup(msg->call_id) : NULL;
	const char *why;

	*out = NULL;
	if ((call_id || !msg->other_call_id) &&
	    sip_msg_parse(out, msg->data, msg->len, &why) == SIP_PARSE_OK) {
		if (call_id)
			sip_msg_set_call_id(*out, call_id);
		return 0;
	}
	free(call_id);
	sip_msg_free(*out);
	*out = NULL;
	return ENOMEM;
}

void sip_msg_set_call_id(struct sip_msg *msg, char *call_id)
{
	free(msg->other_call_id);
	msg->other_call_id = call_id;
	msg->call_id = str_of(call_id);
}

void sip_msg_free(struct sip_msg *msg)
{
	if (!msg)
		return;
	free(msg->data);
	free(msg->other_call_id);
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

const struct sip_line *sip_msg_line_named(const struct sip_msg *msg, const char *name,
    const char *compact)
{
	for (unsigned i = 0; i < msg->n_lines; i++)
		if (str_is_nocase(msg->line[i].name, name) ||
		    (compact && str_is_nocase(msg->line[i].name, compact)))
			return &msg->line[i];
	return NULL;
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
