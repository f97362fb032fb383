/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_plain.h"

/* Far more than what is common, and less than any reader's limit. */
#define PARAMS_MAX 64

/* A value, read from its beginning. Each function below passes over what it is named after and says
 * whether it stood there. */
struct reader {
	const char *p, *end;
	unsigned params;
};

enum {
	WORD = 1, /* what stands in tokens, user names and branches alike, and means nothing else */
	HOST = 2, /* a name or an IPv4 address */
	QUOTED = 4, /* in quotes */
};

/* '-' '.' '_' and so on as RFC 3261 25.1 has them, but without '%' and '`'. */
static const unsigned char classes[256] = {
    ['a' ... 'z'] = WORD | HOST | QUOTED,
    ['A' ... 'Z'] = WORD | HOST | QUOTED,
    ['0' ... '9'] = WORD | HOST | QUOTED,
    ['-'] = WORD | HOST | QUOTED,
    ['.'] = WORD | HOST | QUOTED,
    ['_'] = WORD | QUOTED,
    ['!'] = WORD | QUOTED,
    ['~'] = WORD | QUOTED,
    ['*'] = WORD | QUOTED,
    ['\''] = WORD | QUOTED,
    ['+'] = WORD | QUOTED,
    [' '] = QUOTED,
    ['/'] = QUOTED,
    [':'] = QUOTED,
    ['<'] = QUOTED,
    ['>'] = QUOTED,
    ['@'] = QUOTED,
};

static bool run(struct reader *r, unsigned class)
{
	const char *start = r->p;

	while (r->p < r->end && (classes[(unsigned char)*r->p] & class))
		r->p++;
	return r->p > start;
}

static bool byte(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static bool text(struct reader *r, const char *what, size_t len)
{
	if ((size_t)(r->end - r->p) < len || memcmp(r->p, what, len) != 0)
		return false;
	r->p += len;
	return true;
}

static bool digits(struct reader *r, unsigned most)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start && r->p - start <= (ptrdiff_t)most;
}

static bool quoted(struct reader *r)
{
	if (!byte(r, '"'))
		return false;
	run(r, QUOTED);
	return byte(r, '"');
}

/* 1 to 65535 */
static bool port(struct reader *r)
{
	struct str text = {r->p, 0};
	uint64_t n;

	if (!digits(r, 5))
		return false;
	text.len = (size_t)(r->p - text.s);
	return str_to_uint(text, 65535, &n) && n > 0;
}

/* libosip2 does not take every name of one letter. */
static bool host_and_port(struct reader *r)
{
	const char *start = r->p;

	return run(r, HOST) && r->p - start > 1 && (!byte(r, ':') || port(r));
}

/* ";name", ";name=word", ";name="in quotes""; any number of them. */
static bool params(struct reader *r)
{
	while (byte(r, ';')) {
		if (++r->params > PARAMS_MAX || !run(r, WORD))
			return false;
		if (byte(r, '=') && !run(r, WORD) && !quoted(r))
			return false;
	}
	return true;
}

/* Those of a URI, in which nothing stands in quotes. */
static bool uri_params(struct reader *r)
{
	while (byte(r, ';')) {
		if (++r->params > PARAMS_MAX || !run(r, WORD))
			return false;
		if (byte(r, '=') && !run(r, WORD))
			return false;
	}
	return true;
}

/* Without its parameters. */
static bool uri(struct reader *r)
{
	const char *start;

	if (!text(r, "sip:", 4))
		return false;
	start = r->p;
	if (!run(r, WORD) || !byte(r, '@'))
		r->p = start;
	return host_and_port(r);
}

static bool bracketed_uri(struct reader *r)
{
	return byte(r, '<') && uri(r) && uri_params(r) && byte(r, '>');
}

/* In quotes, or words with one blank between them; and a blank. */
static bool display_name(struct reader *r)
{
	if (quoted(r)) {
		byte(r, ' ');
		return true;
	}
	while (run(r, WORD))
		if (!byte(r, ' '))
			return false;
	return true;
}

static bool nameaddr(struct reader *r)
{
	const char *start = r->p;

	if (!uri(r)) {
		r->p = start;
		if (!display_name(r) || !bracketed_uri(r))
			return false;
	}
	return params(r);
}

static bool via(struct reader *r)
{
	return text(r, "SIP/2.0/", 8) && run(r, HOST) && byte(r, ' ') && host_and_port(r) &&
	    params(r);
}

static bool call_id(struct reader *r)
{
	return run(r, WORD) && (!byte(r, '@') || run(r, WORD));
}

static bool cseq(struct reader *r)
{
	return digits(r, 10) && byte(r, ' ') && run(r, WORD);
}

static bool value(struct reader *r, enum sip_hdr id)
{
	switch (id) {
	case HDR_VIA:
		return via(r);
	case HDR_CALL_ID:
		return call_id(r);
	case HDR_CSEQ:
		return cseq(r);
	default:
		return nameaddr(r);
	}
}

/* One value, or several with a comma and a blank between them. */
static bool line(struct reader *r, enum sip_hdr id)
{
	do {
		if (!value(r, id))
			return false;
	} while (text(r, ", ", 2));
	return r->p == r->end;
}

static struct reader reader_of(struct str s)
{
	return (struct reader){s.s, s.s + s.len, 0};
}

static bool request_line(const struct sip_msg *msg)
{
	struct reader method = reader_of(msg->method_name), target = reader_of(msg->uri_text);

	return run(&method, WORD) && method.p == method.end && uri(&target) &&
	    uri_params(&target) && target.p == target.end;
}

bool sip_plain(const struct sip_msg *msg)
{
	unsigned total = 0;

	if (msg->is_request && !request_line(msg))
		return false;
	for (unsigned i = 0; i < msg->n_lines; i++) {
		struct reader r = reader_of(msg->line[i].value);

		if (msg->line[i].id < HDR_VIA || msg->line[i].id > HDR_RECORD_ROUTE)
			continue;
		if (!line(&r, msg->line[i].id))
			return false;
		total += r.params;
	}
	return total <= SIP_PARAMS_MAX;
}
