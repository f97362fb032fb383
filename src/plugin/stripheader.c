/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stripheader: removes headers, or single values of them ("Supported:100rel"), in both directions:
 * to keep messages below the size that fits into one packet, or to hide what a far end handles
 * badly. It happens before siproxd writes its own: a Record-Route of ours is not lost by it.
 */
#include <string.h>
#include <strings.h>

#include "siproxd/plugin.h"

#define NAME_MAX_LEN 64

static const struct plugin_option options[] = {
    {"remove", PLUGIN_LIST, NULL, 0, 0, NULL, "header to remove"},
    {.key = NULL},
};

/* Without these a message is none any more, or nobody can answer it. */
static bool is_needed(const char *name)
{
	static const char *const needed[] = {"Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards",
	    "Contact", "Route", "Content-Length", "Content-Type"};

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (strcasecmp(name, needed[i]) == 0)
			return true;
	return strlen(name) == 1 && strchr("vftimlcVFTIMLC", *name);
}

/* "Supported:100rel": the name into `name`; returns the value, or NULL for the whole header. */
static const char *split(const char *entry, char name[static NAME_MAX_LEN])
{
	size_t len = strcspn(entry, ": \t");
	const char *colon = strchr(entry, ':');

	if (len >= NAME_MAX_LEN)
		len = 0;
	memcpy(name, entry, len);
	name[len] = '\0';
	if (!colon || !colon[1 + strspn(colon + 1, " \t")])
		return NULL;
	return colon + 1 + strspn(colon + 1, " \t");
}

static int stripheader_open(struct plugin_self *self)
{
	const char *entry;
	char name[NAME_MAX_LEN];

	if (!plugin_entries(self, "remove"))
		return plugin_complain(self, "remove", 0, "is not set: there is nothing to remove");
	for (size_t i = 0; (entry = plugin_entry(self, "remove", i)); i++) {
		split(entry, name);
		if (!*name)
			return plugin_complain(self, "remove", i, "\"%s\" is no header", entry);
		if (is_needed(name))
			plugin_complain(self, "remove", i,
			    "%s cannot be removed: no message works without it", name);
	}
	return 0;
}

static void strip_value(struct plugin_msg *m, const char *name, const char *value)
{
	const char *have;

	for (unsigned n = 0; (have = plugin_msg_value(m, name, n));)
		if (strcasecmp(have, value) != 0 || plugin_msg_remove_value(m, name, n) != 0)
			n++;
}

static void strip(struct plugin_msg *m, const char *entry)
{
	char name[NAME_MAX_LEN];
	const char *value = split(entry, name);

	if (is_needed(name))
		return;
	if (value)
		strip_value(m, name, value);
	else
		while (plugin_msg_remove_header(m, name, 0) == 0)
			;
}

static enum plugin_verdict stripheader_forward(struct plugin_self *self, struct plugin_msg *m)
{
	const char *entry;

	for (size_t i = 0; (entry = plugin_entry(self, "remove", i)); i++)
		strip(m, entry);
	return PLUGIN_PASS;
}

const struct plugin plugin_stripheader = {
    .api = PLUGIN_API,
    .name = "stripheader",
    .meaning = "removes headers",
    .options = options,
    .open = stripheader_open,
    .forward = stripheader_forward,
};
