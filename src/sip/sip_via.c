/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_via.h"

#include <errno.h>

#include "sip/sip_uri.h"

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && str_is_blank(*p))
		p++;
	return p;
}

/* Reads a token; what follows it, white space apart, must be `sep` (0: nothing required). */
static int token(const char **p, const char *end, char sep, struct str *out)
{
	const char *start = skip_blanks(*p, end), *q = start;

	while (q < end && !str_is_blank(*q) && *q != '/' && *q != ';')
		q++;
	*out = str_range(start, q);
	if (out->len == 0)
		return EINVAL;
	if (sep) {
		q = skip_blanks(q, end);
		if (q >= end || *q != sep)
			return EINVAL;
		q++;
	}
	*p = q;
	return 0;
}

static int parse_sent_by(struct sip_via *out)
{
	const char *s = out->sent_by.s, *end = s + out->sent_by.len, *colon = s;
	uint64_t port = 0;

	if (out->sent_by.len && *s == '[') {
		colon = memchr(s, ']', out->sent_by.len);
		if (!colon)
			return EINVAL;
		colon++;
	}
	while (colon < end && *colon != ':')
		colon++;
	out->host = str_trim(str_range(s, colon));
	if (colon < end && !str_to_uint(str_trim(str_range(colon + 1, end)), 65535, &port))
		return EINVAL;
	out->port = (uint16_t)port;
	return out->host.len ? 0 : EINVAL;
}

int sip_via_parse(struct sip_via *out, struct str value)
{
	const char *p, *end, *stop;
	struct str name, version;

	memset(out, 0, sizeof(*out));
	value = str_trim(value);
	p = value.s;
	end = p + value.len;
	if (token(&p, end, '/', &name) || token(&p, end, '/', &version) ||
	    token(&p, end, 0, &out->transport))
		return EINVAL;
	if (!str_is_nocase(name, "SIP") || !str_is(version, "2.0"))
		return EINVAL;
	stop = sip_scan_to(p, end, ';');
	out->sent_by = str_trim(str_range(p, stop));
	out->params = str_range(stop, end);
	sip_param_get(out->params, "branch", &out->branch, NULL);
	out->rport = sip_param_get(out->params, "rport", NULL, NULL);
	return parse_sent_by(out);
}

void sip_via_write_received(struct buf *out, struct str value, const struct sip_via *via,
    const struct addr *source)
{
	char ip[ADDR_TEXT_MAX];
	struct addr sent_by;
	struct str rport = {NULL, 0}, old = {NULL, 0};
	const char *end = value.s + value.len;
	bool same = addr_parse_n(&sent_by, via->host.s, via->host.len, 0) == 0 &&
	    addr_equal_ip(&sent_by, source);

	sip_param_get(via->params, "rport", NULL, &rport);
	sip_param_get(via->params, "received", NULL, &old);
	/* Parameters in place, but for the two that only we may set. */
	for (const char *p = value.s; p < end;) {
		if (old.len && p == old.s) {
			p += old.len;
		} else if (rport.len && p == rport.s) {
			buf_printf(out, ";rport=%u", addr_port(source));
			p += rport.len;
		} else {
			buf_add(out, p++, 1);
		}
	}
	/* RFC 3581 4: with rport, received is always there. */
	if (!same || via->rport)
		buf_printf(out, ";received=%s", addr_format_ip(source, ip));
}

void sip_via_reply_addr(const struct sip_via *via, const struct addr *source, struct addr *out)
{
	*out = *source;
	if (!via->rport)
		addr_set_port(out, via->port ? via->port : 5060);
}
