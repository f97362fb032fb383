/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/leak_guard.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "proxy/side.h"
#include "sip/sip_edit.h"

struct guard {
	const struct side_map *sides;
	struct sip_msg *msg;
	char host[ADDR_TEXT_MAX],
	    ip[ADDR_TEXT_MAX]; /* ours on the WAN; with brackets and without */
};

static bool is_exempt(const struct sip_line *line)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Replaces",
	    "Join", "Target-Dialog", "In-Reply-To", "Event", "o"};

	if (line->id == HDR_CALL_ID || line->id == HDR_VIA)
		return true;
	if (line->id != HDR_UNKNOWN && line->id != HDR_AUTHORIZATION && line->id != HDR_DIALOG &&
	    line->id != HDR_IN_REPLY_TO)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_is_nocase(line->name, names[i]))
			return true;
	return false;
}

/* "192.168.1.1"; "1.192.168.1.1" is a version. */
static size_t v4_at(const char *p, const char *end, struct addr *out)
{
	const char *stop = p;
	unsigned dots = 0;

	for (; stop < end && (isdigit((unsigned char)*stop) || *stop == '.'); stop++)
		dots += *stop == '.';
	while (stop > p && stop[-1] == '.') {
		stop--;
		dots--;
	}
	if (dots != 3 || addr_parse_n(out, p, (size_t)(stop - p), 0) != 0)
		return 0;
	return (size_t)(stop - p);
}

/* "fd00::1", as Via parameters and texts have it; "12:30:45" is a time. */
static size_t bare_v6_at(const char *p, const char *end, struct addr *out)
{
	const char *stop = p;
	unsigned colons = 0;

	for (; stop < end && (isxdigit((unsigned char)*stop) || *stop == ':'); stop++)
		colons += *stop == ':';
	if (colons < 2) /* most are the beginning of a word */
		return 0;
	if (stop > p + 1 && stop[-1] == ':' && stop[-2] != ':')
		stop--;
	if (addr_parse_n(out, p, (size_t)(stop - p), 0) != 0 || addr_family(out) != AF_INET6)
		return 0;
	return (size_t)(stop - p);
}

static size_t v6_at(const char *p, const char *end, struct addr *out)
{
	const char *stop = memchr(p, ']', (size_t)(end - p));

	if (!stop || addr_parse_n(out, p, (size_t)(stop + 1 - p), 0) != 0)
		return 0;
	return (size_t)(stop + 1 - p);
}

/* An address literal that starts at p; 0: none. */
static size_t literal_at(const char *p, const char *end, struct addr *out)
{
	size_t len;

	if (*p == '[')
		return v6_at(p, end, out);
	len = isdigit((unsigned char)*p) ? v4_at(p, end, out) : 0;
	return len ? len : bare_v6_at(p, end, out);
}

static bool begins_word(const char *p, const char *start)
{
	if (*p == '[')
		return true;
	if (!isxdigit((unsigned char)*p) && *p != ':')
		return false;
	if (p == start)
		return true;
	return !isalnum((unsigned char)p[-1]) && p[-1] != '.' && (*p != ':' || p[-1] != ':');
}

/* tel:192.168.1.10 is a number, with visual separators (RFC 3966 5.1.1). */
static bool is_number(const char *p, const char *start)
{
	if (p > start && p[-1] == '+')
		p--;
	return p - start >= 4 && strncasecmp(p - 4, "tel:", 4) == 0;
}

static bool is_in(const char *p, struct str range)
{
	return range.len && p >= range.s && p < range.s + range.len;
}

static int hide(struct guard *g, struct str literal)
{
	if (sip_edit_touches(g->msg, literal))
		return 0;
	return sip_edit_replace(g->msg, literal,
	    str_of(memchr(literal.s, ':', literal.len) && *literal.s != '[' ? g->ip : g->host));
}

static int guard_text(struct guard *g, struct str text)
{
	const char *p = text.s, *end = text.s + text.len;

	while (p < end) {
		struct addr a;
		size_t len = begins_word(p, text.s) ? literal_at(p, end, &a) : 0;
		int err = 0;

		if (len && side_is_lan_addr(g->sides, &a) && !is_number(p, text.s) &&
		    !is_in(p, g->msg->from_tag) && !is_in(p, g->msg->to_tag))
			err = hide(g, (struct str){p, len});
		if (err)
			return err;
		p += len ? len : 1;
	}
	return 0;
}

int leak_guard(const struct side_map *sides, struct sip_msg *msg, const struct addr *named)
{
	struct guard g = {.sides = sides, .msg = msg};
	int err;

	addr_format_host(named, g.host);
	addr_format_ip(named, g.ip);
	err = guard_text(&g, msg->start_line);
	for (unsigned i = 0; !err && i < msg->n_lines; i++) {
		const struct sip_line *line = &msg->line[i];
		struct str value = line->value;
		const char *inner;

		if (is_exempt(line))
			continue;
		/* Refer-To: <sip:bob@example.net?Replaces=...> */
		inner = str_is_nocase(line->name, "Refer-To") || str_is_nocase(line->name, "r")
		    ? memchr(value.s, '?', value.len)
		    : NULL;
		if (inner)
			value = str_range(value.s, inner);
		err = guard_text(&g, value);
	}
	return err;
}
