/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortdial: short numbers. With plugin_shortdial_akey = *00 these are *01 to *99: as long as the
 * key, with its first character, and the rest is the number of an entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/dial.h"

#define AKEY_MAX 6 /* characters: more numbers than there can be entries */

static const struct plugin_option options[] = {
    {"akey", PLUGIN_TEXT, NULL, 0, 0, NULL, "key that starts a short number, and its length"},
    {"entry", PLUGIN_LIST, NULL, 0, 0, NULL, "long number of the next short number"},
    DIAL_REDIRECT_OPTION,
    {.key = NULL},
};

static int shortdial_open(struct plugin_self *self)
{
	const char *akey = plugin_text(self, "akey");

	if (!akey)
		return plugin_complain(self, "akey", 0, "is not set: no number is a short one");
	if (strlen(akey) < 2 || strlen(akey) > AKEY_MAX)
		return plugin_complain(self, "akey", 0, "\"%s\" is not 2 to %d characters long",
		    akey, AKEY_MAX);
	for (size_t i = 0; i < plugin_entries(self, "entry"); i++) {
		const char *entry = plugin_entry(self, "entry", i);

		if (!*entry || *entry == '@' || entry[strcspn(entry, " <>\"\\")])
			return plugin_complain(self, "entry", i, "\"%s\" is no number", entry);
	}
	return 0;
}

/* The number of the entry that was dialled, from 1; 0: this is no short number. */
static size_t number_of(const char *akey, struct plugin_part user)
{
	size_t n = 0;

	if ((size_t)user.len != strlen(akey) || user.s[0] != akey[0])
		return 0;
	for (int i = 1; i < user.len; i++) {
		if (user.s[i] < '0' || user.s[i] > '9')
			return 0;
		n = 10 * n + (size_t)(user.s[i] - '0');
	}
	return n;
}

/* "user", "user@" keep the host that was dialled, "user@host" has its own. */
static int write_uri(char out[static DIAL_URI_MAX], const char *text, const struct plugin_uri *uri,
    const char *entry)
{
	size_t user = strcspn(entry, "@");
	int scheme = (int)(uri->user.s - text);

	if (entry[user] && entry[user + 1])
		return snprintf(out, DIAL_URI_MAX, "%.*s%s", scheme, text, entry);
	return snprintf(out, DIAL_URI_MAX, "%.*s%.*s@%s", scheme, text, (int)user, entry,
	    uri->host.s);
}

static enum plugin_verdict shortdial_target(struct plugin_self *self, struct plugin_msg *m)
{
	struct plugin_uri uri;
	const char *text, *entry;
	char fresh[DIAL_URI_MAX];
	size_t n;

	if (!dial_is_call(m, &text, &uri))
		return PLUGIN_PASS;
	n = number_of(plugin_text(self, "akey"), uri.user);
	entry = n ? plugin_entry(self, "entry", n - 1) : NULL;
	if (!entry || write_uri(fresh, text, &uri, entry) >= DIAL_URI_MAX)
		return PLUGIN_PASS;
	return dial_anew(self, m, fresh, "shortdial");
}

const struct plugin plugin_shortdial = {
    .api = PLUGIN_API,
    .name = "shortdial",
    .meaning = "short numbers for long ones",
    .options = options,
    .open = shortdial_open,
    .target = shortdial_target,
};
