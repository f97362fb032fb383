/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/acl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "24": one to three digits, at most max. */
static bool parse_bits(const char *text, size_t len, unsigned max, unsigned *bits)
{
	*bits = 0;
	if (len == 0 || len > 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned)(text[i] - '0');
	}
	return *bits <= max;
}

/* "255.255.255.0", as routers write it: ones, and then zeros. Some write a host as
 * 192.0.2.7/0.0.0.0: that must not become everybody. */
static bool parse_netmask(const char *text, size_t len, unsigned *bits)
{
	struct addr mask;
	uint32_t zeros;

	if (addr_parse_n(&mask, text, len, 0) != 0 || addr_family(&mask) != AF_INET)
		return false;
	zeros = ~ntohl(mask.u.in.sin_addr.s_addr);
	if ((zeros & (zeros + 1)) != 0)
		return false;
	for (*bits = 32; zeros != 0; zeros >>= 1)
		--*bits;
	return true;
}

static bool parse_entry(struct acl_entry *e, const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t host_len = slash != NULL ? (size_t)(slash - text) : len;
	size_t bits_len = slash != NULL ? len - host_len - 1 : 0;
	unsigned max;

	if (addr_parse_n(&e->net, text, host_len, 0) != 0)
		return false;
	max = addr_family(&e->net) == AF_INET ? 32 : 128;
	e->prefix_len = max;
	return slash == NULL || parse_bits(slash + 1, bits_len, max, &e->prefix_len) ||
	    (max == 32 && parse_netmask(slash + 1, bits_len, &e->prefix_len) &&
		(e->prefix_len > 0 || addr_is_any(&e->net)));
}

static int add_entry(struct acl *acl, const char *text, size_t len)
{
	struct acl_entry parsed, *entry;

	if (!parse_entry(&parsed, text, len))
		return EINVAL;
	entry = realloc(acl->entry, (acl->count + 1) * sizeof(*entry));
	if (entry == NULL)
		return ENOMEM;
	acl->entry = entry;
	entry[acl->count++] = parsed;
	return 0;
}

int acl_parse(struct acl *out, const char *text, char **bad)
{
	int err = 0;

	*out = (struct acl){NULL, 0};
	*bad = NULL;
	while (*text != '\0' && err == 0) {
		size_t len, skip = strcspn(text, ",");

		while (skip > 0 && isspace((unsigned char)*text))
			text++, skip--;
		for (len = skip; len > 0 && isspace((unsigned char)text[len - 1]);)
			len--;
		if (len > 0)
			err = add_entry(out, text, len);
		if (err == EINVAL)
			*bad = strndup(text, len);
		text += skip;
		if (*text == ',')
			text++;
	}
	if (err != 0)
		acl_done(out);
	return err;
}

void acl_done(struct acl *acl)
{
	if (acl == NULL)
		return;
	free(acl->entry);
	*acl = (struct acl){NULL, 0};
}

bool acl_is_empty(const struct acl *acl)
{
	return acl->count == 0;
}

bool acl_match(const struct acl *acl, const struct addr *a)
{
	for (size_t i = 0; i < acl->count; i++) {
		if (addr_in_prefix(a, &acl->entry[i].net, acl->entry[i].prefix_len))
			return true;
	}
	return false;
}
