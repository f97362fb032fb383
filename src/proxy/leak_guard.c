/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/leak_guard.h"

#include <ctype.h>

#include "proxy/side.h"

struct guard {
	const struct side_map *sides;
	struct sip_msg *msg;
	char host[ADDR_TEXT_MAX]; /* ours on the WAN */
};

static bool is_exempt(const struct sip_line *line)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Replaces",
	    "Join", "Target-Dialog", "In-Reply-To"};

	if (line->id == HDR_CALL_ID || line->id == HDR_VIA)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_is_nocase(line->name, names[i]))
			return true;
	return false;
}

/* An address literal that starts at p: "192.168.1.1" or "[fd00::1]"; 0: none. */
static size_t literal_at(const char *p, const char *end, struct addr *out)
{
	const char *stop = p;
	unsigned dots = 0;

	if (*p == '[') {
		while (stop < end && *stop != ']')
			stop++;
		if (stop == end || addr_parse_n(out, p, (size_t)(stop + 1 - p), 0) != 0)
			return 0;
		return (size_t)(stop + 1 - p);
	}
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

static bool begins_word(const char *p, const char *start)
{
	return p == start || !(isalnum((unsigned char)p[-1]) || p[-1] == '.');
}

static int guard_text(struct guard *g, struct str text)
{
	const char *p = text.s, *end = text.s + text.len;

	while (p < end) {
		struct addr a;
		size_t len = 0;

		if (*p == '[' || (isdigit((unsigned char)*p) && begins_word(p, text.s)))
			len = literal_at(p, end, &a);
		if (len && side_is_lan_addr(g->sides, &a) &&
		    !sip_msg_is_edited(g->msg, (struct str){p, len})) {
			int err = sip_msg_replace(g->msg, (struct str){p, len}, str_of(g->host));

			if (err)
				return err;
		}
		p += len ? len : 1;
	}
	return 0;
}

int leak_guard(const struct side_map *sides, struct sip_msg *msg, const struct addr *named)
{
	struct guard g = {.sides = sides, .msg = msg};
	int err;

	addr_format_host(named, g.host);
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
