/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_body.h"

#define DEPTH_MAX 3 /* of parts within parts */

/* "multipart/mixed" of "multipart/mixed;boundary=x" */
static struct str type_of(struct str content_type, struct str *params)
{
	const char *end = content_type.s + content_type.len;
	const char *stop = sip_scan_to(content_type.s, end, ';');

	*params = str_range(stop, end);
	return str_trim(str_range(content_type.s, stop));
}

/* White space may stand around the slash (RFC 3261 25.1, SLASH). */
static bool is_type(struct str own, const char *type)
{
	for (size_t i = 0; i < own.len; i++) {
		if (str_is_blank(own.s[i]))
			continue;
		if (!*type || (own.s[i] | 0x20) != (*type | 0x20))
			return false;
		type++;
	}
	return !*type;
}

/*
 * The next line that begins with "--" and the boundary, from p on; end: there is none. *behind is
 * where the part begins that it opens, NULL behind the last ("--boundary--").
 */
static const char *find_boundary(const char *p, const char *end, struct str boundary,
    const char **behind)
{
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf + 1 : end;
		size_t len = (size_t)(stop - p);

		if (len >= boundary.len + 2 && p[0] == '-' && p[1] == '-' &&
		    memcmp(p + 2, boundary.s, boundary.len) == 0) {
			struct str rest = str_trim(str_range(p + 2 + boundary.len, stop));

			*behind = rest.len ? NULL : stop;
			if (!rest.len || str_is(rest, "--"))
				return p;
		}
		p = stop;
	}
	*behind = NULL;
	return end;
}

/* The line end before a boundary is the boundary's. */
static const char *without_line_end(const char *start, const char *p)
{
	if (p > start && p[-1] == '\n')
		p--;
	return p > start && p[-1] == '\r' ? p - 1 : p;
}

/* Cuts a part's headers off. What it says it is; len 0: it does not say. */
static struct str cut_headers(struct str *part)
{
	const char *p = part->s, *end = p + part->len;
	struct str type = {NULL, 0};

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf + 1 : end;
		struct str line = str_trim(str_range(p, stop)), name;
		const char *colon = memchr(line.s, ':', line.len);

		p = stop;
		if (!line.len)
			break;
		name = colon ? str_trim(str_range(line.s, colon)) : line;
		if (colon && (str_is_nocase(name, "Content-Type") || str_is_nocase(name, "c")))
			type = str_range(colon + 1, line.s + line.len);
	}
	*part = str_range(p, end);
	return type;
}

/* What a search is for, and what it has found. */
struct search {
	const char *type;
	struct str first;
	unsigned n;
};

static void search(struct search *s, struct str content_type, struct str body, unsigned depth);

static void search_parts(struct search *s, struct str body, struct str boundary, unsigned depth)
{
	const char *end = body.s + body.len, *behind;

	find_boundary(body.s, end, boundary, &behind);
	while (behind) {
		const char *start = behind, *next = find_boundary(start, end, boundary, &behind);
		struct str part = str_range(start, without_line_end(start, next));
		struct str type = cut_headers(&part);

		if (type.len)
			search(s, type, part, depth);
	}
}

static void search(struct search *s, struct str content_type, struct str body, unsigned depth)
{
	struct str params, boundary, own = type_of(content_type, &params);

	if (is_type(own, s->type)) {
		if (s->n++ == 0)
			s->first = body;
		return;
	}
	if (depth > 0 && own.len >= 10 && strncasecmp(own.s, "multipart/", 10) == 0 &&
	    sip_param_get(params, "boundary", &boundary, NULL) && boundary.len)
		search_parts(s, body, boundary, depth - 1);
}

unsigned sip_body_find(const struct sip_msg *msg, const char *type, struct str *first)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_CONTENT_TYPE, 0);
	struct search s = {.type = type};

	if (!msg->body.len)
		return 0;
	/* Who forgets to say what the body is means a session description. */
	if (!v) {
		*first = msg->body;
		return is_type(str_of("application/sdp"), type) && msg->body.len > 2 &&
		    memcmp(msg->body.s, "v=", 2) == 0;
	}
	search(&s, v->text, msg->body, DEPTH_MAX);
	if (s.n)
		*first = s.first;
	return s.n;
}
