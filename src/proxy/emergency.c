/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/emergency.h"

#include "config.h"
#include "sip/sip_uri.h"

bool emergency_is_configured(const struct config *config)
{
	return config->emergency_number.count > 0;
}

/* RFC 3966 5.1.1: they mean nothing. */
static const char *skip_separators(const char *p, const char *end)
{
	while (p < end && strchr("-.()", *p))
		p++;
	return p;
}

static bool is_same_number(struct str a, struct str b)
{
	const char *p = a.s, *p_end = a.s + a.len, *q = b.s, *q_end = b.s + b.len;

	for (;; p++, q++) {
		p = skip_separators(p, p_end);
		q = skip_separators(q, q_end);
		if (p == p_end || q == q_end)
			return p == p_end && q == q_end;
		if (*p != *q)
			return false;
	}
}

/* "urn:service:sos", "urn:service:sos.fire" */
static bool is_sos(struct str uri)
{
	static const char sos[] = "urn:service:sos";
	size_t len = sizeof(sos) - 1;

	return uri.len >= len && strncasecmp(uri.s, sos, len) == 0 &&
	    (uri.len == len || uri.s[len] == '.');
}

static struct str number_in(struct str text)
{
	const char *end = memchr(text.s, ';', text.len);

	return end ? str_range(text.s, end) : text;
}

/* The digits that were dialled; len 0: none. */
static struct str dialled(struct str text)
{
	struct sip_uri uri;

	if (sip_uri_parse(&uri, text) != 0)
		return (struct str){NULL, 0};
	if (str_is_nocase(uri.scheme, "tel"))
		return number_in(str_range(text.s + 4, text.s + text.len));
	return uri.user.len ? number_in(uri.user) : (struct str){NULL, 0};
}

bool emergency_is_called(const struct config *config, struct str uri)
{
	struct str number = dialled(uri);

	if (!emergency_is_configured(config))
		return false;
	if (is_sos(uri))
		return true;
	for (size_t i = 0; number.len && i < config->emergency_number.count; i++)
		if (is_same_number(number, str_of(config->emergency_number.item[i])))
			return true;
	return false;
}
