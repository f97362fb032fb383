/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_uri.h"

#include <ctype.h>
#include <errno.h>

static const char *find(const char *s, const char *end, char c)
{
	const char *at = s < end ? memchr(s, c, (size_t)(end - s)) : NULL;

	return at ? at : end;
}

/* The quote or bracket that closes the one at s; NULL: none does. */
static const char *find_closing(const char *s, const char *end)
{
	if (*s == '<')
		return memchr(s, '>', (size_t)(end - s));
	for (s++; s < end && *s != '"'; s++)
		if (*s == '\\' && s + 1 < end)
			s++;
	return s < end ? s : NULL;
}

/* As sip_scan_to(); *open tells whether the end came within quotes or brackets. */
static const char *scan(const char *s, const char *end, char stop, bool *open)
{
	*open = false;
	for (; s < end && *s != stop; s++) {
		if (*s != '"' && *s != '<')
			continue;
		s = find_closing(s, end);
		*open = !s;
		if (!s)
			return end;
	}
	return s;
}

const char *sip_scan_to(const char *s, const char *end, char stop)
{
	bool open;

	return scan(s, end, stop, &open);
}

bool sip_is_closed(struct str text)
{
	bool open = false;

	if (text.len)
		scan(text.s, text.s + text.len, '\0', &open);
	return !open;
}

static bool is_scheme(struct str s)
{
	if (s.len == 0 || !isalpha((unsigned char)s.s[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!isalnum((unsigned char)s.s[i]) && !strchr("+-.", s.s[i]))
			return false;
	return true;
}

/* A name, an IPv4 address, or an IPv6 one in brackets (without a zone: RFC 3261 25.1). */
static bool is_host(struct str h)
{
	struct addr ip;

	if (h.len == 0 || h.len > 255)
		return false;
	if (h.s[0] == '[')
		return !memchr(h.s, '%', h.len) && addr_parse_n(&ip, h.s, h.len, 0) == 0;
	for (size_t i = 0; i < h.len; i++)
		if (!isalnum((unsigned char)h.s[i]) && !strchr(".-_", h.s[i]))
			return false;
	return true;
}

const char *sip_transport_name(enum sip_transport transport)
{
	return transport == SIP_TCP ? "TCP" : "UDP";
}

const char *sip_transport_param(enum sip_transport transport)
{
	return transport == SIP_TCP ? ";transport=tcp" : "";
}

int sip_uri_transport(const struct sip_uri *uri, enum sip_transport *out)
{
	struct str name;

	if (!sip_param_get(uri->params, "transport", &name, NULL) || !name.len)
		return ENOENT;
	if (str_is_nocase(name, "udp"))
		*out = SIP_UDP;
	else if (str_is_nocase(name, "tcp"))
		*out = SIP_TCP;
	else
		return EPROTONOSUPPORT;
	return 0;
}

int sip_hostport_parse(struct str text, struct str *host, uint16_t *port)
{
	const char *end = text.s + text.len, *colon = text.s;
	uint64_t n = 0;

	if (text.len && text.s[0] == '[')
		colon = find(text.s, end, ']');
	colon = find(colon, end, ':');
	*host = str_trim(str_range(text.s, colon));
	if (colon < end && (!str_to_uint(str_trim(str_range(colon + 1, end)), 65535, &n) || n == 0))
		return EINVAL;
	*port = (uint16_t)n;
	return is_host(*host) ? 0 : EINVAL;
}

static bool has_any(struct str s, const char *bytes)
{
	for (; s.len && *bytes; bytes++)
		if (memchr(s.s, *bytes, s.len))
			return true;
	return false;
}

int sip_uri_parse(struct sip_uri *out, struct str text)
{
	const char *end = text.s + text.len, *p, *at, *stop;

	memset(out, 0, sizeof(*out));
	out->whole = text;
	if (!str_is_word(text) || has_any(text, "<>\""))
		return EINVAL;
	p = find(text.s, end, ':');
	out->scheme = str_range(text.s, p);
	if (p == end || !is_scheme(out->scheme))
		return EINVAL;
	if (!sip_uri_is_sip(out))
		return 0;
	p++;
	/* A user part may hold ';' and '?' (RFC 3261 25.1), so the '@' is looked for first. */
	at = find(p, end, '@');
	if (at < end) {
		out->userinfo = str_range(p, at);
		out->user = str_range(p, find(p, at, ':'));
		p = at + 1;
	}
	stop = find(p, end, '?');
	out->headers = str_range(stop, end);
	end = stop;
	stop = find(p, end, ';');
	out->params = str_range(stop, end);
	out->hostport = str_range(p, stop);
	return sip_hostport_parse(out->hostport, &out->host, &out->port);
}

bool sip_uri_is_sip(const struct sip_uri *uri)
{
	return str_is_nocase(uri->scheme, "sip") || str_is_nocase(uri->scheme, "sips");
}

uint16_t sip_uri_port(const struct sip_uri *uri)
{
	if (uri->port)
		return uri->port;
	return str_is_nocase(uri->scheme, "sips") ? SIP_TLS_PORT : SIP_PORT;
}

static struct str behind_scheme(const struct sip_uri *uri)
{
	return str_range(uri->scheme.s + uri->scheme.len, uri->whole.s + uri->whole.len);
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (!str_equal_nocase(a->scheme, b->scheme))
		return false;
	if (!sip_uri_is_sip(a))
		return str_equal(behind_scheme(a), behind_scheme(b));
	return str_equal(a->userinfo, b->userinfo) && str_equal_nocase(a->host, b->host) &&
	    sip_uri_port(a) == sip_uri_port(b);
}

bool sip_uri_addr(const struct sip_uri *uri, struct addr *out)
{
	return addr_parse_n(out, uri->host.s, uri->host.len, sip_uri_port(uri)) == 0;
}

/* The '<' outside of a quoted display name; end: there is none. NULL: an open quote. */
static const char *find_bracket(const char *p, const char *end)
{
	for (; p < end && *p != '<'; p++) {
		if (*p != '"')
			continue;
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\')
				p++;
		if (p >= end)
			return NULL;
	}
	return p;
}

int sip_nameaddr_parse(struct sip_nameaddr *out, struct str text)
{
	const char *end, *open, *close;

	memset(out, 0, sizeof(*out));
	text = str_trim(text);
	if (!text.len)
		return EINVAL;
	end = text.s + text.len;
	open = find_bracket(text.s, end);
	if (!open)
		return EINVAL;
	if (open == end) {
		close = find(text.s, end, ';');
		out->uri = str_trim(str_range(text.s, close));
		out->params = str_range(close, end);
		/* RFC 3261 20: a URI with a comma or a question mark must stand in brackets. */
		return str_is_word(out->uri) && !has_any(out->uri, "<>\",?") &&
			sip_is_closed(out->params)
		    ? 0
		    : EINVAL;
	}
	out->bracketed = true;
	out->display = str_trim(str_range(text.s, open));
	close = find(open, end, '>');
	if (close == end)
		return EINVAL;
	out->uri = str_trim(str_range(open + 1, close));
	out->params = str_trim(str_range(close + 1, end));
	if ((out->params.len && out->params.s[0] != ';') || !sip_is_closed(out->params))
		return EINVAL;
	return out->uri.len ? 0 : EINVAL;
}

int sip_nameaddr_uri(struct str text, struct sip_nameaddr *addr, struct sip_uri *uri)
{
	int err = sip_nameaddr_parse(addr, text);

	return err ? err : sip_uri_parse(uri, addr->uri);
}

bool sip_param_get(struct str params, const char *name, struct str *value, struct str *whole)
{
	const char *p = params.s, *end = params.len ? p + params.len : p;

	while (p < end) {
		const char *start = p, *stop = sip_scan_to(p + 1, end, ';'), *eq;
		struct str key, val = {stop, 0};

		eq = find(start + 1, stop, '=');
		key = str_trim(str_range(start + 1, eq));
		if (eq < stop)
			val = str_trim(str_range(eq + 1, stop));
		if (val.len >= 2 && val.s[0] == '"' && val.s[val.len - 1] == '"')
			val = (struct str){val.s + 1, val.len - 2};
		if (str_is_nocase(key, name)) {
			if (value)
				*value = val;
			if (whole)
				*whole = str_range(start, stop);
			return true;
		}
		p = stop;
	}
	return false;
}
